"""What Vertex AI would refuse after a step or two was paid for is refused before it is sent."""

import re
from collections.abc import Mapping
from typing import Any

from pipelines.prices.machines import UNSPECIFIED, check_known, require_known, table
from pipelines.project.settings import FORMS, Settings
from trainer.errors import InputError


def check_region(settings: Settings, force: bool) -> None:
    """
    Raises:
        InputError: Vertex AI is not in that region, as far as the table knows, or the key of the
            run is of another one.
    """
    region = settings.region.value
    if not force:
        require_known(f"region (from {settings.region.origin})", region, table()["regions"])
    check_key("kms_key", settings.kms_key.value, region)


def check_key(label: str, key: str, region: str) -> None:
    """A customer-managed key must be in the region of what it encrypts:
    https://cloud.google.com/vertex-ai/docs/general/cmek

    Raises:
        InputError: it is in another region, or has not the form of a key's name.
    """
    if not key:
        return
    _check_form(label, "kms_key", key)
    location = key.split("/")[3]
    if location != region:
        raise InputError(
            f"{label} must be in the region of the runs, {region}, got one of {location}"
        )


def check_job(
    values: Mapping[str, Any], labels: Mapping[str, str], region: str, force: bool
) -> None:
    """Checks the training job that the parameters describe.

    Args:
        values: the value of every parameter.
        labels: what the user typed for a parameter, where that is not its name.
        region: of the run.
        force: let machines and accelerators pass that the table does not know.

    Raises:
        InputError: a machine, an accelerator, a pair of them, or a key that Vertex AI refuses.
    """
    kind = str(values["accelerator_type"]).replace(UNSPECIFIED, "")
    check_known(str(values["machine_type"]), kind, values["accelerator_count"], labels, force)
    check_key("job_kms_key", str(values["job_kms_key"]), region)
    if network := str(values["job_network"]):
        _check_form("job_network", "network", network)


def _check_form(label: str, setting: str, value: str) -> None:
    """Raises InputError unless a value has the form of the setting of that name."""
    form = FORMS[setting]
    if not re.fullmatch(form.pattern, value):
        raise InputError(f"{label} must look like {form.example}, got {value}")
