"""A pipeline's graph as the document that Vertex AI takes."""

from typing import Any

import yaml

# Vertex AI fills these in
# (https://cloud.google.com/vertex-ai/docs/pipelines/build-pipeline#available-placeholders).
PROJECT = "{{$.pipeline_google_cloud_project_id}}"
LOCATION = "{{$.pipeline_google_cloud_location}}"


def document_of(pipeline: Any) -> str:
    """The graph as one YAML document, the same bytes at every compile.

    It is what kfp's compiler writes, without the comment in front, which lists a dict default in
    protobuf's random map order; and without a file, which a killed run would leave behind.
    """
    from google.protobuf import json_format

    document: str = yaml.dump(json_format.MessageToDict(pipeline.pipeline_spec), sort_keys=True)
    return document
