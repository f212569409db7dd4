"""The steps of a compiled pipeline, read from its YAML."""

from typing import Any


def in_order(tasks: dict[str, Any]) -> list[str]:
    """The names of the tasks, each after those it depends on."""
    ordered: list[str] = []
    while len(ordered) < len(tasks):
        ordered += [
            name
            for name, task in tasks.items()
            if name not in ordered and set(task.get("dependentTasks", ())) <= set(ordered)
        ]
    return ordered
