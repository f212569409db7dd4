"""This process among the others: its rank, their number, its device. torchrun is the engine.

    torchrun --nproc_per_node 2 -m trainer --train … --val …

On Vertex AI, `python -m trainer` runs once on each machine; where CLUSTER_SPEC names several, or
the machine has several GPUs, `launch` starts torchrun. Nothing else here starts a process.
"""

import contextlib
import json
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from trainer.errors import InputError, Interrupted

log = logging.getLogger(__name__)

# Machines of a job start minutes apart. Once all have met, one that stays silent for so long is
# gone: a process that dies closes its connections, so the others usually hear of it at once.
INIT_TIMEOUT = timedelta(minutes=30)
COLLECTIVE_TIMEOUT = timedelta(seconds=50)


@contextlib.contextmanager
def _in_touch() -> Iterator[None]:
    """Raises Interrupted when another process does not answer."""
    try:
        yield
    except RuntimeError as error:
        problem = str(error).partition("\n")[0].rstrip(".")
        raise Interrupted(
            f"lost another process of the run: {problem}; start the run again to resume from "
            "its last checkpoint"
        ) from error


@dataclass(frozen=True)
class World:
    """One process of `size`; rank 0 decides and writes. A single process is a world of one."""

    rank: int = 0
    size: int = 1
    local_world_size: int = 1
    device: torch.device = torch.device("cpu")
    group: Any = None

    @classmethod
    def join(cls, device: str) -> "World":
        """Meets the other processes, if torchrun started this one; `device` is auto, cpu or cuda.

        LOCAL_RANK tells that it did: RANK and WORLD_SIZE also exist in a Vertex job without
        torchrun, where they count machines.

        Raises:
            Interrupted: the others do not come.
        """
        kind = "cuda" if device != "cpu" and torch.cuda.is_available() else "cpu"
        if "LOCAL_RANK" not in os.environ:
            return cls(device=torch.device(kind))
        place = torch.device(kind)
        if kind == "cuda":
            place = torch.device(kind, int(os.environ["LOCAL_RANK"]))
            torch.cuda.set_device(place)
        with _in_touch():
            dist.init_process_group("nccl" if kind == "cuda" else "gloo", timeout=INIT_TIMEOUT)
            group = dist.new_group(timeout=COLLECTIVE_TIMEOUT)
        return cls(
            rank=dist.get_rank(),
            size=dist.get_world_size(),
            local_world_size=int(os.environ["LOCAL_WORLD_SIZE"]),
            device=place,
            group=group,
        )

    def all_reduce(self, tensor: Tensor) -> Tensor:
        """Replaces `tensor` by its sum over all processes."""
        if self.size > 1:
            with _in_touch():
                dist.all_reduce(tensor, group=self.group)
        return tensor

    def any(self, *flags: bool) -> list[bool]:
        """For each flag: is it raised in any process?"""
        if self.size == 1:
            return list(flags)
        raised = self.all_reduce(torch.tensor(flags, dtype=torch.int32, device=self.device))
        return [bool(flag) for flag in raised.tolist()]

    def all_gather(self, tensor: Tensor) -> Tensor:
        """The tensors of all processes, stacked in the order of their ranks."""
        if self.size == 1:
            return tensor.unsqueeze(0)
        tensor = tensor.to(self.device)
        parts = [torch.empty_like(tensor) for _ in range(self.size)]
        with _in_touch():
            dist.all_gather(parts, tensor, group=self.group)
        return torch.stack(parts)

    def barrier(self) -> None:
        """Waits for all processes, for as long as starting may take."""
        if self.size > 1:
            with _in_touch():
                dist.barrier()

    def leave(self) -> None:
        """Ends the meeting: all processes first arrive here, since Vertex ends a job, and kills
        the other machines, as soon as the first machine's program is done."""
        self.barrier()
        if self.size > 1:
            dist.destroy_process_group()


def torchrun_arguments(device: str) -> list[str]:
    """What torchrun needs to start this machine's part of the job; empty where this one process is
    all there is, or torchrun has already started it.

    CLUSTER_SPEC lists the machines of each worker pool and says which one this is
    (https://cloud.google.com/vertex-ai/docs/training/distributed-training#cluster-variables).

    Raises:
        InputError: CLUSTER_SPEC is not what Vertex sets.
    """
    if "LOCAL_RANK" in os.environ:
        return []
    processes = max(1, torch.cuda.device_count()) if device != "cpu" else 1
    text = os.environ.get("CLUSTER_SPEC", "")
    try:
        machines, machine = _cluster(text)
        host, _, port = machines[0].rpartition(":")
        if not host or not (port.isascii() and port.isdecimal()):
            raise ValueError(machines[0])
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError(
            f"CLUSTER_SPEC must be the JSON that Vertex AI sets, got {text}"
        ) from error
    if len(machines) * processes == 1:
        return []
    if len(machines) == 1:
        return ["--standalone", f"--nproc_per_node={processes}"]
    return [
        f"--nnodes={len(machines)}",
        f"--node_rank={machine}",
        f"--nproc_per_node={processes}",
        f"--master_addr={host}",
        f"--master_port={port}",
        f"--rdzv_conf=timeout={int(INIT_TIMEOUT.total_seconds())}",
    ]


def _cluster(text: str) -> tuple[list[str], int]:
    """The machines of a CLUSTER_SPEC, "host:port" each, pool 0 first; and which one this is."""
    if not text:
        return ["localhost:0"], 0
    spec = json.loads(text)
    pools: dict[str, list[str]] = spec["cluster"]
    machines = [(name, index) for name in sorted(pools) for index in range(len(pools[name]))]
    here = machines.index((spec["task"]["type"], int(spec["task"]["index"])))
    return [pools[name][index] for name, index in machines], here


def launch(arguments: list[str]) -> int:
    """Runs torchrun in this process; returns the exit status of the first process to fail, or 0.

    This is the one place that starts processes. SIGTERM goes on to them, and each saves.

    Raises:
        Interrupted: the other machines do not come.
    """
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.run import main as torchrun

    try:
        with _in_touch():
            torchrun(arguments)
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        status = int(failure.exitcode)
        status = 128 - status if status < 0 else status
        log.error(f"error: process {rank} was the first to end, with status {status}")
        return status
    except SignalException as error:
        return 128 + int(error.sigval)
    return 0
