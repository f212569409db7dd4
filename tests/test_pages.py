"""Every page of five kinds of table in a browser: on a phone and a desk, light and dark, on paper.

python -m pytest -m browser
"""

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.history.comparison import compare
from pipelines.history.comparison_page import write_page
from pipelines.history.fetch import copy_file
from pipelines.record import Record
from tests.browser import DESK, PAPER, PHONE, Browser
from trainer import contract
from trainer.__main__ import main
from vertex_tabular.prediction.model import load_model
from vertex_tabular.prediction.table import evaluate_file
from vertex_tabular.preprocessing.prepare import prepare
from vertex_tabular.report import results
from vertex_tabular.report.evaluation import write_evaluation
from vertex_tabular.report.job import Job, Step
from vertex_tabular.report.page import complete_report
from vertex_tabular.report.prediction import predict_and_report
from vertex_tabular.report.recorded import write_report_of
from vertex_tabular.run.directory import RunDirectory

pytestmark = pytest.mark.browser

LONG = (
    "_the_mean_temperature_of_the_outer_housing_of_the_pump_in_the_north_hall_measured_each_minute"
)
PAGES = ("report", "profile", "evaluation", "drift", "comparison")
Columns = dict[str, list[Any]]


@dataclass(frozen=True)
class Kind:
    """A kind of table: its columns with the target last, and which of them are categories."""

    task: str
    columns: Columns
    categories: tuple[str, ...] = ()


def two_classes(random: np.random.Generator) -> Kind:
    """With gaps, a leak, an identifier, a copy and a constant."""
    n = 400
    x = random.normal(size=n)
    y = x + random.normal(size=n) > 0
    columns = {
        "x": x.round(3).tolist(),
        "copy": x.round(3).tolist(),
        "city": random.choice(["Oslo", "Łódź", "東京", "a <b> & c"], n).tolist(),
        "id": random.permutation(n).tolist(),
        "leak": (y * 5 + random.uniform(0, 1, n)).tolist(),
        "one": [1] * n,
        "gaps": np.where(random.random(n) < 0.7, "", "5").tolist(),
        "y": np.where(y, "yes", "no").tolist(),
    }
    return Kind("binary", columns, ("city",))


def thirty_classes(random: np.random.Generator) -> Kind:
    n = 2400
    x = random.normal(size=(n, 2))
    classes = [f"species number {k:02} of a long list" for k in range(30)]
    edges = np.quantile(x[:, 0], np.arange(1, 30) / 30)
    y = [classes[k] for k in np.digitize(x[:, 0], edges)]
    return Kind("multiclass", {"a": x[:, 0].tolist(), "b": x[:, 1].tolist(), "y": y})


def numbers(random: np.random.Generator) -> Kind:
    """Of large numbers, where a few rows of one level have most of the error."""
    n = 500
    size = random.uniform(20, 200, n)
    city = random.choice(["north", "south", "west"], n).astype(object)
    price = 1e5 + 2e3 * size + random.normal(0, 2e4, n)
    city[:15], price[:15] = "odd", 9e7
    columns = {"size": size.tolist(), "city": city.tolist(), "price": price.round(0).tolist()}
    return Kind("regression", columns, ("city",))


def long_names(random: np.random.Generator) -> Kind:
    """100 columns, each with a name of 100 letters; so has the target, and so have the levels."""
    n = 400
    names = [f"sensor_{number:03}{LONG}"[:100].ljust(100, "z") for number in range(99)]
    columns: Columns = {name: random.normal(size=n).round(4).tolist() for name in names}
    levels = [f"{'level ' * 14}{k:02}{'end' * 4}"[:100] for k in range(12)]
    columns[names[7]] = random.choice(levels, n).tolist()
    first = np.array(columns[names[0]])
    columns["target" + LONG + "x"] = np.where(first > 0, "u" * 100, "v" * 100).tolist()
    return Kind("binary", columns, (names[7],))


def one_row_a_level(random: np.random.Generator) -> Kind:
    n = 300
    columns = {
        "street": [f"street {number}" for number in range(n)],
        "x": random.normal(size=n).tolist(),
        "price": random.lognormal(9, 2, n).tolist(),
    }
    return Kind("regression", columns, ("street",))


TABLES: dict[str, Callable[[np.random.Generator], Kind]] = {
    table.__name__: table
    for table in (two_classes, thirty_classes, numbers, long_names, one_row_a_level)
}


