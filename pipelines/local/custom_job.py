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
import re
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
from trainer.errors import InputError, exit_on_error
from trainer.terminal import echo

POLL_SECONDS = 0.02
GRACE_SECONDS = 10
TIMED_OUT = 124  # as timeout(1) has it


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("type", "payload", "project", "location", "gcp_resources", "executor_input"):
        parser.add_argument(f"--{name}", required=True)
    args = parser.parse_args(restored(argv))
    job_spec = snake_case(json.loads(args.payload)["job_spec"])
    base = job_spec.get("base_output_directory", {}).get("output_uri_prefix", "")

    write_gcp_resources(Path(args.gcp_resources), base)
    timeout = float(job_spec.get("scheduling", {}).get("timeout", "inf").removesuffix("s"))
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
        f"workerpool{index}": [f"127.0.0.1:{free_port()}" for _ in range(replicas_of(pool))]
        for index, pool in enumerate(pools)
    }
    replicas = []
    try:
        for index, pool in enumerate(pools):
            for replica in range(replicas_of(pool)):
                task = {"type": f"workerpool{index}", "index": replica}
                environment = {**os.environ, **environment_of(pool)}
                environment |= vertex_environment(base, cluster, task)
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


def snake_case(value: Any) -> Any:
    """A payload with its fields as `replica_count`, where it has them as `replicaCount`: the
    launcher takes either. What an argument or a variable's value is, stays."""
    if isinstance(value, list):
        return [snake_case(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {re.sub(r"(?<=[a-z])[A-Z]", _lower, name): snake_case(v) for name, v in value.items()}


def _lower(match: "re.Match[str]") -> str:
    return f"_{match[0].lower()}"


def replicas_of(pool: dict[str, Any]) -> int:
    """How many replicas a worker pool has; protobuf's JSON has 64-bit numbers as text."""
    return int(pool.get("replica_count", 1))


def environment_of(pool: dict[str, Any]) -> dict[str, str]:
    """The variables that a worker pool sets."""
    listed = pool.get("container_spec", {}).get("env") or []
    return {each["name"]: each.get("value", "") for each in listed}


def command_of(pool: dict[str, Any]) -> list[str]:
    """The command of a worker pool, with this Python in the place of the container's.

    Raises:
        InputError: it has none of its own, but what is in an image.
    """
    container = pool.get("container_spec", {})
    if not container.get("command"):
        image = container.get("image_uri", "none")
        raise InputError(f"a worker pool must have a command to run here, got the image {image}")
    command: list[str] = [*without_pip(container["command"]), *container.get("args", [])]
    if command[0] in ("python", "python3"):
        command[0] = sys.executable
    return command


def vertex_environment(
    base: str, cluster: dict[str, list[str]], task: dict[str, Any]
) -> dict[str, str]:
    """What Vertex sets for a replica whose job has `base` as its base output directory."""
    base = base.rstrip("/")
    directories = {
        "AIP_MODEL_DIR": f"{base}/model/",
        "AIP_CHECKPOINT_DIR": f"{base}/checkpoints/",
        "AIP_TENSORBOARD_LOG_DIR": f"{base}/logs/",
    }
    described = json.dumps({"cluster": cluster, "environment": "cloud", "task": task})
    return {**(directories if base else {}), "CLUSTER_SPEC": described}


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
    """Hands the output artifacts on: `kfp.local` passes only those that such a file names. A job
    whose program is a component has written the file itself."""
    outputs = executor_input["outputs"]
    if not Path(outputs["outputFile"]).exists():
        Path(outputs["outputFile"]).write_text(json.dumps({"artifacts": outputs["artifacts"]}))


if __name__ == "__main__":
    with exit_on_error():
        sys.exit(main(sys.argv[1:]))
