"""The cache of local runs: what hits, what runs again, and that damaged results do not count."""

import json
from pathlib import Path

import pytest
import yaml

from pipelines.local.cache.code import code_fingerprint
from pipelines.project.sample import sample_schema
from tests.shell import Shell

SCHEMA = Path(__file__).parents[4] / "examples" / "titanic" / "schema.yaml"
pytestmark = pytest.mark.slow


def cached(shell: Shell, *arguments: str) -> list[str]:
    """Runs with the cache; the steps whose results came from it, which was foretold."""
    line = ("data.csv", "--set", "epochs=3", *arguments)
    if "--schema" not in arguments:
        line += ("--schema", str(SCHEMA))
    forecast = shell("cache", "explain", *line)
    assert forecast.status == 0, forecast.stderr
    foretold = [line.split()[0] for line in forecast.stdout.splitlines() if "  from the" in line]
    result = shell("run", "--cache", "--json", *line)
    assert result.status == 0, result.stderr
    steps: list[str] = json.loads(result.stdout)["cached"]
    assert steps == foretold
    return steps


def test_just_what_depends_on_a_change_runs_again(shell: Shell, tmp_path: Path) -> None:
    csv = tmp_path / "data.csv"
    assert shell("sample", "data.csv", "--rows", "60").status == 0
    assert cached(shell) == []
    csv.touch()
    # To give what is the default is no change either.
    assert cached(shell, "--set", "split_seed=42") == ["preprocess", "train"]
    assert cached(shell, "--set", "learning_rate=0.01") == ["preprocess"]
    assert cached(shell, "--set", "split_seed=7") == []
    schema = sample_schema()
    del schema["columns"][-1]
    (tmp_path / "other.yaml").write_text(yaml.safe_dump(schema))
    assert cached(shell, "--schema", "other.yaml") == []
    csv.write_text(csv.read_text().replace(",S\n", ",C\n", 1))
    assert cached(shell) == []


def test_what_has_lost_a_file_runs_again(shell: Shell, tmp_path: Path) -> None:
    assert shell("sample", "data.csv", "--rows", "60").status == 0
    assert cached(shell) == []
    (model,) = tmp_path.glob("runs/*/train/run_directory/model.pt")
    model.unlink()
    assert cached(shell) == ["preprocess"]
    (spec,) = tmp_path.glob("runs/*/preprocess/spec.json")
    spec.unlink()
    assert cached(shell) == []


def test_what_has_changed_is_made_anew_and_said(shell: Shell, tmp_path: Path) -> None:
    assert shell("sample", "data.csv", "--rows", "60").status == 0
    line = ("data.csv", "--set", "epochs=3", "--schema", str(SCHEMA))
    assert shell("run", "--cache", *line).status == 0
    (spec,) = tmp_path.glob("runs/*/preprocess/spec.json")
    (model,) = tmp_path.glob("runs/*/train/run_directory/model.pt")
    content, weights = spec.read_text(), model.read_bytes()
    digit = next(i for i, character in enumerate(content) if character in "12345678")
    spec.write_text(f"{content[:digit]}9{content[digit + 1 :]}")
    result = shell("run", "--cache", "--json", *line)
    assert result.status == 0, result.stderr
    said = f"not taken from the cache: {spec.relative_to(tmp_path)} has changed; the step runs anew"
    assert said in result.stderr.replace(f"{tmp_path}/", "")
    made = json.loads(result.stdout)
    assert made["cached"] == []  # a training that was given other paths is another
    assert Path(made["artifacts"]["preprocessing_spec"]).read_text() == content
    assert Path(made["artifacts"]["model"]).read_bytes() == weights
    for entry in tmp_path.glob("runs/.cache/*.json"):
        entry.write_bytes(entry.read_bytes()[:-9])
    result = shell("run", "--cache", "--json", *line)
    assert result.status == 0, result.stderr
    assert json.loads(result.stdout)["cached"] == []
    assert result.stderr.count("not taken from the cache: ") == 1  # of preprocess


def test_the_code_is_part_of_the_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = code_fingerprint()
    assert before == code_fingerprint()
    (tmp_path / "trainer").mkdir()
    (tmp_path / "trainer" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(__import__("sys").modules, "trainer")
    bare = code_fingerprint()
    assert bare != before
    (tmp_path / "trainer" / "page.html.j2").write_text("")
    assert code_fingerprint() != bare


def test_a_librarys_version_is_part_of_the_key(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = code_fingerprint()
    install_metadata(tmp_path, "numpy", "99.0")
    monkeypatch.syspath_prepend(tmp_path)
    assert code_fingerprint() != before


def install_metadata(directory: Path, name: str, version: str) -> None:
    """As pip writes it: what says which version of a distribution is installed."""
    metadata = directory / f"{name}-{version}.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
