"""Prints the reference, made from the code: python -m tools.reference > docs/reference.md

The output does not depend on the terminal or on the Python version.
"""

import dataclasses
import inspect
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import typer
import yaml

import vertex_tabular
from components.code import Code
from pipelines import parameters, prediction, training
from pipelines.cli.commands import app
from pipelines.lint import RULES
from pipelines.lint.rule import SEVERITIES
from pipelines.project import settings
from pipelines.project.sample import sample_schema, write_sample
from trainer import contract
from trainer.config import Config
from vertex_tabular.preprocessing.prepare import prepare
from vertex_tabular.schema import schema

HEAD = """\
# Reference

Generated from the code by `python -m tools.reference`; a test checks that it is up to date.
"""
ROWS = 60  # of the sample whose files are described
JSON_TYPES = {bool: "true or false", int: "number", float: "number", str: "text", dict: "object"}


def reference() -> str:
    """The page as Markdown."""
    parts = [
        HEAD,
        *_library(),
        *_commands(),
        *_lint_rules(),
        *_settings(),
        _schema(),
        *_all_parameters(),
        *_flags(),
    ]
    return "\n".join([*parts, *_files()]) + "\n"


def _library() -> Iterator[str]:
    """Each public name, with its signature and docstring; of a class, its public methods too."""
    yield "## The library\n\n`import vertex_tabular`; this is the whole public interface.\n"
    for name in vertex_tabular.__all__:
        value = getattr(vertex_tabular, name)
        yield f"### `vertex_tabular.{name}`\n"
        yield from _documented(name, value)
        if inspect.isclass(value) and not issubclass(value, Exception):
            for method, function in sorted(inspect.getmembers(value, inspect.isfunction)):
                if not method.startswith("_"):
                    yield from _documented(f"{name}.{method}", function)


def _documented(name: str, value: Any) -> Iterator[str]:
    doc = inspect.getdoc(value) or ""
    signature = "" if inspect.isclass(value) else _signature(value)
    text = "\n".join(f"    {line}".rstrip() for line in f"{name}{signature}\n\n{doc}".splitlines())
    yield f"{text}\n"


def _signature(function: Callable[..., Any]) -> str:
    """Names and defaults: how a type is shown differs from one Python to the next."""
    signature = inspect.signature(function)
    plain = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
    return str(signature.replace(parameters=plain, return_annotation=signature.empty))


def _commands() -> Iterator[str]:
    yield "## Commands\n"
    for name, command in _leaves(typer.main.get_command(app), "tabpipe"):
        words, _, example = (command.help or "").partition("Example: ")
        yield f"### {name}\n\n{' '.join(words.split())}\n\nExample: `{' '.join(example.split())}`\n"
        rows = [_option(parameter) for parameter in command.params if parameter.name != "help"]
        yield from _table(("option", "meaning", "default"), rows)


