"""Fixtures for every test: an environment without a training platform's variables."""

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.browser import Browser, opened

# A deadline would be a timed assertion, which a busy machine fails.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

PLATFORM_VARIABLES = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "CLUSTER_SPEC")
PLATFORM_PREFIXES = ("MASTER_", "AIP_", "TABPIPE_")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow tests come last: what fails in a moment is seen in a moment."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is not None)


@pytest.fixture(scope="session", autouse=True)
def clean_environ() -> Iterator[None]:
    """No test sees what a training platform, or the user's own settings, put there."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name in PLATFORM_VARIABLES or name.startswith(PLATFORM_PREFIXES):
                patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def titanic() -> Path:
    """The Titanic's training CSV (712 rows), which is not part of this repository."""
    path = Path(__file__).parents[2] / "shared" / "data" / "titanic_train.csv"
    if not path.is_file():
        pytest.skip(f"no Titanic CSV at ../shared/data/{path.name}")
    return path


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Headless Chromium."""
    with opened(tmp_path_factory.mktemp("profile")) as found:
        yield found
