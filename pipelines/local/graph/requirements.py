"""The packages that a step would install first (`packages_to_install`), and whether this Python has
them: nothing is installed for a run on this machine."""

import importlib.metadata
import shlex
from collections.abc import Iterator, Sequence

# Options of pip that a value follows, as kfp's compiler and people write them.
WITH_VALUE = ("--index-url", "-i", "--extra-index-url", "--trusted-host", "--find-links", "-f")
EXECUTOR = "kfp"  # any version of 2 takes the same messages; this machine's does


def missing(command: Sequence[str]) -> Iterator[str]:
    """The requirements of a container's command that this Python does not satisfy, each with what
    it has instead."""
    from packaging.requirements import InvalidRequirement, Requirement

    for text in _installed_by(command):
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            yield f"{text} (which no package here can be compared with)"
            continue
        if requirement.marker and not requirement.marker.evaluate():
            continue
        try:
            version = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            yield text
            continue
        if requirement.name != EXECUTOR and not requirement.specifier.contains(version, True):
            yield f"{text} (installed: {version})"


def _installed_by(command: Sequence[str]) -> Iterator[str]:
    """What comes after `pip install` in the script in front of a command."""
    if len(command) < 3 or list(command[:2]) != ["sh", "-c"] or "pip install" not in command[2]:
        return
    for line in command[2].replace("&&", "\n").splitlines():
        _, found, rest = line.partition("pip install ")
        try:
            words = iter(shlex.split(rest) if found else [])
        except ValueError:
            continue
        for word in words:
            if word in WITH_VALUE:
                next(words, None)
            elif word in ("-r", "--requirement"):
                yield f"-r {next(words, '')}"
            elif not word.startswith("-"):
                yield word
