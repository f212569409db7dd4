"""What `tabpipe cache explain` says of each step, against one earlier run on this machine."""

import json
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from components.code import Code
from pipelines import training
from pipelines.local.cache.explain import Forecast, explain
from pipelines.project.sample import sample_schema
from pipelines.request import RunRequest

SCHEMA = Path(__file__).parents[4] / "examples" / "titanic" / "schema.yaml"


class Earlier(NamedTuple):
    """One run with --cache; a later one is asked about with other arguments."""

    root: Path
    run_id: str
    arguments: dict[str, Any]

    def forecast(self, **changes: Any) -> dict[str, Forecast]:
        """By step."""
        compiled = training.compiled(Code.in_image(training.DEFAULT_IMAGE))
        request = RunRequest(compiled, {**self.arguments, **changes}, {})
        forecasts = explain(request, self.root)
        return {forecast.step: forecast for forecast in forecasts}

    def why(self, step: str, **changes: Any) -> str:
        """Why a step will run."""
        forecast = self.forecast(**changes)[step]
        assert not forecast.cached
        return forecast.why


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with `data.csv` and `runs`, in which is one run."""
    directory = tmp_path_factory.mktemp("earlier")
    for line in (
        ["sample", "data.csv", "--rows", "60"],
        ["run", "--cache", "data.csv", "--schema", str(SCHEMA), "--set", "epochs=3"],
    ):
        command = [sys.executable, "-m", "pipelines", *line]
        subprocess.run(command, cwd=directory, check=True, capture_output=True)
    return directory


@pytest.fixture
def earlier(made: Path) -> Earlier:
    (run,) = made.glob("runs/*/run.json")
    return Earlier(made / "runs", run.parent.name, json.loads(run.read_text())["parameters"])


def test_nothing_changed(earlier: Earlier) -> None:
    found = earlier.forecast()
    assert [step for step, forecast in found.items() if forecast.cached] == ["preprocess", "train"]
    for step in ("preprocess", "train"):
        assert found[step].why == f"run {earlier.run_id} had the same inputs and the same code"
    for step in ("snapshot", "collect"):
        assert found[step].why == "it always runs"


@pytest.mark.parametrize(
    ("step", "changes", "told"),
    [
        ("train", {"epochs": 10}, "epochs is 10, was 3"),
        ("train", {"job_labels": {"team": "a"}}, "job_labels.team is new"),
        (
            "train",
            {"batch_size": 8, "dropout": 0.1, "hidden_layers": "8", "seed": 1},
            'batch_size is 8, was -1; dropout is 0.1, was 0; hidden_layers is 8, was ""; 1 more',
        ),
        ("preprocess", {"split_seed": 7, "epochs": 10}, "split_seed is 7, was 42"),
    ],
)
def test_what_differs_is_told(
    earlier: Earlier, step: str, changes: dict[str, Any], told: str
) -> None:
    assert earlier.why(step, **changes) == f"since run {earlier.run_id}: {told}"


def test_a_step_waits_for_the_one_before_it(earlier: Earlier) -> None:
    assert earlier.why("train", split_seed=7) == "preprocess will give it new inputs"


def test_of_another_schema_the_columns_are_told(earlier: Earlier) -> None:
    def told(schema: dict[str, Any]) -> str:
        return earlier.why("preprocess", schema=schema).partition(": ")[2]

    schema = sample_schema()
    schema["columns"][0]["kind"] = "categorical"
    assert told(schema) == "schema.columns.Pclass.kind is categorical, was numeric"
    schema = sample_schema()
    schema["columns"][0] = {"name": "PassengerId", "kind": "numeric"}
    assert told(schema) == "schema.columns.PassengerId is new; schema.columns.Pclass is gone"
    schema = sample_schema()
    schema["columns"].reverse()
    assert told(schema) == "schema.columns is in another order"


def test_changed_data_and_a_copy_of_the_same_data(earlier: Earlier, tmp_path: Path) -> None:
    csv, copy = Path(earlier.arguments["csv"]), tmp_path / "copy.csv"
    shutil.copy(csv, copy)
    assert earlier.why("preprocess", csv=str(copy)).endswith(
        f": csv is {copy}, was {csv} (the same content, but its path counts too)"
    )
    before = csv.read_text()
    after = before.replace(",S\n", ",C\n", 1)
    csv.write_text(after)
    try:
        told = earlier.why("preprocess").partition(": ")[2]
    finally:
        csv.write_text(before)
    new, old = (f"sha256:{sha256(text.encode()).hexdigest()[:8]}…" for text in (after, before))
    assert told == f"the data changed: {new}, was {old}"


def test_changed_code(earlier: Earlier, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    metadata = tmp_path / "numpy-99.0.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: numpy\nVersion: 99.0\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert earlier.why("preprocess").endswith(": the code or a library changed")


def test_the_nearest_of_several_runs_is_compared_with(earlier: Earlier) -> None:
    """Rather than the newest, which differs in more."""
    newer = earlier.root / f"{earlier.run_id}-newer"
    shutil.copytree(earlier.root / earlier.run_id, newer, symlinks=True)
    run = json.loads((newer / "run.json").read_text())
    run["parameters"] |= {"epochs": 5, "dropout": 0.5}
    (newer / "run.json").write_text(json.dumps(run))
    try:
        assert earlier.why("train", epochs=4) == (f"since run {earlier.run_id}: epochs is 4, was 3")
        assert earlier.why("train", epochs=4, dropout=0.5) == (
            f"since run {newer.name}: epochs is 4, was 5"
        )
    finally:
        shutil.rmtree(newer)


def test_lost_files_are_named(earlier: Earlier) -> None:
    run = earlier.root / earlier.run_id
    model = run / "train" / "run_directory" / "model.pt"
    same = "an earlier run had the same inputs and the same code, but"
    model.rename(model.with_suffix(".away"))
    try:
        found = earlier.forecast()
        assert found["preprocess"].cached
        assert found["train"] == Forecast("train", False, f"{same} {model} is gone")
        model.write_bytes(b"")
        assert earlier.why("train") == f"{same} {model} has changed"
    finally:
        model.with_suffix(".away").rename(model)
    run.rename(run.with_suffix(".away"))
    try:
        assert earlier.why("preprocess") == f"{same} {run} is gone"
    finally:
        run.with_suffix(".away").rename(run)
    assert earlier.forecast()["train"].cached


def test_runs_without_the_cache_and_no_runs(
    finished: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    directory, printed = finished
    before = Earlier(directory.parent, printed["run_id"], printed["parameters"])
    assert before.why("preprocess") == (
        f"run {directory.name} had the same inputs and the same code, but is not in the cache, "
        "into which only runs with --cache go"
    )
    none = Earlier(tmp_path / "runs", "", printed["parameters"])
    assert none.why("preprocess") == f"no earlier run in {tmp_path / 'runs'} did it"
