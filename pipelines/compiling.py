"""A pipeline's graph as the document that Vertex AI takes."""

import tempfile
from pathlib import Path
from typing import Any

from kfp import compiler

# Vertex AI fills these in
# (https://cloud.google.com/vertex-ai/docs/pipelines/build-pipeline#available-placeholders).
PROJECT = "{{$.pipeline_google_cloud_project_id}}"
LOCATION = "{{$.pipeline_google_cloud_location}}"


def document_of(pipeline: Any) -> str:
    """The graph as one YAML document, the same bytes at every compile."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "pipeline.yaml")
        compiler.Compiler().compile(pipeline, str(path))
        document = path.read_text()
    # kfp opens the file with a comment that lists a dict default in protobuf's random map order.
    return document[document.index("components:") :]
