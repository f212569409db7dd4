"""The results of earlier runs, by the key of the step that made them; each is checked by its sha256
before it is handed out.

It stands in the place of `kfp.local`'s own cache, whose keys and form of outputs it keeps: that one
takes a result for good while each artifact's path exists.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from pipelines.local.digests import damage, damaged
from pipelines.local.kfp_internals import open_cache
from pipelines.local.step_records import read_record
from trainer.contract import atomic_write, remove_leftovers
from trainer.terminal import echo

Outputs = dict[str, Any]  # a step's parameters, and artifacts of kfp's classes, by name


class Damaged(Exception):
    """A file of a result, or the entry itself, is gone or not what was written."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.path = path


def cache_of(root: Path) -> Path:
    """Where the results of the runs in `root` are remembered."""
    return root.resolve() / ".cache"


class Cache:
    """What `kfp.local` asks for the result of a step, and gives one to be remembered.

    Args:
        directory: of the entries.
        run: directory of the run whose results it will be given; None to read only.
    """

    def __init__(self, directory: Path, run: Path | None = None) -> None:
        self._directory, self._run = directory, run
        self._kfp = open_cache(directory)
        self.compute_key = self._kfp.compute_key
        remove_leftovers(directory, "*", of_living=False)

    def get(self, key: str) -> Outputs | None:
        """The result of a step; None if there is none. One that is damaged is said and forgotten,
        so that the step runs."""
        try:
            return self.read(key)
        except Damaged as found:
            echo(f"not taken from the cache: {damage(found.path)}; the step runs anew", err=True)
            self._entry(key).unlink(missing_ok=True)
            return None

    def read(self, key: str, files: bool = True) -> Outputs | None:
        """The result of a step; None if there is none.

        Args:
            key: of the step.
            files: whether each file's bytes are checked too.

        Raises:
            Damaged: it is not what was put in.
        """
        path = self._entry(key)
        try:
            entry = json.loads(path.read_bytes())
            sha256 = entry.pop("sha256")
            if sha256 != _digest(entry) or entry["key"] != key:
                raise Damaged(path)
            found = damaged(Path("/"), entry["files"]) if files else None
            outputs: Outputs = {} if found else self._kfp._deserialize_outputs(entry["outputs"])
        except FileNotFoundError:
            return None
        except Damaged:
            raise
        except Exception as error:  # whatever damage makes of it
            raise Damaged(path) from error
        if found:
            raise Damaged(found)
        return outputs

    def put(self, key: str, outputs: Outputs) -> None:
        """Remembers the result of a step that the run has just finished."""
        assert self._run is not None
        files = {}
        for step in self._steps_of(outputs):
            made = self._run / step
            recorded = read_record(self._run, step)["files"]
            files.update({str(made / name): sha256 for name, sha256 in recorded.items()})
        entry = {"key": key, "outputs": self._kfp._serialize_outputs(outputs), "files": files}
        with atomic_write(self._entry(key)) as file:
            file.write(json.dumps({**entry, "sha256": _digest(entry)}).encode())

    def _entry(self, key: str) -> Path:
        return self._directory / f"{key}.json"

    def _steps_of(self, outputs: Outputs) -> set[str]:
        """The steps in whose directories of the run the artifacts are: one."""
        paths = [Path(output.uri) for output in outputs.values() if hasattr(output, "uri")]
        assert self._run is not None
        return {path.relative_to(self._run).parts[0] for path in paths}


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
