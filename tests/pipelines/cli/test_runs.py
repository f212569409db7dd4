"""`tabpipe runs`, `compare`, `open`, `delete`: what is listed, on which terminal, what is left."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from pipelines.history.listing import chosen, ordered, row_of
from pipelines.local.records import PIPELINE, local_record
from tests.pipelines.terminal import on_terminal
from tests.shell import Shell
from trainer.errors import InputError
from vertex_tabular.run.record import Run

DAY = 24 * 3600.0
# By the run's id: its state, target, model, accuracy, seconds, name.
RUNS = {
    "20270101-030000-1a2b3c": ("SUCCEEDED", "churn", "auto", 0.71, 3.0, "first"),
    "20270102-030000-2b3c4d": ("SUCCEEDED", "churn", "ensemble", 0.83, 4000.0, ""),
    "20270103-030000-3c4d5e": ("FAILED", "churn", "mlp", None, 2.0, ""),
    "20270103-030000-4d5e6f": ("SUCCEEDED", "a target of a very long name", "mlp", 0.8, 0.01, ""),
}


@pytest.fixture
def root(tmp_path: Path, finished: tuple[Path, dict[str, Any]]) -> Path:
    """A directory of runs, each with the graph and the steps of a real one."""
    directory = tmp_path / "runs"
    for number, (run_id, (state, target, model, accuracy, seconds, name)) in enumerate(
        RUNS.items()
    ):
        home = directory / run_id
        (home / "steps").mkdir(parents=True)
        (home / PIPELINE).write_bytes((finished[0] / PIPELINE).read_bytes())
        (home / "report.html").write_text("<p>")
        train = {"seconds": seconds, "status": int(state == "FAILED"), "started": 0.0}
        (home / "steps" / "train.json").write_text(json.dumps(train))
        run = Run(run_id, state, started=time.time() - (4 - number) * DAY, name=name)
        run.parameters = {"schema": {"target": target, "task": "binary", "columns": []}}
        run.parameters |= {"model": model, "epochs": 10 * number}
        if accuracy is not None:
            run.metrics = {"validation_accuracy": accuracy, "validation_log_loss": 1 - accuracy}
            run.artifacts = {"report": str(home / "report.html")}
        run.save(home)
    return directory


def listed(shell: Shell, *arguments: str) -> list[str]:
    """The ends of the ids that `tabpipe runs` lists."""
    result = shell("runs", *arguments)
    assert result.status == 0, result.stderr
    return [line.split()[0][-6:] for line in result.stdout.splitlines()[1:]]


def test_the_list_has_a_header_and_what_tells_runs_apart(shell: Shell, root: Path) -> None:
    head, *lines = shell("runs").stdout.splitlines()
    assert head.split() == ["run", "name", "target", "model", "accuracy", "time", "state"]
    assert len(lines) == len(RUNS)
    by_id = {line.split()[0]: line.split() for line in lines}
    assert by_id["20270101-030000-1a2b3c"][1:] == [
        *("first", "churn", "auto", "0.7100", "3.0s", "SUCCEEDED")
    ]
    assert by_id["20270103-030000-3c4d5e"][1:] == ["churn", "mlp", "2.0s", "FAILED"]


@pytest.mark.parametrize("columns", [60, 100])
def test_the_list_fits_the_terminal(root: Path, columns: int) -> None:
    head, *lines = on_terminal(columns, root.parent, "runs")
    assert max(map(len, [head, *lines])) <= columns, lines
    assert {"run", "target", "model", "accuracy", "time", "state"} <= set(head.split())
    called = [line.split()[0] for line in lines]
    assert len(set(called)) == len(RUNS)
    for each in called:  # each is what another command takes
        show = subprocess.run(
            [sys.executable, "-m", "pipelines", "show", each], cwd=root.parent, capture_output=True
        )
        assert show.returncode == 0, each


def test_runs_are_chosen_and_ordered(shell: Shell, root: Path) -> None:
    assert listed(shell) == ["4d5e6f", "3c4d5e", "2b3c4d", "1a2b3c"]
    assert listed(shell, "-n", "2") == ["4d5e6f", "3c4d5e"]
    assert listed(shell, "--filter", "state=succeeded", "-n", "2") == ["4d5e6f", "2b3c4d"]
    assert listed(shell, "--filter", "epochs=20") == ["3c4d5e"]
    assert listed(shell, "--filter", "model=mlp", "--filter", "target=churn") == ["3c4d5e"]
    best = ["2b3c4d", "4d5e6f", "1a2b3c", "3c4d5e"]
    assert listed(shell, "--sort", "validation_accuracy") == best
    assert listed(shell, "--sort", "validation-log-loss") == best  # of which the lowest is best
    assert listed(shell, "--sort", "accuracy", "--limit", "1") == best[:1]
    assert listed(shell, "--sort", "duration") == ["4d5e6f", "3c4d5e", "1a2b3c", "2b3c4d"]
    assert listed(shell, "--sort", "epochs") == ["1a2b3c", "2b3c4d", "3c4d5e", "4d5e6f"]
    assert shell("runs", "--filter", "state=RUNNING").stdout == "no runs have these values\n"


def test_a_value_that_no_run_has_is_refused(root: Path) -> None:
    rows = [row_of(local_record(root / run_id)) for run_id in RUNS]
    with pytest.raises(InputError, match="--sort must name .*, got epoch; did you mean epochs?"):
        ordered(rows, "epoch")
    with pytest.raises(InputError, match="--filter must name a value of a run, got zzz; as run, "):
        chosen(rows, ["zzz=1"])
    with pytest.raises(InputError, match="--filter must be KEY=VALUE, got state"):
        chosen(rows, ["state"])


def test_runs_of_this_machine_are_listed_without_credentials(
    shell: Shell, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root.parent / "tabpipe.toml").write_text('project = "my-project"')
    environ = {k: v for k, v in os.environ.items() if not k.startswith("GOOGLE")}
    environ |= {"HOME": str(root.parent), "NO_GCE_CHECK": "true", "GCE_METADATA_TIMEOUT": "1"}
    result = subprocess.run(
        [sys.executable, "-m", "pipelines", "runs"],
        cwd=root.parent,
        env=environ,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    assert len(result.stdout.splitlines()) == 1 + len(RUNS)
    assert result.stderr.startswith("runs on Vertex AI are not listed: ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("columns", [60, 100])
def test_a_comparison_stays_a_table(root: Path, columns: int) -> None:
    lines = on_terminal(columns, root.parent, "compare", *RUNS)
    table = [line for line in lines if not line.startswith("20270")]
    assert max(map(len, table)) <= columns, table
    heads = [line.split() for line in table if line.startswith("run ")]
    assert all(head[0] == "run" and head[-1] == "better" for head in heads)
    shown = [each for head in heads for each in head[1:-1]]
    assert set(shown) == {"1a2b3c", "2b3c4d", "3c4d5e", "4d5e6f"}
    assert all(head[1] == "1a2b3c" for head in heads)  # with which the others are compared
    marked = [line for line in table if " *" in line]
    assert any(line.startswith("validation_accuracy") and "0.83 *" in line for line in marked)
    (accuracy, *_) = [line for line in table if line.startswith("validation_accuracy")]
    (loss, *_) = [line for line in table if line.startswith("validation_log_loss")]
    assert (accuracy.split()[-1], loss.split()[-1]) == ("higher", "lower")


def test_runs_are_deleted_by_name_and_by_age(shell: Shell, root: Path) -> None:
    assert shell("delete", "first", "latest").stdout.splitlines() == [
        *("20270101-030000-1a2b3c: deleted", "20270103-030000-4d5e6f: deleted")
    ]
    assert listed(shell) == ["3c4d5e", "2b3c4d"]
    assert shell("delete", "--older-than", "5d").stdout == "no such runs in runs\n"
    found = json.loads(shell("delete", "--older-than", "2d", "--json").stdout)
    assert found == {"deleted": ["20270103-030000-3c4d5e", "20270102-030000-2b3c4d"], "kept": []}
    assert listed(shell) == []
    assert shell("delete", "--older-than", "30d").stdout == "no such runs in runs\n"
    for arguments, complaint in (
        ([], "give RUN or --older-than DAYS, one of them"),
        (["latest", "--older-than", "1d"], "give RUN or --older-than DAYS, one of them"),
        (["gone"], "a run must be one in runs (its id, "),
        (["--older-than", "soon"], "--older-than must be a number of days like 30d, got soon"),
    ):
        refused = shell("delete", *arguments)
        assert refused.status == 2 and complaint in refused.error


def test_a_run_in_progress_or_in_use_is_kept(shell: Shell, root: Path) -> None:
    used, running, *_ = RUNS
    user = Run("20270110-030000-ffffff", "SUCCEEDED", started=time.time())
    user.artifacts = {"model": str(root / used / "train" / "model.pt")}
    (root / user.run_id).mkdir()
    user.save(root / user.run_id)
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        import psutil

        began = psutil.Process(sleeper.pid).create_time()
        Run(running, started=1.0, process=sleeper.pid, process_started=began).save(root / running)
        for name, why in (
            (used, f"results of {user.run_id} are in it"),
            (running, "it is RUNNING"),
        ):
            refused = shell("delete", name)
            assert refused.status == 2
            assert refused.error.endswith(f"got {name}: {why}; see --yes")
        kept = shell("delete", "--older-than", "0d")
        assert f"{running} is kept: it is RUNNING" in kept.stderr
        assert (root / running).is_dir()
        assert shell("delete", running, "--yes").status == 0
        assert not (root / running).exists()
    finally:
        sleeper.kill()
        sleeper.wait()


def test_a_report_is_opened_where_there_is_a_browser(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n')
    browser.chmod(0o755)
    plain = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    plain.pop("BROWSER", None)
    command = [sys.executable, "-m", "pipelines", "open"]

    def opened(environ: dict[str, str], *arguments: str) -> str:
        return subprocess.run(
            [*command, *arguments], cwd=tmp_path, env=environ, capture_output=True, text=True
        ).stdout

    report = "runs/20270103-030000-4d5e6f/report.html"
    if sys.platform.startswith("linux"):
        assert opened(plain) == f"{report}\n"
    assert opened({**plain, "BROWSER": f"{browser} %s"}) == f"{report} is open in the browser\n"
    assert (tmp_path / "opened").read_text() == f"{(tmp_path / report).as_uri()}\n"


def test_the_shell_completes_runs(root: Path) -> None:
    def completed(typed: str) -> list[str]:
        environ = {**os.environ, "_TABPIPE_COMPLETE": "complete_bash"}
        environ |= {"COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}
        command = [str(Path(sys.executable).parent / "tabpipe")]
        result = subprocess.run(
            command, cwd=root.parent, env=environ, capture_output=True, text=True
        )
        return result.stdout.split()

    assert completed("tabpipe show fi") == ["first"]
    assert completed("tabpipe open lat") == ["latest"]
    assert completed("tabpipe predict 20270103") == [
        *("20270103-030000-4d5e6f", "20270103-030000-3c4d5e")
    ]


def test_a_run_is_followed_while_it_trains(tmp_path: Path) -> None:
    """`show` says how far it is, `logs --follow` ends when it does."""
    command = [sys.executable, "-m", "pipelines"]
    settings = ["--set", "model=mlp", "--set", "epochs=1500", "--set", "patience=0"]
    with subprocess.Popen(
        [*command, "run", "--sample", *settings],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as run:
        progress = ""
        while run.poll() is None and not progress:
            shown = subprocess.run(
                [*command, "show", "--json"], cwd=tmp_path, capture_output=True, text=True
            )
            steps = json.loads(shown.stdout)["steps"] if shown.returncode == 0 else []
            progress = "".join(step["progress"] for step in steps)
        followed = subprocess.run(
            [*command, "logs", "latest", "train", "--follow"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert run.wait() == 0
    assert progress.startswith("epoch ") and " of at most 1,500, train loss " in progress
    assert followed.returncode == 0, followed.stderr
    lines = followed.stdout.splitlines()
    log = next((tmp_path / "runs").glob("*/steps/train.log"))
    assert lines == log.read_text().splitlines()
    assert any(line.startswith("epoch 1500: ") for line in lines)
