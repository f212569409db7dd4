"""A run by each name that a user has for it."""

from pathlib import Path

import pytest

from trainer.errors import InputError
from vertex_tabular.run.find import find_run
from vertex_tabular.run.record import Run, load


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A directory of two runs, of which the second has failed."""
    for run_id, state in (("run-1", "SUCCEEDED"), ("run-2", "FAILED")):
        directory = tmp_path / run_id
        (directory / "train").mkdir(parents=True)
        found = {"run_directory": str(directory / "train")} if state == "SUCCEEDED" else {}
        Run(run_id, state, artifacts=found).save(directory)
    return tmp_path


def test_a_record_is_as_it_was_saved(root: Path) -> None:
    assert load(root / "run-2") == Run("run-2", "FAILED")
    for content, said in (("{", "damaged"), ("[]", "damaged"), ("{}", "damaged")):
        (root / "run-2" / "run.json").write_text(content)
        with pytest.raises(InputError, match=said):
            load(root / "run-2")
    with pytest.raises(InputError, match=r"must have run\.json"):
        load(root)


def test_an_id_and_directories_are_found(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = root / "run-1" / "train"
    for name in ("run-1", root / "run-1", directory, str(directory)):
        assert find_run(name, root) == str(directory)
    assert find_run("gs://bucket/run", root) == "gs://bucket/run"
    monkeypatch.chdir(root)
    assert find_run("run-1") == str(directory)


@pytest.mark.parametrize(
    ("run", "said"),
    [
        ("absent", "a run must be the id of a run in .*, got absent"),
        ("run-2", "once its training has succeeded, got run-2, which is FAILED"),
    ],
)
def test_what_has_no_model_is_refused(root: Path, run: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        find_run(run, root)
