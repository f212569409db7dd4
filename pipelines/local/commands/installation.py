"""A container's command without the installation in front of it: this machine has the packages."""

from collections.abc import Sequence


def without_pip(command: Sequence[str]) -> list[str]:
    """What runs once everything is installed.

    `components.code`, as kfp does too, puts the installation in front as `sh -c SCRIPT PROGRAM …`,
    where SCRIPT ends in `"$0" "$@"`.
    """
    if len(command) > 2 and command[:2] == ["sh", "-c"] and "pip install" in command[2]:
        return list(command[3:])
    return list(command)
