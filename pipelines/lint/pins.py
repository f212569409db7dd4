"""Rules on what a run downloads: it must not change, and must come from a verified host."""

import re
import shlex
from collections.abc import Iterator
from itertools import pairwise

from pipelines.lint.images import container_images
from pipelines.lint.pipeline import PLACEHOLDER, Pipeline, Spec
from pipelines.lint.rule import Location, rule
from pipelines.lint.shell import scripts_of

_MOVING_TAGS = {"", "latest", "main", "master", "nightly", "edge"}
# Google publishes its prebuilt images as `latest` alone; the name holds framework and Python:
# https://cloud.google.com/vertex-ai/docs/training/pre-built-containers
_PREBUILT = re.compile(r"(us|europe|asia)-docker\.pkg\.dev/vertex-ai/\S+\.\d+-\d+(\.py\d+)?:latest")
# kfp adds this one to every step that installs kfp itself; no current Python needs it.
_ADDED_BY_KFP = 'typing-extensions>=3.7.4,<5; python_version<"3.9"'
_FLAGS_WITH_A_VALUE = {"-i", "--index-url", "--extra-index-url", "--trusted-host", "-f"}
_FLAGS_WITH_A_VALUE |= {"--find-links", "-c", "--constraint", "-r", "--requirement", "-t"}
_FLAGS_WITH_A_VALUE |= {"--target", "--platform", "--timeout", "--retries", "--prefix"}
_FLAGS_WITH_A_VALUE |= {"--only-binary", "--no-binary", "--root-user-action"}


@rule(
    "unpinned-image",
    severity="warning",
    why="The tag may move to another image without notice, and the cache does not notice.",
    fix="Use the tag of a version, or better the digest: IMAGE@sha256:….",
)
def unpinned_image(pipeline: Pipeline) -> Iterator[Location]:
    for place, image in container_images(pipeline):
        if _moves(image):
            yield place, image


@rule(
    "unpinned-package",
    severity="warning",
    why="Each start installs the newest release, so a run may fail or differ from one day to the "
    "next.",
    fix="Give the version, 'pandas==2.2.3', or use an image that holds the package.",
)
def unpinned_package(pipeline: Pipeline) -> Iterator[Location]:
    for place, script in _scripts(pipeline):
        for requirement in _requirements(script):
            if not _pinned(requirement):
                yield place, requirement


@rule(
    "trusted-host",
    severity="warning",
    why="pip then does not verify the host's certificate; kfp adds the flag for each of "
    "pip_index_urls.",
    fix="Use an image that holds the packages, or give pip_trusted_hosts=[] with pip_index_urls.",
)
def trusted_host(pipeline: Pipeline) -> Iterator[Location]:
    for place, script in _scripts(pipeline):
        for host in re.findall(r"--trusted-host[= ]+(\S+)", script):
            yield place, f"--trusted-host {host}"


def _moves(image: str) -> bool:
    if not image or PLACEHOLDER in image or "@sha256:" in image or _PREBUILT.fullmatch(image):
        return False
    tag = image.rpartition("/")[2].partition(":")[2]
    return tag in _MOVING_TAGS


def _scripts(pipeline: Pipeline) -> Iterator[tuple[str, str]]:
    """The shell scripts and command lines of the containers."""
    for label, executor in pipeline.executors.items():
        container: Spec = executor.get("container", {})
        words = [*container.get("command", []), *container.get("args", [])]
        for script in scripts_of(words) or [shlex.join(words)]:
            yield f"deploymentSpec.executors.{label}.container", script


def _requirements(script: str) -> Iterator[str]:
    """The requirements of each `pip install` in a shell script."""
    if not re.search(r"pip3? install", script):
        return
    # The end of a line ends a command, as `;` does. Punctuation is split into words of its own.
    one_line = script.replace("\\\n", " ").replace("\n", " ; ")
    lexer = shlex.shlex(one_line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        words = list(lexer)
    except ValueError:  # an unmatched quote: no shell would run it
        return
    installing = False  # whether the words that follow belong to a `pip install`
    value = False  # whether the next word is the value of a flag
    for before, word in pairwise(words):
        if re.fullmatch(r"(.*/)?pip3?", before) and word == "install":
            installing = True
        elif set(word) <= set("();<>|&"):
            installing = value = False
        elif installing and not value:
            value = word in _FLAGS_WITH_A_VALUE
            if not word.startswith("-"):
                yield word
        else:
            value = False


def _pinned(requirement: str) -> bool:
    if requirement == _ADDED_BY_KFP or "$" in requirement:
        return True
    if requirement.startswith("git+"):
        return "@" in requirement.rpartition("/")[2]
    if re.match(r"([\w.-]+ *(\[.*\])? *@ *)?(https?://|gs://|/|\.)", requirement):
        return True  # a file, whose name holds its version
    version = requirement.partition(";")[0].partition("==")[2]
    return bool(version) and "*" not in version
