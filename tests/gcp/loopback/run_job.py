"""Executes one CustomJob's worker pools: python -m tests.gcp.loopback.run_job DIRECTORY

`job.json` in the directory holds the job as JobService received it. The wheel that its command
installs is installed from its bucket, without the packages it needs, which this machine has; it
hides this checkout's modules of the same name.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from pipelines.local.custom_job import run
from trainer.uri import local_path


def main(directory: Path) -> int:
    spec = json.loads((directory / "job.json").read_text())["job_spec"]
    pools = spec["worker_pool_specs"]
    for pool in pools:
        pool["replica_count"] = int(pool["replica_count"])  # protobuf's JSON has int64 as text
    commands = " ".join(" ".join(pool["container_spec"]["command"]) for pool in pools)
    wheels = {
        str(local_path(path.replace("/gcs/", "gs://")))
        for path in re.findall(r"/gcs/\S+\.whl", commands)
    }
    if wheels:
        packages = directory / "packages"
        install = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target"]
        subprocess.run([sys.executable, *install, str(packages), *wheels], check=True)
        os.environ["PYTHONPATH"] = str(packages)
        os.chdir(directory)
    return run(pools, spec["base_output_directory"]["output_uri_prefix"])


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
