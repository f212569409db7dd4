"""The report of a labelled table: a run's own plots, of other rows."""

import re
import shutil
from pathlib import Path

import pandas as pd

from vertex_tabular.prediction.model import load_model
from vertex_tabular.prediction.table import evaluate_file
from vertex_tabular.report.evaluation import write_evaluation
from vertex_tabular.report.links import links_to_report
from vertex_tabular.run.record import Run

from .conftest import ROWS, Made
from .test_browser import PLOTS


def written(made: Made, table: Path, out: Path) -> str:
    model = load_model(made.run)
    evaluation = evaluate_file(model, str(table), features_too=True)
    write_evaluation(model.run, evaluation, str(out), name="run-7", source="<i>new</i>.csv")
    return out.read_text()


def test_it_has_the_plots_of_its_task_but_not_those_of_training(made: Made, tmp_path: Path) -> None:
    page = written(made, made.directory / "table.csv", tmp_path / "page.html")
    assert f"{ROWS} labelled rows" in page and "95\u00a0% interval" in page
    plots = re.findall('<figure id="plot-([^"]*)"', page)
    assert len(plots) == PLOTS[made.task] and "importance" in plots and "loss" not in plots
    assert "&lt;b&gt;east &amp; west&lt;/b&gt;" in page and "<b>east" not in page
    assert "&lt;i&gt;new" in page and "<i>new" not in page
    assert not re.findall(r"""href=["']?http|src=|url\(|@import|<link rel="style""", page)
    if made.task != "regression":  # errors by group, of all rows
        assert page.count('<tr class="group">') == 3


def test_rows_of_one_class_have_no_ranking(runs: dict[str, Made], tmp_path: Path) -> None:
    made = runs["binary"]
    table = pd.read_csv(made.directory / "table.csv")
    table[table["target"] == "yes"].to_csv(tmp_path / "yes.csv", index=False)
    page = written(made, tmp_path / "yes.csv", tmp_path / "page.html")
    assert 'id="plot-roc"' not in page and 'id="plot-confusion"' in page
    assert re.search(r'ROC AUC.*?<span class="value">–</span>', page)


def test_the_table_of_the_training_is_known(runs: dict[str, Made], tmp_path: Path) -> None:
    made = runs["binary"]
    model = load_model(made.run)
    evaluation = evaluate_file(model, str(made.directory / "table.csv"), features_too=True)
    said = "This is the table that the model was trained on"
    for seen in (False, True):
        out = str(tmp_path / "page.html")
        write_evaluation(model.run, evaluation, out, name="run-7", source="t.csv", seen=seen)
        assert (said in Path(out).read_text()) == seen


def test_it_links_to_the_report_of_the_run(runs: dict[str, Made], tmp_path: Path) -> None:
    (tmp_path / "run" / "collect").mkdir(parents=True)
    directory, report = tmp_path / "run" / "train", tmp_path / "run" / "collect" / "report.html"
    shutil.copytree(runs["binary"].run, directory)
    record = Run("run", artifacts={"report": str(report)})
    record.save(tmp_path / "run")
    assert links_to_report(directory, str(tmp_path / "page.html")) == {}
    report.write_text("")
    links = links_to_report(directory, str(tmp_path / "page.html"))
    assert links == {"Report": "run/collect/report.html"}
    assert links_to_report(runs["binary"].run, "page.html") == {}
