"""What the operating system refuses is one line: real processes with real limits."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[3]
Finished = tuple[Path, dict[str, Any]]


def run(
    arguments: Sequence[str], cwd: Path, limit: tuple[int, int] | None = None, **options: Any
) -> "subprocess.CompletedProcess[str]":
    """`python ARGUMENT …` with `limit`, a resource and its number."""

    def limited() -> None:
        if limit:
            resource.setrlimit(limit[0], (limit[1], limit[1]))

    options.setdefault("stdout", subprocess.PIPE)
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        preexec_fn=limited,
        **options,
    )


def assert_one_line(done: "subprocess.CompletedProcess[str]", status: int, told: str) -> None:
    lines = done.stderr.strip().splitlines()
    assert done.returncode == status, done.stderr
    assert told in lines[-1] and lines[-1].startswith("error: ")
    assert "Traceback" not in done.stderr and "Exception" not in done.stderr


@pytest.mark.parametrize("command", [["runs"], ["show", "RUN"], ["--help"]])
def test_an_output_that_is_full(command: list[str], finished: Finished) -> None:
    directory = finished[0]
    words = [directory.name if word == "RUN" else word for word in command]
    with open("/dev/full", "w") as full:
        done = run(["-m", "pipelines", *words], directory.parents[1], stdout=full)
    assert_one_line(done, 1, "No space left on device; make room")


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["fetch", "RUN", "copy"], "File too large; raise `ulimit -f`"),
        (["predict", "RUN", "table.csv", "--out=answers.csv"], "File too large"),
        (["preprocess", "table.csv", "arrays"], "File too large"),
        (["run", "table.csv"], "File too large"),
    ],
)
def test_files_that_cannot_grow_as_on_a_full_disk(
    command: list[str], told: str, finished: Finished
) -> None:
    directory, root = finished[0], finished[0].parents[1]
    (root / "table.csv").write_bytes((directory.parent / "sample.csv").read_bytes())
    words = [word.replace("RUN", directory.name) for word in command]
    if words[0] in ("preprocess", "run"):
        words += ["--schema", str(REPOSITORY / "pipelines/project/sample.yaml")]
    done = run(["-m", "pipelines", *words], root, (resource.RLIMIT_FSIZE, 1024))
    assert_one_line(done, 1, told)


def test_memory_that_ends(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,y\n" + "1,0\n2,1\n" * 9)
    (tmp_path / "s.yaml").write_text("{target: y, columns: [{name: a, kind: numeric}]}")
    command = ["-m", "pipelines", "preprocess", "t.csv", "arrays", "--schema", "s.yaml"]
    enough = run(command, tmp_path, (resource.RLIMIT_AS, 4 << 30))
    assert enough.returncode == 0, enough.stderr
    assert_one_line(run(command, tmp_path, (resource.RLIMIT_AS, 200 << 20)), 1, "error: ")


@pytest.mark.parametrize("directory", ["/proc/none", "/dev/null"])
def test_a_place_that_cannot_be_written(directory: str, finished: Finished) -> None:
    run_directory = finished[0]
    command = ["-m", "pipelines", "fetch", run_directory.name, directory]
    assert_one_line(run(command, run_directory.parents[1]), 2, directory)


@pytest.mark.parametrize(
    "arguments", [["-m", "pipelines", "runs"], ["-m", "trainer", "--train=a", "--val=b"]]
)
def test_a_working_directory_that_was_removed(arguments: list[str], tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    script = f"import os, runpy, sys; os.rmdir({str(gone)!r}); sys.argv = {arguments[1:]!r}; "
    script += f"runpy.run_module({arguments[1]!r}, run_name='__main__', alter_sys=True)"
    assert_one_line(run(["-c", script], gone), 2, "working directory must exist")


def test_ctrl_c_of_the_trainer(tmp_path: Path, finished: Finished) -> None:
    arrays = finished[0] / "preprocess"
    process = subprocess.Popen(
        [sys.executable, "-m", "trainer", f"--train={arrays / 'train_data.npz'}"]
        + [f"--val={arrays / 'val_data.npz'}", f"--model_out={tmp_path}", "--epochs=1000000"]
        + ["--patience=0"],
        cwd=REPOSITORY,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        # A shell starts what it runs in the background without Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # type: ignore[arg-type, return-value, unused-ignore]
    )
    while not (tmp_path / "progress.jsonl").exists() and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60)[1] == "error: interrupted\n"
    assert process.returncode == 130


@pytest.mark.parametrize(
    ("hours", "rule"), [("nan", "a number"), ("inf", "a number"), ("-1", "above 0 and at most 168")]
)
def test_hours_that_are_none(hours: str, rule: str, tabpipe: Callable[..., Any]) -> None:
    cloud = [
        "--project=my-project",
        "--bucket=gs://my-bucket/tabular",
        "gs://my-bucket/t.csv",
    ]
    schema = f"--schema={REPOSITORY / 'pipelines/project/sample.yaml'}"
    done = tabpipe("submit", "--dry-run", *cloud, schema, f"--hours={hours}")
    assert_one_line(done, 2, f"--hours must be {rule}, got {hours}")


@pytest.mark.parametrize(
    ("module", "package", "extra"),
    [("pipelines", "typer", "pipeline"), ("trainer", "torch", "train")],
)
def test_the_base_install_says_which_extra(
    module: str, package: str, extra: str, tmp_path: Path
) -> None:
    script = f"import sys, runpy; sys.modules[{package!r}] = None; "
    script += f"sys.argv[1:] = ['--train=a', '--val=b'] if {module == 'trainer'} else ['runs']; "
    script += f"runpy.run_module({module!r}, run_name='__main__', alter_sys=True)"
    told = f"{package} must be installed, got none; pip install 'vertex-tabular[{extra}]'"
    assert_one_line(run(["-c", script], tmp_path), 2, told)
