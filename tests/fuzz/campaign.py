"""Damages files at random, from a seed, and looks at what each command makes of them.

What must hold: an exit status of 0, 1 or 2, and no traceback; an answer within `MAX_SECONDS`; less
than `MAX_MEMORY`; and nothing silently wrong: a prediction from a damaged run is refused, or is
that of the whole run; so is what `fetch` copies; and other runs are shown as ever.
"""

import collections
import contextlib
import json
import random
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.targets import OUT, RESULTS, SLOW, TARGETS, Command, Target
from tests.fuzz.worker import MAX_SECONDS
from trainer.contract import MANIFEST, write_manifest

MAX_MEMORY = 1 << 30
REPOSITORY = Path(__file__).parents[2]


@dataclass
class Outcome:
    """What came of the damage to one file.

    Attributes:
        damaged: how many times it was damaged.
        statuses: how often each exit status occurred.
        faults: what must not be, one line for each.
        memory: the most that the process had, in bytes.
        seconds: the longest that a command took.
    """

    damaged: int = 0
    statuses: collections.Counter[int] = field(default_factory=collections.Counter)
    faults: list[str] = field(default_factory=list)
    memory: int = 0
    seconds: float = 0.0


class Worker:
    """`tests.fuzz.worker` in a directory; another is started when one ends."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._process: subprocess.Popen[str] | None = None

    def __call__(self, command: Command) -> tuple[int, str, str, float, int]:
        """Status, stdout, stderr, seconds, bytes; -1 with a reason where the process broke."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.fuzz.worker", str(self._directory)],
                cwd=REPOSITORY,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        assert self._process.stdin and self._process.stdout
        print(json.dumps(command), file=self._process.stdin, flush=True)
        answered, _, _ = select.select([self._process.stdout], [], [], 3 * MAX_SECONDS)
        line = self._process.stdout.readline() if answered else ""
        if not line:
            self.close()
            return -1, "", "hung" if not answered else "the process broke", 0.0, 0
        status, output, errors, seconds, memory = json.loads(line)
        return status, output, errors, seconds, memory

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


class Campaign:
    """A directory with a table, a project and two runs, and a worker in it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.worker = Worker(directory)
        prepare(directory)
        self._expected = {command: self._result(command) for command in EXPECTED}

    def run(self, name: str, count: int, seed: int = 0, every_command: bool = True) -> Outcome:
        """Damages one of `TARGETS` so many times; without `every_command`, one of the commands that
        read it is run each time, in turn."""
        target, outcome = TARGETS[name], Outcome()
        path = self.directory / target.file
        whole = path.read_bytes()
        for number in range(count):
            dice = random.Random(f"{seed} {name} {number}")
            mutate = target.mutations[number % len(target.mutations)]
            commands = [c for c in target.commands if c[1] not in SLOW or number % 10 == 0]
            if commands and not every_command:
                commands = [commands[number % len(commands)]]
            path.write_bytes(mutate(whole, dice))
            with self._signed(target, number):
                for command in commands:
                    self._try(command, target, number, outcome)
            outcome.damaged += 1
            path.write_bytes(whole)
        return outcome

    def _try(self, command: Command, target: Target, number: int, outcome: Outcome) -> None:
        status, output, errors = self._result(command, outcome)
        outcome.statuses[status] += 1
        wrong = ""
        if status not in (0, 1, 2) or "Traceback" in output + errors:
            wrong = f"exit status {status}: {errors.strip()[-3000:]}"
        elif status and command[1] != "lint" and not _is_explained(errors):
            wrong = f"exit status {status} without an error: {errors!r}"
        elif status == 0 and command in self._expected and not self._signed_now:
            wrong = "" if (status, output, errors) == self._expected[command] else "another answer"
        if status == 0 and command[1] in ("predict", "fetch") and target.is_result:
            wrong = wrong or self._differing(command[1])
        if wrong:
            outcome.faults.append(f"{target.file} #{number}: {' '.join(command)}: {wrong}")

    def _result(self, command: Command, outcome: Outcome | None = None) -> tuple[int, str, str]:
        shutil.rmtree(self.directory / OUT, ignore_errors=True)
        (self.directory / OUT).mkdir()
        status, output, errors, seconds, memory = self.worker(command)
        if outcome:
            outcome.seconds = max(outcome.seconds, seconds)
            outcome.memory = max(outcome.memory, memory)
            if memory > MAX_MEMORY:
                outcome.faults.append(f"{' '.join(command)}: {memory >> 20} MB")
                self.worker.close()
        return status, output, errors

    @contextlib.contextmanager
    def _signed(self, target: Target, number: int) -> Iterator[None]:
        """Every other time, a manifest that fits the damage."""
        self._signed_now = target.signed is not None and number // 2 % 2 == 1
        if not self._signed_now:
            yield
            return
        manifest = self.directory / RESULTS / MANIFEST
        before = manifest.read_bytes()
        write_manifest(manifest.parent, json.loads(before)["files"])
        yield
        manifest.write_bytes(before)

    def _differing(self, command: str) -> str:
        """What a command wrote that is not as of the whole run; damage that is signed may show."""
        if self._signed_now:
            return ""
        out = self.directory / OUT
        if command == "predict":
            same = (out / "answers.csv").read_bytes() == self._answers
            return "" if same else "other predictions"
        whole = self.directory / RESULTS.replace("damaged", "whole")
        for file in out.iterdir():
            if file.name != MANIFEST and file.read_bytes() != (whole / file.name).read_bytes():
                return f"fetched another {file.name}"
        return ""

    @property
    def _answers(self) -> bytes:
        return (self.directory / "expected.csv").read_bytes()


# The answers that no damage to another run may change.
EXPECTED: tuple[Command, ...] = (("tabpipe", "show", "whole"),)


def _is_explained(errors: str) -> bool:
    """Whether a line says what is wrong: ours, or Typer's of a wrong usage."""
    return any(line.startswith(("error: ", "Usage: ")) for line in errors.splitlines())


def prepare(directory: Path) -> None:
    """Makes what is damaged: tables, a project, arrays, and a run under two names."""

    def tabpipe(*arguments: str) -> None:
        command = [sys.executable, "-m", "pipelines", *arguments]
        environ_of_repository = {"cwd": directory, "check": True, "capture_output": True}
        subprocess.run(command, **environ_of_repository)  # type: ignore[call-overload]

    from pyarrow import csv, parquet

    tabpipe("sample", "table.csv", "--rows", "120", "--seed", "3")
    shutil.copy(REPOSITORY / "pipelines/project/sample.yaml", directory / "schema.yaml")
    (directory / "tabpipe.toml").write_text(
        'csv = "table.csv"\nschema = "schema.yaml"\nregion = "europe-west4"\n\n'
        '[profile.prod]\nproject = "my-project"\nbucket = "gs://my-bucket/tabular"\n'
    )
    shutil.copy(directory / "table.csv", directory / "t.csv")
    parquet.write_table(csv.read_csv(directory / "table.csv"), directory / "t.parquet")
    tabpipe("preprocess", "table.csv", "arrays")
    tabpipe("run", "--sample", "--set", "epochs=2")
    (run,) = (directory / "runs").glob("*-*")
    for name in ("whole", "damaged"):
        copy = directory / "runs" / name
        shutil.copytree(run, copy, symlinks=True)
        record = (copy / "run.json").read_text().replace(run.name, name)
        (copy / "run.json").write_text(record)
    shutil.copy(run / "pipeline.yaml", directory / "training.yaml")
    shutil.rmtree(run)
    tabpipe("predict", "whole", "table.csv", "--out", "expected.csv")
