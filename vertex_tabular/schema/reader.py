"""Reads the file of a feature schema: YAML, in UTF-8 whatever the locale."""

import json
from pathlib import Path
from typing import Any

from trainer.errors import InputError


def load_yaml(text: str) -> Any:
    """The value of a YAML text. A date is text, as it is in JSON, and so are words such as yes and
    no, which may be a category or a column."""
    import yaml

    class Loader(yaml.SafeLoader):
        yaml_implicit_resolvers = {
            first: [each for each in resolvers if not each[0].endswith((":timestamp", ":bool"))]
            for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

    return yaml.load(text, Loader)


def read_schema(path: Path) -> dict[str, Any]:
    """The content of a feature schema file, which `parse_schema` checks.

    Raises:
        InputError: there is no such file, or it is not a YAML mapping.
    """
    import yaml

    try:
        schema = load_yaml(path.read_text(encoding="utf-8"))
        json.dumps(schema, allow_nan=False, ensure_ascii=False).encode()
    except OSError as error:
        raise InputError(f"--schema must be a file, got {path}: {error.strerror}") from None
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:  # no text, or NaN
        reason = " ".join(str(error).split())
        raise InputError(f"--schema must be plain YAML, got {path}: {reason}") from None
    if not isinstance(schema, dict):
        raise InputError(f"--schema must hold `target` and `columns`, got {path} without them")
    return schema