def _leaves(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Every command that does something, by its full name, in alphabetical order."""
    if not hasattr(command, "commands"):
        yield name, command
        return
    for part, inner in sorted(command.commands.items()):
        yield from _leaves(inner, f"{name} {part}")


def _option(parameter: Any) -> tuple[str, str, str]:
    named = parameter.param_type_name == "option"
    name = ", ".join(f"`{opt}`" for opt in parameter.opts) if named else f"`{parameter.metavar}`"
    if not named and not parameter.metavar:
        name = f"`{parameter.name.upper()}`"
    default = "required" if parameter.required else parameter.default
    absent = default is None or default is False or default in ("", [], ())
    return name, parameter.help or "", "" if absent else str(default)


def _lint_rules() -> Iterator[str]:
    """What `tabpipe lint` finds."""
    yield (
        "## Lint rules\n\n"
        "What `tabpipe lint` finds. An error is what Vertex AI refuses, or what does something\n"
        "else than is written; a warning is what may go wrong; a note is what an author may not\n"
        "know. Only errors make the exit status 1. A rule is left out by `--ignore RULE`, or by a\n"
        "comment in the file, which a reason may precede:\n\n"
        "```yaml\n# Our base image is moved on purpose.\n"
        "# tabpipe lint: ignore unpinned-image, unpinned-package\n"
        "pipelineInfo:\n  name: nightly\n```\n\n"
        "A finding's own cure is more exact than the one here.\n"
    )
    order = sorted(RULES.values(), key=lambda rule: (SEVERITIES.index(rule.severity), rule.id))
    yield from _table(
        ("rule", "severity", "why", "cure"),
        ((f"`{rule.id}`", rule.severity, rule.why, rule.fix) for rule in order),
    )


def _settings() -> Iterator[str]:
    yield "## Settings of tabpipe.toml\n\nEach also as an environment variable.\n"
    rows = [
        (f"`{name}`", f"`{settings.PREFIX}{name.upper()}`", form.meaning, form.default)
        for name, form in settings.FORMS.items()
    ]
    yield from _table(("setting", "variable", "meaning", "default"), rows)


def _schema() -> str:
    first, _, rest = (schema.__doc__ or "").partition("\n\n")
    return f"## The feature schema\n\n{first}\n\n{rest}"


def _all_parameters() -> Iterator[str]:
    code = Code.in_image(training.DEFAULT_IMAGE)
    yield "## Parameters of the pipeline\n\nGiven by `--set NAME=VALUE`.\n"
    yield from _parameters(training.compiled(code))
    yield "## Parameters of the pipeline that predicts\n\nThe same, beside `--model`.\n"
    yield from _parameters(prediction.compiled(code))


def _parameters(compiled: str) -> Iterator[str]:
    spec = yaml.safe_load(compiled)
    rows = []
    for name, declared in parameters.declared(spec).items():
        value = declared.get("defaultValue")
        # A whole number's default is a double in the compiled YAML.
        whole = declared["parameterType"] == "NUMBER_INTEGER" and value is not None
        default = "required" if value is None else json.dumps(int(value) if whole else value)
        kind = parameters.IN_WORDS.get(declared["parameterType"], "text")
        description = " ".join(declared.get("description", "").split())
        rows.append((f"`{name}`", kind, default, description))
    yield from _table(("parameter", "type", "default", "meaning"), sorted(rows))


def _flags() -> Iterator[str]:
    yield "## Flags of training\n\n`python -m trainer`, which the pipeline runs too.\n"
    rows = []
    for field in dataclasses.fields(Config):
        default = "required" if field.default is dataclasses.MISSING else field.default
        text = ",".join(map(str, default)) if isinstance(default, tuple) else str(default)
        rows.append((f"`--{field.name}`", field.metadata["help"], text))
    yield from _table(("flag", "meaning", "default"), rows)


def _files() -> Iterator[str]:
    """What the files hold: those of a real run, on a sample of made-up passengers."""
    with tempfile.TemporaryDirectory() as directory:
        arrays, run = Path(directory, "arrays"), Path(directory, "run")
        table = Path(directory, "sample.csv")
        write_sample(table, ROWS, seed=1)
        prepare(str(table), sample_schema(), str(arrays))
        command = [sys.executable, "-m", "trainer", f"--model_out={run}", "--epochs=2"]
        command += [
            f"--train={arrays / contract.TRAIN_DATA}",
            f"--val={arrays / contract.VAL_DATA}",
        ]
        subprocess.run(command, check=True, capture_output=True)
        yield "## Files\n\nAs they are for two classes; n rows, f features.\n"
        for home, name in (
            (arrays, contract.TRAIN_DATA),
            (arrays, contract.VAL_DATA),
            (run, contract.PREDICTIONS),
        ):
            with np.load(home / name) as held:
                rows = [(f"`{key}`", str(held[key].dtype), _shape(held[key])) for key in held.files]
            yield f"### {name}\n"
            yield from _table(("key", "dtype", "shape"), rows)
        # What is named after the data: one of them stands for all.
        for home, name, by_name in (
            (arrays, contract.SPEC, {}),
            (arrays, contract.PROFILE, {"columns": "column"}),
            (run, contract.METRICS, {}),
            (run, contract.MANIFEST, {"files": "file"}),
        ):
            yield f"### {name}\n"
            content = json.loads((home / name).read_text())
            held_by = [(f"`{key}`", _kind(v, by_name.get(key))) for key, v in content.items()]
            yield from _table(("key", "holds"), held_by)
        yield f"### {contract.HISTORY}\n"
        columns = (run / contract.HISTORY).read_text().splitlines()[0].split(",")
        yield ", ".join(f"`{column}`" for column in columns) + "\n"


def _shape(array: Any) -> str:
    return "(n)" if array.ndim == 1 else "(n, f)" if array.ndim == 2 else str(array.shape)


def _kind(value: Any, by_name: str | None = None) -> str:
    if by_name:
        return f"by {by_name}, {_kind(next(iter(value.values())))}"
    if isinstance(value, dict):
        return "object: " + ", ".join(f"`{key}`" for key in value) if value else "object"
    if isinstance(value, list):
        inner = value[0] if value else None
        return f"list of {_kind(inner)}" if inner is not None else "list"
    return JSON_TYPES.get(type(value), "null, or a value")


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """A Markdown table, or nothing if it has no rows."""
    rows = list(rows)
    if rows:
        yield f"| {' | '.join(head)} |\n|{'---|' * len(head)}"
        yield from (f"| {' | '.join(c.replace('|', chr(92) + '|') for c in row)} |" for row in rows)
        yield ""


if __name__ == "__main__":
    print(reference(), end="")
