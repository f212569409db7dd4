"""The page in a browser: nothing fails, everything is drawn, the threshold moves, axe is content.

Needs Debian's `chromium` and `chromium-driver`, and selenium. axe-core (`npm install axe-core`) is
looked for in the node_modules of the working directory and of the directories above it.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trainer import contract
from vertex_tabular.features.drift import Drift
from vertex_tabular.prediction.table import Counts
from vertex_tabular.report.drift import write_drift_report
from vertex_tabular.report.job import Job, Step
from vertex_tabular.report.page import write_report
from vertex_tabular.run.directory import RunDirectory

from .conftest import Made

AXE = "node_modules/axe-core/axe.min.js"
STEPS = [Step("snapshot"), Step("train", ("snapshot",), 12.3), Step("collect", ("train",))]
# By task, the plots that are drawn beside those of training.
PLOTS = {"binary": 6, "multiclass": 5, "regression": 4}
FLAGS = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage"
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Chromium without a window, with a profile of its own."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("chromium and chromium-driver are not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in FLAGS.split():
        options.add_argument(flag)
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('profile')}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(driver)
    browser = webdriver.Chrome(options, service)
    yield browser
    browser.quit()


def show(browser: Any, page: Path, width: int = 1280, scheme: str = "light") -> None:
    """Opens a page in a window of so many pixels, light or dark."""
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(page.as_uri())


@pytest.fixture(scope="module")
def pages(runs: dict[str, Made], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The report of each task's run."""
    directory = tmp_path_factory.mktemp("pages")
    for task, made in runs.items():
        page = str(directory / f"{task}.html")
        write_report(RunDirectory(made.run), page, **made.arrays, job=Job("run-7", steps=STEPS))
    return {task: directory / f"{task}.html" for task in runs}


@pytest.mark.parametrize("task", PLOTS)
def test_every_plot_is_drawn(browser: Any, pages: dict[str, Path], task: str) -> None:
    show(browser, pages[task])
    drawn = browser.execute_script(
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
    assert browser.execute_script("return document.querySelectorAll('svg.graph rect').length") == 3
    assert browser.get_log("browser") == []


def test_the_threshold_moves_by_keyboard(
    browser: Any, pages: dict[str, Path], runs: dict[str, Made]
) -> None:
    from selenium.webdriver.common.keys import Keys

    with np.load(Path(runs["binary"].run) / contract.PREDICTIONS) as arrays:
        y, p = arrays["y_true"], arrays["probability"].astype(np.float64)
    show(browser, pages["binary"])

    def shown() -> list[int]:
        cells = browser.find_elements("css selector", ".matrix tbody td b")
        return [int(cell.text.replace(",", "")) for cell in cells]

    def counted(threshold: float) -> list[int]:
        counts: list[int] = np.bincount(2 * y + (p > threshold), minlength=4).tolist()
        return counts

    assert shown() == counted(0.5)
    dot = browser.find_element("css selector", "#plot-roc circle.threshold")
    before = dot.get_attribute("cx")
    slider = browser.find_element("id", "threshold")
    for _ in range(3):
        slider.send_keys(Keys.ARROW_RIGHT)
    assert browser.find_element("id", "threshold-value").text == "0.53"
    assert shown() == counted(0.53)
    slider.send_keys(Keys.HOME)
    assert shown() == counted(0.0)
    assert browser.find_element("id", "rate-recall").text == "100.0 %"
    assert dot.get_attribute("cx") != before
    slider.send_keys(Keys.END)
    assert shown() == counted(1.0)
    assert browser.find_element("id", "rate-precision").text == "–"
    assert browser.get_log("browser") == []


@pytest.mark.parametrize("task", PLOTS)
def test_a_phone_shows_it_without_scrolling_sideways(
    browser: Any, pages: dict[str, Path], task: str
) -> None:
    show(browser, pages[task], width=390)
    assert browser.execute_script("return document.documentElement.scrollWidth") == 390


def check_by_axe(browser: Any, page: Path) -> None:
    found = [directory / AXE for directory in (Path.cwd(), *Path.cwd().parents)]
    axe = next((path for path in found if path.is_file()), None)
    if axe is None:
        pytest.skip(f"axe-core is not installed: there is no {AXE}")
    for width, scheme in ((390, "dark"), (1280, "light")):
        show(browser, page, width, scheme)
        browser.execute_script(axe.read_text())
        violations = browser.execute_async_script(
            "const done = arguments[0];"
            "axe.run().then(r => done(r.violations.map(v => [v.id, v.nodes.map(n => n.html)])))"
        )
        assert violations == [], json.dumps(violations, indent=1)


@pytest.mark.parametrize("task", PLOTS)
def test_axe_finds_no_violation(browser: Any, pages: dict[str, Path], task: str) -> None:
    check_by_axe(browser, pages[task])


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


def test_the_drift_page(browser: Any, drift_page: Path) -> None:
    show(browser, drift_page, width=390)
    assert browser.execute_script("return document.documentElement.scrollWidth") == 390
    bars = browser.execute_script(
        "return [...document.querySelectorAll('.drift svg path')].map("
        "  e => [e.getBBox().width, e.getBBox().height])"
    )
    assert len(bars) == 4 and all(width > 50 and 0 < height <= 40 for width, height in bars)
    assert "1 of 2 columns has drifted: a rather long name of a column <of text>" in (
        browser.find_element("class name", "lead").text
    )
    opened = browser.execute_script("return document.querySelectorAll('details[open]').length")
    assert opened == 1
    assert browser.get_log("browser") == []


def test_axe_finds_no_violation_in_the_drift_page(browser: Any, drift_page: Path) -> None:
    check_by_axe(browser, drift_page)
