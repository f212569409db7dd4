"""The loopback cloud, and the `tabpipe` command in its environment."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pipelines.project.sample import write_sample
from tests.gcp.loopback.cloud import BUCKET, Cloud, running
from tests.gcp.loopback.names import PROJECT
from tests.shell import TIMEOUT_SECONDS, Shell

SCHEMA = Path(__file__).parents[2] / "examples" / "titanic" / "schema.yaml"
CSV = f"gs://{BUCKET}/data/passengers.csv"


def shell_of(cloud: Cloud, directory: Path, schema: Path | None = SCHEMA) -> Shell:
    """A process that runs `tabpipe` commands in the environment of `cloud`."""
    settings = {"TABPIPE_PROJECT": PROJECT, "TABPIPE_BUCKET": f"gs://{BUCKET}/tabular"}
    if schema:
        settings["TABPIPE_SCHEMA"] = str(schema)
    return Shell(directory, {**cloud.environ, **settings, "TABPIPE_OWNER": "Ada L."})


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """A cloud that executes what is submitted to it."""
    with running() as cloud:
        add_data(cloud)
        yield cloud


@pytest.fixture(scope="session")
def shared_recorder() -> Iterator[Cloud]:
    with running(executes=False) as cloud:
        add_data(cloud)
        yield cloud


@pytest.fixture(scope="session")
def recorded(shared_recorder: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """Runs `tabpipe` commands in the `recorder`."""
    with closing(shell_of(shared_recorder, tmp_path_factory.mktemp("recorded"))) as shell:
        yield shell


@pytest.fixture
def recorder(shared_recorder: Cloud) -> Cloud:
    """A cloud that checks and keeps what is submitted to it, and executes nothing."""
    shared_recorder.forget()
    return shared_recorder


def wait_for(condition: Callable[[], object]) -> None:
    """Returns once `condition` holds; fails if it never does."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def add_data(cloud: Cloud) -> None:
    """Puts the sample's CSV into the bucket."""
    path = cloud.storage.directory / "sample.csv"
    write_sample(path, rows=200, seed=1)
    cloud.storage.write(CSV, path.read_bytes())
    path.unlink()
