"""What is shipped: the wheel and the sdist hold the packages with their data, and no more."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NEEDED = {
    "trainer/__main__.py",
    "components/train.py",
    "pipelines/cli/app.py",
    "pipelines/project/sample.yaml",
    "pipelines/prices/machines.toml",
    "pipelines/prices/prices.toml",
    "pipelines/lint/pins.py",
    "vertex_tabular/pages/page.css",
    "vertex_tabular/pages/page.js",
    "vertex_tabular/report/templates/plot.svg.j2",
    "vertex_tabular/report/templates/threshold.js",
    "vertex_tabular/report/templates/sections/metrics.html.j2",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The distribution's two files, by kind."""
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return {"wheel": next(out.glob("*.whl")), "sdist": next(out.glob("*.tar.gz"))}


def test_the_wheel_holds_the_packages_only(built: dict[str, Path]) -> None:
    names = set(zipfile.ZipFile(built["wheel"]).namelist())
    assert names >= NEEDED
    tops = {name.split("/")[0] for name in names}
    assert tops == {
        "trainer",
        "vertex_tabular",
        "components",
        "pipelines",
        "vertex_tabular-0.1.0.dist-info",
    }


def test_the_sdist_leaves_out_tests_and_benchmarks(built: dict[str, Path]) -> None:
    with tarfile.open(built["sdist"]) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames()}
    assert names >= NEEDED | {"compile.py", "pyproject.toml", "README.md"}
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/", "runs/"))]


def test_numpy_is_the_only_base_dependency(built: dict[str, Path]) -> None:
    with zipfile.ZipFile(built["wheel"]) as archive:
        metadata = archive.read("vertex_tabular-0.1.0.dist-info/METADATA").decode()
    needs = [line for line in metadata.splitlines() if line.startswith("Requires-Dist:")]
    assert [need for need in needs if "extra ==" not in need] == ["Requires-Dist: numpy>=1.26"]
