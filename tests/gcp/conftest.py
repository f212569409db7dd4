"""The loopback cloud, and the `tabpipe` command in its environment."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines.sample import write_sample
from tests.gcp.cloud import BUCKET, Cloud, running
from tests.gcp.names import PROJECT

TIMEOUT_SECONDS = 120
CSV = f"gs://{BUCKET}/data/passengers.csv"


@dataclass(frozen=True)
class Result:
    """What a command left."""

    status: int
    stdout: str
    stderr: str

    @property
    def error(self) -> str:
        """The last line of stderr, which is where an error is."""
        return self.stderr.strip().splitlines()[-1]


class Shell:
    """A process that runs `tabpipe` commands in the environment of one cloud."""

    def __init__(self, cloud: Cloud, directory: Path) -> None:
        settings = {"TABPIPE_PROJECT": PROJECT, "TABPIPE_BUCKET": f"gs://{BUCKET}/tabular"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.gcp.commands"],
            cwd=directory,
            env={**cloud.environ, **settings, "TABPIPE_OWNER": "Ada L."},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *arguments: str) -> Result:
        assert self._process.stdin and self._process.stdout
        print(json.dumps(arguments), file=self._process.stdin, flush=True)
        return Result(*json.loads(self._process.stdout.readline()))

    def go_to(self, directory: Path) -> None:
        """Runs what follows in `directory`."""
        assert self._process.stdin
        print(json.dumps(str(directory)), file=self._process.stdin, flush=True)

    def close(self) -> None:
        self._process.communicate(timeout=TIMEOUT_SECONDS)


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """A cloud that executes what is submitted to it."""
    with running() as cloud:
        add_data(cloud)
        yield cloud


@pytest.fixture
def tabpipe(cloud: Cloud, tmp_path: Path) -> Iterator[Shell]:
    """Runs `tabpipe` commands in that cloud."""
    with closing(Shell(cloud, tmp_path)) as shell:
        yield shell


@pytest.fixture(scope="session")
def shared_recorder() -> Iterator[Cloud]:
    with running(executes=False) as cloud:
        add_data(cloud)
        yield cloud


@pytest.fixture(scope="session")
def recorded(shared_recorder: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """Runs `tabpipe` commands in the `recorder`."""
    with closing(Shell(shared_recorder, tmp_path_factory.mktemp("recorded"))) as shell:
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
