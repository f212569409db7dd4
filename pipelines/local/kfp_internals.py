"""Every private name of kfp's and of Google Cloud Pipeline Components' that this repository uses;
`tests/pipelines/local/test_kfp_internals.py` checks that each is still there. Two more are used
where components are made: a component's `component_spec.implementation.container`
(`components.code`), and GCPC's `build_serverless_customjob_container_spec` (`components.train`).
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kfp.local.cache import LocalCache

# The module that GCPC's custom job component runs.
LAUNCHER = "google_cloud_pipeline_components.container.v1.custom_job.launcher"
# `kfp.local` runs a command as a subprocess only when this stands somewhere in it.
KFP_EXECUTOR = "kfp.dsl.executor_main"


def open_cache(directory: Path) -> "LocalCache":
    """The cache of `kfp.local` in a directory: `compute_key(…)`, and the form of its entries."""
    from kfp.local.cache import LocalCache

    return LocalCache(str(directory))


@contextlib.contextmanager
def arranged(cache: Any) -> Iterator[None]:
    """Inside, `kfp.local` has the outputs of a step in STEP of the pipeline's root, also when it
    runs there again, and not in a directory with the time in its name; and it asks `cache` for
    results, or nothing when that is None."""
    from kfp.local import cache as caches
    from kfp.local import executor_input_utils as inputs

    before = inputs.get_local_pipeline_resource_name, caches.get_local_cache
    inputs.get_local_pipeline_resource_name = lambda _: ""
    caches.get_local_cache = lambda: cache
    try:
        yield
    finally:
        inputs.get_local_pipeline_resource_name, caches.get_local_cache = before


@contextlib.contextmanager
def changed_commands(change: Callable[[list[str]], Iterable[str]]) -> Iterator[None]:
    """Inside, `kfp.local` starts what `change` makes of a step's command."""
    from kfp.local import subprocess_task_handler as handler

    before = handler.run_local_subprocess

    def run(full_command: list[str], env_vars: dict[str, str] | None = None) -> int:
        status: int = before(full_command=[*change(full_command)], env_vars=env_vars)
        return status

    handler.run_local_subprocess = run
    try:
        yield
    finally:
        handler.run_local_subprocess = before


def make_store(parameters: dict[str, Any]) -> Any:
    """What `kfp.local` keeps a pipeline's values in while it runs, with those of its parameters."""
    from kfp.local.io import IOStore

    store = IOStore()
    for name, value in parameters.items():
        store.put_parent_input(name, value)
    return store


def task_arguments(task: Any, store: Any) -> dict[str, Any]:
    """The inputs of a task, as `kfp.local` finds them in its store."""
    from kfp.local.orchestrator.orchestrator_utils import OrchestratorUtils

    arguments: dict[str, Any] = OrchestratorUtils.make_task_arguments(task.inputs, store)
    return arguments


def container_of(spec: Any, component: str) -> Any:
    """The container of a component in kfp's message of a pipeline."""
    from kfp.local.utils import struct_to_executor_spec

    label = spec.components[component].executor_label
    return struct_to_executor_spec(spec.deployment_spec["executors"][label]).container
