"""`tabpipe lint`."""

import json
from pathlib import Path

import pytest

from tests.pipelines.lint.bad_pipelines import compiled, count, job, make_and_use
from tests.shell import tabpipe


def faulty() -> None:
    job(replica_count=2)
    count(path="gs://bucket/train.csv")


def fixed_path() -> None:
    count(path="gs://bucket/train.csv")


def test_the_command_prints_each_finding(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    compiled(faulty, tmp_path)
    assert tabpipe("lint", str(tmp_path / "pipeline.yaml")) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("error: payload-refused: root/custom-training-job: payload.")
    assert [line.split(":")[0].strip() for line in lines[1:3]] == ["why", "fix"]
    place = "root/count: inputs.path"
    assert lines[3] == f"warning: cached-mutable-input: {place}: gs://bucket/train.csv"
    assert lines[6].startswith("1 error, 1 warning in ")


def test_warnings_are_shown_and_no_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    compiled(fixed_path, tmp_path)
    assert tabpipe("lint", str(tmp_path / "pipeline.yaml")) == 0
    assert capsys.readouterr().out.startswith("warning: cached-mutable-input: ")


def test_a_rule_may_be_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compiled(faulty, tmp_path)
    path = str(tmp_path / "pipeline.yaml")
    assert tabpipe("lint", path, "--ignore", "payload-refused") == 0
    both = ("--ignore", "payload-refused", "--ignore", "cached-mutable-input")
    assert tabpipe("lint", path, *both) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"no findings in {path}"
    assert tabpipe("lint", path, "--ignore", "payload") == 2
    assert "--ignore must name a rule, got payload" in capsys.readouterr().err


def test_the_command_prints_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compiled(faulty, tmp_path)
    assert tabpipe("lint", "--json", str(tmp_path / "pipeline.yaml")) == 1
    error, warning = json.loads(capsys.readouterr().out)
    assert list(error) == ["severity", "rule", "place", "found", "why", "fix"]
    assert (error["severity"], warning["severity"]) == ("error", "warning")


def test_a_clean_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compiled(make_and_use, tmp_path)
    assert tabpipe("lint", "--json", str(tmp_path / "pipeline.yaml")) == 0
    assert json.loads(capsys.readouterr().out) == []


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "No such file or directory"),
        (b"a: [", "must be YAML"),
        (b"\xff\xfe\x00", "must be YAML"),
        (b"", "must be a compiled KFP v2 pipeline"),
        (b"- a", "must be a compiled KFP v2 pipeline"),
        (b"apiVersion: argoproj.io/v1alpha1\nkind: Workflow", "must be a compiled KFP v2 pipeline"),
        (b"root: {dag: 3}\ndeploymentSpec: {}", "must be a compiled KFP v2 pipeline"),
    ],
)
def test_what_is_no_pipeline_is_one_line_and_status_2(
    content: bytes | None, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "it.yaml"
    if content is not None:
        path.write_bytes(content)
    assert tabpipe("lint", str(path)) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert complaint in captured.err
    assert len(captured.err.splitlines()) == 1
