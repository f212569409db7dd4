"""What the cache gives is what was put in, whatever has become of its files."""

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kfp import dsl

from pipelines.local.cache.results import Cache, Damaged
from pipelines.local.digests import digests_of
from pipelines.local.step import write_record
from trainer.contract import write_manifest

KEY = "0" * 64


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    """A directory with a run whose only step has written a file and a directory with a manifest;
    its result is in the cache."""
    with TemporaryDirectory() as name:
        root = Path(name)
        run = root / "one"
        made = run / "preprocess"
        (made / "shards").mkdir(parents=True)
        (made / "spec.json").write_text('{"mean": 29.7}')
        (made / "shards" / "train-00000.npz").write_bytes(b"rows")
        write_manifest(made / "shards", ["train-00000.npz"])
        (made / "shards" / "notes").write_text("no result")
        write_record(run, "preprocess", {"started": 1.0, "files": digests_of(made)})
        Cache(root / ".cache", run).put(KEY, outputs_in(root))
        yield root


def outputs_in(root: Path) -> dict[str, object]:
    made = root / "one" / "preprocess"
    spec = dsl.Artifact(name="spec", uri=str(made / "spec.json"), metadata={"rows": 712})
    return {"spec": spec, "test_data": str(made / "shards")}


def shown(outputs: dict[str, object] | None) -> list[str] | None:
    """Outputs in a form that can be compared."""
    if outputs is None:
        return None
    return [
        f"{type(value)} {getattr(value, 'uri', value)} {getattr(value, 'metadata', '')}"
        for value in outputs.values()
    ]


def test_what_was_put_in_comes_out(root: Path) -> None:
    cache = Cache(root / ".cache")
    assert shown(cache.get(KEY)) == shown(outputs_in(root))
    assert cache.get("1" * 64) is None
    (root / "one" / "preprocess" / "shards" / "notes").write_text("of no consequence")
    assert cache.get(KEY)


FILES = [
    ".cache/" + KEY + ".json",
    "one/preprocess/spec.json",
    "one/preprocess/shards/manifest.json",
    "one/preprocess/shards/train-00000.npz",
]


@given(st.sampled_from(FILES), st.integers(0), st.integers(0, 255), st.sampled_from(["set", "cut"]))
def test_no_damage_is_handed_out(root: Path, name: str, place: int, byte: int, how: str) -> None:
    file, entry = root / name, root / FILES[0]
    before, whole = file.read_bytes(), entry.read_bytes()
    place %= len(before)
    after = before[:place] if how == "cut" else before[:place] + bytes([byte]) + before[place + 1 :]
    cache = Cache(root / ".cache")
    expected = shown(cache.get(KEY))
    file.write_bytes(after)
    try:
        found = shown(cache.get(KEY))
        # A space more in the entry is no damage.
        assert found == expected if after == before else found in (None, expected)
        if name != FILES[0] and after != before:
            assert found is None
            assert not entry.exists()  # forgotten
    finally:
        file.write_bytes(before)
        entry.write_bytes(whole)


@pytest.mark.parametrize(
    "entry", ["", "[]", "3", "{}", '{"sha256": 1}', '{"sha256": null, "a": []}']
)
def test_an_entry_of_another_form_is_damaged(
    root: Path, entry: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = root / ".cache" / f"{'2' * 64}.json"
    path.write_text(entry)
    cache = Cache(root / ".cache")
    with pytest.raises(Damaged, match=path.name):
        cache.read("2" * 64)
    assert cache.get("2" * 64) is None
    said = capsys.readouterr().err
    assert said.startswith("not taken from the cache: ")
    assert said.endswith(f"{path.name} has changed; the step runs anew\n")


def test_an_entry_of_another_step_is_damaged(root: Path) -> None:
    content = (root / FILES[0]).read_text()
    assert json.loads(content)["key"] == KEY
    (root / ".cache" / f"{'3' * 64}.json").write_text(content)
    assert Cache(root / ".cache").get("3" * 64) is None
