"""The command of a task's container, as it is on this machine."""

import importlib.util
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.local.commands.installation import without_pip
from pipelines.local.kfp_internals import KFP_EXECUTOR, LAUNCHER

PYTHONS = ("python", "python3", Path(sys.executable).name)
INTERPRETERS = (*PYTHONS, "sh", "bash")
LAUNCHERS = "google_cloud_pipeline_components.container."
# What a lightweight component's script does with the arguments that it is given.
PASSED_ON = '"$@"'


def is_lightweight(container: Mapping[str, Any]) -> bool:
    """Is it a Python function, whose code is in the command?"""
    return any(KFP_EXECUTOR in word and PASSED_ON in word for word in container.get("command", []))


def is_custom_job(container: Mapping[str, Any]) -> bool:
    """Does it start a CustomJob, with GCPC's launcher?"""
    return LAUNCHER in container.get("command", [])


def command_of(container: Mapping[str, Any]) -> list[str]:
    """The command without its arguments, and without the installation in front."""
    if is_custom_job(container):
        return ["python3", "-m", "pipelines.local.custom_job"]
    command = without_pip(container.get("command", []))
    if is_lightweight(container):
        executor = "pipelines.local.commands.executor"
        return [
            word.replace(KFP_EXECUTOR, executor) if PASSED_ON in word else word for word in command
        ]
    return command


def why_not(container: Mapping[str, Any]) -> tuple[str, str] | None:
    """What a container is or needs that this machine cannot run, and the cure; None if it can."""
    if is_lightweight(container) or is_custom_job(container):
        return None
    image = container.get("image", "")
    command = without_pip([*container.get("command", []), *container.get("args", [])])
    if not container.get("command"):
        return f"the entry point of the image {image}", "give the component a command"
    launcher = next((word for word in command if word.startswith(LAUNCHERS)), None)
    if launcher is not None:
        return f"a job of Google Cloud ({launcher.removeprefix(LAUNCHERS)})", SUBMIT
    if any(KFP_EXECUTOR in word for word in command):
        return f"Python code in the image {image}", "make it a lightweight component, or " + SUBMIT
    program = command[0]
    if "{{$" in program or program.startswith('{"'):
        return None  # known when it runs
    if program not in INTERPRETERS and not shutil.which(program):
        return f"the program {program} of the image {image}", f"install {program}, or {SUBMIT}"
    code = next((i for i, word in enumerate(command) if i and not word.startswith("-")), None)
    if program not in INTERPRETERS or code is None or "{{$" in command[code]:
        return None
    if any(re.fullmatch(r"-\w*c", option) for option in command[1:code]):
        return None  # the program itself
    if command[code - 1] == "-m":
        if _has_module(command[code]):
            return None
        return f"the module {command[code]} of the image {image}", f"install it, or {SUBMIT}"
    if Path(command[code]).is_file():
        return None
    return f"the file {command[code]} of the image {image}", SUBMIT


SUBMIT = "submit the pipeline"


def _has_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False
