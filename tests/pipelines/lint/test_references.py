"""Rules on references between the parts of a graph."""

from pathlib import Path
from typing import Any

from google_cloud_pipeline_components.v1.dataset import ImageDatasetImportDataOp
from kfp import compiler

from pipelines.lint import references
from tests.pipelines.lint.bad_pipelines import TRAINER, BadPipelines, RuleTests, job, make

BAD = BadPipelines(references)


@BAD.built("artifact-as-parameter")
def artifact_in_worker_pool() -> None:
    data = make(rows=1).outputs["data"]
    job(container_spec={"image_uri": TRAINER, "args": ["--data", data]})


@BAD.edited("parameter-as-artifact")
def parameter_where_an_artifact_belongs(spec: Any) -> None:
    task = spec["root"]["dag"]["tasks"]["use"]
    task["inputs"]["artifacts"]["data"]["taskOutputArtifact"]["outputArtifactKey"] = "Output"


@BAD.edited("unknown-reference")
def output_that_does_not_exist(spec: Any) -> None:
    task = spec["root"]["dag"]["tasks"]["use"]
    task["inputs"]["artifacts"]["data"]["taskOutputArtifact"]["outputArtifactKey"] = "dataset"


@BAD.edited("unknown-reference")
def task_that_does_not_exist(spec: Any) -> None:
    spec["root"]["dag"]["tasks"]["use"]["dependentTasks"] = ["made"]


@BAD.edited("unknown-reference")
def component_that_does_not_exist(spec: Any) -> None:
    spec["root"]["dag"]["tasks"]["use"]["componentRef"]["name"] = "comp-used"


@BAD.edited("unknown-reference")
def executor_that_does_not_exist(spec: Any) -> None:
    del spec["deploymentSpec"]["executors"]["exec-use"]


@BAD.built("unknown-reference")
def input_of_a_payload_that_does_not_exist() -> None:
    job(container_spec={"image_uri": TRAINER, "args": ["{{$.inputs.parameters['epoch']}}"]})


def google_dataset_import(tmp_path: Path) -> str:
    """Google's own component, which kfp 2.17 compiles with an output that does not exist."""
    compiler.Compiler().compile(ImageDatasetImportDataOp, str(tmp_path / "pipeline.yaml"))
    return (tmp_path / "pipeline.yaml").read_text()


BAD.cases.append(("unknown-reference", google_dataset_import))


class TestRules(RuleTests):
    bad = BAD
