# make help lists the targets. Nothing is needed but Python 3.10 to 3.14, pip and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP = $(BIN)/python -m pip --quiet --disable-pip-version-check
READY := $(VENV)/.ready
# Where torch alone is taken from, if not from where pip takes the rest. On Linux without a GPU,
# https://download.pytorch.org/whl/cpu spares 3 GB of CUDA.
TORCH_INDEX ?=
# It is installed first, by its version alone: its builds are different files, and the lock has the
# hashes of one. Once more, last, for the CUDA packages, whose versions the CUDA build fixes itself.
TORCH = $$(grep -o '^torch==[^ ]*' requirements.lock)

.DEFAULT_GOAL := help
# What a stock image installs, of Python 3.11 on Linux: wheels only, each with its hash. kfp needs
# kfp-server-api, which has no wheel, only to talk to a Kubeflow server. torch is in torch-cpu.lock.
LOCKS := pipelines/vertex/locks
STOCK := --python-platform linux --python-version 3.11 --only-binary :all: \
  --no-binary kfp-server-api --no-emit-package kfp-server-api --no-emit-package torch \
  --constraint requirements.lock --generate-hashes --no-annotate --no-header --quiet
.PHONY: help run test test-pages chaos fuzz lint compile docs bench image image-test lock clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-10s %s\n", $$1, $$2}'

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if (3, 10) <= v < (3, 15) else \
	  "Python must be 3.10 to 3.14, got %d.%d; make PYTHON=python3.12" % v[:2])'
	@echo "creating $(VENV) (once; some minutes)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(PIP) install --no-deps $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) $(TORCH)
	@$(PIP) install --no-deps --require-hashes --requirement requirements.lock
	@$(PIP) install $(TORCH)
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

run: $(READY) ## Run the main job on this machine, on a made-up sample
	@$(BIN)/tabpipe run --sample

# By file, since the tests of a file share what one of them made; one thread in each process, since
# the processes fill the processors.
test: $(READY) ## Run the tests, on up to four processors
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 \
	  --dist loadfile --no-loadscope-reorder -rs --cov --cov-report=term:skip-covered

test-pages: $(READY) ## Look at every page of five kinds of table in Chromium
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m browser -rs

chaos: $(READY) ## Kill training and runs at many random moments and compare what they leave
	$(BIN)/python -m pytest -m chaos

fuzz: $(READY) ## Damage each kind of file 300 times, and print what each command makes of it
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.fuzz

lint: $(READY) ## Check style, types, spelling and the import rule
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/codespell
	$(BIN)/lint-imports
	$(BIN)/mypy

compile: $(READY) ## Write build/training.yaml and build/prediction.yaml
	$(BIN)/python compile.py

docs: $(READY) ## Write docs/reference.md and docs/schema.json anew
	$(BIN)/python -m tools.reference > docs/reference.md
	$(BIN)/python -m vertex_tabular.schema.json_schema > docs/schema.json

bench: $(READY) ## Measure speed as ratios within one run; writes build/bench.json
	$(BIN)/python -m benchmarks

image: $(READY) ## Build the one image that holds every step; with GPU=1 its torch has CUDA
	docker build $(if $(GPU),--build-arg TORCH=cu126) --tag vertex-tabular:$$($(BIN)/python -c 'from importlib.metadata import version; print(version("vertex-tabular"))') .

image-test: $(READY) ## Run the Dockerfile's lines in an empty environment, without Docker
	$(BIN)/python -m pytest -m image

lock: $(READY) ## Resolve requirements.lock anew, with hashes, for Python 3.10 to 3.14
	$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.10 \
	  --constraint constraints.txt --generate-hashes --no-annotate --no-header --upgrade --quiet \
	  --output-file requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra pipeline $(STOCK) --output-file $(LOCKS)/steps.lock
	$(BIN)/uv pip compile pyproject.toml --extra train $(STOCK) --output-file $(LOCKS)/training.lock

clean: ## Remove what the other targets made, except runs/
	rm -rf $(VENV) build
