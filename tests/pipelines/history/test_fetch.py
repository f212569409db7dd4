"""Copying a run's results to a directory in which somebody else has planted links."""

import json
from pathlib import Path

import pytest

from pipelines.history.fetch import copy_file, fetch
from trainer import contract
from trainer.errors import TabularError, of_system


@pytest.fixture
def source(tmp_path: Path) -> Path:
    directory = tmp_path / "source"
    directory.mkdir()
    for name in ("metrics.json", "model.pt"):
        (directory / name).write_text(name)
    contract.write_manifest(directory, ["metrics.json", "model.pt"])
    return directory


def copied(source: Path, directory: Path) -> list[str]:
    return fetch(str(source), directory, copy_file, lambda line: None)


@pytest.mark.parametrize("name", ["manifest.json", "model.pt", ".model.pt.part"])
def test_a_planted_link_is_replaced_and_not_followed(
    source: Path, tmp_path: Path, name: str
) -> None:
    outside, here = tmp_path / "outside", tmp_path / "here"
    outside.write_text("mine")
    here.mkdir()
    (here / name).symlink_to(outside)
    assert copied(source, here) == ["metrics.json", "model.pt"]
    assert outside.read_text() == "mine"
    for file in source.iterdir():
        assert (here / file.name).read_bytes() == file.read_bytes()
        assert not (here / file.name).is_symlink()


def test_a_link_to_a_file_of_the_right_content_is_no_copy(source: Path, tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    (here / "model.pt").symlink_to(source / "model.pt")
    assert "model.pt" in copied(source, here)
    assert not (here / "model.pt").is_symlink()


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "..", ".", "", "a\\b", "a\0b"])
def test_a_manifest_that_names_other_places_is_refused(
    source: Path, tmp_path: Path, name: str
) -> None:
    files = {name: {"sha256": contract.sha256_of(source / "model.pt"), "size": 8}}
    (source / "manifest.json").write_text(json.dumps({"files": files}))
    with pytest.raises(TabularError, match="must list names of files"):
        copied(source, tmp_path / "here")
    with pytest.raises(TabularError, match="must list names of files"):
        contract.check_manifest(source)
    assert {path.name for path in (tmp_path / "here").iterdir()} == {"manifest.json"}


def test_nothing_else_is_left(source: Path, tmp_path: Path) -> None:
    copied(source, tmp_path / "here")
    left = {path.name for path in (tmp_path / "here").iterdir()}
    assert left == {"manifest.json", "metrics.json", "model.pt"}
    assert copied(source, tmp_path / "here") == []


def test_a_directory_in_the_place_of_a_file_is_one_line(source: Path, tmp_path: Path) -> None:
    (tmp_path / "here" / "model.pt" / "x").mkdir(parents=True)
    with pytest.raises(IsADirectoryError) as caught:
        copied(source, tmp_path / "here")
    told = str(of_system(caught.value))
    assert told.startswith("the system must allow this, got ")
    assert told.endswith(f"{tmp_path / 'here' / 'model.pt'}: Is a directory")
