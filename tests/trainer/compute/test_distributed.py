"""Several processes against one, as torchrun starts them and as a Vertex job's machines do."""

import csv
import json
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from trainer import contract
from trainer.__main__ import main
from trainer.compute.distributed import torchrun_arguments
from trainer.errors import InputError

pytestmark = pytest.mark.slow

Start = Callable[..., Any]
SPEC = {
    "cluster": {"workerpool0": ["one:2222"], "workerpool1": ["two:2222", "three:2222"]},
    "environment": "cloud",
    "task": {"type": "workerpool1", "index": 1},
}


def losses(directory: Path) -> list[float]:
    with open(directory / contract.HISTORY) as file:
        rows = list(csv.DictReader(file))
    return [float(row[name]) for row in rows for name in ("train_loss", "validation_loss")]


def test_one_machine_needs_no_torchrun(monkeypatch: pytest.MonkeyPatch) -> None:
    assert torchrun_arguments("cpu") == []
    alone = {"cluster": {"workerpool0": ["a:1"]}, "task": {"type": "workerpool0", "index": 0}}
    monkeypatch.setenv("CLUSTER_SPEC", json.dumps(alone))
    assert torchrun_arguments("cpu") == []


def test_the_machines_of_a_vertex_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLUSTER_SPEC", json.dumps(SPEC))
    arguments = torchrun_arguments("cpu")
    assert {"--nnodes=3", "--node_rank=2", "--nproc_per_node=1"} <= set(arguments)
    assert {"--master_addr=one", "--master_port=2222"} <= set(arguments)
    # Vertex sets RANK and WORLD_SIZE itself: only LOCAL_RANK tells that torchrun is at work.
    monkeypatch.setenv("RANK", "2")
    assert torchrun_arguments("cpu") == arguments
    monkeypatch.setenv("LOCAL_RANK", "0")
    assert torchrun_arguments("cpu") == []


def test_a_machine_of_several_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    assert torchrun_arguments("auto") == ["--standalone", "--nproc_per_node=4"]
    assert torchrun_arguments("cpu") == []
    monkeypatch.setenv("CLUSTER_SPEC", json.dumps(SPEC))
    assert {"--nnodes=3", "--nproc_per_node=4"} <= set(torchrun_arguments("cuda"))


@pytest.mark.parametrize(
    "change",
    [
        {"cluster": 1},
        {"cluster": {"workerpool0": "one:2222", "workerpool1": ["two:2222"]}},
        {"cluster": {"workerpool0": ["one"], "workerpool1": ["two:2222", "three:2222"]}},
        {"cluster": {"workerpool0": ["one:port"], "workerpool1": ["two:2222", "three:2222"]}},
        {"cluster": {"workerpool0": [1], "workerpool1": ["two:2222", "three:2222"]}},
        {"task": {"type": "workerpool2", "index": 0}},
        {"task": {"type": "workerpool1", "index": 2}},
        {"task": {"type": "workerpool1", "index": -1}},
        {"task": None},
    ],
)
def test_a_cluster_spec_that_is_none(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, object]
) -> None:
    monkeypatch.setenv("CLUSTER_SPEC", json.dumps({**SPEC, **change}))
    with pytest.raises(InputError, match="CLUSTER_SPEC must be the JSON that Vertex AI sets"):
        torchrun_arguments("cpu")


@pytest.mark.parametrize("model", ["mlp", "ensemble"])
def test_two_processes_give_the_losses_of_one(
    model: str, data: list[str], tmp_path: Path, start: Start
) -> None:
    """480 rows in batches of 101: both the halves of a batch and the last batch are uneven."""
    flags = [*data, "--batch_size=101", "--epochs=4", "--patience=2", "--min_delta=0.01"]
    flags += [f"--model={model}", "--restore_best=true"]
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    two = start([*torchrun, "-m", "trainer", *flags, f"--model_out={tmp_path / 'two'}"])
    assert main([*flags, f"--model_out={tmp_path / 'one'}"]) == 0
    printed, _ = two.communicate(timeout=100)
    assert two.returncode == 0, printed
    assert losses(tmp_path / "two") == pytest.approx(losses(tmp_path / "one"), abs=1e-5)
    metrics = [json.loads((tmp_path / n / "metrics.json").read_text()) for n in ("one", "two")]
    assert metrics[0]["best_epoch"] == metrics[1]["best_epoch"]
    assert metrics[1]["validation_auc"] == pytest.approx(metrics[0]["validation_auc"], abs=1e-3)
    contract.check_manifest(tmp_path / "two")


