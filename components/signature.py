"""Parameters of components and pipelines, made from the fields of a settings dataclass.

KFP reads a function's signature for names, types and defaults, and its docstring for descriptions.
A field of `Config` or `PrepareConfig` is all that a new setting needs.
"""

import dataclasses
import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from trainer.config import Config
from trainer.fields import parse_value
from vertex_tabular.preprocessing.config import PrepareConfig

# Fields of `Config` that the graph sets itself, or that only `python -m trainer` takes.
NOT_PARAMETERS = {
    "train",
    "val",
    "test",
    "spec",
    "model_out",
    "task",
    "threads",
    "checkpoint_dir",
    "checkpoint_every",
    "checkpoint_minutes",
}


def parameters_of(owner: type) -> dict[str, "dataclasses.Field[Any]"]:
    """The fields of a settings dataclass that are parameters of the pipeline, by name."""
    fields = {field.name: field for field in dataclasses.fields(owner)}
    return {name: field for name, field in fields.items() if name not in NOT_PARAMETERS}


# Where the pipeline has another default than `python -m trainer`, which is the notebook's.
DEFAULTS = {"model": "auto"}

HYPERPARAMETERS = parameters_of(Config)
PREPROCESSING = parameters_of(PrepareConfig)


def with_settings(
    *owners: type,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator: parameters made from the fields of `owners`, settings dataclasses, take the
    place of `**settings`."""
    fields = {name: field for owner in owners for name, field in parameters_of(owner).items()}

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        signature = inspect.signature(function)
        own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
        made = [
            inspect.Parameter(
                name,
                inspect.Parameter.POSITIONAL_OR_KEYWORD,
                default=DEFAULTS.get(name, field.default if _is_plain(field) else ""),
                annotation=field.type if _is_plain(field) else str,
            )
            for name, field in fields.items()
        ]
        ordered = sorted([*own, *made], key=lambda p: p.default is not p.empty)
        whole = signature.replace(parameters=ordered)

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            bound = whole.bind(*args, **kwargs)
            bound.apply_defaults()
            return function(**bound.arguments)

        call.__signature__ = whole  # type: ignore[attr-defined]
        call.__annotations__ = {p.name: p.annotation for p in ordered}
        if signature.return_annotation is not signature.empty:
            call.__annotations__["return"] = signature.return_annotation
        call.__doc__ = _described(inspect.getdoc(function) or "", fields)
        return call

    return decorate


def config_from(owner: type, parameters: Mapping[str, Any]) -> Any:
    """An instance of a settings dataclass from a pipeline's parameters, whose numbers are doubles.

    Raises:
        InputError: a value breaks its rule.
    """
    return owner(**{name: parse_value(owner, name, str(v)) for name, v in parameters.items()})


def _is_plain(field: "dataclasses.Field[Any]") -> bool:
    """Whether its type is one that a pipeline's parameter can have; others travel as text."""
    return field.type in (str, int, float, bool)


def _described(doc: str, fields: Mapping[str, "dataclasses.Field[Any]"]) -> str:
    """A docstring whose `Args` also describe `fields`."""
    head = doc if "\nArgs:\n" in doc else f"{doc}\n\nArgs:"
    lines = [f"    {name}: {_sentence(field.metadata['help'])}" for name, field in fields.items()]
    return "\n".join([head, *lines])


def _sentence(phrase: str) -> str:
    """A phrase as a sentence; a value that it begins with, such as `plain,`, stays as it is."""
    first = phrase.split()[0]
    return f"{phrase[0].upper() if first.isalpha() else phrase[0]}{phrase[1:]}."
