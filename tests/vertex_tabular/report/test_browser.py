"""Reports in a browser: everything is drawn, the threshold moves, links work in a viewer's iframe.

Every page of every kind of table is in `tests/test_pages.py`.
"""

from pathlib import Path

import numpy as np
import pytest

from tests.browser import DESK, PHONE, Browser
from trainer import contract
from vertex_tabular.features.drift import Drift
from vertex_tabular.prediction.table import Counts
from vertex_tabular.report.drift import write_drift_report
from vertex_tabular.report.job import Job, Step
from vertex_tabular.report.page import write_report
from vertex_tabular.run.directory import RunDirectory

from .conftest import Made

STEPS = [Step("snapshot"), Step("train", ("snapshot",), 12.3), Step("collect", ("train",))]
# By task, the plots that are drawn beside those of training.
PLOTS = {"binary": 6, "multiclass": 5, "regression": 4}


@pytest.fixture(scope="module")
def pages(runs: dict[str, Made], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The report of each task's run."""
    directory = tmp_path_factory.mktemp("pages")
    for task, made in runs.items():
        page = str(directory / f"{task}.html")
        write_report(RunDirectory(made.run), page, **made.arrays, job=Job("run-7", steps=STEPS))
    return {task: directory / f"{task}.html" for task in runs}


@pytest.mark.parametrize("task", PLOTS)
def test_every_plot_is_drawn(browser: Browser, pages: dict[str, Path], task: str) -> None:
    browser.show(pages[task])
    drawn = browser.run(
        "return [...document.querySelectorAll('svg.plot')].map(plot => ["
        "  plot.parentNode.id,"
        "  plot.getBoundingClientRect().height,"
        "  [...plot.querySelectorAll('.line,.steps,.dot,.bar')].every(mark => {"
        "    const [box, all] = [mark, plot].map(e => e.getBoundingClientRect());"
        "    return box.width + box.height > 0 && box.left >= all.left - 1 &&"
        "      box.right <= all.right + 1 && box.top >= all.top - 1 &&"
        "      box.bottom <= all.bottom + 1;"
        "  }),"
        "  plot.querySelectorAll('.line,.steps,.dot,.bar').length])"
    )
    assert len(drawn) == 2 + PLOTS[task]
    for name, height, inside, marks in drawn:
        assert height > 100 and inside and marks, name
    assert browser.run("return document.querySelectorAll('svg.graph rect').length") == 3
    assert browser.driver.get_log("browser") == []


def test_the_threshold_moves_by_keyboard(
    browser: Browser, pages: dict[str, Path], runs: dict[str, Made]
) -> None:
    from selenium.webdriver.common.keys import Keys

    with np.load(Path(runs["binary"].run) / contract.PREDICTIONS) as arrays:
        y, p = arrays["y_true"], arrays["probability"].astype(np.float64)
    browser.show(pages["binary"])

    def shown() -> list[int]:
        cells = browser.driver.find_elements("css selector", ".matrix tbody td b")
        return [int(cell.text.replace(",", "")) for cell in cells]

    def counted(threshold: float) -> list[int]:
        counts: list[int] = np.bincount(2 * y + (p > threshold), minlength=4).tolist()
        return counts

    assert shown() == counted(0.5)
    dot = browser.driver.find_element("css selector", "#plot-roc circle.threshold")
    before = dot.get_attribute("cx")
    slider = browser.driver.find_element("id", "threshold")
    for _ in range(3):
        slider.send_keys(Keys.ARROW_RIGHT)
    assert browser.driver.find_element("id", "threshold-value").text == "0.53"
    assert shown() == counted(0.53)
    slider.send_keys(Keys.HOME)
    assert shown() == counted(0.0)
    assert browser.driver.find_element("id", "rate-recall").text == "100.0 %"
    assert dot.get_attribute("cx") != before
    slider.send_keys(Keys.END)
    assert shown() == counted(1.0)
    assert browser.driver.find_element("id", "rate-precision").text == "–"
    assert browser.driver.get_log("browser") == []


def test_a_phone_and_a_dark_desk_show_it_whole(browser: Browser, pages: dict[str, Path]) -> None:
    for width, scheme in ((PHONE, "light"), (DESK, "dark")):
        browser.show(pages["multiclass"], width, scheme)
        browser.check_by_axe()
        browser.check(width)


# As Kubeflow's viewer does (sandbox="allow-scripts"), and as Google's Console may.
@pytest.mark.parametrize("sandbox", ["allow-scripts", "allow-scripts allow-same-origin"])
def test_section_links_work_in_a_viewers_iframe(
    browser: Browser, pages: dict[str, Path], tmp_path: Path, sandbox: str
) -> None:
    from html import escape

    text = (
        pages["binary"]
        .read_text()
        .replace(
            '<div class="top">', '<div class="top"><nav class="pages"><a href="p.html">P</a></nav>'
        )
    )
    viewer = tmp_path / "viewer.html"
    viewer.write_text(
        f'<body><iframe sandbox="{sandbox}" width="900" height="600" srcdoc="{escape(text)}">'
    )
    browser.show(viewer)
    browser.driver.switch_to.frame(0)
    links = browser.driver.find_elements("css selector", 'nav[aria-label="Sections"] a')
    assert len(links) == 7
    for link in links:
        link.click()
        name = browser.run("return arguments[0].hash.slice(1)", link)
        seen = browser.run(
            "const box = document.getElementById(arguments[0])?.getBoundingClientRect();"
            "return box && box.top < innerHeight && box.bottom > 0",
            name,
        )
        assert seen, f"a click on #{name} lost the page"
        assert browser.run("return document.activeElement.id") == f"h-{name}"
        browser.run("scrollTo(0, 0)")
    assert browser.driver.find_elements("css selector", "nav.pages") == []
    browser.driver.switch_to.default_content()
    assert browser.driver.current_url == viewer.as_uri()


@pytest.fixture(scope="module")
def drift_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a column that has drifted, and of one that has not; names are escaped."""
    page = tmp_path_factory.mktemp("drift") / "drift.html"
    labels = ["a & <b>", "c", "(other)", "(missing)"]
    trained, new = [0.6, 0.3, 0.0, 0.1], [0.1, 0.3, 0.6, 0.0]
    found = [
        Drift("a rather long name of a column <of text>", labels, trained, new, 2.3, 0.01),
        Drift("size", [*"abcdefghijk"], [1 / 11] * 11, [1 / 11] * 11, 0.0, 0.01),
    ]
    write_drift_report(str(page), "price <€>", Counts(rows=1000), found, "new.csv")
    return page


def test_the_drift_page(browser: Browser, drift_page: Path) -> None:
    browser.show(drift_page, PHONE)
    bars = browser.run(
        "return [...document.querySelectorAll('.drift svg path')].map("
        "  e => [e.getBBox().width, e.getBBox().height])"
    )
    assert len(bars) == 4 and all(width > 50 and 0 < height <= 40 for width, height in bars)
    assert "1 of 2 columns has drifted: a rather long name of a column <of text>" in (
        browser.driver.find_element("class name", "lead").text
    )
    rows = browser.driver.find_elements("css selector", ".drift tbody tr")
    assert ["drifted" in row.text for row in rows] == [True, False]
    browser.check_by_axe()
    browser.check(PHONE)
