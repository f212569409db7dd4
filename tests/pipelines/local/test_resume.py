"""A run that goes on: what it keeps, what it makes anew, and what it refuses.

That it survives being killed is in test_killed.py.
"""

import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.local.resume import claimed, find
from pipelines.project.sample import sample_schema
from tests.shell import Result, Shell
from trainer.errors import InputError
from vertex_tabular.run.record import Run, load

pytestmark = pytest.mark.slow

STEPS = ["snapshot", "preprocess", "train", "collect"]
SETTINGS = ("data.csv", "--set", "epochs=3")


@pytest.fixture(scope="module")
def made(
    tmp_path_factory: pytest.TempPathFactory, shared_shell: Shell
) -> tuple[Path, dict[str, bytes]]:
    """A directory with `data.csv`, `schema.yaml` and `runs`, in which is one run, and the bytes of
    each of its files."""
    directory = tmp_path_factory.mktemp("made")
    shared_shell.go_to(directory)
    (directory / "schema.yaml").write_text(yaml.safe_dump(sample_schema()))
    assert shared_shell("sample", "data.csv", "--rows", "60").status == 0
    assert shared_shell("run", *SETTINGS, "--schema", "schema.yaml").status == 0
    return directory, {str(path): path.read_bytes() for path in files_of(directory)}


@pytest.fixture
def stopped(made: tuple[Path, dict[str, bytes]], shell: Shell) -> Path:
    """The directory of that run, as if it had been killed just before its end."""
    directory, content = made
    for path in files_of(directory):
        if str(path) not in content:
            path.unlink()
    for name, data in content.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(data)
    shell.go_to(directory)
    (record,) = directory.glob("runs/*/run.json")
    change(record, state="RUNNING", process=2**22 + 1, artifacts={}, metrics={}, seconds={})
    assert load(record.parent).state == "KILLED"
    return record.parent


def files_of(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file()]


def change(file: Path, **values: Any) -> None:
    """Sets values in a JSON file."""
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


def resumed(shell: Shell, *arguments: str) -> dict[str, Any]:
    result = shell("run", "--resume", "latest", "--json", *arguments)
    assert result.status == 0, result.stderr
    run: dict[str, Any] = json.loads(result.stdout)
    assert run["state"] == "SUCCEEDED"
    return {**run, "said": result.stderr}


def refused(shell: Shell, *arguments: str) -> str:
    result: Result = shell("run", "--resume", "latest", *arguments)
    assert result.status == 2, result.stderr
    return result.error


def test_finished_steps_are_kept(stopped: Path, shell: Shell) -> None:
    models = [path.stat().st_mtime_ns for path in stopped.glob("train/*/model.pt")]
    run = resumed(shell)
    assert run["kept"] == ["snapshot", "preprocess", "train"]  # the report was completed since
    assert [path.stat().st_mtime_ns for path in stopped.glob("train/*/model.pt")] == models
    assert list(run["seconds"]) == STEPS
    # There is nothing left to do: the record is printed again.
    assert resumed(shell)["kept"] == run["kept"]
    assert "kept from its earlier start: snapshot, preprocess, train" in shell(
        "run", "--resume", stopped.name[:12]
    ).stdout.replace("\n", " ")


def test_to_say_again_what_it_was_given_is_no_difference(stopped: Path, shell: Shell) -> None:
    run = resumed(shell, *SETTINGS, "--schema", "schema.yaml", "--set", "split_seed=42")
    assert run["kept"][:2] == ["snapshot", "preprocess"]


def test_a_damaged_step_and_what_follows_it_is_made_anew(stopped: Path, shell: Shell) -> None:
    before = {path.name: path.read_bytes() for path in stopped.glob("train/run_directory/*.pt")}
    spec = stopped / "preprocess" / "spec.json"
    content = spec.read_text()
    spec.write_text(content.replace("1", "2", 1))
    run = resumed(shell)
    assert run["kept"] == ["snapshot"]
    assert "preprocess was finished, but" in run["said"]
    assert "preprocess/spec.json has changed; it runs anew" in run["said"]
    assert spec.read_text() == content
    assert before == {
        path.name: path.read_bytes() for path in stopped.glob("train/run_directory/*.pt")
    }


