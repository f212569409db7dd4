"""A compiled pipeline as data."""

from functools import lru_cache
from typing import Any

import yaml


@lru_cache(maxsize=8)
def spec_of(compiled: str) -> dict[str, Any]:
    """The content of a pipeline's YAML, parsed once: most runs share one, and a command asks for it
    several times. What it gives is shared too, and not to be changed."""
    spec: dict[str, Any] = yaml.safe_load(compiled)
    return spec
