"""The inputs of each step of a run and its key in the cache, without running it.

`kfp.local`'s own code computes both, so they cannot differ from those of the run.
"""

import functools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pipelines.lint.pipeline import insert_inputs
from pipelines.local.cache.results import Cache, Outputs
from pipelines.local.kfp_internals import container_of, make_store, task_arguments
from pipelines.local.rewriting import image_of, rewrite, with_defaults
from pipelines.spec import spec_of
from pipelines.steps import in_order


@dataclass(frozen=True)
class Task:
    """A step of a run.

    Attributes:
        step: its name.
        pins: whether it is a `snapshot`, on which all the others hang.
        cached: whether the YAML lets its result be cached.
        waits_for: steps before it whose results are not known; then neither is what follows.
        inputs: its parameters and artifacts by name.
        program: the image, which says the code, and the command with its placeholders.
        key: of its result in the cache.
    """

    step: str
    pins: bool
    cached: bool
    waits_for: list[str]
    inputs: dict[str, Any] = field(default_factory=dict)
    program: list[str] = field(default_factory=list)
    key: str = ""


def replay(
    compiled: str,
    arguments: dict[str, Any],
    code: str,
    cache: Cache,
    known: Callable[[Task], Outputs | None],
) -> Iterator[tuple[Task, Outputs | None]]:
    """Each step in the order in which they run, with its result where that is known.

    Args:
        compiled: the pipeline's YAML.
        arguments: values of its parameters; its defaults hold for the others.
        code: digest of the code that the steps run.
        cache: what makes the keys.
        known: gives the result of a step that waits for no other; None when it is not known.
    """
    content, spec = _loaded(compiled)
    store = make_store(with_defaults(content, arguments))
    unknown: set[str] = set()
    for step in in_order(content["root"]["dag"]["tasks"]):
        waits_for = sorted(unknown & set(spec.root.dag.tasks[step].dependent_tasks))
        task = _task(spec, step, waits_for, store, image_of(code), cache)
        outputs = None if waits_for else known(task)
        if outputs is None:
            unknown.add(step)
        for name, value in (outputs or {}).items():
            store.put_task_output(step, name, value)
        yield task, outputs


def _task(spec: Any, step: str, waits_for: list[str], store: Any, image: str, cache: Cache) -> Task:
    """One step, as `kfp.local` asks its cache for it; the store has what comes before it."""
    task = spec.root.dag.tasks[step]
    component = task.component_ref.name
    pins, cached = component.startswith("comp-snapshot"), task.caching_options.enable_cache
    if waits_for:
        return Task(step, pins, cached, waits_for)
    container = container_of(spec, component)
    command = [*container.command, *container.args]
    inputs = task_arguments(task, store)
    key = cache.compute_key(
        component_name=component,
        image=image,
        full_command=command,
        arguments=inputs,
        env_vars={variable.name: variable.value for variable in container.env},
        custom_cache_key=task.caching_options.cache_key or None,
    )
    # A text may hold others of the inputs, such as {{$.inputs.parameters['run_directory']}}.
    return Task(step, pins, cached, [], insert_inputs(inputs, inputs), [image, *command], key)


@functools.cache
def _loaded(compiled: str) -> tuple[dict[str, Any], Any]:
    """A YAML as `kfp.local` runs it, and the same as kfp's message; most runs share one."""
    from kfp import components

    content = rewrite(spec_of(compiled), code="")
    return content, components.load_component_from_text(json.dumps(content)).pipeline_spec
