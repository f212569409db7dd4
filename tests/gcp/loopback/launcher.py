"""Runs GCPC's own launcher, as the pipeline's step does on Vertex, and hands its outputs on.

    python -m tests.gcp.loopback.launcher --payload JSON … --executor_input JSON

On Vertex a step's artifacts have gs:// URIs; here `kfp.local` gives it paths below the mount. So
the payload is translated, and the CustomJob that arrives at JobService is the one of the cloud.
"""

import json
import subprocess
import sys

from pipelines.local.custom_job import write_executor_output
from pipelines.local.kfp_internals import LAUNCHER
from trainer.uri import mount


def main(argv: list[str]) -> int:
    *rest, flag, executor_input = argv
    assert flag == "--executor_input"
    payload = rest.index("--payload") + 1
    rest[payload] = rest[payload].replace(f"{mount()}/", "gs://")
    status = subprocess.call([sys.executable, "-u", "-m", LAUNCHER, *rest])
    if status == 0:
        write_executor_output(json.loads(executor_input))
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
