"""What `tabpipe compare` says of runs on this machine."""

import dataclasses
import datetime
import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.history.comparison import Comparison, compare
from pipelines.history.comparison_page import labels_of, write_page
from pipelines.history.fetch import copy_file
from pipelines.local.records import local_record
from pipelines.record import Record
from tests.pipelines.conftest import Tabpipe
from tests.vertex_tabular.report.conftest import make
from trainer.__main__ import main
from trainer.contract import MANIFEST, PREDICTIONS, sha256_of
from trainer.errors import TabularError
from trainer.tasks.metrics import metrics_of


@pytest.fixture
def first(finished: tuple[Path, dict[str, Any]]) -> Record:
    return local_record(finished[0])


def changed(record: Record, directory: Path, **arrays: Any) -> Record:
    """A copy of a run with other arrays in val_predictions.npz."""
    shutil.copytree(record.artifacts["run_directory"], directory)
    with np.load(directory / PREDICTIONS) as own:
        np.savez(directory / PREDICTIONS, **{**own, **arrays})
    manifest = json.loads((directory / MANIFEST).read_bytes())
    manifest["files"][PREDICTIONS]["sha256"] = sha256_of(directory / PREDICTIONS)
    (directory / MANIFEST).write_text(json.dumps(manifest))
    artifacts = {"run_directory": str(directory)}
    return dataclasses.replace(record, run_id="other", artifacts=artifacts)


def compared(*records: Record) -> Comparison:
    return compare(records, lambda record: copy_file)


def truth(record: Record) -> Any:
    with np.load(Path(record.artifacts["run_directory"], PREDICTIONS)) as arrays:
        return arrays["y_true"]


def test_a_run_is_not_beyond_chance_from_itself(first: Record) -> None:
    found = compared(first, first)
    assert not (found.parameters or found.data or found.code or found.not_paired)
    assert {each.metric for each in found.differences} >= {"accuracy", "auc", "log_loss"}
    assert not any(each.beyond_chance or each.value for each in found.differences)


def test_a_much_better_run_is_beyond_chance(first: Record, tmp_path: Path) -> None:
    right = truth(first).astype(np.float32) * 0.98 + 0.01
    found = compared(first, changed(first, tmp_path / "other", probability=right))
    by_figure = {each.metric: each for each in found.differences}
    assert by_figure["accuracy"].low > 0 and by_figure["accuracy"].beyond_chance
    assert by_figure["log_loss"].high < 0 and by_figure["log_loss"].beyond_chance


def test_other_rows_are_not_paired(first: Record, tmp_path: Path) -> None:
    other = changed(first, tmp_path / "other", y_true=truth(first)[::-1])
    assert compared(first, other).not_paired == {"other": "the validation rows differ"}
    other = dataclasses.replace(
        first, run_id="other", fingerprint="sha256:1", code="1", val_sha256=""
    )
    found = compared(first, other)
    assert "table" in found.data and "code" in found.code and not found.differences
    assert found.not_paired["other"].startswith("the tables differ")


def test_a_default_that_is_given_is_no_difference(first: Record) -> None:
    given = {**first.parameters, "val_size": first.defaults["val_size"]}
    other = dataclasses.replace(first, parameters=given)
    found = compared(first, other)
    assert not found.parameters and found.differences
    schema = json.loads(json.dumps(first.arguments["schema"]))
    schema["columns"][0]["impute"] = "mode"
    other = dataclasses.replace(first, parameters={**first.parameters, "schema": schema})
    name = f"schema.columns.{schema['columns'][0]['name']}.impute"
    assert list(compared(first, other).parameters) == [name]


def test_another_split_of_the_same_table_is_not_paired(first: Record) -> None:
    other = dataclasses.replace(
        first, run_id="other", parameters={**first.parameters, "split_seed": 7}, val_sha256=""
    )
    found = compared(first, other)
    assert found.not_paired == {"other": "the split differs, so the validation rows do too"}
    # Unless the files say that it is the same.
    assert first.val_sha256 and not compared(first, dataclasses.replace(first)).not_paired
    same = dataclasses.replace(other, val_sha256=first.val_sha256)
    assert not compared(first, same).not_paired


