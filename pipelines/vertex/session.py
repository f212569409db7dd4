"""What a command needs before it talks to Vertex AI: settings, a client, an estimate."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.project.settings import Settings
    from pipelines.vertex.client import Vertex
    from pipelines.vertex.plan import Plan


def resolve_settings(flags: Mapping[str, str | None], profile: str | None) -> "Settings":
    """The settings in force in this directory."""
    from pipelines.project.settings import resolve

    return resolve(flags, os.environ, Path.cwd(), profile)


def estimate_cost(
    planned: "Plan",
    settings: "Settings",
    budget: float | None,
    runs_per_month: float | None = None,
) -> str:
    """The estimate to show, or what its table lacks: Vertex AI has regions that it has not.

    Raises:
        InputError: above the budget, or there is a budget and no estimate.
    """
    from pipelines.prices import cost

    try:
        estimate = planned.cost(settings.region.value, runs_per_month)
    except cost.UnknownPrice as unknown:
        if budget is not None:
            raise
        return f"no estimate of the cost: {unknown}"
    if budget is not None:
        cost.check_budget(estimate, budget)
    return cost.summary(estimate)


def connect(settings: "Settings") -> "Vertex":
    """The project and region that the settings name.

    Raises:
        InputError: no project is set, or there are no credentials.
    """
    from pipelines.vertex.client import Vertex

    return Vertex(settings.required("project"), settings.region.value)
