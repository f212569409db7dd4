"""The public API: its names, what its import costs, and a way through all of it."""

import importlib.metadata
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import vertex_tabular
from trainer.__main__ import main


def test_the_import_loads_nothing_large() -> None:
    program = (
        "import sys\n"
        "import vertex_tabular\n"
        "for name in ('torch', 'kfp', 'numpy', 'pandas', 'pyarrow', 'yaml'):\n"
        "    assert name not in sys.modules, name\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_reference_documents_just_these_names() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference.md").read_text()
    assert re.findall(r"^### `vertex_tabular\.(\w+)`$", page, re.MULTILINE) == [
        *vertex_tabular.__all__
    ]


def test_each_name_is_there_and_documented() -> None:
    assert vertex_tabular.__all__ == sorted(vertex_tabular.__all__)
    for name in vertex_tabular.__all__:
        assert inspect.getdoc(getattr(vertex_tabular, name)), name
    assert set(vertex_tabular.__all__) <= set(dir(vertex_tabular))
    assert vertex_tabular.__version__ == importlib.metadata.version("vertex-tabular")
    assert (Path(vertex_tabular.__file__).parent / "py.typed").is_file()
    with pytest.raises(AttributeError, match="no attribute 'absent'"):
        _ = vertex_tabular.absent  # type: ignore[attr-defined]


def test_no_module_hides_a_name() -> None:
    """A submodule that is imported becomes an attribute of the package."""
    folder = Path(vertex_tabular.__file__).parent
    modules = {path.stem for path in folder.iterdir() if path.suffix in ("", ".py")}
    assert not modules.intersection(vertex_tabular.__all__)


def test_a_table_becomes_a_model(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    frame = pd.DataFrame({"size": range(60), "town": ["Bonn", "Oslo", "Rome"] * 20})
    frame["big"] = ["no", "yes"] * 10 + ["yes"] * 20 + ["no"] * 20
    frame.to_csv(table, index=False)
    schema = vertex_tabular.infer_schema(table, target="big")
    assert [column["name"] for column in schema["columns"]] == ["size", "town"]
    vertex_tabular.prepare(str(table), schema, str(tmp_path))
    arrays = [f"--{part}={tmp_path / f'{part}_data.npz'}" for part in ("train", "val")]
    assert main([*arrays, "--epochs=2", f"--model_out={tmp_path / 'run'}"]) == 0
    model = vertex_tabular.load_model(tmp_path / "run")
    assert isinstance(model, vertex_tabular.Model)
    assert set(model.predict(frame)) <= {"no", "yes"}
    metrics = vertex_tabular.evaluate(tmp_path / "run", table)
    assert 0 <= metrics["accuracy"] <= 1 and metrics.keys() >= {"auc", "calibration_error"}
