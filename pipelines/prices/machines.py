"""Machine types, and the accelerators that each can have, of `pipelines/prices/machines.toml`."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from typing import Any

from pipelines.prices.tables import read_table
from trainer.errors import InputError

TABLE = "pipelines/prices/machines.toml"
UNSPECIFIED = "ACCELERATOR_TYPE_UNSPECIFIED"  # the API's name for no accelerator
# General-purpose and compute-optimized series, to which no GPU can be attached.
# https://cloud.google.com/compute/docs/gpus#introduction
_WITHOUT = {"c2", "c2d", "c3", "c3d", "c4", "e2", "n2", "n2d", "n4", "t2d"}
NO_ACCELERATOR = ("", UNSPECIFIED)


@cache
def table() -> dict[str, Any]:
    """The content of `pipelines/prices/machines.toml`."""
    return read_table("machines.toml")


def built_in(machine_type: str) -> dict[str, int]:
    """The accelerators that are part of the machine type: type → count."""
    accelerators: dict[str, int] = table()["built_in"].get(machine_type, {})
    return accelerators


def mismatch(machine_type: str, accelerator_type: str, count: int) -> str | None:
    """Why the machine type cannot have the accelerators; None if it can, or if that is not known.

    A type that is not in the table is assumed to be newer than the table; it goes with no series
    that has no accelerators at all.
    """
    own = built_in(machine_type)
    if own:
        if own == {accelerator_type: count}:
            return None
        name, number = next(iter(own.items()))
        return f"{machine_type} has {number} × {name}"
    homes = [machine for machine, has in table()["built_in"].items() if accelerator_type in has]
    if homes:
        return f"{accelerator_type} comes with {', '.join(homes)} only"
    attached = table()["attached"]
    limits = attached["max_vcpus"].get(accelerator_type)
    series = machine_type.split("-")[0]
    if limits is None:
        return f"the series {series} has no accelerators" if series in _WITHOUT else None
    if series not in attached["series"]:
        return f"{accelerator_type} goes with the series {', '.join(attached['series'])} only"
    if str(count) not in limits:
        return f"{accelerator_type} comes in counts of {', '.join(limits)}"
    vcpus = machine_type.rpartition("-")[2]
    if vcpus.isascii() and vcpus.isdigit() and int(vcpus) > limits[str(count)]:
        return f"{count} × {accelerator_type} go with at most {limits[str(count)]} vCPUs"
    return None


def parse_accelerator(text: str) -> tuple[str, int]:
    """Type and count of a text like `NVIDIA_TESLA_T4:1`; ("", 0) of an empty text.

    Raises:
        InputError: the text does not have that form.
    """
    if not text:
        return "", 0
    kind, _, count = text.partition(":")
    if not (kind and count.isascii() and count.isdecimal() and int(count) > 0):
        raise InputError(f"--accelerator must be TYPE:COUNT, got {text}")
    return kind, int(count)


def machine_types() -> list[str]:
    """The machine types that the table knows."""
    sizes = [f"{family}-{size}" for family, all_ in table()["sizes"].items() for size in all_]
    return [*sizes, *table()["built_in"]]


def accelerator_types() -> list[str]:
    """The accelerators that the table knows, by the API's names."""
    inside = {name for machine in table()["built_in"].values() for name in machine}
    return [*table()["attached"]["max_vcpus"], *sorted(inside)]


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """The known names that are most like this one: those that have all of its parts (T4 is a part
    of NVIDIA_TESLA_T4), else those that are spelt alike."""
    spelt = {_spelling(each): each for each in known}
    parts = set(_spelling(name).split("_"))
    holding = [each for spelling, each in spelt.items() if parts <= set(spelling.split("_"))]
    alike = get_close_matches(_spelling(name), spelt, n=2)
    return sorted(holding, key=len)[:2] or [spelt[each] for each in alike]


def check_known(
    machine_type: str, accelerator_type: str, count: int, labels: Mapping[str, str], force: bool
) -> None:
    """Checks a machine and its accelerators against the table.

    Args:
        machine_type: for example n1-standard-8.
        accelerator_type: empty for none.
        count: accelerators of each machine.
        labels: what a message calls machine_type and accelerator_type, where it is not that.
        force: let names pass that the table does not know.

    Raises:
        InputError: an unknown name, or a machine that cannot have these accelerators.
    """
    machine = labels.get("machine_type", "machine_type")
    accelerator = labels.get("accelerator_type", "accelerator_type")
    if not force:
        require_known(machine, machine_type, machine_types())
        if accelerator_type:
            require_known(accelerator, accelerator_type, accelerator_types())
    for name, number in built_in(machine_type).items():
        if not accelerator_type:
            raise InputError(
                f"the accelerators of {machine} {machine_type} must be asked for, got none; "
                f"--accelerator {name}:{number}"
            )
    if accelerator_type and (problem := mismatch(machine_type, accelerator_type, count)):
        raise InputError(
            f"{accelerator} must be available for {machine}, "
            f"got {count} × {accelerator_type} with {machine_type}; {problem}"
        )


def require_known(label: str, name: str, known: Sequence[str]) -> None:
    """
    Raises:
        InputError: the name is not a known one; says which are the nearest.
    """
    if name not in known:
        near = nearest(name, known)
        cure = f"use {' or '.join(near)}; " if near else ""
        raise InputError(
            f"{label} must be in {TABLE} of {table()['date']}, got {name}; {cure}"
            "--force sends what is newer than that table"
        )


def _spelling(name: str) -> str:
    return name.upper().replace("-", "_")
