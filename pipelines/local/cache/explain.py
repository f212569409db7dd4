"""Says before a run which steps will come from the cache of local runs, and why others will not:
in what they differ from the nearest earlier run."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from components.snapshot import snapshot
from pipelines.local.cache.changes import ABSENT, changes, short
from pipelines.local.cache.code import code_fingerprint
from pipelines.local.cache.replay import Task, replay
from pipelines.local.cache.results import Cache, Damaged, Outputs, cache_of
from pipelines.local.digests import damage, shown
from pipelines.local.records import PIPELINE
from pipelines.local.step_records import pinned, read_record
from pipelines.request import RunRequest
from pipelines.spec import read_pipeline
from trainer.errors import InputError
from vertex_tabular.run.find import local_runs
from vertex_tabular.run.record import RECORD, load

MAX_SHOWN = 3  # differences from an earlier run; another schema has many
PINNED = {"fingerprint": "the data", "manifest_fingerprint": "the model"}


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
    cache = Cache(cache_of(root))
    lost: dict[str, Path] = {}  # by step, a file of its result that is gone or damaged

    def known(task: Task) -> Outputs | None:
        if task.pins:  # never cached, but quick
            return dict(zip(("csv", "fingerprint"), snapshot(task.inputs["csv"]), strict=True))
        try:
            return cache.read(task.key) if task.cached else None
        except Damaged as damaged:
            lost[task.step] = damaged.path
            return None

    for task, outputs in replay(
        request.compiled, request.arguments, code_fingerprint(), cache, known
    ):
        if not task.cached:
            why = "it always runs"
        elif task.waits_for:
            why = f"{', '.join(task.waits_for)} will give it new inputs"
        elif outputs is not None:
            why = f"{_made_by(outputs)} had the same inputs and the same code"
        elif file := lost.get(task.step):
            why = f"an earlier run had the same inputs and the same code, but {damage(file)}"
        else:
            why = _unlike_before(task, root, cache)
        yield Forecast(task.step, task.cached and outputs is not None, why)


def _made_by(outputs: Outputs) -> str:
    """The run that a cached result is of, by where its artifacts are."""
    paths = [Path(output.uri) for output in outputs.values() if hasattr(output, "uri")]
    above = (parent for path in paths for parent in path.parents)
    run = next((parent.name for parent in above if (parent / RECORD).is_file()), None)
    return f"run {run}" if run else "an earlier run"


def _unlike_before(task: Task, root: Path, cache: Cache) -> str:
    """In what a step differs from the earlier run that is nearest to it; of several, the newest."""
    told = [(run_id, differences(task, then)) for run_id, then in earlier(task.step, root, cache)]
    if not told:
        return f"no earlier run in {shown(root.resolve())} did it"
    run_id, found = min(told, key=lambda each: len(each[1]))
    if not found:
        return (
            f"run {run_id} had the same inputs and the same code, but is not in the cache, "
            "into which only runs with --cache go"
        )
    more = [f"{len(found) - MAX_SHOWN} more"] if len(found) > MAX_SHOWN else []
    return f"since run {run_id}: {'; '.join(found[:MAX_SHOWN] + more)}"


def earlier(step: str, root: Path, cache: Cache) -> Iterator[tuple[str, Task]]:
    """The runs that did a step themselves and to its end, the newest first, and what it was given;
    a run is left out if that is not known any more."""
    for run_id in local_runs(root):
        directory = root / run_id
        if read_record(directory, step).get("status") != 0:
            continue

        def known(task: Task, directory: Path = directory) -> Outputs | None:
            return pinned(directory, task.step) if task.pins else cache.get(task.key)

        with contextlib.suppress(InputError):  # it is damaged, and tells nothing
            run, compiled = load(directory), read_pipeline(directory / PIPELINE)
            for task, _ in replay(compiled, run.parameters, run.code, cache, known):
                if task.step == step and not task.waits_for:
                    yield run_id, task


def differences(now: Task, then: Task) -> list[str]:
    """What a step is given otherwise than it was in an earlier run, each in words."""
    found = [] if now.program == then.program else ["the code or a library changed"]
    for name in sorted({*now.inputs, *then.inputs}):
        new, old = now.inputs.get(name, ABSENT), then.inputs.get(name, ABSENT)
        if name in PINNED and new != old:
            found.append(f"{PINNED[name]} changed: {short(new)}, was {short(old)}")
        else:
            found += changes(name, getattr(new, "uri", new), getattr(old, "uri", old))
        if name == "csv" and new != old and now.inputs["fingerprint"] == then.inputs["fingerprint"]:
            found[-1] += " (the same content, but its path counts too)"
    return found
