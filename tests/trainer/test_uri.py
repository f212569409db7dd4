"""What a URI may lead to, and files that are written beside others."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer import contract
from trainer.errors import InputError
from trainer.uri import Uri

PARTS = st.lists(st.sampled_from(["..", ".", "a", "", "b.csv", "...", "..x"]), max_size=5)


@pytest.fixture(scope="module")
def mounted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        directory = tmp_path_factory.mktemp("gcs")
        patch.setenv("TABPIPE_GCS", str(directory))
        yield directory


@given(parts=PARTS)
def test_no_uri_leaves_its_bucket(mounted: Path, parts: list[str]) -> None:
    uri = "gs://" + "/".join(parts)
    try:
        path = Uri(uri).path
    except InputError as error:
        assert uri in str(error)
        assert {".", ".."} & set(parts) or not parts or not parts[0] or not parts[1]
    else:
        assert Path(os.path.normpath(path)).is_relative_to(mounted / parts[0])


@pytest.mark.parametrize(
    "uri", ["gs://../etc/passwd", "gs://../..", "gs://b/../../x", "gs:///x", "gs://b//etc/x"]
)
def test_what_would_is_refused(mounted: Path, uri: str) -> None:
    with pytest.raises(InputError, match="must name a file of a bucket"):
        _ = Uri(uri).path


def test_a_planted_link_is_not_followed(tmp_path: Path) -> None:
    """Under each name that the temporary file of this process had, or the file itself has."""
    outside = tmp_path / "outside"
    outside.write_text("mine")
    directory = tmp_path / "run"
    directory.mkdir()
    for name in (f".model.pt.{os.getpid()}.tmp", "model.pt"):
        (directory / name).symlink_to(outside)
    with contract.atomic_write(directory / "model.pt") as file:
        file.write(b"new")
    assert outside.read_text() == "mine"
    assert (directory / "model.pt").read_bytes() == b"new"
    assert not (directory / "model.pt").is_symlink()
    assert (directory / "model.pt").stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
