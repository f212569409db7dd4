"""A stand-in for GCPC's CustomJob launcher that runs the job as processes on this machine.

    python -m pipelines.local.custom_job --type CustomJob --payload JSON --project P --location L
        --gcp_resources FILE --executor_input JSON

It takes the launcher's arguments, starts every replica of every worker pool with the environment
that Vertex documents (https://cloud.google.com/vertex-ai/docs/training/code-requirements), and
ends as Vertex does: when the primary replica exits 0 the job has succeeded and the others are
stopped; when any replica fails, the job has failed.
"""

import argparse
import json
import math
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipelines.local.commands.installation import without_pip
from pipelines.local.commands.long_arguments import restored
from pipelines.local.processes import exit_status
from trainer.terminal import echo

POLL_SECONDS = 0.02
GRACE_SECONDS = 10
TIMED_OUT = 124  # as timeout(1) has it


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("type", "payload", "project", "location", "gcp_resources", "executor_input"):
        parser.add_argument(f"--{name}", required=True)
    args = parser.parse_args(restored(argv))
    job_spec = json.loads(args.payload)["job_spec"]
    base = job_spec["base_output_directory"]["output_uri_prefix"]

    write_gcp_resources(Path(args.gcp_resources), base)
    timeout = float(job_spec["scheduling"]["timeout"].removesuffix("s"))
    status = run(job_spec["worker_pool_specs"], base, timeout)
    if status == 0:
        write_executor_output(json.loads(args.executor_input))
    return exit_status(status)


def run(pools: list[dict[str, Any]], base: str, timeout: float = math.inf) -> int:
    """Runs every replica for at most `timeout` seconds.

    Returns:
        The return code of the primary, or of the first replica to fail; 124 after the timeout.
    """
    cluster = {
        f"workerpool{index}": [f"127.0.0.1:{free_port()}" for _ in range(pool["replica_count"])]
        for index, pool in enumerate(pools)
    }
    replicas = []
    try:
        for index, pool in enumerate(pools):
            for replica in range(pool["replica_count"]):
                task = {"type": f"workerpool{index}", "index": replica}
                environment = {**os.environ, **vertex_environment(base, cluster, task)}
                replicas.append(subprocess.Popen(command_of(pool), env=environment))
        primary = replicas[0]
        deadline = time.monotonic() + timeout
        while primary.poll() is None:
            if time.monotonic() > deadline:
                echo(f"error: the job must end within {timeout:g} s; stopped it")
                return TIMED_OUT
            for replica_process in replicas[1:]:
                if replica_process.poll():
                    return replica_process.returncode
            time.sleep(POLL_SECONDS)
        return primary.returncode
    finally:
        stop(replicas)


def command_of(pool: dict[str, Any]) -> list[str]:
    """The command of a worker pool, with this Python in the place of the container's."""
    container = pool["container_spec"]
    command: list[str] = [*without_pip(container["command"]), *container.get("args", [])]
    if command[0] in ("python", "python3"):
        command[0] = sys.executable
    return command


def vertex_environment(
    base: str, cluster: dict[str, list[str]], task: dict[str, Any]
) -> dict[str, str]:
    """What Vertex sets for a replica whose job has `base` as its base output directory."""
    base = base.rstrip("/")
    return {
        "AIP_MODEL_DIR": f"{base}/model/",
        "AIP_CHECKPOINT_DIR": f"{base}/checkpoints/",
        "AIP_TENSORBOARD_LOG_DIR": f"{base}/logs/",
        "CLUSTER_SPEC": json.dumps({"cluster": cluster, "environment": "cloud", "task": task}),
    }


def free_port() -> int:
    """A TCP port that nothing on this machine listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def stop(processes: list["subprocess.Popen[bytes]"]) -> None:
    """Ends what still runs: SIGTERM, and SIGKILL to whatever outlasts the grace period."""
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + GRACE_SECONDS
    for process in processes:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def write_gcp_resources(path: Path, base: str) -> None:
    """The launcher's record of its job, in the form of GCPC's `GcpResources` message."""
    path.parent.mkdir(parents=True, exist_ok=True)
    resource = {"resourceType": "CustomJob", "resourceUri": f"local job in {base}"}
    path.write_text(json.dumps({"resources": [resource]}))


def write_executor_output(executor_input: dict[str, Any]) -> None:
    """Hands the output artifacts on: `kfp.local` passes only those that such a file names."""
    outputs = executor_input["outputs"]
    Path(outputs["outputFile"]).write_text(json.dumps({"artifacts": outputs["artifacts"]}))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
