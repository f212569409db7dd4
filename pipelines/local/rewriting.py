"""A compiled pipeline as `kfp.local` can run it, which refuses container components and Google's
placeholders: the spec is data, and is rewritten.

The placeholders become literals, the command of GCPC's launcher becomes
`pipelines.local.custom_job`, kfp's executor is called by `pipelines.local.commands.executor`, which
takes long arguments from files, and every command is run by `pipelines.local.step`, which keeps its
log and its time.
"""

import json
from typing import Any

from pipelines.compiling import LOCATION, PROJECT
from pipelines.local.commands.installation import without_pip
from pipelines.local.kfp_internals import KFP_EXECUTOR, LAUNCHER
from pipelines.parameters import declared, defaults


def rewrite(spec: dict[str, Any], code: str) -> dict[str, Any]:
    """The spec as `kfp.local` can run it; tasks, components and parameters stay as they are.

    Args:
        spec: as it was compiled.
        code: digest of the code that the steps will run, see `cache.code_fingerprint`.
    """
    from kfp import dsl

    text = json.dumps(spec)
    text = text.replace(PROJECT, "this-machine")
    text = text.replace(LOCATION, "local")
    local: dict[str, Any] = json.loads(text)
    for label, executor in local["deploymentSpec"]["executors"].items():
        container = executor["container"]
        step = label.removeprefix("exec-")
        command = without_pip(container["command"])
        if LAUNCHER in command:
            command = ["python3", "-m", "pipelines.local.custom_job"]
            container["args"] += ["--executor_input", "{{$}}"]
        command = [
            word.replace(KFP_EXECUTOR, "pipelines.local.commands.executor") for word in command
        ]
        # kfp.local wants to see its own module's name; `env` gives it a place to stand.
        recorder = ["env", f"STANDS_IN_FOR={KFP_EXECUTOR}", "python3", "-m", "pipelines.local.step"]
        recorder += [step, dsl.PIPELINE_ROOT_PLACEHOLDER]
        container["command"] = [*recorder, *command]
        container["image"] = image_of(code)
    for name, task in local["root"]["dag"]["tasks"].items():
        task["taskInfo"]["name"] = name  # kfp.local warns of display names
    return local


def image_of(code: str) -> str:
    """An image is part of the cache's key; here the code is what an image is elsewhere."""
    return f"python {code}"


def with_defaults(spec: dict[str, Any], arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments with the defaults of the others: `kfp.local` would take a default of 42 as
    42.0, and the cache would tell it from a 42 that is given."""
    return {**defaults(declared(spec)), **arguments}
