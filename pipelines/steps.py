"""The steps of a compiled pipeline, read from its YAML."""

from typing import Any


def in_order(tasks: dict[str, Any]) -> list[str]:
    """The names of the tasks, each after those it depends on.

    Raises:
        ValueError: there is no such order, because a task depends on one that is not there, or two
            on each other.
    """
    ordered: list[str] = []
    while len(ordered) < len(tasks):
        ready = [
            name
            for name, task in tasks.items()
            if name not in ordered and set(task.get("dependentTasks", ())) <= set(ordered)
        ]
        if not ready:
            stuck = ", ".join(name for name in tasks if name not in ordered)
            raise ValueError(f"tasks that wait for each other, or for none that is there: {stuck}")
        ordered += ready
    return ordered
