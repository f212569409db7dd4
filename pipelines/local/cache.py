"""What `kfp.local`'s cache does not look at: whether the code changed, and whether files are whole.

Its key is a step's image, command and arguments, and it takes a result for good while each
artifact's path exists. The code is not in the command, and a training run is a directory, which
exists also when a file in it does not.
"""

import contextlib
import hashlib
import json
import platform
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from trainer.contract import MANIFEST

LIBRARIES = ("isal", "numpy", "pyarrow", "torch")  # what the steps compute with


def code_fingerprint() -> str:
    """A digest of what the steps run: `trainer`, what the components call, and the versions of
    Python and of the libraries that they compute with."""
    digest = hashlib.sha256(platform.python_version().encode())
    for library in LIBRARIES:
        with contextlib.suppress(PackageNotFoundError):  # the step that needs it says so better
            digest.update(f"{library} {version(library)}\n".encode())
    for name in ("trainer", "vertex_tabular", "components"):
        package = find_spec(name)
        assert package and package.submodule_search_locations
        root = Path(package.submodule_search_locations[0])
        for source in sorted(root.rglob("*")):
            if source.is_file() and source.suffix != ".pyc":  # templates count too
                digest.update(f"{name}/{source.relative_to(root)}\0".encode())
                digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def cache_of(root: Path) -> Path:
    """Where the results of the runs in `root` are remembered."""
    return root.resolve() / ".cache"


def forget_damaged(cache: Path) -> None:
    """Removes from the cache the results of which a file is gone or has another size."""
    for entry in cache.glob("*.json"):
        with contextlib.suppress(ValueError, OSError):
            if damaged_file(entry):
                entry.unlink()


def damaged_file(entry: Path) -> Path | None:
    """Of a result in the cache, a file that is gone or has another size; None if all are whole.

    Raises:
        OSError, ValueError: there is no such result, or it is not JSON.
    """
    outputs: dict[str, Any] = json.loads(entry.read_text())
    paths = [out["uri"] for out in outputs.values() if isinstance(out, dict)]
    # A parameter may name a file too: the rows that preprocess held out.
    paths += [out for out in outputs.values() if isinstance(out, str) and out[:1] == "/"]
    return next((file for path in paths if (file := damaged(Path(path)))), None)


def damaged(path: Path) -> Path | None:
    """A file that does not exist, or a file of a finished run directory that has not the size
    that its manifest says; None if all is whole."""
    if not path.is_dir():
        return None if path.is_file() else path
    try:
        files = json.loads((path / MANIFEST).read_bytes())["files"]
        sizes = {path / name: file["size"] for name, file in files.items()}
    except (OSError, ValueError, KeyError):
        return path / MANIFEST
    return next((f for f, n in sizes.items() if not f.is_file() or f.stat().st_size != n), None)
