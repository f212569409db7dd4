"""The `tabpipe` command: what it prints, its exit statuses, and the figures it must reach."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.datasets import load_breast_cancer

from pipelines.project.sample import write_sample
from tests.shell import Shell

SCHEMA = Path(__file__).parents[3] / "examples" / "titanic" / "schema.yaml"
NOTEBOOK = ("--set", "model=mlp", "--set", "fit_on=all")
FIT = ("--schema", str(SCHEMA))
pytestmark = pytest.mark.slow

Tabpipe = Callable[..., "subprocess.CompletedProcess[str]"]


def test_help_needs_none_of_the_heavy_packages() -> None:
    program = (
        "import sys\n"
        "for name in ('kfp', 'google', 'numpy', 'torch', 'polars', 'pandas', 'sklearn'):\n"
        "    sys.modules[name] = None\n"
        "sys.argv = ['tabpipe', '--help']\n"
        "from pipelines.cli.app import main; main()\n"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    for command in ("run", "preprocess", "sample"):
        assert command in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("runs",),
        ("show", "no-such-run"),
        ("compare", "no-such-run", "no-such-run"),
        ("logs", "no-such-run"),
        ("cancel", "no-such-run"),
        ("delete", "no-such-run"),
        ("open", "no-such-run"),
        ("predict", "no-such-run", "TABLE", "-o", "out.csv"),
        ("evaluate", "no-such-run", "TABLE"),
        ("schema", "infer", "TABLE"),
        ("preprocess", "TABLE", "arrays", *FIT),
    ],
)
def test_it_starts_without_the_imports_that_take_long(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    """kfp alone takes half a second, torch a second."""
    table = tmp_path / "table.csv"
    write_sample(table, 60, 0)
    program = (
        "import sys\n"
        "for name in ('kfp', 'google.cloud', 'torch', 'pandas', 'sklearn', 'matplotlib'):\n"
        "    sys.modules[name] = None\n"
        "from pipelines.cli.app import main; main()\n"
    )
    given = [str(table) if each == "TABLE" else each for each in arguments]
    result = subprocess.run(
        [sys.executable, "-c", program, *given], capture_output=True, text=True, cwd=tmp_path
    )
    assert "Traceback" not in result.stderr
    assert result.returncode == (2 if "no-such-run" in arguments else 0), result.stderr
    assert "must be installed" not in result.stderr


def test_the_titanics_figures(tabpipe: Tabpipe, titanic: Path) -> None:
    result = tabpipe("run", str(titanic), "--schema", str(SCHEMA), *NOTEBOOK, "--json")
    assert result.returncode == 0, result.stderr
    metrics = json.loads(result.stdout)["metrics"]
    assert metrics["best_epoch"] == pytest.approx(114, abs=3)
    assert metrics["validation_loss"] == pytest.approx(0.483, abs=0.003)
    assert metrics["validation_accuracy"] == pytest.approx(0.797, abs=0.01)


def test_another_data_set_by_another_schema(tabpipe: Tabpipe, tmp_path: Path) -> None:
    frame: pd.DataFrame = load_breast_cancer(as_frame=True).frame
    frame.to_csv(tmp_path / "cancer.csv", index=False)
    columns = [{"name": name, "kind": "numeric"} for name in frame.columns if name != "target"]
    schema = {"target": "target", "task": "binary", "columns": columns}
    (tmp_path / "schema.yaml").write_text(yaml.safe_dump(schema))
    result = tabpipe("run", "cancer.csv", "--schema", "schema.yaml", "--json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["metrics"]["validation_accuracy"] >= 0.95


def test_no_name_of_a_path_and_no_neighbour_disturbs_a_run(tmp_path: Path) -> None:
    here = tmp_path / "python3 and 'ü'"
    for shadow in ("trainer", "pipelines", "kfp"):
        (here / shadow).mkdir(parents=True)
        (here / shadow / "__init__.py").write_text("raise ImportError('not this one')")
    (here / "random.py").write_text("raise ImportError('not this one')")
    command = [
        str(Path(sys.executable).parent / "tabpipe"),
        "run",
        "--sample",
        "--json",
        "--set",
        "epochs=2",
    ]
    result = subprocess.run(command, cwd=here, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert Path(json.loads(result.stdout)["artifacts"]["model"]).is_relative_to(here / "runs")


def test_two_runs_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pipelines", "run", "--sample", "--json", "--set", "epochs=20"]
    runs = [
        subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) for _ in "ab"
    ]
    first, second = (json.loads(run.communicate(timeout=120)[0]) for run in runs)
    assert first["run_id"] != second["run_id"]
    assert first["metrics"] == second["metrics"]
    models = [Path(run["artifacts"]["model"]).read_bytes() for run in (first, second)]
    assert models[0] == models[1]


def test_progress_goes_to_stderr_and_results_to_stdout(tabpipe: Tabpipe) -> None:
    result = tabpipe("run", "--sample", "--set", "epochs=5")
    assert result.returncode == 0, result.stderr
    for step in ("snapshot", "preprocess", "train", "collect"):
        assert f"{step}: done in " in result.stderr
    assert "validation_accuracy" in result.stdout
    assert "The model predicts the right class of " in result.stdout
    (report,) = [line.split()[1] for line in result.stdout.splitlines() if " report " in line]
    assert report.startswith("runs/") and report.endswith("report.html")


def test_preprocess_writes_the_arrays_alone(tabpipe: Tabpipe, tmp_path: Path) -> None:
    assert tabpipe("sample", "sample.csv", "--rows", "100").returncode == 0
    result = tabpipe(
        "preprocess", "sample.csv", "arrays", "--schema", str(SCHEMA), "--set", "dtype=float64"
    )
    assert result.returncode == 0, result.stderr
    assert "80 training rows, 20 validation rows" in result.stdout
    names = {path.name for path in (tmp_path / "arrays").iterdir()}
    arrays = {"train_data.npz", "val_data.npz", "spec.json"}
    assert names == arrays | {"profile.json", "profile.html"}
    with np.load(tmp_path / "arrays" / "val_data.npz") as arrays:
        assert (arrays["X_val"].shape, arrays["X_val"].dtype) == ((20, 7), np.float64)


def test_a_schema_is_proposed_and_checked(tabpipe: Tabpipe, tmp_path: Path) -> None:
    assert tabpipe("sample", "sample.csv", "--rows", "100").returncode == 0
    proposed = tabpipe("schema", "infer", "sample.csv", "--target", "Survived")
    assert proposed.returncode == 0, proposed.stderr
    (tmp_path / "schema.yaml").write_text(proposed.stdout)
    kinds = {c["name"]: c["kind"] for c in yaml.safe_load(proposed.stdout)["columns"]}
    assert (kinds["Age"], kinds["Sex"], kinds["PassengerId"]) == ("numeric", "categorical", "drop")
    checked = tabpipe("schema", "check", "schema.yaml", "sample.csv")
    assert checked.returncode == 0, checked.stderr
    assert "predict Survived (binary)" in checked.stdout
    assert "sample.csv: 100 rows fit it" in checked.stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["run", "no.csv", *FIT], "an input must be a file, got no.csv"),
        (["run", "bad.csv", *FIT], "preprocess failed: "),
        (["run"], "a table must be given, got none; tabpipe run TABLE --target COLUMN"),
        (["run", "bad.csv", "--target", "x"], "column x must be there, "),
        (["run", "bad.csv", "--target", "x", *FIT], "give --target or --schema, not both: "),
        (["run", "bad.csv", "--sample"], "--sample has its own table and target, got another"),
        (["run", "p.yaml"], "p.yaml must be a compiled pipeline, got No such file or directory"),
        (["preprocess", "bad.csv", "arrays"], "a table needs a feature schema, got none; give"),
        (["run", "bad.csv", "--schema", "no.yaml"], "--schema must be a file, got"),
        (["run", "--sample", "--set", "epoch=5"], "got epoch; did you mean epochs?"),
        (["run", "--sample", "--set", "zzz=5"], "got zzz; there are accelerator_count, "),
        (["run", "--epochs", "5"], "No such option: --epochs; did you mean --set epochs=VALUE?"),
        (["runs", "--limt", "5"], "No such option: --limt; did you mean --limit?"),
        (["run", "--sample", "--name", "latest"], "--name must match "),
        (["run", "--sample", "--set", "epochs=0"], "error: epochs must be positive, got 0"),
        (["run", "--set", "csv=no.csv", *FIT], "an input must be a file, got no.csv"),
        (["run", "--sample", "--root", "bad.csv"], "writable, got "),
        (["run", "--sample", "--root", 'a"b'], 'must not contain ", '),
        (["run", ""], "TABLE must name a file, got an empty name"),
        (["run", "bad.csv", "--set", "csv=x"], "give TABLE or --set csv=, not both"),
        (["run", "--sample", "--set", "val_size=nan"], "val_size must be a number, got nan"),
        (
            ["run", "--sample", "--set", "job_timeout_seconds=0"],
            "job_timeout_seconds must be 1 to 604800, got 0",
        ),
        (
            ["run", "--sample", "--set", "job_strategy=CHEAP"],
            "job_strategy must be STANDARD or SPOT, got CHEAP",
        ),
        (["preprocess", "bad.csv", "gs://b/arrays", *FIT], "gs:// needs Cloud Storage mounted"),
        (["preprocess", "bad.csv", "arrays", "--set", "csv=a"], "--set must name a parameter"),
        (["preprocess", "no.csv", "arrays", *FIT], "no.csv"),
        (["preprocess", "bad.csv", "arrays", *FIT], "column Pclass must be there, got "),
        (
            ["preprocess", "utf16.csv", "arrays", *FIT],
            "utf16.csv must be UTF-8 text, got UTF-16; save it as UTF-8: ",
        ),
        (
            ["schema", "infer", "utf16.csv"],
            "utf16.csv must be UTF-8 text, got UTF-16; save it as UTF-8: ",
        ),
        (["preprocess", "bad.csv", "arrays", "--set", "epochs=5"], "--set must name a parameter"),
        (["sample", "out.csv", "--rows", "0"], "--rows must be at least 1, got 0"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_one_line_and_exit_status_2(
    shell: Shell, tmp_path: Path, arguments: list[str], complaint: str
) -> None:
    (tmp_path / "bad.csv").write_text("Survived,Age\n1,22\n0,30\n")
    (tmp_path / "utf16.csv").write_text("Survived,Age\n1,22\n0,30\n", "utf-16")
    result = shell(*arguments)
    assert result.status == 2
    assert result.stdout == ""
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert complaint in line
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "arrays").exists()
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        ("learning_rate=-1", "learning_rate must be positive, got -1"),
        ("hidden_layers=0", "hidden_layers must be positive whole numbers, as in 64,32, got 0"),
        ("val_size=2", "val_size must be above 0 and below 1, got 2"),
        ("val_size=0.6 test_size=0.5", "val_size and test_size must be below 1 together"),
        ("seed=2**70", "seed must be a whole number, got 2**70"),
        (f"seed={2**70}", f"seed must be from 0 to 2**63 - 1, got {2**70}"),
        ("dtype=int", "dtype must be one of float32, float64, got int"),
        ("model=x", "model must be one of auto, ensemble, mlp, got x"),
    ],
)
def test_a_value_is_refused_before_anything_is_written_or_sent(
    shell: Shell, tmp_path: Path, setting: str, complaint: str
) -> None:
    sets = [part for each in setting.split() for part in ("--set", each)]
    cloud = ("gs://b/a.csv", *FIT, "--project", "my-project", "--bucket", "gs://bucket")
    for command in (
        ("run", "--sample"),
        ("cache", "explain", "--sample"),
        ("benchmark", "--sample"),
        ("submit", "--dry-run", *cloud),
        ("schedule", "apply", "n", "--cron", "0 3 * * *", "--dry-run", *cloud),
    ):
        result = shell(*command, *sets)
        assert (result.status, result.stdout) == (2, "")
        assert result.error.startswith(f"error: {complaint}")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("model", ["auto", "ensemble", "mlp"])
def test_what_is_said_beats_the_models_own_values(shell: Shell, model: str) -> None:
    """Also where it is a default of another model."""
    sets = ("--set", f"model={model}", "--set", "epochs=3", "--set", "learning_rate=0.001")
    found = json.loads(shell("run", "--sample", "--json", *sets).stdout)
    metrics = json.loads(Path(found["artifacts"]["run_directory"], "metrics.json").read_text())
    used = metrics["hyperparameters"]
    assert (used["epochs"], used["learning_rate"], used["model"]) == (3, 0.001, model)
    assert metrics["epochs"] == 3


def test_a_run_that_fails_is_one_line_and_exit_status_1(tabpipe: Tabpipe) -> None:
    result = tabpipe("run", "--sample", "--set", "learning_rate=1e30", "--json")
    assert result.returncode == 1
    printed = json.loads(result.stdout)
    assert printed["state"] == "FAILED"
    assert printed["error"].startswith("train failed: ")
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert line.startswith("error: train failed: ")
    assert "train.log ends:" in result.stderr
    assert "  error: the " in result.stderr.partition("train.log ends:")[2]


def test_an_unknown_option_is_exit_status_2(tabpipe: Tabpipe) -> None:
    result = tabpipe("run", "--no-such-option")
    assert result.returncode == 2
    assert "--no-such-option" in result.stderr
