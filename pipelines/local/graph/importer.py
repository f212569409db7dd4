"""What `dsl.importer` does: an artifact that is there already, under a URI."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.local.graph.placeholders import inserted
from pipelines.local.graph.scope import Values
from pipelines.local.step import log_path, write_record
from trainer.errors import TabularError
from trainer.uri import Uri


def imported(
    importer: Mapping[str, Any], message: Mapping[str, Any], names: Mapping[str, str]
) -> Values:
    """The artifact of an importer.

    Args:
        importer: its `artifactUri`, `typeSchema` and `metadata`.
        message: KFP's ExecutorInput, with the importer's inputs.
        names: what else placeholders stand for.

    Raises:
        TabularError: it has no URI.
    """
    source = importer.get("artifactUri", {})
    uri = source.get("constant", "")
    if "runtimeParameter" in source:
        uri = message["inputs"]["parameterValues"].get(source["runtimeParameter"], "")
    uri = inserted(uri, message, names)
    if not isinstance(uri, str) or not uri:
        raise TabularError(f"an importer must have a URI, got {uri!r}")
    artifact = {
        "name": "artifact",
        "type": importer.get("typeSchema", {}),
        "uri": uri if "://" in uri else Uri(uri).absolute,
        "metadata": inserted(importer.get("metadata", {}), message, names),
    }
    return Values(artifacts={"artifact": [artifact]})


def record(directory: Path, step: str, uri: str) -> None:
    """Writes the record and the log that a step leaves."""
    log = log_path(directory, step)
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(f"imported {uri}\n")
    ended = {"started": time.time(), "log_start": 0, "seconds": 0.0, "status": 0}
    write_record(directory, step, {**ended, "directory": str(directory), "files": {}})
