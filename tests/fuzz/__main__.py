"""Damages each kind of file 300 times and prints what came of it: make fuzz

python -m tests.fuzz [COUNT [SEED [NAME …]]]
"""

import sys
import tempfile
from pathlib import Path

from tests.fuzz.campaign import Campaign
from tests.fuzz.targets import TARGETS

COUNT = 300


def main(argv: list[str]) -> int:
    """Exit status 1 if anything came out wrong."""
    count, seed, *names = [*argv, *map(str, (COUNT, 0)[len(argv) :])]
    faults: list[str] = []
    print(
        f"{'file':26}  damaged  commands  exit 0  exit 1  exit 2  faults  seconds  MB", flush=True
    )
    with tempfile.TemporaryDirectory() as directory:
        campaign = Campaign(Path(directory))
        for name in names or TARGETS:
            outcome = campaign.run(name, int(count), int(seed))
            campaign.worker.close()  # for the memory of the next one
            statuses = outcome.statuses
            print(
                f"{name:26}  {outcome.damaged:7}  {statuses.total():8}  {statuses[0]:6}  "
                f"{statuses[1]:6}  {statuses[2]:6}  {len(outcome.faults):6}  "
                f"{outcome.seconds:7.1f}  {outcome.memory >> 20}",
                flush=True,
            )
            faults += outcome.faults
    print("\n".join(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
