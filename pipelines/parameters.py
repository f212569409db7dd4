"""A pipeline's parameters: what a compiled YAML declares, and values for them from the user."""

import difflib
import json
import math
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NoReturn

from pipelines.prices.machines import UNSPECIFIED
from trainer.errors import InputError

Declared = Mapping[str, Mapping[str, Any]]  # name → parameterType, description, defaultValue, …

IN_WORDS = {
    "NUMBER_INTEGER": "a whole number",
    "NUMBER_DOUBLE": "a number",
    "BOOLEAN": "true or false",
    "STRUCT": "a JSON object",
    "LIST": "a JSON list",
}
STRATEGIES = ("STANDARD", "SPOT")
# The longest that Vertex AI lets a training job run, and its default.
# https://cloud.google.com/vertex-ai/docs/reference/rest/v1/CustomJobSpec#Scheduling
MAX_JOB_SECONDS = 7 * 24 * 3600


def declared(spec: Mapping[str, Any], component: str | None = None) -> Declared:
    """The parameters of the pipeline, or of one of its components."""
    owner = spec["components"][f"comp-{component}"] if component else spec["root"]
    parameters: Declared = owner.get("inputDefinitions", {}).get("parameters", {})
    return parameters


def defaults(among: Declared) -> dict[str, Any]:
    """The values that a YAML gives its parameters, where it gives one; it writes 3 as 3.0."""
    return {
        name: int(parameter["defaultValue"])
        if parameter["parameterType"] == "NUMBER_INTEGER"
        else parameter["defaultValue"]
        for name, parameter in among.items()
        if "defaultValue" in parameter
    }


def split_settings(settings: Iterable[str], names: Collection[str]) -> dict[str, str]:
    """The texts of `name=value` settings; the last one of a name counts.

    Raises:
        InputError: not of that form, or an unknown name.
    """
    texts = {}
    for setting in settings:
        name, separator, text = setting.partition("=")
        if not separator:
            raise InputError(f"--set must be NAME=VALUE, got {setting}")
        texts[known_name(name, names, "--set")] = text
    return texts


def set_names(settings: Iterable[str]) -> set[str]:
    """The names of the parameters that `name=value` settings set, known or not."""
    return {setting.partition("=")[0].replace("-", "_") for setting in settings}


def known_name(name: str, names: Collection[str], origin: str) -> str:
    """The parameter that `name` is; hyphens stand for underscores.

    Raises:
        InputError: there is none; it says which is meant, or else which there are.
    """
    meant = name if name in names else name.replace("-", "_")
    if meant in names:
        return meant
    near = difflib.get_close_matches(meant, sorted(names), n=1)
    known = f"there are {', '.join(sorted(names))}" if names else "there is none"
    cure = f"did you mean {near[0]}?" if near else known
    raise InputError(f"{origin} must name a parameter, got {name}; {cure}")


def parse_settings(settings: Iterable[str], among: Declared) -> dict[str, Any]:
    """The values of `name=value` settings, each of the type that is declared for it; the last one
    of a name counts.

    Raises:
        InputError: not of that form, an unknown name, or a value of another type.
    """
    values = {}
    for name, text in split_settings(settings, among).items():
        kind = among[name]["parameterType"]
        try:
            values[name] = _parsed(text, kind)
        except (ValueError, KeyError):
            raise InputError(f"{name} must be {IN_WORDS[kind]}, got {text}") from None
    return values


def _parsed(text: str, kind: str) -> Any:
    if kind.startswith("NUMBER_") and ("_" in text or not text.isascii()):
        raise ValueError(text)  # Python would take 1_000, and the digits of other scripts
    match kind:
        case "NUMBER_INTEGER":
            return int(text)
        case "NUMBER_DOUBLE":
            number = float(text)
            if not math.isfinite(number):
                raise ValueError(text)
            return number
        case "BOOLEAN":
            return {"true": True, "false": False}[text.lower()]
        case "STRUCT" | "LIST":
            value = json.loads(text, parse_constant=_refuse)
            if isinstance(value, dict) != (kind == "STRUCT"):
                raise ValueError(text)
            return value
        case _:
            return text


def _refuse(constant: str) -> NoReturn:
    """NaN and Infinity are not JSON, and no parameter can hold them."""
    raise ValueError(constant)


def check_text(name: str, value: str) -> None:
    """Raises InputError if `value` would break the training job's payload, which is JSON."""
    if any(c in '"\\' or not c.isprintable() for c in value):
        raise InputError(
            f'{name} must not contain ", \\ or a control character, because the training '
            f"job's payload is JSON, got {value!r}"
        )


def check(arguments: Mapping[str, Any], labels: Mapping[str, str]) -> None:
    """Checks what neither the YAML nor Vertex's SDK checks before a run starts.

    Args:
        arguments: values by parameter.
        labels: what a message calls a parameter, where that is not its name.

    Raises:
        InputError: a string that would break the training job's JSON payload, or an accelerator
            type without a count, or the reverse.
    """
    for name, value in arguments.items():
        if isinstance(value, str):
            check_text(labels.get(name, name), value)
    strategy = arguments.get("job_strategy", STRATEGIES[0])
    if strategy not in STRATEGIES:
        raise InputError(f"job_strategy must be {' or '.join(STRATEGIES)}, got {strategy}")
    seconds = arguments.get("job_timeout_seconds", 1)
    if not 1 <= seconds <= MAX_JOB_SECONDS:
        if labels.get("job_timeout_seconds") == "--hours":
            rule = f"--hours must be above 0 and at most {MAX_JOB_SECONDS / 3600:g}"
            raise InputError(f"{rule}, got {seconds / 3600:g}")
        raise InputError(f"job_timeout_seconds must be 1 to {MAX_JOB_SECONDS}, got {seconds}")
    kind = arguments.get("accelerator_type", UNSPECIFIED)
    count = arguments.get("accelerator_count", 0)
    if (kind == UNSPECIFIED) != (count == 0):
        raise InputError(
            "accelerator_type and accelerator_count go together, "
            f"got accelerator_type={kind}, accelerator_count={count}"
        )
    if count and arguments.get("device") == "cpu":
        raise InputError("device must be cuda or auto with an accelerator, got cpu")
