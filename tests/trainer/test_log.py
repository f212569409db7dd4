"""What a run says: on the terminal, in training.log and progress.jsonl."""

import json
import logging
import resource
import warnings
from pathlib import Path
from typing import Any

import pytest

from trainer import contract
from trainer.errors import TabularError
from trainer.log import RunLog, to_terminal

log = logging.getLogger("trainer.test")


def test_the_log_has_what_is_said_on_both_streams(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with to_terminal():
        with RunLog(tmp_path).recording(append=False):
            log.info("one")
            log.error("two")
        with RunLog(tmp_path).recording(append=True):
            log.info("three: café")
    log.info("nobody listens")
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("one\nthree: café\n", "two\n")
    assert (tmp_path / "training.log").read_text() == "one\ntwo\nthree: café\n"


def test_warnings_of_libraries_are_logged(tmp_path: Path) -> None:
    with RunLog(tmp_path).recording(append=False), warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("soon gone", FutureWarning, stacklevel=1)
    assert "FutureWarning: soon gone" in (tmp_path / "training.log").read_text()


@pytest.mark.parametrize("append", [False, True])
def test_on_a_mounted_bucket_the_log_is_copied_whole(
    tmp_path: Path, append: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = tmp_path / "gcs" / "bucket" / "run"
    directory.mkdir(parents=True)
    (directory / "training.log").write_text("before\n")
    monkeypatch.setenv("TABPIPE_GCS", str(tmp_path / "gcs"))
    with RunLog(directory).recording(append):
        log.info("within")
        kept = "before\n" if append else ""
        assert (directory / "training.log").read_text() == kept  # published as it began
    assert (directory / "training.log").read_text() == kept + "within\n"


def test_progress_is_a_line_a_row_and_begins_anew(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"epoch": 1, "best_loss": None}, {"epoch": 2, "best_loss": 0.5}]
    for _ in range(2):
        with RunLog(tmp_path).recording(append=True) as run_log:
            run_log.write_progress(rows)
            lines = (tmp_path / contract.PROGRESS).read_text().splitlines()  # while it is written
    assert [json.loads(line) for line in lines] == rows


def test_a_run_that_begins_takes_the_mark_of_wholeness_away(tmp_path: Path) -> None:
    (tmp_path / contract.MANIFEST).write_text("{}")
    with RunLog(tmp_path).recording(append=False):
        assert not (tmp_path / contract.MANIFEST).exists()


def test_a_log_that_cannot_be_written_is_told_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error is itself logged, and so comes to the log again."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, limits[1]))  # like a disk with 500 bytes left
    try:
        with to_terminal(), RunLog(tmp_path).recording(append=False):
            with pytest.raises(TabularError, match="cannot write .*training.log: File too large"):
                for number in range(100):
                    log.info(f"line {number:6}")
            log.info("the error")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    *_, last, error = capsys.readouterr().out.splitlines()
    assert (last, error) == (f"line {number:6}", "the error")


def test_what_a_kill_left_half_written_goes_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / ".model.pt.1.tmp").touch()
    (tmp_path / ".mine.tmp").touch()
    with RunLog(tmp_path).recording(append=True):
        pass
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {".mine.tmp", "training.log", "progress.jsonl"}