def test_a_damaged_result_of_training_is_made_anew(stopped: Path, shell: Shell) -> None:
    model = stopped / "train" / "run_directory" / "model.pt"
    content = model.read_bytes()
    model.unlink()
    # A training that is to be done again goes on from its last checkpoint; that may be whole.
    run = resumed(shell)
    assert run["kept"] == ["snapshot", "preprocess"]
    assert "run_directory/model.pt is gone; it runs anew" in run["said"]
    assert model.read_bytes() == content


def test_what_is_no_result_may_go(stopped: Path, shell: Shell) -> None:
    shutil.rmtree(stopped / "train" / "run_directory" / "checkpoints")
    assert resumed(shell)["kept"] == ["snapshot", "preprocess", "train"]


@pytest.mark.parametrize(
    "record",
    [
        "{",
        "[]",
        '{"status": 0}',
        '{"started": "x", "seconds": 1, "status": 0}',
        '{"started": 1, "seconds": 1, "status": 0}',
        '{"started": 1, "seconds": 1, "status": 0, "directory": DIRECTORY, "files": [1]}',
    ],
)
def test_a_step_of_a_damaged_record_is_made_anew(stopped: Path, shell: Shell, record: str) -> None:
    (stopped / "steps" / "preprocess.json").write_text(
        record.replace("DIRECTORY", json.dumps(str(stopped)))
    )
    assert resumed(shell)["kept"] == ["snapshot"]


def test_a_run_that_was_moved_goes_on_where_it_is(stopped: Path, shell: Shell) -> None:
    moved = stopped.parent.with_name("elsewhere")
    stopped.parent.rename(moved)
    try:
        run = resumed(shell, "--root", "elsewhere")
        assert run["kept"] == []
        assert Path(run["artifacts"]["model"]).is_relative_to(moved)
    finally:
        moved.rename(stopped.parent)


def test_what_differs_is_named(stopped: Path, shell: Shell) -> None:
    directory = stopped.parents[1]
    schema = sample_schema()
    schema["columns"][0]["kind"] = "categorical"
    (directory / "other.yaml").write_text(yaml.safe_dump(schema))
    (directory / "copy.csv").write_bytes((directory / "data.csv").read_bytes())
    told = refused(
        shell, "--schema", "other.yaml", "copy.csv", "--set", "epochs=4", "--set", "seed=7"
    )
    assert told.startswith(f"error: a run to resume must find all as it was, got {stopped.name}: ")
    assert told.endswith("; start a new run, without --resume")
    for difference in (
        "epochs is 4, was 3",
        "seed is 7, was 42",
        "schema.columns.Pclass.kind is categorical, was numeric",
        f"csv is {directory / 'copy.csv'}, was {directory / 'data.csv'}",
    ):
        assert difference.replace(f"{directory}/", "") in told.replace(f"{directory}/", "")
    assert "run_directory is new" in refused(shell, "--model", str(directory))
    (directory / "data.csv").write_text((directory / "data.csv").read_text().replace("S", "C", 1))
    assert "data.csv is sha256:" in refused(shell)
    (directory / "data.csv").unlink()
    assert "an input must be a file, got " in refused(shell)
    assert load(stopped).state == "KILLED"  # nothing was done


def test_other_code_is_refused(stopped: Path, shell: Shell) -> None:
    change(stopped / "run.json", code="0123456789abcdef")
    assert "the code or a library changed" in refused(shell)


def test_a_name_is_that_of_one_run(tmp_path: Path) -> None:
    for name in ("20270131-1", "20270131-2", "20270131-20"):
        directory = tmp_path / name
        directory.mkdir()
        Run(name, "FAILED", started=time.time()).save(directory)
    assert find(tmp_path, "latest").name == "20270131-20"
    assert find(tmp_path, "20270131-1").name == "20270131-1"
    assert find(tmp_path, "20270131-2").name == "20270131-2"
    several, none = ": that of 20270131-20, 20270131-2", "; `tabpipe runs` lists the runs"
    for name, why in (("2027", several), ("x", none), ("", none)):
        with pytest.raises(InputError, match=f"got {name}{why}"):
            find(tmp_path, name)
    with pytest.raises(InputError, match="latest must be a run in .*, got no runs there"):
        find(tmp_path / "none", "latest")


def test_only_one_process_goes_on_with_a_run(stopped: Path, shell: Shell) -> None:
    with claimed(stopped):
        assert refused(shell) == (
            f"error: a run must have ended to be resumed, got {stopped.name}: it is RUNNING"
        )
    assert resumed(shell)
