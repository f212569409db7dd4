"""What `kfp.local`'s cache does not look at: whether the code changed, and whether files are whole.

Its key is a step's image, command and arguments, and it takes a result for good while each
artifact's path exists. The code is not in the command, and a training run is a directory, which
exists also when a file in it does not.
"""

import contextlib
import hashlib
import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from trainer.contract import MANIFEST


def code_fingerprint() -> str:
    """A digest of the source that the steps run: `trainer`, and what their doorways call."""
    digest = hashlib.sha256()
    for name in ("trainer", "components"):
        package = find_spec(name)
        assert package and package.submodule_search_locations
        for source in sorted(Path(package.submodule_search_locations[0]).rglob("*.py")):
            digest.update(source.name.encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()[:16]


def forget_damaged(cache: Path) -> None:
    """Removes from the cache the results of which a file is gone or has another size."""
    for entry in cache.glob("*.json"):
        with contextlib.suppress(ValueError, OSError):
            outputs: dict[str, Any] = json.loads(entry.read_text())
            paths = [out["uri"] for out in outputs.values() if isinstance(out, dict)]
            # A parameter may name a file too: the rows that preprocess held out.
            paths += [out for out in outputs.values() if isinstance(out, str) and out[:1] == "/"]
            if not all(is_whole(Path(path)) for path in paths):
                entry.unlink()


def is_whole(path: Path) -> bool:
    """Whether a file exists, or every file of a finished run directory has its recorded size."""
    if not path.is_dir():
        return path.is_file()
    try:
        files = json.loads((path / MANIFEST).read_bytes())["files"]
        return all((path / name).stat().st_size == file["size"] for name, file in files.items())
    except (OSError, ValueError, KeyError):
        return False
