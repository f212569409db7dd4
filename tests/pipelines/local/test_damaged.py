"""A damaged run is shown as damaged, and does not hide the others."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from pipelines.local.records import local_record
from tests.shell import Shell

DAMAGES = {
    "empty": ("run.json", b""),
    "no JSON": ("run.json", b"{"),
    "another value": ("run.json", b'{"run_id": 1}'),
    "a start that no calendar has": ("run.json", b'{"run_id": "damaged", "started": 1e300}'),
    "artifacts that are none": ("run.json", b'{"run_id": "damaged", "artifacts": {"a": {}}}'),
    "no YAML": ("pipeline.yaml", b"a: b: c"),
    "no UTF-8": ("pipeline.yaml", b"\xff"),
    "no tasks": ("pipeline.yaml", b"root: {}"),
    "a circle": (
        "pipeline.yaml",
        b"root: {dag: {tasks: {a: {dependentTasks: [b]}, b: {dependentTasks: [a]}}}}",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_one_damaged_run_among_others(
    damage: str, finished: tuple[Path, dict[str, Any]], tmp_path: Path, shell: Shell
) -> None:
    name, content = DAMAGES[damage]
    whole, damaged = tmp_path / "runs" / "whole", tmp_path / "runs" / "damaged"
    shutil.copytree(finished[0], whole, symlinks=True)
    shutil.copytree(finished[0], damaged, symlinks=True)
    expected = shell("show", "whole")
    (damaged / name).write_bytes(content)

    listed = shell("runs")
    assert listed.status == 0
    assert "DAMAGED" in listed.stdout and finished[0].name in listed.stdout
    shown = shell("show", "damaged")
    assert shown.status == 0
    assert shown.stdout.startswith("damaged  DAMAGED\nerror: ") and name in shown.stdout
    assert shell("show", "whole") == expected
    assert shell("logs", "damaged").status == 0
    fetched = shell("fetch", "damaged", "copy")
    assert fetched.status == 2 and "must be SUCCEEDED to have results, got DAMAGED" in fetched.error
    compared = shell("compare", "whole", "damaged")
    assert compared.status == 0 and "DAMAGED" in compared.stdout
    assert shell("fetch", "whole", "copy").status == 0
    assert local_record(damaged).state == "DAMAGED"


def test_a_damaged_record_of_a_step_counts_as_none(
    finished: tuple[Path, dict[str, Any]], tmp_path: Path, shell: Shell
) -> None:
    shutil.copytree(finished[0], tmp_path / "runs" / "run", symlinks=True)
    for content in (b"", b"[]", b'{"seconds": 1}', b'{"started": "x"}', b'{"started": 1e999}'):
        (tmp_path / "runs" / "run" / "steps" / "train.json").write_bytes(content)
        assert shell("show", "run").status == 0
