"""Fixtures for every test: an environment without a training platform's variables."""

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

# A deadline would be a timed assertion, which a busy machine fails.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

PLATFORM_VARIABLES = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "CLUSTER_SPEC")
PLATFORM_PREFIXES = ("MASTER_", "AIP_", "TABPIPE_")


@pytest.fixture(autouse=True)
def clean_environ(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test sees what a training platform, or the user's own settings, put there."""
    for name in list(os.environ):
        if name in PLATFORM_VARIABLES or name.startswith(PLATFORM_PREFIXES):
            monkeypatch.delenv(name)
    yield


@pytest.fixture(scope="session")
def titanic() -> Path:
    """The Titanic's training CSV (712 rows), which is not part of this repository."""
    path = Path(__file__).parents[2] / "shared" / "data" / "titanic_train.csv"
    if not path.is_file():
        pytest.skip(f"no Titanic CSV at ../shared/data/{path.name}")
    return path
