"""The dated tables of prices and machines: TOML files beside the modules."""

import importlib
import sys
from importlib.resources import files
from typing import Any


def read_table(name: str) -> dict[str, Any]:
    """The content of `pipelines/prices/<name>`."""
    # The standard library reads TOML from Python 3.11 on; the package tomli is the same code.
    toml = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    content: dict[str, Any] = toml.loads(
        files("pipelines.prices").joinpath(name).read_text("utf-8")
    )
    return content
