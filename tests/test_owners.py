"""One owner for each fact: things are added to a copy of the code by the edits that
docs/architecture.md allows, and a run has them everywhere."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.csv
import pyarrow.feather
import pytest
import yaml

from tests.shell import TIMEOUT_SECONDS

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
SCHEMA = str(ROOT / "examples" / "titanic" / "schema.yaml")
COPIED = ("trainer", "vertex_tabular", "components", "pipelines", "compile.py")

SETTINGS = ("--set", "model=linear", "--set", "grad_factor=0.5")
HYPERPARAMETER = """\
    grad_factor: float = flag("factor on each gradient", 1.0, float, POSITIVE)
"""
USE = "        model.grad.mul_(self.config.grad_factor)\n"
METRIC_ENTRY = """\
        Metric(error_rate, "Error rate", "share of rows of another class", False, BOTH),
"""
METRIC = '''\
def error_rate(y: Array, p: Array, weights: Weights = None) -> Array:
    """The share of rows whose predicted class is another one."""
    return np.asarray(1 - accuracy(y, p, weights))

'''
FAMILY = '''"""A net that is linear whatever the hidden layers."""

from trainer.models import mlp
from trainer.models.mlp import forward

__all__ = ["SETTINGS", "forward"]
SETTINGS = {**mlp.SETTINGS, "epochs": 7}
'''
FAMILY_MODEL = '''"""The net as training takes it."""

from types import SimpleNamespace

from trainer.models.mlp import model


def make_model(shape, task, features, device):
    """See `interfaces.MakeModel`."""
    linear = SimpleNamespace(hidden_layers=(), dropout=0.0)
    return model.make_model(linear, task, features, device)
'''
FORMAT = ROOT / "tests" / "vertex_tabular" / "tables" / "feather.py"


class Copy:
    """A copy of the code, and a directory to run it in."""

    def __init__(self, directory: Path) -> None:
        self.code, self.here = directory / "code", directory / "here"
        self.here.mkdir()
        for name in COPIED:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            self.code.mkdir(exist_ok=True)
            copy(ROOT / name, self.code / name)

    def edit(self, path: str, at: str, after: str, *, before: str = "") -> None:
        """Puts text before and after the one place where `at` is."""
        file = self.code / path
        text = file.read_text()
        assert text.count(at) == 1, f"{path}: {at}"
        file.write_text(text.replace(at, before + at + after))

    def write(self, path: str, text: str) -> None:
        (self.code / path).parent.mkdir(exist_ok=True)
        (self.code / path).write_text(text)

    def __call__(self, *command: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, *command],
            cwd=self.here,
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(self.code), "HOME": str(self.here)},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
        )


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy with one more hyperparameter, metric, family of models and input format."""
    copy = Copy(tmp_path_factory.mktemp("owners"))
    # A hyperparameter: a field, and its use.
    copy.edit("trainer/config.py", "    weight_decay: float = ", "", before=HYPERPARAMETER)
    copy.edit("trainer/train.py", "        self.adam.step(rate)\n", "", before=USE)
    # A metric: its function, and its entry.
    copy.edit(
        "trainer/tasks/metrics.py", "@dataclass(frozen=True)\nclass Metric:", "", before=METRIC
    )
    copy.edit("trainer/tasks/metrics.py", "    for metric in (\n", METRIC_ENTRY)
    # A family of models: its package, and its entry.
    copy.write("trainer/models/linear/__init__.py", FAMILY)
    copy.write("trainer/models/linear/model.py", FAMILY_MODEL)
    copy.edit("trainer/models/__init__.py", "FAMILIES = {", '"linear": "trainer.models.linear", ')
    # An input format: its module, and its entry.
    shutil.copy(FORMAT, copy.code / "vertex_tabular" / "tables" / "formats")
    formats = "vertex_tabular/tables/formats/__init__.py"
    copy.edit(formats, "FORMATS: tuple[Format, ...] = (", "FEATHER, ")
    imported = "from vertex_tabular.tables.formats.csv import CSV\n"
    copy.edit(formats, imported, "from vertex_tabular.tables.formats.feather import FEATHER\n")
    return copy


@pytest.fixture(scope="module")
def run(changed: Copy) -> dict[str, Any]:
    """A run of the copy on a table of the new format, by the new family and hyperparameter."""
    assert changed("-m", "pipelines", "sample", "sample.csv", "--rows", "200").returncode == 0
    table = pyarrow.csv.read_csv(changed.here / "sample.csv")
    pyarrow.feather.write_feather(table, changed.here / "t.feather", compression="uncompressed")
    said = ["t.feather", "--schema", SCHEMA]
    result = changed("-m", "pipelines", "run", *said, *SETTINGS, "--json")
    assert result.returncode == 0, result.stderr
    printed: dict[str, Any] = json.loads(result.stdout)
    return printed


def metrics_of(run: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(Path(run["artifacts"]["metrics"]).read_text())
    return content


def test_the_hyperparameter_is_everywhere(changed: Copy, run: dict[str, Any]) -> None:
    assert metrics_of(run)["hyperparameters"]["grad_factor"] == 0.5
    assert changed(str(changed.code / "compile.py")).returncode == 0
    spec = yaml.safe_load((changed.here / "build" / "training.yaml").read_text())
    parameter = spec["root"]["inputDefinitions"]["parameters"]["grad_factor"]
    assert (parameter["defaultValue"], parameter["parameterType"]) == (1.0, "NUMBER_DOUBLE")
    assert "actor on each gradient" in parameter["description"]
    assert "--grad_factor" in changed("-m", "trainer", "--help").stdout
    refused = changed("-m", "pipelines", "run", "--sample", "--set", "grad_factor=-1")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "grad_factor must be positive, got -1" in refused.stderr


def test_the_metric_is_everywhere(run: dict[str, Any]) -> None:
    recorded = metrics_of(run)
    assert recorded["validation_error_rate"] == pytest.approx(1 - recorded["validation_accuracy"])
    assert run["metrics"]["validation_error_rate"] == recorded["validation_error_rate"]
    assert "Error rate" in Path(run["artifacts"]["report"]).read_text()


def test_the_family_trains_and_predicts(changed: Copy, run: dict[str, Any]) -> None:
    recorded = metrics_of(run)
    assert (recorded["family"], recorded["hyperparameters"]["epochs"]) == ("linear", 7)
    assert recorded["parameters"] == recorded["features"] + 1
    predicted = changed(
        *("-m", "pipelines", "predict", run["run_id"]),
        *("t.feather", "--out", "predictions.csv"),
    )
    assert predicted.returncode == 0, predicted.stderr
    assert len((changed.here / "predictions.csv").read_text().splitlines()) == 201


def test_the_format_is_everywhere(changed: Copy, run: dict[str, Any]) -> None:
    assert metrics_of(run)["rows"] == {"train": 160, "validation": 40}
    for command in (["schema", "infer"], ["preprocess"]):
        more = [] if command[0] == "schema" else ["arrays", "--schema", SCHEMA]
        result = changed("-m", "pipelines", *command, "t.feather", *more)
        assert result.returncode == 0, result.stderr
    shutil.copy(changed.here / "sample.csv", changed.here / "no.feather")
    refused = changed("-m", "pipelines", "schema", "infer", "no.feather")
    assert refused.returncode == 2 and "is not Feather" in refused.stderr
