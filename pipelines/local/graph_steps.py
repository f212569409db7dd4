"""Which steps a run of any pipeline has: they become known while it runs, as a loop's items do."""

import json
from pathlib import Path
from threading import Lock

from trainer.contract import atomic_write
from trainer.errors import InputError
from trainer.reading import read_json

STEPS = "graph.json"  # in the run's directory: by step "" or SKIPPED, in the order of their start
SKIPPED = "SKIPPED"


class Ledger:
    """Keeps the file; several threads may add to it."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / STEPS
        self._steps: dict[str, str] = {}
        self._lock = Lock()
        self._save()

    def add(self, step: str, state: str = "") -> None:
        """Adds a step that starts, or that will not."""
        with self._lock:
            self._steps[step] = state
            self._save()

    @property
    def steps(self) -> list[str]:
        """Those that have started."""
        with self._lock:
            return [step for step, state in self._steps.items() if not state]

    def _save(self) -> None:
        with atomic_write(self._path) as file:
            file.write(json.dumps(self._steps).encode())


def is_graph(directory: Path) -> bool:
    """Is it the directory of a run of a pipeline from a file?"""
    return (directory / STEPS).is_file()


def steps_of(directory: Path) -> dict[str, str]:
    """The steps of a run of a pipeline from a file, each with SKIPPED or nothing.

    Raises:
        InputError: the file is damaged.
    """
    return read_json(
        directory / STEPS, dict[str, str], "the steps of a run", "it is damaged", InputError
    )
