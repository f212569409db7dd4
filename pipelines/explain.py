"""Says before a run which steps will come from the cache of local runs, and why others will not.

It asks `kfp.local`'s own code for each step's arguments and key, so it cannot say another thing
than the run will do.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from components.snapshot import snapshot
from pipelines.cache import forget_damaged
from pipelines.local import in_order, rewritten


@dataclass(frozen=True)
class Forecast:
    """What will become of a step: whether its result is in the cache, and why it is or is not."""

    step: str
    cached: bool
    why: str


def explain(compiled: str, arguments: dict[str, Any], cache: Path) -> Iterator[Forecast]:
    """The forecast of each step, in the order in which they would run."""
    from kfp import components
    from kfp.local.cache import LocalCache
    from kfp.local.io import IOStore
    from kfp.local.orchestrator.orchestrator_utils import OrchestratorUtils
    from kfp.local.utils import struct_to_executor_spec

    forget_damaged(cache)
    known = LocalCache(str(cache))
    text = json.dumps(rewritten(yaml.safe_load(compiled)))
    spec = components.load_component_from_text(text).pipeline_spec
    executors = spec.deployment_spec["executors"]
    tasks = yaml.safe_load(compiled)["root"]["dag"]["tasks"]

    store = IOStore()
    given = OrchestratorUtils.join_user_inputs_and_defaults(
        dag_arguments=arguments, dag_inputs_spec=spec.root.input_definitions
    )
    for name, value in given.items():
        store.put_parent_input(name, value)
    runs: set[str] = set()
    for step in in_order(tasks):
        task = spec.root.dag.tasks[step]
        before = sorted(runs & set(task.dependent_tasks))
        if not task.caching_options.enable_cache:
            if task.component_ref.name.startswith("comp-snapshot"):
                # Never cached, but quick: its answer is what the others hang on.
                inputs = OrchestratorUtils.make_task_arguments(task.inputs, store)
                uri = inputs["csv"]
                for name, value in inputs.items():  # of which others may be a part
                    uri = uri.replace(f"{{{{$.inputs.parameters['{name}']}}}}", str(value))
                for name, value in zip(("csv", "fingerprint"), snapshot(uri), strict=True):
                    store.put_task_output(step, name, value)
            else:
                runs.add(step)
            yield Forecast(step, False, "it always runs")
            continue
        if before:
            runs.add(step)
            yield Forecast(step, False, f"{', '.join(before)} will give it new inputs")
            continue
        component = spec.components[task.component_ref.name]
        container = struct_to_executor_spec(executors[component.executor_label]).container
        inputs = OrchestratorUtils.make_task_arguments(task.inputs, store)
        key = known.compute_key(
            component_name=task.component_ref.name,
            image=container.image,
            full_command=[*container.command, *container.args],
            arguments=inputs,
            env_vars={},
        )
        outputs = known.get(key)
        if outputs is None:
            runs.add(step)
            yield Forecast(step, False, "no earlier run had these inputs and this code")
            continue
        for name, value in outputs.items():
            store.put_task_output(step, name, value)
        yield Forecast(step, True, "an earlier run had the same inputs and the same code")
