"""A digest of the code that steps run: where an image would say it, here the files do."""

import contextlib
import hashlib
import platform
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

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
