"""A run is found by its id, on this machine without any setting."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from pipelines.history.comparison import compare
from pipelines.history.fetch import copy_file
from pipelines.history.records import History
from pipelines.vertex.session import Session
from trainer.errors import InputError


def test_a_run_of_this_machine_needs_no_project(finished: tuple[Path, dict[str, Any]]) -> None:
    directory, printed = finished
    history = History(directory.parent, Session(profile="not there"))
    record = history.record(printed["run_id"])
    assert (record.place, record.state) == ("local", "SUCCEEDED")
    assert any("epoch 1:" in line for line in history.log(record, "train"))
    assert history.copier(record) is copy_file


def test_what_is_not_here_needs_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TABPIPE_PROJECT", raising=False)
    with pytest.raises(
        InputError, match="or on Vertex AI with --project, got gone; `tabpipe runs`"
    ):
        History(tmp_path, Session()).record("gone")


def test_the_runs_of_this_machine_without_a_project(
    finished: tuple[Path, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    directory, printed = finished
    monkeypatch.chdir(directory.parent)
    monkeypatch.delenv("TABPIPE_PROJECT", raising=False)
    history = History(directory.parent, Session())
    assert [record.run_id for record in history.local()] == [printed["run_id"]]
    assert history.cloud(1) == []  # no project is set


def test_a_run_directory_alone_is_a_run(
    finished: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    directory, printed = finished
    copied = shutil.copytree(printed["artifacts"]["run_directory"], tmp_path / "copy")
    history = History(tmp_path, Session())
    record = history.record(str(copied))
    whole = History(directory.parent, Session()).record(printed["run_id"])
    assert (record.state, record.target, record.place) == ("SUCCEEDED", whole.target, "local")
    assert (record.metrics, record.fingerprint) == (whole.metrics, whole.fingerprint)
    assert history.cancel(record) == "SUCCEEDED"
    other = history.record(str(shutil.copytree(copied, tmp_path / "other")))
    found = compare([record, other], history.copier)
    assert found.differences and not found.not_paired
    assert all(each.verdict == "within chance" for each in found.differences)
