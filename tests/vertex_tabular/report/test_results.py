"""What a finished run says to the Console, beside scikit-learn's."""

import subprocess
import sys
from pathlib import Path

import numpy as np
from sklearn import metrics

from tests.trainer.conftest import write_data
from trainer.__main__ import main
from trainer.tasks.metrics import confusion_matrix
from vertex_tabular.report import results

random = np.random.default_rng(0)


def test_a_roc_curve_is_finite_and_of_few_points_of_the_whole() -> None:
    y = random.integers(0, 2, 5_000)
    p = ((random.random(5_000) + y) / 2).astype(np.float32)
    curve = results.roc_curve(y, p)
    assert curve
    assert 100 < len(curve[0]) <= 200 and curve[2][0] == 1.0
    fpr, tpr, thresholds = metrics.roc_curve(y, p, drop_intermediate=False)
    whole = set(zip(fpr, tpr, np.minimum(thresholds, 1.0), strict=True))
    assert set(zip(*curve, strict=True)) <= whole
    assert results.roc_curve(np.ones(9), p[:9]) is None


def test_confusion_is_counted_for_classes_without_rows_too() -> None:
    y, predicted = random.integers(0, 3, 200), random.integers(1, 4, 200)
    expected = metrics.confusion_matrix(y, predicted, labels=range(5)).tolist()
    assert confusion_matrix(y, np.eye(5)[predicted]).tolist() == expected


def test_it_needs_neither_torch_nor_scikit_learn(tmp_path: Path) -> None:
    """Either takes longer to import than all that the last step does."""
    assert main([*write_data(tmp_path), "--epochs=1", f"--model_out={tmp_path / 'run'}"]) == 0
    program = (
        "import sys\n"
        "for name in ('torch', 'sklearn', 'scipy', 'matplotlib'):\n"
        "    sys.modules[name] = None\n"
        "from vertex_tabular.report.results import load\n"
        "run = load(sys.argv[1], 'none')\n"
        "assert run.roc and run.confusion\n"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "run")], check=True)
