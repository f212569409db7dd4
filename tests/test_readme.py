"""The README says what is so: its picture is of the compiled pipeline, its targets exist."""

import re
from pathlib import Path

import yaml

from components.code import Code
from pipelines import training
from pipelines.local.progress import SHOWN
from pipelines.parameters import declared
from tools.dag import mermaid

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def spec() -> dict[str, object]:
    content: dict[str, object] = yaml.safe_load(training.compiled(Code.in_image("image:1")))
    return content


def test_the_picture_is_of_the_pipeline() -> None:
    (picture,) = re.findall(r"```mermaid\n(.*?)\n```", README, re.DOTALL)
    assert picture == mermaid(spec()), "python -m tools.dag build/training.yaml"


def test_the_artifacts_it_shows_are_those_that_a_run_ends_with() -> None:
    shown = re.findall(r"^  (\w+) +runs/\d", README, re.MULTILINE)
    assert shown == sorted(SHOWN)
    assert set(SHOWN) < set(training.Results._fields)


def test_every_make_target_it_names_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z]+)\b", README))
    assert named >= {"run", "test"}
    assert named <= targets


def test_every_parameter_it_sets_exists() -> None:
    named = set(re.findall(r"--set (\w+)=", README))
    assert named and named <= set(declared(spec()))


def test_every_file_and_heading_it_links_to_exists() -> None:
    for target, anchor in re.findall(r"\]\((?!http)([^)#]+)#?([^)]*)\)", README):
        assert (ROOT / target).exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", (ROOT / target).read_text().lower(), re.MULTILINE)
            assert anchor in [heading.replace(" ", "-") for heading in headings]
