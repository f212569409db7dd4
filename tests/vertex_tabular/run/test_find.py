"""A run by each name that a user has for it."""

from pathlib import Path

import pytest

from trainer.errors import InputError
from vertex_tabular.run.find import check_name, find_directory, find_run
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
        ("absent", "a run must be one in .*, got absent"),
        ("run-2", "once its training has succeeded, got run-2, which is FAILED"),
    ],
)
def test_what_has_no_model_is_refused(root: Path, run: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        find_run(run, root)


def test_the_latest_is_the_latest_with_a_model(root: Path) -> None:
    assert find_directory("latest", root) == root / "run-2"
    assert find_run("latest", root) == str(root / "run-1" / "train")
    with pytest.raises(InputError, match="latest~1 must be a run in .* that has a model"):
        find_run("latest~1", root)


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A directory of five runs, of which two have names and one a damaged record."""
    named = {"20270101-000000-aaaaaa": "first", "20270103-000000-cccccc": "20270102"}
    for run_id in (
        "20270101-000000-aaaaaa",
        "20270102-000000-bbbbbb",
        "20270103-000000-cccccc",
        "20270103-000000-dddddd",
        "20270104-000000-eeeeee",
    ):
        (tmp_path / run_id).mkdir()
        Run(run_id, "SUCCEEDED", name=named.get(run_id, "")).save(tmp_path / run_id)
    (tmp_path / "20270102-000000-bbbbbb" / "run.json").write_text("{")
    return tmp_path


@pytest.mark.parametrize(
    ("called", "found"),
    [
        ("latest", "20270104-000000-eeeeee"),
        ("latest~0", "20270104-000000-eeeeee"),
        ("latest~1", "20270103-000000-dddddd"),
        ("latest~4", "20270101-000000-aaaaaa"),
        ("first", "20270101-000000-aaaaaa"),
        ("20270101", "20270101-000000-aaaaaa"),
        ("20270103-000000-d", "20270103-000000-dddddd"),
        ("20270102", "20270103-000000-cccccc"),  # a name before a beginning
        ("20270102-000000-bbbbbb", "20270102-000000-bbbbbb"),  # also where it is damaged
        ("fir", None),
        ("2028", None),
        ("", None),
        ("gs://bucket/run", None),
    ],
)
def test_each_way_to_call_a_run(runs: Path, called: str, found: str | None) -> None:
    assert find_directory(called, runs) == (runs / found if found else None)


@pytest.mark.parametrize(
    ("called", "said"),
    [
        ("20270103", "got 20270103: that of 20270103-000000-dddddd, 20270103-000000-cccccc$"),
        ("2", "20270104-000000-eeeeee, .*-bbbbbb, .*-aaaaaa$"),
        ("latest~5", "latest~5 must be a run in .*, got 5 runs there"),
    ],
)
def test_what_names_no_one_run_is_refused(runs: Path, called: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        find_directory(called, runs)


@pytest.mark.parametrize("name", ["latest", "latest~1", "first", "-x", "a/b", "", "x" * 64])
def test_a_name_that_is_taken_or_no_name_is_refused(runs: Path, name: str) -> None:
    with pytest.raises(InputError, match="--name must "):
        check_name(name, runs)
    check_name("second", runs)
