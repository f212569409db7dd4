# One image for every step of the pipeline: docker build --tag vertex-tabular:0.1.0 .
FROM python:3.11-slim
WORKDIR /app
# The lock first, so that a change of the code alone does not install everything again.
COPY requirements.lock ./
RUN python -m pip install --no-cache-dir --no-deps --require-hashes -r requirements.lock
# What torch's CUDA build needs besides, in the versions that it fixes itself.
RUN python -m pip install --no-cache-dir $(grep -o '^torch==[^ ]*' requirements.lock)
COPY pyproject.toml README.md ./
COPY trainer trainer
COPY vertex_tabular vertex_tabular
COPY components components
COPY pipelines pipelines
RUN python -m pip install --no-cache-dir --no-deps --no-build-isolation .
