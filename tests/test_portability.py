"""Linux and macOS, Python 3.10 and later: no call that Linux alone has is without another way."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shell import TIMEOUT_SECONDS

ROOT = Path(__file__).parents[1]
PACKAGES = ("trainer", "vertex_tabular", "components", "pipelines")
SOURCES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
# Documented as "Availability: Linux", or "not macOS", by https://docs.python.org/3/library/os.html
# and its neighbours; process_cpu_count is of Python 3.13.
ONLY_LINUX = {
    "os": (
        *("sched_getaffinity", "sched_setaffinity", "process_cpu_count", "memfd_create"),
        *("posix_fadvise", "posix_fallocate", "pidfd_open", "copy_file_range", "splice"),
        *("eventfd", "getrandom", "setns", "unshare", "O_TMPFILE", "O_PATH", "O_DIRECT"),
        *("sync_file_range", "fdatasync", "pipe2", "getresuid"),
    ),
    "signal": ("SIGPWR", "SIGSTKFLT", "SIGRTMIN", "SIGRTMAX", "sigtimedwait", "sigwaitinfo"),
    "resource": ("prlimit", "RLIMIT_MSGQUEUE", "RLIMIT_NICE"),
    "select": ("epoll",),
    "socket": ("AF_NETLINK", "AF_PACKET", "SO_BINDTODEVICE"),
    "time": ("CLOCK_BOOTTIME", "CLOCK_TAI", "clock_settime"),
}
# Files that only Linux has, and the C library by its name there, from which prctl would be taken.
PLACES = ("/proc/", "/sys/", "/dev/shm", "libc.so")
NAMES = {f"{module}.{name}" for module, names in ONLY_LINUX.items() for name in names}
WITHOUT = f"""
import os, signal, sys
for module, names in {ONLY_LINUX!r}.items():
    if module in ("os", "signal"):
        for name in names:
            if hasattr(sys.modules[module], name):
                delattr(sys.modules[module], name)
"""


def unguarded(tree: ast.AST) -> list[str]:
    """The names of `ONLY_LINUX` that are used outside an `if hasattr(module, "name")`."""
    found: list[str] = []

    def visit(node: ast.AST, known: frozenset[str]) -> None:
        if isinstance(node, ast.Attribute) and ast.unparse(node) in NAMES - known:
            found.append(ast.unparse(node))
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.extend(place for place in PLACES if node.value.startswith(place))
        if isinstance(node, ast.If) and isinstance(node.test, ast.Call):
            call = node.test
            if ast.unparse(call.func) == "hasattr" and isinstance(call.args[1], ast.Constant):
                asked = f"{ast.unparse(call.args[0])}.{call.args[1].value!s}"
                for statement in node.body:
                    visit(statement, known | {asked})
                for statement in node.orelse:
                    visit(statement, known)
                return
        for child in ast.iter_child_nodes(node):
            visit(child, known)

    visit(tree, frozenset())
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_only_linux_has_is_asked_for_first(path: Path) -> None:
    assert not unguarded(ast.parse(path.read_text()))


def test_the_walk_finds_what_it_is_for() -> None:
    assert unguarded(ast.parse("len(os.sched_getaffinity(0))")) == ["os.sched_getaffinity"]
    assert unguarded(ast.parse("open('/proc/self/status')")) == ["/proc/"]
    guarded = "if hasattr(os, 'sched_getaffinity'):\n    os.sched_getaffinity(0)"
    assert not unguarded(ast.parse(guarded))
    assert unguarded(ast.parse(guarded + "\nelse:\n    os.sched_getaffinity(0)"))


@pytest.mark.slow
def test_a_whole_run_without_them(tmp_path: Path) -> None:
    """Every process of the run starts without them: this module is Python's `sitecustomize`."""
    own = tmp_path / "own"
    own.mkdir()
    (own / "sitecustomize.py").write_text(WITHOUT)
    environ = {**os.environ, "PYTHONPATH": f"{own}{os.pathsep}{ROOT}"}
    seen = "import os; assert not hasattr(os, 'sched_getaffinity')"
    subprocess.run([sys.executable, "-c", seen], env=environ, check=True)
    result = subprocess.run(
        [sys.executable, "-m", "pipelines", "run", "--sample", "--json", "--set", "epochs=3"],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
    )
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["state"] == "SUCCEEDED"