def write_table(columns: Columns, path: Path) -> str:
    rows = zip(*columns.values(), strict=True)
    lines = [",".join(columns), *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def make_pages(kind: Kind, directory: Path) -> None:
    """Each page of a run on this table, and of another run."""
    table = write_table(kind.columns, directory / "table of mine.csv")
    *features, target = kind.columns
    columns = [
        {"name": name, "kind": "categorical", "min_frequency": 1}
        if name in kind.categories
        else {"name": name, "kind": "numeric"}
        for name in features
    ]
    schema = {"target": target, "task": kind.task, "columns": columns}
    prepare(table, schema, str(directory), origin={"source": table, "fingerprint": "sha256:1"})
    flags = [f"--{name}={directory / f'{name}_data.npz'}" for name in ("train", "val")]
    for name, epochs in (("run", 25), ("other", 3)):
        assert main([*flags, f"--model_out={directory / name}", f"--epochs={epochs}"]) == 0
    run, report = RunDirectory(directory / "run"), str(directory / "report.html")
    write_report_of(run, report)
    steps = [Step("snapshot", (), 0.1), Step("train", ("snapshot",), 2.0)]
    links = {"Profile": "profile.html"}
    complete_report(
        report, run, Job("20270131-1a2b3c", table, {}, {"schema": schema}, {}, steps, links)
    )
    model = load_model(str(directory / "run"))
    evaluation = evaluate_file(model, table, features_too=True)
    write_evaluation(run, evaluation, str(directory / "evaluation.html"), "run", table, seen=True)
    shifted = {
        name: [value + 2 if isinstance(value, float) else value for value in values]
        for name, values in kind.columns.items()
    }
    predict_and_report(
        str(directory / "run"),
        write_table(shifted, directory / "shifted.csv"),
        predictions=str(directory / "predictions.csv"),
        report=str(directory / "drift.html"),
        metrics=str(directory / "drift.json"),
    )
    now = datetime.datetime.now(datetime.timezone.utc)
    sha256 = contract.sha256_of(directory / "val_data.npz")
    records = [
        Record(
            run_id,
            "local",
            "SUCCEEDED",
            now,
            artifacts={"run_directory": str(directory / name), "report": report},
            metrics=results.load(str(directory / name), "").metrics,
            val_sha256=sha256,
        )
        for run_id, name in (("20270131-030000-1a2b3c", "run"), ("20270131-040000-4d5e6f", "other"))
    ]
    write_page(compare(records, lambda record: copy_file), directory / "comparison.html")


@pytest.fixture(scope="module", params=TABLES)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a table's pages."""
    directory = tmp_path_factory.mktemp(request.param)
    make_pages(TABLES[request.param](np.random.default_rng(7)), directory)
    return directory


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_a_page_is_whole(browser: Browser, made: Path, page: str, width: int, scheme: str) -> None:
    browser.show(made / f"{page}.html", width, scheme)
    browser.check(width)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(("width", "scheme"), [(PHONE, "dark"), (DESK, "light")])
def test_axe_finds_nothing(
    browser: Browser, made: Path, page: str, width: int, scheme: str
) -> None:
    browser.show(made / f"{page}.html", width, scheme)
    browser.check_by_axe()


# Pairs of figures and tables, of which one lies on the other.
OVERLAPPING = """
const parts = [...document.querySelectorAll('table, svg.plot, h2, h3')].filter(
  e => !e.closest('details:not([open])') && e.getBoundingClientRect().width);
const found = [];
parts.forEach((a, i) => parts.slice(i + 1).forEach(b => {
  const [p, q] = [a, b].map(e => e.getBoundingClientRect());
  if (!a.contains(b) && Math.min(p.right, q.right) - Math.max(p.left, q.left) > 2
      && Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top) > 2)
    found.push([a, b].map(e => e.outerHTML.slice(0, 100)));
}));
return found"""


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_whole_on_paper(browser: Browser, made: Path, page: str) -> None:
    """Nothing is beyond the edge, and nothing lies on anything else; nothing can be scrolled."""
    browser.show(made / f"{page}.html", PAPER, media="print")
    beyond = browser.run(
        "return [...document.querySelectorAll('main *')].filter("
        "  e => !e.closest('svg, .unseen') && e.getBoundingClientRect().right > arguments[0] + 1"
        ").map(e => e.outerHTML.slice(0, 200))",
        PAPER,
    )
    assert beyond == []
    assert browser.run(OVERLAPPING) == []
    assert browser.driver.get_log("browser") == []


def test_links_between_the_pages_work(browser: Browser, made: Path) -> None:
    browser.show(made / "report.html")
    browser.driver.find_element("link text", "Profile").click()
    assert browser.driver.current_url == (made / "profile.html").as_uri()
    browser.show(made / "comparison.html")
    browser.driver.find_element("link text", "20270131-030000-1a2b3c").click()
    assert browser.driver.current_url == (made / "report.html").as_uri()