def test_unknown_code_is_called_unknown(first: Record) -> None:
    found = compared(first, dataclasses.replace(first, code=""))
    assert found.code == {"code": [first.code, "unknown"]}


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_other_tasks(task: str, tmp_path: Path) -> None:
    made = make(task, tmp_path)
    flags = [f"--train={made.arrays['train_data']}", f"--val={made.arrays['val_data']}"]
    assert main([*flags, f"--model_out={tmp_path / 'short'}", "--epochs=1"]) == 0
    records = [
        Record(
            name,
            "local",
            "SUCCEEDED",
            datetime.datetime.now(datetime.timezone.utc),
            artifacts={"run_directory": str(tmp_path / name)},
            val_sha256=sha256_of(Path(made.arrays["val_data"])),
        )
        for name in ("run", "short")
    ]
    found = compared(*records)
    verdicts = {each.metric: each.verdict for each in found.differences}
    # A model that has learned little has little confidence, and is no worse calibrated.
    calibration = {} if task == "regression" else {"calibration_error": "within chance"}
    others = metrics_of(task).keys() - calibration
    assert verdicts == {**dict.fromkeys(others, "worse, beyond chance"), **calibration}
    write_page(found, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert ("RMSE of short: worse" if task == "regression" else "Accuracy of short: worse") in page
    assert page.count('<figure id="plot-') == 2


def test_damaged_predictions_are_refused(first: Record, tmp_path: Path) -> None:
    other = changed(first, tmp_path / "other")
    (tmp_path / "other" / PREDICTIONS).write_bytes(b"")
    with pytest.raises(TabularError, match=f"{tmp_path}/other/{PREDICTIONS} must have sha256"):
        compared(first, other)


def test_the_page(first: Record, tmp_path: Path) -> None:
    right = truth(first).astype(np.float32) * 0.98 + 0.01
    better = changed(first, tmp_path / "other", probability=right)
    better = dataclasses.replace(better, run_id="<b>a&b</b>", code="")
    failed = dataclasses.replace(first, run_id="failed", state="FAILED")
    write_page(compared(first, better, failed), tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert "<b>a" not in page and "&lt;b&gt;a&amp;b&lt;/b&gt;" in page
    assert "better, beyond chance" in page and "unknown" in page
    assert "failed: a run without results has no predictions" in page
    assert page.count('<figure id="plot-') == 2
    assert not re.findall(r"""href=["']?http|src=|url\(|@import|<link rel="style""", page)


def test_the_page_calls_runs_by_the_ends_of_their_ids(first: Record, tmp_path: Path) -> None:
    right = truth(first).astype(np.float32) * 0.98 + 0.01
    better = changed(first, tmp_path / "other", probability=right)
    better = dataclasses.replace(
        better,
        run_id="20270131-030000-1a2b3c",
        metrics={"validation_auc": 0.99, "best_epoch": 138.0},
    )
    same = dataclasses.replace(first, run_id="20270131-040000-4d5e6f")
    write_page(compared(first, better, same), tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    lead = re.search('<p class="lead">(.*)</p>', page)
    assert lead and "Accuracy of 1a2b3c: better, beyond chance." in lead[1]
    assert "Accuracy of 4d5e6f: the same predictions." in lead[1]
    assert page.index('id="differing"') < page.index('id="compared_metrics"')
    assert re.search(r'<span class="better">best</span> <span>0\.990*', page)
    assert re.search(r"<span>138</span>", page)
    path = Path(first.artifacts["report"])
    href = re.search('<a href="([^"]*report.html)">', page)
    assert href and (tmp_path / href[1]).resolve() == path.resolve()


def test_labels_tell_runs_apart() -> None:
    assert labels_of(["a-1a2b3c", "b-4d5e6f"]) == ["1a2b3c", "4d5e6f"]
    assert labels_of(["a-1a2b3c", "b-1a2b3c"]) == ["a-1a2b3c", "b-1a2b3c"]
    assert labels_of(["one", "two"]) == ["one", "two"]
    assert labels_of(["a-1a2b3c", "a-1a2b3c"]) == ["1a2b3c", "1a2b3c"]


def test_the_command(
    first: Record, finished: tuple[Path, Any], tabpipe: Tabpipe, tmp_path: Path
) -> None:
    root = tmp_path / "runs"
    for name in (first.run_id, "other"):
        copy = shutil.copytree(finished[0], root / name)
        text = (copy / "run.json").read_text().replace(f'"{first.run_id}"', f'"{name}"')
        (copy / "run.json").write_text(text)
    line = ["compare", first.run_id, "other", "--root", str(root)]
    assert "within chance" in tabpipe(*line).stdout
    for refused in ([first.run_id], [first.run_id, first.run_id]):
        told = tabpipe("compare", *refused, "--root", str(root))
        assert told.returncode == 2
        assert "two or more different runs must be given, got " in told.stderr
    assert json.loads(tabpipe(*line, "--json").stdout)["differences"][0]["beyond_chance"] is False
