"""Says before a run which steps will come from the cache of local runs, and why others will not:
in what they differ from the nearest earlier run."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.snapshot import snapshot
from pipelines.lint.pipeline import as_text
from pipelines.local.cache import cache_of, code_fingerprint, damaged_file
from pipelines.local.kfp_internals import open_cache
from pipelines.local.outputs import PIPELINE, shortened
from pipelines.local.records import local_runs
from pipelines.local.replay import Outputs, Task, replay
from pipelines.local.step_records import read_record
from pipelines.request import RunRequest
from pipelines.spec import read_pipeline
from trainer.errors import InputError
from vertex_tabular.run.record import RECORD, load

if TYPE_CHECKING:
    from kfp.local.cache import LocalCache

MAX_SHOWN = 3  # differences from an earlier run; another schema has many
PINNED = {"fingerprint": "the data", "manifest_fingerprint": "the model"}
ABSENT = object()  # None is a value


@dataclass(frozen=True)
class Forecast:
    """What will become of a step: whether its result is in the cache, and why it is or is not."""

    step: str
    cached: bool
    why: str


def explain(request: RunRequest, root: Path) -> Iterator[Forecast]:
    """The forecast of each step, in the order in which they would run.

    Args:
        request: the pipeline and the values of its parameters.
        root: directory of the runs; the cache is in it.
    """
    cache = open_cache(cache_of(root))

    def known(task: Task) -> Outputs | None:
        if task.pins:  # never cached, but quick
            return dict(zip(("csv", "fingerprint"), snapshot(task.inputs["csv"]), strict=True))
        return cache.get(task.key) if task.cached and not _lost(root, task) else None

    for task, outputs in replay(
        request.compiled, request.arguments, code_fingerprint(), cache, known
    ):
        if not task.cached:
            why = "it always runs"
        elif task.waits_for:
            why = f"{', '.join(task.waits_for)} will give it new inputs"
        elif outputs is not None:
            why = f"{_made_by(outputs)} had the same inputs and the same code"
        elif lost := _lost(root, task):
            why = f"an earlier run had the same inputs and the same code, but {_gone(lost)}"
        else:
            why = _unlike_before(task, root, cache)
        yield Forecast(task.step, task.cached and outputs is not None, why)


def _lost(root: Path, task: Task) -> Path | None:
    """A file of the step's result in the cache that is gone or damaged."""
    with contextlib.suppress(OSError, ValueError):  # there is no such result
        return damaged_file(cache_of(root) / f"{task.key}.json")
    return None


def _gone(file: Path) -> str:
    if file.exists():
        return f"{_shown(file)} has changed"
    while not file.parent.exists():  # of a run that was deleted, its directory
        file = file.parent
    return f"{_shown(file)} is gone"


def _made_by(outputs: Outputs) -> str:
    """The run that a cached result is of, by where its artifacts are."""
    paths = [Path(output.uri) for output in outputs.values() if hasattr(output, "uri")]
    above = (parent for path in paths for parent in path.parents)
    run = next((parent.name for parent in above if (parent / RECORD).is_file()), None)
    return f"run {run}" if run else "an earlier run"


def _unlike_before(task: Task, root: Path, cache: "LocalCache") -> str:
    """In what a step differs from the earlier run that is nearest to it; of several, the newest."""
    told = [(run_id, differences(task, then)) for run_id, then in earlier(task.step, root, cache)]
    if not told:
        return f"no earlier run in {_shown(root.resolve())} did it"
    run_id, found = min(told, key=lambda each: len(each[1]))
    if not found:
        return (
            f"run {run_id} had the same inputs and the same code, but is not in the cache, "
            "into which only runs with --cache go"
        )
    more = [f"{len(found) - MAX_SHOWN} more"] if len(found) > MAX_SHOWN else []
    return f"since run {run_id}: {'; '.join(found[:MAX_SHOWN] + more)}"


def earlier(step: str, root: Path, cache: "LocalCache") -> Iterator[tuple[str, Task]]:
    """The runs that did a step themselves and to its end, the newest first, and what it was given;
    a run is left out if that is not known any more."""
    for run_id in local_runs(root):
        directory = root / run_id
        if read_record(directory, step).get("status") != 0:
            continue

        def known(task: Task, directory: Path = directory) -> Outputs | None:
            return _pinned(directory, task.step) if task.pins else cache.get(task.key)

        with contextlib.suppress(InputError):  # it is damaged, and tells nothing
            run, compiled = load(directory), read_pipeline(directory / PIPELINE)
            for task, _ in replay(compiled, run.parameters, run.code, cache, known):
                if task.step == step and not task.waits_for:
                    yield run_id, task


def _pinned(directory: Path, step: str) -> Outputs | None:
    """What a `snapshot` returned in a run."""
    for file in directory.glob(f"*-*/{step}/executor_output.json"):
        outputs: Outputs = json.loads(file.read_text())["parameterValues"]
        return outputs
    return None


def differences(now: Task, then: Task) -> list[str]:
    """What a step is given otherwise than it was in an earlier run, each in words."""
    found = [] if now.program == then.program else ["the code or a library changed"]
    for name in sorted({*now.inputs, *then.inputs}):
        new, old = now.inputs.get(name, ABSENT), then.inputs.get(name, ABSENT)
        if name in PINNED and new != old:
            found.append(f"{PINNED[name]} changed: {_short(new)}, was {_short(old)}")
        else:
            found += _changes(name, getattr(new, "uri", new), getattr(old, "uri", old))
        if name == "csv" and new != old and now.inputs["fingerprint"] == then.inputs["fingerprint"]:
            found[-1] += " (the same content, but its path counts too)"
    return found


def _changes(name: str, new: Any, old: Any) -> Iterator[str]:
    """Where two values differ: of two mappings, or lists of columns, only the parts that do."""
    if isinstance(new, list) and isinstance(old, list) and (_named(new) and _named(old)):
        new, old = _named(new), _named(old)
        if new.keys() == old.keys() and list(new) != list(old):
            yield f"{name} is in another order"
    if isinstance(new, dict) and isinstance(old, dict):
        for key in sorted({*new, *old}):
            yield from _changes(f"{name}.{key}", new.get(key, ABSENT), old.get(key, ABSENT))
    elif old is ABSENT:
        yield f"{name} is new"
    elif new is ABSENT:
        yield f"{name} is gone"
    elif new != old:
        yield f"{name} is {_text(new)}, was {_text(old)}"


def _named(values: list[Any]) -> dict[str, Any]:
    """The columns of a schema by name; empty when the list is another one."""
    if all(isinstance(value, dict) and "name" in value for value in values):
        return {value["name"]: value for value in values}
    return {}


def _text(value: Any) -> str:
    if isinstance(value, str) and value.startswith("/"):
        return _shown(Path(value))
    return as_text(value) or '""'


def _short(fingerprint: str) -> str:
    """As much of a fingerprint as tells two apart."""
    kind, _, digest = fingerprint.partition(":")
    return f"{kind}:{digest[:8]}…"


def _shown(path: Path) -> str:
    """A path as short as it can be from here."""
    path = Path(shortened(str(path.parent)), path.name)
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
