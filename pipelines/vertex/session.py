"""What a command needs of Vertex AI: the settings in force, a client, and to wait for a run."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.project.settings import Setting, Settings, parameters_of, resolve
from trainer.errors import TabularError

if TYPE_CHECKING:  # google.cloud takes a second to import, and not every command needs it
    from pipelines.vertex.client import Vertex

FIRST_WAIT_SECONDS, MAX_WAIT_SECONDS = 1.0, 20.0


@dataclass(frozen=True)
class Session:
    """The options that name a project; resolved when first needed, so a command for a run of this
    machine needs no valid setting.

    Attributes:
        flags: the value of each setting's option; None for one that was not given.
        profile: name of a profile in `tabpipe.toml`.
    """

    flags: Mapping[str, str | None] = field(default_factory=dict)
    profile: str | None = None

    @cached_property
    def settings(self) -> Settings:
        """The settings in force in this directory.

        Raises:
            InputError: a malformed value or file, or no such profile.
        """
        return resolve_settings(self.flags, self.profile)

    @cached_property
    def parameters(self) -> dict[str, Setting]:
        """The values of `[parameters]` in this directory's tabpipe.toml, as `parameters_of` gives
        them.

        Raises:
            InputError: a malformed value or file, or no such profile.
        """
        return parameters_of(os.environ, Path.cwd(), self.profile)

    @cached_property
    def vertex(self) -> "Vertex":
        """A client for the project and region.

        Raises:
            InputError: no project is set, or there are no credentials.
        """
        return connect(self.settings)

    @property
    def parent(self) -> str:
        """The resource name of the project and region, in which runs and schedules are created.

        Raises:
            InputError: no project is set.
        """
        settings = self.settings
        return f"projects/{settings.required('project')}/locations/{settings.region.value}"


def resolve_settings(flags: Mapping[str, str | None], profile: str | None) -> Settings:
    """The settings in force in this directory."""
    return resolve(flags, os.environ, Path.cwd(), profile)


def connect(settings: Settings) -> "Vertex":
    """A client for the project and region that the settings name.

    Raises:
        InputError: no project is set, or there are no credentials.
    """
    from pipelines.vertex.client import Vertex

    return Vertex(settings.required("project"), settings.region.value)


def wait_for_run(vertex: "Vertex", run_id: str, report: Callable[[str], None]) -> None:
    """Waits until a run has ended.

    Args:
        vertex: where it runs.
        run_id: its id.
        report: gets a line for each change of the run's state and of its steps' states.

    Raises:
        TabularError: it did not succeed.
    """
    seen: dict[str, str] = {}
    pause = FIRST_WAIT_SECONDS
    while True:
        record = vertex.run(run_id)
        for name, state in [(s.name, s.state) for s in record.steps] + [("run", record.state)]:
            if seen.get(name) != state:
                seen[name] = state
                report(f"{name}: {state}")
        if record.has_ended:
            break
        time.sleep(pause)
        pause = min(1.2 * pause, MAX_WAIT_SECONDS)
    if record.state != "SUCCEEDED":
        raise TabularError(record.error or f"{run_id} was cancelled")
