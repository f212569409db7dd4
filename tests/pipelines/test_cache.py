"""The cache of local runs: what hits, what runs again, and that damaged results do not count."""

import json
from pathlib import Path

import pytest

from pipelines.cache import code_fingerprint, is_whole
from tests.shell import Shell

pytestmark = pytest.mark.slow


def cached(shell: Shell, *settings: str) -> list[str]:
    """Runs with the cache; the steps whose results came from it, which was foretold."""
    sets = [argument for setting in ("epochs=3", *settings) for argument in ("--set", setting)]
    forecast = shell("cache", "explain", "--csv", "data.csv", *sets)
    assert forecast.status == 0, forecast.stderr
    foretold = [line.split()[0] for line in forecast.stdout.splitlines() if "  from the" in line]
    result = shell("run", "--cache", "--json", "--csv", "data.csv", *sets)
    assert result.status == 0, result.stderr
    steps: list[str] = json.loads(result.stdout)["cached"]
    assert steps == foretold
    return steps


def test_just_what_depends_on_a_change_runs_again(shell: Shell, tmp_path: Path) -> None:
    csv = tmp_path / "data.csv"
    assert shell("sample", "data.csv", "--rows", "60").status == 0
    assert cached(shell) == []
    csv.touch()
    assert cached(shell) == ["preprocess", "train"]
    assert cached(shell, "learning_rate=0.01") == ["preprocess"]
    assert cached(shell, "split_seed=7") == []
    csv.write_text(csv.read_text().replace(",S\n", ",C\n", 1))
    assert cached(shell) == []
    for model in tmp_path.glob("runs/*/train/run_directory/model.pt"):
        model.unlink()
    assert cached(shell) == ["preprocess"]
    # A run on shards, to its report; that they are whole is read from their manifest.
    assert cached(shell, "shard_rows=20") == []
    (shard,) = tmp_path.glob("runs/*/preprocess/val_shards/val-00000.npz")
    assert is_whole(shard.parent)
    shard.unlink()
    assert not is_whole(shard.parent)


def test_a_result_is_whole_when_every_file_has_its_size(tmp_path: Path) -> None:
    assert not is_whole(tmp_path)
    assert not is_whole(tmp_path / "file")
    (tmp_path / "file").write_bytes(b"abc")
    assert is_whole(tmp_path / "file")
    (tmp_path / "manifest.json").write_text('{"files": {"file": {"size": 3, "sha256": "0"}}}')
    assert is_whole(tmp_path)
    (tmp_path / "file").write_bytes(b"abcd")
    assert not is_whole(tmp_path)


def test_the_code_is_part_of_the_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = code_fingerprint()
    assert before == code_fingerprint()
    (tmp_path / "trainer").mkdir()
    (tmp_path / "trainer" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(__import__("sys").modules, "trainer")
    assert code_fingerprint() != before
