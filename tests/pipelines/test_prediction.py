"""The pipeline that predicts: its graph, and a run of it on this machine."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from components.code import Code
from pipelines import names, prediction
from pipelines.lint import check
from tests.shell import Shell

pytestmark = pytest.mark.slow

Tabpipe = Callable[..., "subprocess.CompletedProcess[str]"]
ROOT = Path(__file__).parents[2]
PACKAGE = "gs://bucket/staging/vertex_tabular-0.1.0-py3-none-any.whl"


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(prediction.compiled(Code.in_image("registry/image:1")))
    return content


def test_two_processes_compile_the_same_bytes(tmp_path: Path) -> None:
    texts = []
    for name in ("one", "two"):
        command = [sys.executable, "compile.py", "--output", str(tmp_path / name / "training.yaml")]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        texts.append((tmp_path / name / "prediction.yaml").read_bytes())
    assert texts[0] == texts[1]
    assert yaml.safe_load(texts[0])["pipelineInfo"]["name"] == names.PREDICTION


@pytest.mark.parametrize(
    "code", [Code.in_image("us-docker.pkg.dev/p/r/i:1"), Code.in_package(PACKAGE)]
)
def test_the_lint_finds_nothing(code: Code) -> None:
    assert check(prediction.compiled(code)) == []


def test_predict_is_cached_by_the_content_of_table_and_model(spec: dict[str, Any]) -> None:
    tasks = spec["root"]["dag"]["tasks"]
    cached = [name for name, task in tasks.items() if task["cachingOptions"].get("enableCache")]
    assert cached == ["predict"]
    inputs = tasks["predict"]["inputs"]
    assert "artifacts" not in inputs
    taken = {
        name: source.get("taskOutputParameter") for name, source in inputs["parameters"].items()
    }
    for name in ("fingerprint", "manifest_fingerprint"):
        assert taken[name]["outputParameterKey"] == "fingerprint"
    assert (
        len({taken[name]["producerTask"] for name in ("fingerprint", "manifest_fingerprint")}) == 2
    )


def test_every_parameter_has_a_description(spec: dict[str, Any]) -> None:
    parameters = spec["root"]["inputDefinitions"]["parameters"]
    assert list(parameters) == ["csv", "keys", "output_format", "run_directory"]
    assert all(parameter.get("description") for parameter in parameters.values())


def predicted(shell: Shell, model: Path, *arguments: str) -> tuple[dict[str, Any], list[str]]:
    """What `run --cache --json` prints, and the steps that were foretold to come from the cache."""
    line = ["--model", str(model), "new.csv", "--set", 'keys=["PassengerId"]', *arguments]
    forecast = shell("cache", "explain", *line)
    assert forecast.status == 0, forecast.stderr
    foretold = [text.split()[0] for text in forecast.stdout.splitlines() if "  from the" in text]
    result = shell("run", "--cache", "--json", *line)
    assert result.status == 0, result.stderr
    return json.loads(result.stdout), foretold


def test_a_run_is_tabpipe_predict_with_a_report_and_cached_by_content(
    shell: Shell, finished: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    trained = Path(finished[1]["artifacts"]["run_directory"])
    model = tmp_path / "model"
    shutil.copytree(trained, model)
    table = pd.read_csv(finished[0].parent / "sample.csv").drop(columns="Survived")
    table.assign(Age=table["Age"] + 8).to_csv(tmp_path / "new.csv", index=False)

    run, foretold = predicted(shell, model)
    assert (run["state"], run["cached"], foretold) == ("SUCCEEDED", [], [])
    line = ["predict", str(model), "new.csv", "--key", "PassengerId"]
    assert shell(*line, "--out", "out.csv").status == 0
    answers = Path(run["artifacts"]["predictions"])
    assert answers.read_bytes() == (tmp_path / "out.csv").read_bytes()
    assert run["metrics"]["rows"] == len(table)
    assert run["metrics"]["missing"] == table[["Age", "Embarked", "Fare"]].isna().sum().sum()
    assert (run["metrics"]["drifted_columns"], run["metrics"]["unseen"]) == (1, 0)
    assert run["fingerprint"].startswith("sha256:")
    page = Path(run["artifacts"]["drift_report"]).read_text()
    assert "1 of 7 columns has drifted: Age" in page
    figures = json.loads(Path(run["artifacts"]["metrics"]).read_text())
    assert figures["psi"]["Age"] == run["metrics"]["max_psi"]

    run, foretold = predicted(shell, model)
    assert run["cached"] == foretold == ["predict"]
    assert run["metrics"]["rows"] == len(table)
    manifest = json.loads((model / "manifest.json").read_text())
    (model / "manifest.json").write_text(json.dumps(manifest, indent=1))  # another model
    run, foretold = predicted(shell, model)
    assert run["cached"] == foretold == []
    table.to_csv(tmp_path / "new.csv", index=False)
    run, foretold = predicted(shell, model, "--set", "output_format=parquet")
    assert run["cached"] == foretold == []
    assert len(pd.read_parquet(run["artifacts"]["predictions"])) == len(table)
    assert run["metrics"]["drifted_columns"] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--model", "absent", "new.csv"], "a run must be one in runs (its id, "),
        (["--model", "absent"], "TABLE must be given"),
    ],
)
def test_a_mistake_is_found_before_anything_runs(
    tabpipe: Tabpipe, tmp_path: Path, arguments: list[str], said: str
) -> None:
    (tmp_path / "new.csv").write_text("a\n1\n")
    result = tabpipe("run", *arguments)
    assert result.returncode == 2 and said in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["new.csv"]
