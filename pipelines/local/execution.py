"""Runs a rewritten pipeline with `kfp.local`, in this Python and its packages."""

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipelines.local.cache.results import Cache
from pipelines.local.commands.long_arguments import shortened
from pipelines.local.kfp_internals import arranged, changed_commands
from pipelines.local.rewriting import with_defaults


def execute(
    spec: dict[str, Any], arguments: dict[str, Any], directory: Path, cache: Cache | None
) -> dict[str, Any]:
    """Runs a rewritten spec with `kfp.local`; its own chatter goes to `kfp.log`."""
    from kfp import components, local

    with (
        open(directory / "kfp.log", "a") as log,
        contextlib.redirect_stdout(log),
        _undisturbed(directory),
        arranged(cache),
        changed_commands(lambda command: shortened(command, _arguments_of(command, directory))),
    ):
        local.init(
            local.SubprocessRunner(use_venv=False),
            pipeline_root=str(directory),
            # Else it makes one in the system's temporary directory; no step has a use for it.
            workspace_root=str(directory / "workspace"),
        )
        task = components.load_component_from_text(json.dumps(spec))(
            **with_defaults(spec, arguments)
        )
    # In the YAML's order: kfp.local's own is that of a set.
    names = sorted(task.outputs)
    return {name: task.outputs[name] for name in names}


def _arguments_of(command: list[str], directory: Path) -> Path:
    """How the files of a step's long arguments begin."""
    return directory / "steps" / command[command.index("pipelines.local.step") + 1]


@contextlib.contextmanager
def _undisturbed(directory: Path) -> Iterator[None]:
    """Steps find this Python and its packages, whatever the paths are called and wherever one is.

    `kfp.local` replaces the text `python3` by `sys.executable` in every word of a command, also
    where it is part of a path; so for the time being that is `python3`, found by way of PATH. And
    `python3 -m` looks for modules in the working directory first, where a user may have a package
    `trainer` of their own.
    """
    python, path, before = sys.executable, os.environ.get("PATH", ""), Path.cwd()
    os.environ["PATH"] = f"{Path(python).parent}{os.pathsep}{path}"
    sys.executable = "python3"
    os.chdir(directory)
    try:
        yield
    finally:
        os.chdir(before)
        sys.executable = python
        os.environ["PATH"] = path
