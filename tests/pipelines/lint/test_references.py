"""Rules on references between the parts of a graph."""

from pathlib import Path
from typing import Any

from google_cloud_pipeline_components.v1.dataset import ImageDatasetImportDataOp
from kfp import compiler

from pipelines.lint import references
from tests.pipelines.lint.bad_pipelines import TRAINER, BadPipelines, RuleTests, job, make

BAD = BadPipelines(references)


@BAD.built("artifact-as-parameter", "use a container component and {artifact}.uri")
def artifact_in_worker_pool() -> None:
    data = make(rows=1).outputs["data"]
    job(container_spec={"image_uri": TRAINER, "args": ["--data", data]})


@BAD.edited("parameter-as-artifact", "Declare the input as a parameter")
def parameter_where_an_artifact_belongs(spec: Any) -> None:
    task = spec["root"]["dag"]["tasks"]["use"]
    task["inputs"]["artifacts"]["data"]["taskOutputArtifact"]["outputArtifactKey"] = "Output"


@BAD.edited("unknown-reference", "Correct the name")
def output_that_does_not_exist(spec: Any) -> None:
    task = spec["root"]["dag"]["tasks"]["use"]
    task["inputs"]["artifacts"]["data"]["taskOutputArtifact"]["outputArtifactKey"] = "dataset"


@BAD.edited("unknown-reference", "Correct the name")
def task_that_does_not_exist(spec: Any) -> None:
    spec["root"]["dag"]["tasks"]["use"]["dependentTasks"] = ["made"]


@BAD.edited("unknown-reference", "Correct the name")
def component_that_does_not_exist(spec: Any) -> None:
    spec["root"]["dag"]["tasks"]["use"]["componentRef"]["name"] = "comp-used"


@BAD.edited("unknown-reference", "Correct the name")
def executor_that_does_not_exist(spec: Any) -> None:
    del spec["deploymentSpec"]["executors"]["exec-use"]


@BAD.built("unknown-reference", "Correct the name")
def input_of_a_payload_that_does_not_exist() -> None:
    job(container_spec={"image_uri": TRAINER, "args": ["{{$.inputs.parameters['epoch']}}"]})


def google_dataset_import(tmp_path: Path) -> str:
    """Google's own component, which kfp 2.17 compiles with an output that does not exist."""
    compiler.Compiler().compile(ImageDatasetImportDataOp, str(tmp_path / "pipeline.yaml"))
    return (tmp_path / "pipeline.yaml").read_text()


BAD.cases.append(("unknown-reference", "Correct the name", google_dataset_import))


@BAD.edited("task-cycle", "Remove one of the references")
def tasks_that_wait_for_each_other(spec: Any) -> None:
    spec["root"]["dag"]["tasks"]["make"]["dependentTasks"] = ["use"]


@BAD.edited("task-cycle", "Remove one of the references")
def task_that_waits_for_itself(spec: Any) -> None:
    task = spec["root"]["dag"]["tasks"]["use"]
    task["inputs"]["parameters"]["k"] = {
        "taskOutputParameter": {"producerTask": "use", "outputParameterKey": "Output"}
    }
    spec["components"]["comp-use"]["outputDefinitions"]["parameters"]["Output"] = {
        "parameterType": "NUMBER_INTEGER"
    }


@BAD.edited("task-cycle", "A pipeline cannot contain itself")
def pipeline_that_contains_itself(spec: Any) -> None:
    inner = {"componentRef": {"name": "comp-inner"}, "taskInfo": {"name": "inner"}}
    spec["components"]["comp-inner"] = {"dag": {"tasks": {"inner": inner}}}
    spec["root"]["dag"]["tasks"]["inner"] = inner


class TestRules(RuleTests):
    bad = BAD
