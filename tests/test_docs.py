"""Every code block of the README and of docs/ does what it says.

A page's blocks run in order in one directory that holds mine.csv, new.csv and labelled.csv. The
commands see the loopback Google Cloud, where my-bucket is its bucket. RUN is the run made last,
OTHER the one before it. Output that a block shows is compared, numbers aside; a line `...` stands
for any lines. A block that cannot run here stands after a comment `<!-- not run: REASON -->`.
"""

import csv
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from components.code import Code
from pipelines import training
from pipelines.project.sample import write_sample
from pipelines.project.settings import resolve
from tests.gcp.conftest import add_data, shell_of
from tests.gcp.loopback.cloud import BUCKET, Cloud, running
from tests.shell import Shell
from tools.dag import mermaid
from tools.reference import reference

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(
    r"(?:<!-- not run: (?P<reason>[^>]+) -->\n+)?^```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
MAX_NOT_RUN = 8
RUN_ID = re.compile(r"\b(?:tabular-)?\d{8}-\d{6}-[0-9a-f]{6,8}\b")


@dataclass(frozen=True)
class Block:
    """A fenced block; `reason` says why it is not run."""

    language: str
    text: str
    reason: str | None


def blocks(page: Path) -> list[Block]:
    return [Block(m["language"], m["text"], m["reason"]) for m in BLOCK.finditer(page.read_text())]


class Reader:
    """Someone who does what a page says, in a directory."""

    def __init__(self, cloud: Cloud, shell: Shell, directory: Path) -> None:
        self.cloud, self.shell, self.directory = cloud, shell, directory
        self.runs = ["OTHER", "RUN"]
        write_sample(directory / "sample.csv", rows=120, seed=2)
        with (directory / "sample.csv").open() as source:
            head, *rows = csv.reader(source)
        for name in ("mine.csv", "new.csv", "labelled.csv"):
            with (directory / name).open("w") as file:
                writer = csv.writer(file)
                writer.writerow([*head, "price"])
                writer.writerows([*row, f"{9 * number}.5"] for number, row in enumerate(rows))

    def does(self, block: Block) -> None:
        text = block.text.replace("gs://my-bucket", f"gs://{BUCKET}")
        match block.language:
            case "console":
                for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
                    command, *shown = part.replace("\\\n", "").rstrip().split("\n")
                    self.types(command, shown)
            case "python":
                exec(self.named(text), {})
            case "toml":
                (self.directory / "tabpipe.toml").write_text(text)
                resolve({}, {}, self.directory)
            case "yaml":
                assert yaml.safe_load(text)
            case "mermaid":
                spec = yaml.safe_load(training.compiled(Code.in_image("image:1")))
                assert text == mermaid(spec) + "\n"
            case other:
                pytest.fail(f"nobody knows how to run a block of {other or 'no language'}")

    def named(self, text: str) -> str:
        """`text` with the names of real runs."""
        return text.replace("OTHER", self.runs[-2]).replace("RUN", self.runs[-1])

    def types(self, command: str, shown: list[str]) -> None:
        """One command; it must succeed, and print what is shown, if anything is."""
        command = self.named(command.replace("make run", "tabpipe run --sample"))
        if command.startswith("tabpipe submit") and "--dry-run" not in command:
            command += " --wait"
        if command.startswith("tabpipe ") and not set("|>") & set(command):
            result = self.shell(*shlex.split(command)[1:])
            status, stdout, stderr = result.status, result.stdout, result.stderr
        else:
            path = f"{Path(sys.executable).parent}:{self.cloud.environ['PATH']}"
            done = subprocess.run(
                ["bash", "-o", "pipefail", "-c", command],
                cwd=self.directory,
                env={**self.cloud.environ, "PATH": path},
                capture_output=True,
                text=True,
                timeout=120,
            )
            status, stdout, stderr = done.returncode, done.stdout, done.stderr
        assert status == 0, f"{command}: {stderr}"
        made = [path.parent.name for path in self.directory.rglob("runs/*/run.json")]
        if command.startswith(("tabpipe run", "tabpipe init")):
            self.runs.append(max(made))
        elif command.startswith("tabpipe submit") and "--dry-run" not in command:
            self.runs.append(stdout.split()[0])
        shown = [line for line in shown if line.strip() and not line.startswith("✓")]
        if shown:
            pattern = "\n".join(
                "(?:.*\n)*.*" if line.strip() == "..." else re.escape(plain(line)) for line in shown
            )
            printed = "\n".join(plain(line) for line in stdout.splitlines() if line.strip())
            assert re.fullmatch(pattern, printed), f"{command} prints:\n{stdout}"


def plain(line: str) -> str:
    """A line without what differs from one run to the next."""
    return " ".join(re.sub(r"\d+(\.\d+)?", "0", RUN_ID.sub("RUN", line)).split())


@pytest.fixture(scope="module")
def executing() -> Iterator[Cloud]:
    with running() as cloud:
        add_data(cloud)
        sample = cloud.storage.directory / "sample.csv"
        write_sample(sample, rows=200, seed=1)
        cloud.storage.write(f"gs://{BUCKET}/titanic.csv", sample.read_bytes())
        sample.unlink()
        yield cloud


@pytest.fixture(scope="module")
def shell(executing: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    with closing(shell_of(executing, tmp_path_factory.mktemp("shell"), schema=None)) as shell:
        yield shell


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_runs(
    executing: Cloud, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: Path
) -> None:
    runnable = [block for block in blocks(page) if block.reason is None]
    if not runnable:
        return
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    executing.forget()
    shell.go_to(tmp_path)
    reader = Reader(executing, shell, tmp_path)
    for block in runnable:
        reader.does(block)


def test_every_fence_is_a_block_and_few_are_not_run() -> None:
    for page in PAGES:
        fences = re.findall(r"^```", page.read_text(), re.MULTILINE)
        assert len(fences) == 2 * len(blocks(page)), page
    reasons = [block.reason for page in PAGES for block in blocks(page) if block.reason]
    assert len(reasons) <= MAX_NOT_RUN, reasons


def test_every_link_leads_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!http|#)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_reference_is_of_this_code() -> None:
    path = ROOT / "docs" / "reference.md"
    assert path.read_text() == reference(), "make docs"
