"""Tables that are small on disk, or made of nothing, and would need all memory or time."""

import gzip
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

MAX_MEMORY = 200 << 20
MEASURED = """
import re
from pathlib import Path
from pipelines.cli.app import main
try:
    main()
finally:  # getrusage would count what the process that started this one had
    print(1024 * int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]))
"""
MIB = 1 << 20


def rows_of(start: bytes, many: bytes, times: int) -> Callable[[Path], None]:
    """Writes a table that begins so and goes on with `many` over and over, as gzip where its name
    says so."""

    def write(path: Path) -> None:
        with gzip.open(path, "wb", 1) if path.suffix == ".gz" else path.open("wb") as file:
            file.write(start)
            for _ in range(times):
                file.write(many)

    return write


TABLES = {
    "bomb.csv.gz": (rows_of(b"", b"," * MIB, 1000), "at most 100,000 columns"),
    "commas.csv": (rows_of(b"", b"," * MIB, 30), "at most 100,000 columns"),
    "columns.csv": (rows_of(b"", b",a" * 100_000 + b"\n", 2), "at most 100,000 columns"),
    "row.csv": (rows_of(b"a,y\n1,0\n2,1\n", b"," * MIB, 10), "at most 100,000 columns"),
    "breaks.csv.gz": (rows_of(b"", b"\n" * MIB, 1000), "empty lines must be at most"),
    "late.csv": (rows_of(b"a,y\n1,0\n", b"\r\n" * MIB, 8), "empty lines must be at most"),
    "letters.csv": (rows_of(b"a,y\n", b"x" * MIB, 30), "at most 16,777,216 bytes long"),
}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux says what it was given")
@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("command", ["infer", "preprocess"])
def test_it_is_refused_within_200_mb(name: str, command: str, tmp_path: Path) -> None:
    write, told = TABLES[name]
    write(tmp_path / name)
    (tmp_path / "s.yaml").write_text("{target: y, columns: [{name: a, kind: numeric}]}")
    words = {"infer": ["schema", "infer", name], "preprocess": ["preprocess", name, "arrays"]}
    if command == "preprocess":
        words[command] += ["--schema", "s.yaml"]
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *words[command]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30)),
    )
    assert done.returncode == 2, done.stderr
    assert told in done.stderr and "Traceback" not in done.stderr
    assert int(done.stdout.split()[-1]) < MAX_MEMORY
