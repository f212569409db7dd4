"""Headless Chromium, and what every page must be in it.

Needs Debian's `chromium` and `chromium-driver`, and selenium. axe-core, which looks for what keeps
people from reading a page, is looked for in build/node_modules (`npm install --prefix build
axe-core`), and in the node_modules of the directories above.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PHONE, DESK, PAPER = 390, 1280, 718  # pixels; the last are A4's, less Chromium's margins
FLAGS = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage"
)
AXE = "node_modules/axe-core/axe.min.js"


class Browser:
    """A browser without a window."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def show(self, page: Path, width: int = DESK, scheme: str = "light", media: str = "") -> None:
        """Opens a page in a window of so many pixels: light or dark, on a screen or on paper."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.cdp("Emulation.setEmulatedMedia", media=media, features=features)
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        self.cdp("Emulation.setDeviceMetricsOverride", **size)
        self.driver.get_log("browser")  # what the page before it said
        self.driver.get(page.as_uri())

    def cdp(self, command: str, **arguments: Any) -> Any:
        """Sends a command of the DevTools protocol."""
        return self.driver.execute_cdp_cmd(command, arguments)

    def run(self, script: str, *arguments: Any) -> Any:
        """What the body of a function in the page returns."""
        return self.driver.execute_script(script, *arguments)

    def check(self, width: int) -> None:
        """The shown page has no error, nothing of it is beyond its right edge but what scrolls and
        says so, and no text of a chart is cut; also when all that is folded is open."""
        for _ in range(2):
            assert self.driver.get_log("browser") == []
            assert self.run("return document.documentElement.scrollWidth") <= width
            assert self.run(BEYOND, width) == []
            assert self.run(SILENT) == []
            assert self.run(CUT) == []
            self.run("document.querySelectorAll('details').forEach(each => { each.open = true; })")

    def check_by_axe(self) -> None:
        """axe-core finds nothing in the shown page; skips where it is not installed."""
        tops = (Path.cwd() / "build", Path.cwd(), *Path.cwd().parents)
        axe = next((top / AXE for top in tops if (top / AXE).is_file()), None)
        if axe is None:
            pytest.skip("axe-core is not installed: npm install --prefix build axe-core")
        self.run(axe.read_text())
        violations = self.driver.execute_async_script(
            "const done = arguments[0];"
            "axe.run().then(r => done(r.violations.map(v => [v.id, v.nodes.map(n => n.html)])))"
        )
        assert violations == [], json.dumps(violations, indent=1)


# Elements beyond the right edge, and not in a box that scrolls.
BEYOND = """
return [...document.querySelectorAll('body *')]
  .filter(e => !e.closest('.scroll, svg, .unseen, .skip')
    && e.getBoundingClientRect().right > arguments[0] + 1)
  .map(e => e.outerHTML.slice(0, 200))"""
# Boxes that scroll and do not say so.
SILENT = """
return [...document.querySelectorAll('.scroll')]
  .filter(e => e.scrollWidth > e.clientWidth + 1
    && getComputedStyle(e).overflowX !== 'visible'
    && !(getComputedStyle(e, '::before').content.includes('Scroll') && e.tabIndex === 0))
  .map(e => e.outerHTML.slice(0, 200))"""
# Texts of charts that reach out of them.
CUT = """
return [...document.querySelectorAll('svg.plot text')].filter(text => {
  const [box, all] = [text, text.closest('svg')].map(e => e.getBoundingClientRect());
  return box.width && (box.left < all.left - 2 || box.right > all.right + 2);
}).map(text => text.textContent)"""


@contextmanager
def opened(profile: Path) -> Iterator[Browser]:
    """A browser with a profile of its own; skips where it cannot be had."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("apt-get install chromium chromium-driver: one is not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in FLAGS.split():
        options.add_argument(flag)
    options.add_argument(f"--user-data-dir={profile}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    started = webdriver.Chrome(options, webdriver.ChromeService(driver))
    try:
        yield Browser(started)
    finally:
        started.quit()
