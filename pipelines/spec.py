"""A compiled pipeline as data."""

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from pipelines.steps import in_order
from trainer.errors import InputError
from trainer.reading import MAX_DEPTH, reading, typed

FORM = "a compiled pipeline"
MAX_VALUES = 1_000_000  # with what an alias stands for counted each time
# In C, without which a command would take a tenth of a second longer.
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class _Task:
    dependentTasks: list[str] = field(default_factory=list)  # KFP's name


@dataclass(frozen=True)
class _Dag:
    tasks: dict[str, _Task]


@dataclass(frozen=True)
class _Root:
    dag: _Dag


@dataclass(frozen=True)
class _Spec:
    """What is needed to show a pipeline's steps."""

    root: _Root


@lru_cache(maxsize=8)
def spec_of(compiled: str, name: str = "a pipeline") -> dict[str, Any]:
    """The content of a pipeline's YAML, parsed once: most runs share one, and a command asks for it
    several times. What it gives is shared too, and not to be changed.

    Raises:
        InputError: it is not YAML, or no pipeline; the message calls it `name`.
    """
    with reading(name, FORM, error=InputError):
        (spec,) = documents_of(compiled)
        typed(_Spec, spec)
        in_order(spec["root"]["dag"]["tasks"])
    content: dict[str, Any] = spec
    return content


def read_pipeline(path: Path, form: str = FORM) -> str:
    """The text of a pipeline's YAML file, which an error says must be of that `form`.

    Raises:
        InputError: there is no such file, or it is not UTF-8.
    """
    with reading(path, form, error=InputError):
        return path.read_text(encoding="utf-8")


def documents_of(text: str) -> list[Any]:
    """The values of the YAML documents in a text.

    Raises:
        trainer.reading.DAMAGE: it is not YAML, or its values are nested or repeated without end.
            For use inside `trainer.reading.reading`.
    """
    try:
        depth = 0
        # First, because the parser in C calls itself for each level, until its stack is full.
        for event in yaml.parse(text, LOADER):
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                raise RecursionError
        documents = list(yaml.load_all(text, LOADER))
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
    if _extent(documents, {})[0] > MAX_VALUES:
        raise ValueError(f"more than {MAX_VALUES} values, by aliases")
    return documents


def _extent(value: Any, known: dict[int, tuple[int, int]], depth: int = 0) -> tuple[int, int]:
    """How many values are inside a value, an alias for each time, and how deep they are nested."""
    if not isinstance(value, dict | list):
        return 1, 1
    if id(value) not in known:
        if depth > MAX_DEPTH:
            raise RecursionError
        inner = value.values() if isinstance(value, dict) else value
        found = [_extent(each, known, depth + 1) for each in inner]
        size, height = (sum(each[0] for each in found), max((each[1] for each in found), default=0))
        known[id(value)] = size + 1, height + 1
    if depth + known[id(value)][1] > MAX_DEPTH + 2:
        raise RecursionError
    return known[id(value)]
