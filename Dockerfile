# One image for every step of the pipeline: docker build --tag vertex-tabular:0.1.0 .
# With CUDA: docker build --build-arg TORCH=cu126 --tag vertex-tabular:0.1.0-cu126 .
FROM python:3.11-slim
# cpu, or the CUDA release of PyTorch's index: cu126 serves drivers from 525 on.
ARG TORCH=cpu
# Where Vertex AI mounts the driver; without this torch sees no GPU.
ENV PATH=/usr/local/nvidia/bin:$PATH LD_LIBRARY_PATH=/usr/local/nvidia/lib64
WORKDIR /app
# The locks first, so that a change of the code alone does not install everything again.
COPY pipelines/vertex/locks locks
RUN python -m pip install --no-cache-dir --no-deps --require-hashes --requirement locks/training.lock
RUN python -m pip install --no-cache-dir --no-deps --require-hashes --requirement locks/steps.lock
RUN if [ "${TORCH:-cpu}" = cpu ]; then python -m pip install --no-cache-dir --no-deps --require-hashes --requirement locks/torch-cpu.lock; else python -m pip install --no-cache-dir --index-url "https://download.pytorch.org/whl/$TORCH" "torch==$(sed -n 's/^torch==\([0-9.]*\).*/\1/p' locks/torch-cpu.lock)"; fi
COPY requirements.lock pyproject.toml README.md ./
# What builds this package, and what `tabpipe run` needs of kfp beside its steps.
RUN python -m pip install --no-cache-dir --no-deps --no-build-isolation $(grep -E '^(hatchling|packaging|pathspec|pluggy|trove-classifiers|kfp-server-api)==' requirements.lock | cut -d ' ' -f 1)
COPY trainer trainer
COPY vertex_tabular vertex_tabular
COPY components components
COPY pipelines pipelines
RUN python -m pip install --no-cache-dir --no-deps --no-build-isolation .
