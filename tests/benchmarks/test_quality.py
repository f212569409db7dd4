"""The benchmark of qualities, on one table and two folds."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import quality

SCHEMA = str(Path(__file__).parents[2] / "examples" / "titanic" / "schema.yaml")
pytestmark = pytest.mark.slow


def test_the_table_has_every_model(
    titanic: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And the chosen ensemble predicts the Titanic better than the notebook's net."""
    out = tmp_path / "out.json"
    models = ["auto", "mlp", "linear", "hist"]
    flags = [f"--csv={titanic}", f"--schema={SCHEMA}", "--folds=2", f"--json={out}"]
    quality.main([*flags, f"--models={','.join(models)}"])
    header, line, ratio, seconds = capsys.readouterr().out.splitlines()
    assert header.split() == models
    assert len(ratio.split()) == len(models) + 1
    found = json.loads(out.read_text())[titanic.stem]
    losses = {name: float(np.mean(found[name]["loss"])) for name in models}
    assert f"{losses['auto']:.5g}" in line
    assert losses["auto"] < losses["mlp"] and losses["auto"] < losses["hist"]
    assert losses["auto"] < 0.46


def test_held_out_targets_reach_no_model(tmp_path: Path) -> None:
    """On a target of pure chance nobody does better than chance."""
    random = np.random.default_rng(0)
    csv = tmp_path / "chance.csv"
    rows = [
        f"{a:.6f},{b:.6f},{c}"
        for a, b, c in zip(*random.normal(size=(2, 300)), random.integers(0, 2, 300), strict=True)
    ]
    csv.write_text("\n".join(["a,b,y", *rows]) + "\n")
    columns = [{"name": name, "kind": "numeric"} for name in "ab"]
    problem = quality.read_problem(str(csv), {"target": "y", "task": "binary", "columns": columns})
    found = quality.measure(problem, ["auto"], seeds=1, folds=2)
    assert np.mean(found["auto"]["loss"]) > 0.68
