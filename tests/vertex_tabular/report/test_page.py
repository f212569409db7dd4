"""The page's file: what it holds, how large it is, and what is refused."""

import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from trainer import contract
from trainer.errors import InputError, TabularError
from vertex_tabular.features.profile import profile_of
from vertex_tabular.report.job import Job, Step
from vertex_tabular.report.page import complete_report, write_report
from vertex_tabular.report.png import write_plots
from vertex_tabular.run.directory import RunDirectory
from vertex_tabular.tables.table import Table

from .conftest import Made

PLOTS = {
    "binary": ["roc", "precision-recall", "calibration", "probabilities", "rates"],
    "multiclass": ["roc", "precision-recall", "calibration", "probabilities"],
    "regression": ["predicted", "calibration", "residuals"],
}
VOID = {"meta", "link", "input", "br"}


class Checker(HTMLParser):
    """Every element is closed by its own end tag; ids are unique; nothing comes from elsewhere."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.feed(text)
        assert not self.open
        assert len(self.ids) == len(set(self.ids))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("src", "href"):
                assert value and value.startswith(("#", "data:")), value

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_page_is_whole_and_needs_nothing_else(made: Made, tmp_path: Path) -> None:
    steps = [Step("snapshot", (), 0.1), Step("train", ("snapshot",), cached=True)]
    job = Job(
        "run-7", "gs://bucket/table.csv", {"table.csv": "md5:1"}, {"val_size": 0.2}, {}, steps
    )
    write_report(RunDirectory(made.run), str(tmp_path / "report.html"), **made.arrays, job=job)
    text = (tmp_path / "report.html").read_text()
    checker = Checker(text)
    plots = ["loss", "score", *PLOTS[made.task], "importance"]
    assert [i for i in checker.ids if i.startswith("plot-") and i != "plot-confusion"] == [
        f"plot-{name}" for name in plots
    ]
    assert len(text) < 1e6
    assert not re.search(r"\b(nan|inf|None|Undefined)\b", re.sub(r"(?s)<details>.*", "", text))
    for said in ("run-7", "gs://bucket/table.csv", "md5:1", "from the cache", "Gain", "val_size"):
        assert said in text
    assert "<b>east" not in text and "&lt;b&gt;east &amp; west" in text


def test_a_page_is_completed_at_the_end_of_a_run(made: Made, tmp_path: Path) -> None:
    """As it would be, had all been known when it was written; the second time too."""
    steps = [Step("snapshot", (), 0.1), Step("train", ("snapshot",), 2.0)]
    job = Job("run <7>", "table.csv", {"code": "abc"}, {"val_size": 0.2}, {"kfp": "2"}, steps)
    run = RunDirectory(made.run)
    write_report(run, str(tmp_path / "whole.html"), **made.arrays, job=job)
    for before in (Job(source="table.csv"), Job("another run")):
        page = tmp_path / "page.html"
        write_report(run, str(page), **made.arrays, job=before)
        for _ in range(2):
            complete_report(str(page), run, job)
            Checker(page.read_text())
            assert page.read_text() == (tmp_path / "whole.html").read_text()


def test_png_files_without_matplotlib_name_the_extra(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(InputError, match=r"pip install 'vertex-tabular\[png\]'"):
        write_plots(RunDirectory(made.run), str(tmp_path / "plots"))
    assert not (tmp_path / "plots").exists()


def test_it_needs_neither_torch_nor_scikit_learn_nor_matplotlib(
    runs: dict[str, Made], tmp_path: Path
) -> None:
    made = runs["binary"]
    program = (
        "import sys\n"
        "for name in ('torch', 'sklearn', 'scipy', 'matplotlib', 'polars', 'pandas', 'kfp'):\n"
        "    sys.modules[name] = None\n"
        "from vertex_tabular.report.page import write_report\n"
        "from vertex_tabular.run.directory import RunDirectory\n"
        "run = RunDirectory(sys.argv[1])\n"
        "write_report(run, sys.argv[2], train_data=sys.argv[3], val_data=sys.argv[4])\n"
    )
    arrays = [made.arrays["train_data"], made.arrays["val_data"]]
    arguments = [made.run, str(tmp_path / "report.html"), *arrays]
    subprocess.run([sys.executable, "-c", program, *arguments], check=True)


def test_the_same_run_gives_the_same_page(made: Made, tmp_path: Path) -> None:
    pages = [tmp_path / name for name in ("a.html", "b.html")]
    for page in pages:
        write_report(RunDirectory(made.run), str(page), **made.arrays)
    assert pages[0].read_bytes() == pages[1].read_bytes()


def test_a_run_directory_alone_is_enough(made: Made, tmp_path: Path) -> None:
    write_report(RunDirectory(made.run), str(tmp_path / "report.html"))
    text = (tmp_path / "report.html").read_text()
    Checker(text)
    assert "Gain" not in text and "plot-loss" in text and "plot-importance" not in text


def test_a_tables_profile_is_shown(made: Made, tmp_path: Path) -> None:
    numbers = {"size": np.array([1.5, np.nan, 4.0, 2.0])}
    write_report(
        RunDirectory(made.run), str(tmp_path / "r.html"), table=profile_of(Table(4, numbers, {}))
    )
    text = (tmp_path / "r.html").read_text()
    assert "The 4 rows of the table" in text
    row = re.search(r'scope="row"><span>size<.*</tr>', text)
    assert row
    shown = dict(re.findall(r'data-name="([^"]*)">([^<]*)<', row[0]))
    assert shown == {
        "Kind": "number",
        "Distinct": "3",
        "Missing": "25.0\u00a0%",
        "Min": "1.50",
        "25 %": "1.75",
        "Median": "2.00",
        "75 %": "3.00",
        "Max": "4.00",
    }


def test_other_rows_are_refused(made: Made, tmp_path: Path) -> None:
    other = tmp_path / "val_data.npz"
    with np.load(made.arrays["val_data"]) as arrays:
        np.savez(other, X_val=arrays["X_val"][:9], y_val=arrays["y_val"][:9])
    with pytest.raises(InputError, match="val_data must be the rows that the run was validated"):
        write_report(RunDirectory(made.run), str(tmp_path / "report.html"), val_data=str(other))
    with pytest.raises(InputError, match="train_data.npz must be an npz with X_val and y_val, got"):
        write_report(
            RunDirectory(made.run), str(tmp_path / "r.html"), val_data=made.arrays["train_data"]
        )
    assert not (tmp_path / "report.html").exists()


def test_a_damaged_run_is_refused(made: Made, tmp_path: Path) -> None:
    shutil.copytree(made.run, tmp_path / "run")
    (tmp_path / "run" / contract.HISTORY).write_text("epoch\n")
    with pytest.raises(TabularError, match=r"eval_history\.csv must have sha256"):
        write_report(RunDirectory(tmp_path / "run"), str(tmp_path / "report.html"))


def test_validation_rows_of_one_class_have_no_curves(runs: dict[str, Made], tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(runs["binary"].run, run)
    np.savez(
        run / contract.PREDICTIONS,
        y_true=np.zeros(40, np.int64),
        probability=np.linspace(0, 0.4, 40, dtype=np.float32),
    )
    names = json.loads((run / contract.MANIFEST).read_text())["files"]
    contract.write_manifest(run, names)
    write_report(RunDirectory(run), str(tmp_path / "report.html"))
    text = (tmp_path / "report.html").read_text()
    Checker(text)
    assert "plot-roc" not in text and "plot-calibration" in text


def test_png_files(runs: dict[str, Made], tmp_path: Path) -> None:
    from matplotlib.image import imread

    made = runs["binary"]
    names = write_plots(RunDirectory(made.run), str(tmp_path), val_data=made.arrays["val_data"])
    assert {name.removesuffix(".png") for name in names} == {
        *("loss", "score", "importance"),
        *PLOTS["binary"],
    }
    for name in names:
        assert imread(tmp_path / name).shape == (720, 960, 4)
