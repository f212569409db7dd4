"""Which machine types can have which accelerators, from `pipelines/prices/machines.toml`."""

from functools import cache
from typing import Any

from pipelines.prices.tables import read_table
from trainer.errors import InputError

UNSPECIFIED = "ACCELERATOR_TYPE_UNSPECIFIED"  # the API's name for no accelerator
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

    A type that is not in the table is assumed to be newer than the table.
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
    if limits is None:
        return None
    if machine_type.split("-")[0] not in attached["series"]:
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
