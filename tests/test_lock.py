"""requirements.lock: what is installed is what was locked, byte for byte."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCK = (ROOT / "requirements.lock").read_text()
REQUIREMENT = re.compile(r"(?P<name>[a-z0-9][a-z0-9.-]*)==(?P<version>[^ ;]+)( ; .+)?")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}")


def test_every_version_has_hashes() -> None:
    found: dict[str, int] = {}
    for entry in re.split(r"\n(?! )", LOCK.strip()):
        first, *hashes = entry.split(" \\\n")
        requirement = REQUIREMENT.fullmatch(first)
        assert requirement, first
        assert hashes and all(HASH.fullmatch(each) for each in hashes), first
        assert len(set(hashes)) == len(hashes)
        found[requirement["name"]] = len(hashes)
    # All files of a version: those of each Python, on Linux and macOS.
    assert {"numpy", "pyarrow", "torch", "kfp", "uv"} <= set(found)
    assert min(found[name] for name in ("numpy", "pyarrow", "torch")) >= 5 * 3


@pytest.mark.parametrize("name", ["Makefile", "Dockerfile"])
def test_whatever_installs_a_lock_checks_them(name: str) -> None:
    lines = (ROOT / name).read_text().splitlines()
    installs = [line for line in lines if re.search(r"install .*\.lock", line)]
    installs = [line for line in installs if "grep" not in line]  # some, by their versions
    assert installs and all("--require-hashes" in line for line in installs)


def test_make_lock_writes_them() -> None:
    assert "--generate-hashes" in (ROOT / "Makefile").read_text()
    assert "://" not in LOCK