def test_a_run_that_fails_in_two_processes_has_its_own_status(
    data: list[str], tmp_path: Path, start: Start
) -> None:
    """Not that of an abort, which asks Vertex for another try of what will fail again."""
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    flags = [*data, "--batch_size=100", "--learning_rate=1e30", f"--model_out={tmp_path}"]
    printed, _ = start([*torchrun, "-m", "trainer", *flags]).communicate(timeout=100)
    _, _, first = printed.partition("Root Cause")
    assert re.search(r"exitcode *: 1 ", first), printed
    assert "error: the loss must be finite" in (tmp_path / contract.LOG).read_text()


@pytest.fixture
def shards(tmp_path: Path, data: list[str]) -> list[str]:
    """The same rows in three shards of 300, 20 and 160 to train on, and of 70, 20 and 30."""
    for name, ends in (("train", (0, 300, 320, 480)), ("val", (0, 70, 90, 120))):
        with np.load(tmp_path / f"{name}_data.npz") as whole:
            x, y = whole[f"X_{name}"], whole[f"y_{name}"]
        for number, (first, end) in enumerate(zip(ends, ends[1:], strict=False)):
            arrays = {f"X_{name}": x[first:end], f"y_{name}": y[first:end]}
            np.savez(tmp_path / f"{name}-{number:05d}.npz", **arrays)
    return [f"--train={tmp_path}", f"--val={tmp_path}"]


class Job:
    """A run on two machines, which are two loopback addresses."""

    def __init__(self, start: Start, flags: list[str], directory: Path, port: int) -> None:
        self.cluster = {"workerpool0": [f"127.0.0.1:{port}"], "workerpool1": [f"127.0.0.2:{port}"]}
        self.out, self.saved = directory / "two", directory / "saved"
        ours = [f"--model_out={self.out}", f"--checkpoint_dir={self.saved}"]
        self.command = ["-m", "trainer", *flags, *ours]
        self.start = start

    def machines(self) -> list[Any]:
        tasks = [{"type": name, "index": 0} for name in self.cluster]
        specs = [{"cluster": self.cluster, "task": task} for task in tasks]
        return [self.start(self.command, CLUSTER_SPEC=json.dumps(spec)) for spec in specs]

    def until_it_saves(self) -> list[Any]:
        """The two machines, which by now have saved a checkpoint."""
        first, second = self.machines()
        deadline = time.monotonic() + 100
        while not list(self.saved.glob("*.pt")):
            assert time.monotonic() < deadline and first.poll() is None, first.communicate()[0]
            time.sleep(0.01)
        return [first, second]


@pytest.fixture
def port() -> Iterator[int]:
    """A TCP port that nobody else on this machine is given while the test runs."""
    with socket.socket() as kept:
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # who names it may have it
        kept.bind(("127.0.0.1", 0))
        yield kept.getsockname()[1]


def test_two_machines_one_of_which_dies(
    shards: list[str], tmp_path: Path, port: int, start: Start
) -> None:
    """Each reads its own shards, and three of two. The second dies; the first stops with an error;
    both are started again and finish the job."""
    flags = [*shards, "--epochs=200", "--patience=0", "--checkpoint_every=20"]
    job = Job(start, flags, tmp_path, port)
    first, second = job.until_it_saves()
    second.take_away()
    printed, _ = first.communicate(timeout=60)
    assert first.returncode == 143, printed  # which makes Vertex start it again
    assert "error: lost another process of the run" in (job.out / contract.LOG).read_text()
    assert not (job.out / contract.MANIFEST).exists()

    again = job.machines()
    outputs = [machine.communicate(timeout=100)[0] for machine in again]
    assert [machine.returncode for machine in again] == [0, 0], outputs
    assert "training after epoch" in outputs[0]
    contract.check_manifest(job.out)
    assert main([*flags, f"--model_out={tmp_path / 'one'}"]) == 0
    # Of the first 100 epochs: sums in another order differ in the last bit, which then grows.
    assert losses(job.out)[:200] == pytest.approx(losses(tmp_path / "one")[:200], abs=1e-5)


def test_sigterm_to_one_of_two_machines_stops_both(
    shards: list[str], tmp_path: Path, port: int, start: Start
) -> None:
    flags = [*shards, "--epochs=100000", "--patience=0", "--checkpoint_every=20"]
    job = Job(start, flags, tmp_path, port)
    machines = job.until_it_saves()
    machines[1].send_signal(signal.SIGTERM)
    outputs = [machine.communicate(timeout=60)[0] for machine in machines]
    assert [machine.returncode for machine in machines] == [143, 143], outputs
    assert "error: stopped by SIGTERM in epoch" in (job.out / contract.LOG).read_text()
