"""The wheel that package mode uploads."""

import io
import os
import subprocess
import sys
import venv
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from pipelines.vertex import packages
from tests.trainer.conftest import write_data


def test_the_same_modules_give_the_same_bytes() -> None:
    assert packages.build_wheel() == packages.build_wheel()


def test_it_holds_the_packages_with_their_data_and_no_caches() -> None:
    name, content = packages.build_wheel()
    with zipfile.ZipFile(io.BytesIO(content)) as wheel:
        names = wheel.namelist()
        information = name.removesuffix("-py3-none-any.whl") + ".dist-info"
        metadata = wheel.read(f"{information}/METADATA").decode()
        record = wheel.read(f"{information}/RECORD").decode()
    assert {"trainer/__main__.py", "components/train.py", "pipelines/project/sample.yaml"} <= set(
        names
    )
    assert not [each for each in names if "__pycache__" in each]
    assert "Name: vertex-tabular" in metadata and "Provides-Extra: pipeline" in metadata
    assert sorted(line.split(",")[0] for line in record.splitlines()) == sorted(names)


def test_its_place_is_named_for_its_content() -> None:
    one = packages.wheel_uri("gs://bucket/tabular/", "a.whl", b"1")
    assert one.startswith("gs://bucket/tabular/packages/") and one.endswith("/a.whl")
    assert one != packages.wheel_uri("gs://bucket/tabular", "a.whl", b"2")


@pytest.mark.slow
def test_installed_in_an_empty_environment_it_trains_to_the_same_bytes(tmp_path: Path) -> None:
    """As in Google's PyTorch container: torch and numpy are there, and nothing of ours."""
    name, content = packages.build_wheel()
    (tmp_path / name).write_bytes(content)
    venv.create(tmp_path / "env")
    python = str(tmp_path / "env" / "bin" / "python")
    pip = [sys.executable, "-m", "pip", "--python", python, "--isolated", "--no-cache-dir"]
    install = [*pip, "install", "--quiet", "--no-index", "--no-deps", str(tmp_path / name)]
    subprocess.run(install, check=True, cwd=tmp_path)
    (own,) = (tmp_path / "env" / "lib").glob("python*/site-packages")
    torch = find_spec("torch")
    assert torch and torch.origin
    # Packages of this environment; its own `.pth` files, which name the checkout, are not read.
    (own / "stock.pth").write_text(f"{Path(torch.origin).parents[1]}\n")

    flags = [*write_data(tmp_path), "--epochs=3", "--threads=1"]
    environment = {"PATH": os.environ["PATH"]}
    where = subprocess.check_output(
        [python, "-c", "import trainer; print(trainer.__path__[0])"],
        cwd=tmp_path,
        env=environment,
        text=True,
    )
    assert Path(where.strip()).is_relative_to(own)
    for interpreter, directory in ((python, "stock"), (sys.executable, "ours")):
        run = [interpreter, "-m", "trainer", *flags, f"--model_out={tmp_path / directory}"]
        subprocess.run(run, check=True, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL)
    models = [(tmp_path / each / "model.pt").read_bytes() for each in ("stock", "ours")]
    assert models[0] == models[1]
