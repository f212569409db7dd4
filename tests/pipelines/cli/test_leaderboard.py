"""`tabpipe leaderboard` on a run of the whole pipeline."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

Finished = tuple[Path, dict[str, Any]]
Tabpipe = Callable[..., "subprocess.CompletedProcess[str]"]


def test_it_ranks_the_runs_model_beside_the_baselines(finished: Finished, tabpipe: Tabpipe) -> None:
    directory, printed = finished
    run = [directory.name, "--root", str(directory.parent)]
    result = tabpipe("leaderboard", *run, "--json")
    assert (result.returncode, result.stderr) == (0, "")
    board = json.loads(result.stdout)
    entries = {entry["name"]: entry for entry in board["entries"]}
    assert set(entries) == {"Model", "Majority class", "Logistic regression", "Boosted trees"}
    for name, interval in entries["Model"]["metrics"].items():
        assert interval["value"] == pytest.approx(printed["metrics"][f"validation_{name}"])
    for entry in entries.values():
        for metric, gain in entry["gains"].items():
            sign = 1 if metric in ("accuracy", "auc") else -1
            ours, theirs = (each["metrics"][metric]["value"] for each in (entries["Model"], entry))
            assert gain["value"] == pytest.approx(sign * (ours - theirs), abs=1e-9)
            assert gain["low"] <= gain["high"]
    shown = tabpipe("leaderboard", *run)
    assert shown.returncode == 0
    for name in entries:
        assert name in shown.stdout


def test_an_unknown_run_is_one_line(tabpipe: Tabpipe) -> None:
    refused = tabpipe("leaderboard", "no-such-run")
    assert refused.returncode == 2 and refused.stderr.count("\n") == 1
