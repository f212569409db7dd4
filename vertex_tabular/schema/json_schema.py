"""The rules of a feature schema as JSON Schema, by which an editor checks schema.yaml.

    python -m vertex_tabular.schema.json_schema > docs/schema.json

It is of the file as YAML 1.2 reads it, where `1` is a number although a schema's reader keeps it as
text; so a text may be a number here. Draft 7, which is what editors know
(https://json-schema.org/draft-07).
"""

import json
from typing import Any

from trainer.tasks.kinds import TASKS
from trainer.terminal import echo
from vertex_tabular.schema.parse import MISSING_TARGET
from vertex_tabular.schema.rules import KEYS, MISSING_WORDS, TEXT, rule_of

FILE = ".schema.json"  # beside a project's schema.yaml
FIRST_LINE = f"# yaml-language-server: $schema={FILE}\n"  # which editors look for


def json_schema() -> dict[str, Any]:
    """The JSON Schema of schema.yaml."""
    name = TEXT.json
    target = {"name": name, "missing": MISSING_WORDS.json}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Feature schema",
        "type": "object",
        "properties": {
            "target": {"anyOf": [name, _object(target, ["name"])]},
            "task": {"enum": list(TASKS)},
            "columns": {
                "type": "array",
                "minItems": 1,
                "items": {"anyOf": [_column(kind) for kind in KEYS]},
            },
            "split": {
                "anyOf": [
                    {"enum": ["random", "stratified"]},
                    _object({"group": name}, ["group"]),
                    _object({"time": name}, ["time"]),
                ]
            },
            "missing_target": {"enum": list(MISSING_TARGET)},
        },
        "required": ["target", "columns"],
        "additionalProperties": False,
    }


def _column(kind: str) -> dict[str, Any]:
    rules = {key: rule for key in KEYS[kind] if (rule := rule_of(key, kind))}
    properties = {"name": TEXT.json, "kind": {"enum": [kind]}}
    return _object(
        {**properties, **{key: rule.json for key, rule in rules.items()}}, ["name", "kind"]
    )


def _object(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def as_text() -> str:
    """The JSON Schema as a file holds it."""
    return json.dumps(json_schema(), indent=2) + "\n"


if __name__ == "__main__":
    echo(as_text(), end="")
