"""Rules on caching."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from google_cloud_pipeline_components.types.artifact_types import VertexModel
from google_cloud_pipeline_components.v1.bigquery import (
    BigqueryCreateModelJobOp,
    BigqueryQueryJobOp,
)
from google_cloud_pipeline_components.v1.endpoint import EndpointCreateOp, ModelDeployOp
from kfp import dsl

from pipelines.lint import caching, check
from tests.pipelines.lint.bad_pipelines import (
    PYTHON,
    BadPipelines,
    RuleTests,
    compiled,
    count,
    make,
    use,
)

BAD = BadPipelines(caching)


@BAD.built("cached-mutable-input", "Pass a fingerprint of the content")
def fixed_path(csv: str = "gs://bucket/train.csv") -> None:
    count(path=csv)


@BAD.built("cached-mutable-input", "reimport=True")
def fixed_path_of_an_importer() -> None:
    data = dsl.importer(artifact_uri="gs://bucket/train.csv", artifact_class=dsl.Dataset)
    use(data=data.output, k=1)


@dsl.component(base_image=PYTHON)
def notify(address: str) -> None:
    import smtplib

    smtplib.SMTP(address)


@dsl.component(base_image=PYTHON)
def announce(text: str) -> None:
    with open("/gcs/bucket/news.txt", "a") as file:
        print(text, file=file)


@dsl.container_component
def remove(name: str) -> dsl.ContainerSpec:
    return dsl.ContainerSpec(image="tools:1.0", command=["sh", "-c"], args=["gsutil rm $0", name])


@BAD.built("cached-side-effect", ".set_caching_options(False)")
def cached_notification() -> None:
    notify(address="mail.example")


@BAD.built("cached-side-effect", ".set_caching_options(False)")
def cached_file_beside_the_pipeline() -> None:
    announce(text="done")


@BAD.built("cached-side-effect", ".set_caching_options(False)")
def cached_removal() -> None:
    remove(name="old")


@BAD.built("cached-side-effect", ".set_caching_options(False)")
def cached_deployment() -> None:
    endpoint = EndpointCreateOp(display_name="serve")
    model = dsl.importer(artifact_uri="gs://bucket/v1/model", artifact_class=VertexModel)
    ModelDeployOp(endpoint=endpoint.outputs["endpoint"], model=model.outputs["artifact"])


@BAD.built("cached-query", ".set_caching_options(False)")
def query_of_a_table_that_grows(project: str) -> None:
    BigqueryQueryJobOp(project=project, query="SELECT * FROM `p.d.visits`")


@BAD.built("cached-query", ".set_caching_options(False)")
def model_of_a_table_that_grows(project: str) -> None:
    BigqueryCreateModelJobOp(project=project, query="CREATE MODEL `d.m` AS SELECT * FROM `d.t`")


@BAD.built("job-name-in-cached-step", "Remove it from the step's inputs")
def job_name() -> None:
    count(path=f"runs/{dsl.PIPELINE_JOB_NAME_PLACEHOLDER}")


class TestRules(RuleTests):
    bad = BAD


@dsl.component(base_image=PYTHON)
def validate(columns: list, rows: int) -> None:  # type: ignore[type-arg]
    """Raises, or does nothing."""
    import logging
    import re

    name = re.compile("[a-z_]+")

    def is_name(text: str) -> bool:
        return bool(name.fullmatch(text))

    wrong = [column for column in columns if not is_name(column)]
    if wrong or rows < 1:
        raise ValueError(f"columns must be names, got {', '.join(wrong)}")
    logging.info("%s columns", len(columns))


@dsl.component(base_image=PYTHON)
def show_file(data: dsl.Input[dsl.Dataset]) -> None:
    import json
    import os

    if os.path.exists(data.path):
        with open(data.path) as file:
            for line in file:
                print(json.dumps({"line": line.strip()}))


@dsl.container_component
def say(text: str) -> dsl.ContainerSpec:
    return dsl.ContainerSpec(image="alpine:3.20", command=["echo"], args=["It is", text])


@dsl.container_component
def check_schema(text: str) -> dsl.ContainerSpec:
    return dsl.ContainerSpec(image="tools:1.0", args=["--schema", text])


@dsl.component(base_image=PYTHON)
def open_database(name: str) -> int:
    return len(name)


def only_look() -> None:
    validate(columns=["a"], rows=1)
    show_file(data=make(rows=1).outputs["data"])
    say(text="five o'clock")
    check_schema(text="a: int")


def named_after_the_run() -> None:
    EndpointCreateOp(display_name=f"serve-{dsl.PIPELINE_JOB_ID_PLACEHOLDER}")
    open_database(name=f"trial-{dsl.PIPELINE_JOB_NAME_PLACEHOLDER}")


def query_of_this_run(project: str) -> None:
    text = f"SELECT * FROM `d.rows_{dsl.PIPELINE_JOB_ID_PLACEHOLDER}`"
    BigqueryQueryJobOp(project=project, query=text).set_caching_options(False)


@pytest.mark.parametrize("build", [only_look, named_after_the_run, query_of_this_run])
def test_what_a_cache_hit_does_not_harm_is_no_fault(
    build: Callable[..., Any], tmp_path: Path
) -> None:
    assert check(compiled(build, tmp_path)) == []
