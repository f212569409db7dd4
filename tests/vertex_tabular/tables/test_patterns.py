"""One rule for patterns: what `matches` says of a name is what the disk has for the pattern."""

import glob
import os
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from vertex_tabular.tables.sources import matches, parts_of

NAMES = st.lists(st.sampled_from(["a", "ab", "b.csv", ".a", "[a]"]), min_size=1, max_size=4)
PARTS = st.sampled_from(["*", "**", "a", "a*", "?", "*.csv", ".*", "[ab]", "a**", "[!b]*", "[[]a]"])
PATTERNS = st.lists(PARTS, min_size=1, max_size=4)


@settings(max_examples=200)
@given(st.lists(NAMES, min_size=1, max_size=6), PATTERNS)
def test_the_cloud_and_the_disk_agree(names: list[list[str]], pattern: list[str]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        for name in names:
            path = Path(directory, *name)
            if not path.exists() and all(not p.is_file() for p in path.parents):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
        files = {
            os.path.relpath(path, directory)
            for where, _, inner in os.walk(directory)
            for path in (os.path.join(where, each) for each in inner)
        }
        found = glob.glob("/".join([glob.escape(directory), *pattern]), recursive=True)
        on_disk = {os.path.relpath(path, directory) for path in found if os.path.isfile(path)}
    assert {name for name in files if matches(name, "/".join(pattern))} == on_disk


def test_a_directory_is_all_the_tables_below_it(tmp_path: Path) -> None:
    for name in ("2024/part.csv", "2025/part.csv", "top.parquet", ".git/x.csv", "2025/notes.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "2025" / "again").symlink_to(tmp_path)  # a circle, if it were followed
    found = [str(part.relative_to(tmp_path)) for part in parts_of(str(tmp_path))]
    assert found == ["2024/part.csv", "2025/part.csv", "top.parquet"]
