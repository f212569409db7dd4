"""Rules on names and labels."""

from typing import Any

from pipelines.lint import names
from tests.pipelines.lint.bad_pipelines import BadPipelines, RuleTests, settings

BAD = BadPipelines(names)


@BAD.edited("pipeline-name", "begin with no hyphen")
def name_with_capitals(spec: Any) -> None:
    spec["pipelineInfo"]["name"] = "My_Pipeline"


@BAD.built("display-name", "Shorten it")
def long_display_name() -> None:
    settings(display_name="x" * 129)


@BAD.built("label", "lowercase letters, digits")
def label_with_a_capital() -> None:
    settings(labels={"team": "Blue"})


class TestRules(RuleTests):
    bad = BAD
