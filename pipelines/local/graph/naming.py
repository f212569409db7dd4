"""The names of a run's steps: those of the tasks around each, and the turn of each loop."""

import hashlib
import re

MAX_LENGTH = 120  # of a file's name, which gets an ending, a file system takes 255 bytes
TAKEN = ("steps", "workspace")  # folders of the run's directory that are no step's
SAFE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")


def is_safe(task: str) -> bool:
    """Can a task's name be part of a file's?"""
    return SAFE.fullmatch(task) is not None


def step_name(around: tuple[str, ...], task: str) -> str:
    """The name of the step that a task is: `for-loop-1.0.train` is that of its first turn. No two
    tasks of a run have the same, as no task's name has a dot."""
    name = ".".join([*around, task])
    if name in TAKEN:
        return f"{name}.task"
    if len(name) <= MAX_LENGTH:
        return name
    return f"{name[:MAX_LENGTH]}.{hashlib.sha256(name.encode()).hexdigest()[:8]}"
