"""Rules on names and labels."""

from pathlib import Path
from typing import Any

import pytest
from google_cloud_pipeline_components.v1.custom_job import CustomTrainingJobOp

from pipelines.lint import names
from tests.pipelines.lint.bad_pipelines import Bad, BadPipelines, assert_only

BAD = BadPipelines(names)


@BAD.edited("pipeline-name")
def name_with_capitals(spec: Any) -> None:
    spec["pipelineInfo"]["name"] = "My_Pipeline"


@BAD.built("display-name")
def long_display_name() -> None:
    CustomTrainingJobOp(display_name="x" * 129, worker_pool_specs=[])


@BAD.built("label")
def label_with_a_capital() -> None:
    CustomTrainingJobOp(display_name="x", worker_pool_specs=[], labels={"team": "Blue"})


@pytest.mark.parametrize(("rule", "text"), BAD.cases)
def test_a_rule_finds_its_fault_and_no_other_rule_finds_any(
    rule: str, text: Bad, tmp_path: Path
) -> None:
    assert_only(rule, text(tmp_path))


def test_every_rule_has_a_bad_pipeline() -> None:
    assert not BAD.rules_without_one()
