"""Rules on names and labels."""

from typing import Any

from google_cloud_pipeline_components.v1.custom_job import CustomTrainingJobOp

from pipelines.lint import names
from tests.pipelines.lint.bad_pipelines import BadPipelines, RuleTests

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


class TestRules(RuleTests):
    bad = BAD
