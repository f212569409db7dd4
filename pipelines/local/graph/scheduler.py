"""Runs a graph: each task when those that it depends on have ended, several at once."""

import re
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from pipelines.local.graph import leaf
from pipelines.local.graph.conditions import parse
from pipelines.local.graph.importer import imported, record
from pipelines.local.graph.loops import collected, empty_lists, is_loop, turns
from pipelines.local.graph.messages import executor_input, outputs_of
from pipelines.local.graph.naming import step_name
from pipelines.local.graph.placeholders import names_of_task
from pipelines.local.graph.scope import FAILED, SKIPPED, SUCCEEDED, Result, Scope, Values, typed
from pipelines.local.graph_steps import Ledger
from pipelines.local.step_records import why_failed
from trainer.compute.cpus import available_cpus
from trainer.errors import TabularError

MAX_THREADS = 32  # of one graph; they wait for processes
COMPLETED = "ALL_UPSTREAM_TASKS_COMPLETED"  # whatever has become of them


class Scheduler:
    """One run of a pipeline.

    Args:
        spec: the pipeline, as `pipelines.lint.pipeline.read` has it.
        directory: the run's.
        names: what placeholders stand for, see `placeholders.names_of_run`.
        ledger: is told of each step that starts, or does not.
        ended: is told of each step that has ended, by its name.
    """

    def __init__(
        self,
        spec: Mapping[str, Any],
        directory: Path,
        names: Mapping[str, str],
        ledger: Ledger,
        ended: Callable[[str], None],
    ) -> None:
        self._components: Mapping[str, Any] = spec.get("components", {})
        self._executors: Mapping[str, Any] = spec["deploymentSpec"].get("executors", {})
        self._root: Mapping[str, Any] = spec["root"]
        self._directory = directory
        self._names = names
        self._ledger = ledger
        self._ended = ended
        self._at_once = available_cpus()
        self._processes = leaf.Processes(self._at_once)

    def run(self, parameters: Mapping[str, Any]) -> Result:
        """Runs the pipeline with these values, the defaults among them."""
        return self._graph(self._root, Values(dict(parameters)), None, ())

    def stop(self) -> None:
        """No step starts from now on."""
        self._processes.stop()

    def _graph(
        self,
        component: Mapping[str, Any],
        inputs: Values,
        around: Scope | None,
        path: tuple[str, ...],
    ) -> Result:
        """Runs the tasks of a graph. One that fails, or whose condition is false, is not followed
        by those that depend on it; all others run to their end."""
        scope = Scope(inputs, self._names, around)
        waiting = dict(component["dag"].get("tasks", {}))
        running: dict[Future[Result], str] = {}
        with ThreadPoolExecutor(min(max(len(waiting), 1), MAX_THREADS)) as pool:
            while waiting or running:
                for name in _ready(waiting, scope):
                    task = waiting.pop(name)
                    if _is_cut_off(task, scope):
                        scope.results[name] = self._skip(path, name)
                    else:
                        running[pool.submit(self._task, name, task, scope, path)] = name
                if running and not _ready(waiting, scope):
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        scope.results[running.pop(future)] = future.result()
        error = next((each.error for each in scope.results.values() if each.state == FAILED), None)
        state = SUCCEEDED if error is None else FAILED
        return Result(state, scope.outputs(component["dag"]), error or "")

    def _skip(self, path: tuple[str, ...], name: str) -> Result:
        self._ledger.add(step_name(path, name), SKIPPED)
        return Result(SKIPPED)

    def _task(
        self, name: str, task: Mapping[str, Any], scope: Scope, path: tuple[str, ...]
    ) -> Result:
        component = self._components[task["componentRef"]["name"]]
        try:
            inputs = scope.inputs_of(task, component)
            condition = task.get("triggerPolicy", {}).get("condition", "")
            if condition and not parse(condition)(typed(inputs, component).parameters):
                return self._skip(path, name)
            if not is_loop(task):
                return self._once(name, task, component, inputs, scope, path)
            each_turn = turns(task, inputs)
        except TabularError as error:
            return Result(FAILED, error=f"{step_name(path, name)} failed: {error}")
        at_once = task.get("iteratorPolicy", {}).get("parallelismLimit") or self._at_once

        def turn(number: int) -> Result:
            return self._turn(name, task, component, each_turn[number], scope, path, number)

        with ThreadPoolExecutor(max(1, min(at_once, len(each_turn), MAX_THREADS))) as pool:
            result = collected(list(pool.map(turn, range(len(each_turn)))))
        return Result(result.state, empty_lists(component, result.outputs), result.error)

    def _turn(
        self,
        name: str,
        task: Mapping[str, Any],
        component: Mapping[str, Any],
        inputs: Values,
        scope: Scope,
        path: tuple[str, ...],
        number: int,
    ) -> Result:
        """One turn of a loop."""
        if "dag" in component:
            return self._once(name, task, component, inputs, scope, path, str(number))
        return self._once(str(number), task, component, inputs, scope, (*path, name))

    def _once(
        self,
        name: str,
        task: Mapping[str, Any],
        component: Mapping[str, Any],
        inputs: Values,
        scope: Scope,
        path: tuple[str, ...],
        *turn: str,
    ) -> Result:
        """Runs what a task stands for: a graph, an importer or a container."""
        step = step_name(path, name)
        try:
            given = typed(inputs, component)
            if "dag" in component:
                return self._graph(component, given, scope, (*path, name, *turn))
            for each, definition in (
                component.get("inputDefinitions", {}).get("parameters", {}).items()
            ):
                if each not in given.parameters and not definition.get("isOptional"):
                    raise TabularError(f"its input {each} must have a value, got none")
            executor = self._executors[component["executorLabel"]]
            message = executor_input(component, given, self._directory / step)
            names = names_of_task(self._names, name, step)
            self._ledger.add(step)
            if "importer" in executor:
                outputs = imported(executor["importer"], message, names)
                record(self._directory, step, outputs.artifacts["artifact"][0]["uri"])
                self._ended(step)
                return Result(outputs=outputs)
            return self._container(executor["container"], task, component, message, names, step)
        except TabularError as error:
            return Result(FAILED, error=f"{step} failed: {error}")

    def _container(
        self,
        container: Mapping[str, Any],
        task: Mapping[str, Any],
        component: Mapping[str, Any],
        message: Mapping[str, Any],
        names: Mapping[str, str],
        step: str,
    ) -> Result:
        """Runs a container, again where it fails and has retries left."""
        retries = task.get("retryPolicy", {})
        pause = _seconds(retries.get("backoffDuration", "0s"))
        for attempt in range(int(retries.get("maxRetryCount", 0)) + 1):
            if attempt:
                self._processes.wait(pause)
                longest = _seconds(retries.get("backoffMaxDuration", "3600s"))
                pause = min(pause * float(retries.get("backoffFactor", 2.0)), longest)
            arguments = (container, message, names, self._directory, step, self._processes)
            status = leaf.run(*arguments)
            if self._processes.stopped:
                break
            self._ended(step)
            if status == 0:
                return Result(outputs=outputs_of(component, message))
        return Result(FAILED, error=_why(self._directory, step, status))


def _ready(waiting: Mapping[str, Any], scope: Scope) -> list[str]:
    ready = (name for name, task in waiting.items() if _before(task) <= scope.results.keys())
    return sorted(ready)


def _before(task: Mapping[str, Any]) -> set[str]:
    return set(task.get("dependentTasks", ()))


def _is_cut_off(task: Mapping[str, Any], scope: Scope) -> bool:
    """Has one that it depends on failed, or not run, and does that matter to it?"""
    if task.get("triggerPolicy", {}).get("strategy") == COMPLETED:
        return False
    return any(scope.results[name].state != SUCCEEDED for name in _before(task))


def _why(directory: Path, step: str, status: int) -> str:
    try:
        return str(why_failed(directory, step))
    except KeyError:  # what records its end was itself killed
        return f"{step} failed with status {status}"


def _seconds(duration: str) -> float:
    """A duration as protobuf writes it in JSON: 3.5s."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)s", duration)
    return float(match[1]) if match else 0.0
