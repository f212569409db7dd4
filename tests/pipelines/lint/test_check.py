"""All rules together: sound pipelines are clean, and no spec makes a rule crash."""

import contextlib
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import google_cloud_pipeline_components
import pytest
import yaml
from google_cloud_pipeline_components.types.artifact_types import UnmanagedContainerModel
from google_cloud_pipeline_components.v1.bigquery import BigqueryQueryJobOp
from google_cloud_pipeline_components.v1.custom_job import CustomTrainingJobOp
from google_cloud_pipeline_components.v1.model import ModelUploadOp
from google_cloud_pipeline_components.v1.vertex_notification_email import VertexNotificationEmailOp
from kfp import dsl

from components.code import Code
from pipelines import training
from pipelines.lint import check
from pipelines.lint.rule import RULES
from tests.pipelines.lint.bad_pipelines import (
    OUTPUT,
    PYTHON,
    TRAINER,
    compiled,
    count,
    job,
    make,
    only,
    own_job,
    show,
    use,
)
from trainer.errors import InputError


@dsl.component(base_image=PYTHON)
def two(a: int) -> NamedTuple("Two", [("x", int), ("y", float)]):  # type: ignore[valid-type]
    return a, 1.0


@dsl.component(
    base_image=PYTHON,
    packages_to_install=["pandas==2.2.3", "pkg @ https://x/p-1.whl"],
    pip_index_urls=["https://packages.example/simple"],
    pip_trusted_hosts=[],
)
def join(parts: list[str]) -> str:
    return ",".join(parts)


@dsl.pipeline(name="inner")
def inner(rows: int) -> dsl.Dataset:
    return make(rows=rows).outputs["data"]


def lightweight(rows: int = 5) -> None:
    """Nested pipeline, loop, collection, conditions, one-of, resources, retries."""
    data = inner(rows=rows).output
    with dsl.ParallelFor([{"a": 1}, {"a": 2}]) as item:
        used = use(data=data, k=item.a)
    joined = join(parts=dsl.Collected(used.output))
    with dsl.If(joined.output == "x"):
        show(text=f"yes {joined.output}")
        yes = two(a=1)
    with dsl.Else():
        no = two(a=2)
    two(a=dsl.OneOf(yes.outputs["x"], no.outputs["x"])).set_cpu_limit("4").set_retry(2)
    use(data=make(rows=1).outputs["data"], k=1)


def google_components(project: str, image: str = TRAINER, machine: str = "n1-standard-8") -> None:
    """Google's own components around a training job on a GPU."""
    with dsl.ExitHandler(VertexNotificationEmailOp(recipients=["a@example.com"])):
        used = use(data=make(rows=5).outputs["data"], k=1)
        gpu = {"accelerator_type": "NVIDIA_TESLA_T4", "accelerator_count": 1}
        pool = {
            "machine_spec": {"machine_type": machine} | gpu,
            "replica_count": 1,
            "container_spec": {"image_uri": image, "args": ["--data", used.output]},
        }
        trained = CustomTrainingJobOp(
            project=project,
            display_name="train",
            worker_pool_specs=[pool],
            base_output_directory=OUTPUT,
            labels={"team": "blue"},
        )
        query = BigqueryQueryJobOp(project=project, location="US", query="SELECT 'x' FROM `a.b.c`")
        query.set_caching_options(False)
        model = dsl.importer(
            artifact_uri=f"{OUTPUT}/model",
            artifact_class=UnmanagedContainerModel,
            metadata={"containerSpec": {"imageUri": TRAINER}},
        ).after(trained)
        ModelUploadOp(display_name="m", unmanaged_container_model=model.outputs["artifact"])


def importers() -> None:
    """Paths whose content is pinned, one way or the other."""
    dated = "gs://bucket/2026-11-01/train.csv"
    use(data=dsl.importer(artifact_uri=dated, artifact_class=dsl.Dataset).output, k=1)
    fresh = dsl.importer(
        artifact_uri="gs://bucket/train.csv", artifact_class=dsl.Dataset, reimport=True
    )
    use(data=fresh.output, k=1)
    count(path="gs://bucket/train.csv").set_caching_options(False)


@pytest.mark.parametrize("build", [lightweight, google_components, importers])
def test_ordinary_pipelines_are_clean(build: Callable[..., Any], tmp_path: Path) -> None:
    assert check(compiled(build, tmp_path)) == []


PACKAGE = Code.in_package("gs://bucket/staging/vertex_tabular-0.1.0-py3-none-any.whl")


@pytest.mark.parametrize("replicas", [1, 2])
@pytest.mark.parametrize(
    "code", [Code.in_image(training.DEFAULT_IMAGE), PACKAGE], ids=["image", "package"]
)
def test_our_own_pipeline_is_clean(code: Code, replicas: int) -> None:
    assert check(training.compiled(code, replicas)) == []


SHIPPED = Path(google_cloud_pipeline_components.__file__).parent
# The pipelines that Google's package comes with; the others there are components.
PIPELINES = [
    path
    for path in sorted(SHIPPED.rglob("*"))
    if path.suffix in (".yaml", ".json") and '"root' in path.read_text().replace("root:", '"root')
]


def test_the_pipelines_of_googles_package_have_no_errors_and_few_warnings() -> None:
    assert len(PIPELINES) >= 14
    findings = [finding for path in PIPELINES for finding in check(path.read_text(), str(path))]
    assert [finding for finding in findings if finding.severity == "error"] == []
    # They do cache what they ask BigQuery, and a step that leaves a mark beside a model.
    warnings = {f"{f.rule} {f.place.rpartition('/')[2]}" for f in findings if f.severity != "note"}
    assert {w for w in warnings if not w.startswith("cached-query bigquery-")} == {
        "cached-side-effect set-model-can-skip-validation"
    }


def faulty(rows: int = 1) -> None:
    """An error, a warning and a note."""
    job(replica_count=2)
    count(path="gs://bucket/train.csv")
    count(path=f"runs/{dsl.PIPELINE_JOB_NAME_PLACEHOLDER}")


def test_the_worst_comes_first(tmp_path: Path) -> None:
    findings = check(compiled(faulty, tmp_path))
    assert [(finding.severity, finding.rule) for finding in findings] == [
        ("error", "payload-refused"),
        ("warning", "cached-mutable-input"),
        ("note", "job-name-in-cached-step"),
    ]


def test_rules_are_left_out_by_name_and_by_a_comment(tmp_path: Path) -> None:
    text = compiled(faulty, tmp_path)
    assert only(check(text, ignore=["payload-refused", "cached-mutable-input"])).severity == "note"
    comment = "# tabpipe lint: ignore payload-refused, job-name-in-cached-step\n"
    assert only(check(comment + text)).severity == "warning"
    # Not what a step's code or an argument says.
    quoted = yaml.safe_load(text)
    quoted["pipelineInfo"]["description"] = f"see\n{comment}"
    assert len(check(json.dumps(quoted))) == 3


@pytest.mark.parametrize("where", ["option", "comment"])
def test_a_rule_that_there_is_not_cannot_be_left_out(where: str, tmp_path: Path) -> None:
    text = compiled(faulty, tmp_path)
    message = "--ignore must name a rule, got payload-refuse; did you mean payload-refused?"
    with pytest.raises(InputError) as caught:
        if where == "option":
            check(text, ignore=["payload-refuse"])
        else:
            check(f"{text}\n# tabpipe lint: ignore payload-refuse")
    assert str(caught.value) == message


def test_the_json_of_a_pipeline_job_is_its_pipeline_with_its_parameters(tmp_path: Path) -> None:
    def pipeline(path: str = "runs/a") -> None:
        count(path=path)

    spec = yaml.safe_load(compiled(pipeline, tmp_path))
    job = {"displayName": "a", "pipelineSpec": spec, "runtimeConfig": {}}
    assert check(json.dumps(job)) == []
    job["runtimeConfig"] = {"parameterValues": {"path": "gs://bucket/train.csv"}}
    assert only(check(json.dumps(job))).found == "gs://bucket/train.csv"


def test_a_finding_says_where_even_inside_a_condition(tmp_path: Path) -> None:
    def nested(rows: int = 1) -> None:
        made = make(rows=rows)
        with dsl.If(made.outputs["Output"] == 1):
            count(path="gs://bucket/train.csv")

    finding = only(check(compiled(nested, tmp_path)))
    assert finding.place == "root/condition-1/count: inputs.path"
    assert finding.found == "gs://bucket/train.csv"


def test_the_runs_own_arguments_are_checked_in_place_of_the_defaults() -> None:
    text = training.compiled(Code.in_image(training.DEFAULT_IMAGE))
    arguments: dict[str, Any] = {"accelerator_type": "NVIDIA_L4", "accelerator_count": 1}
    assert only(check(text, arguments=arguments)).rule == "accelerator-machine"
    arguments["machine_type"] = "g2-standard-4"
    assert check(text, arguments=arguments) == []
    arguments["training_image"] = "registry/trainer-cpu:1"
    assert only(check(text, arguments=arguments)).rule == "gpu-with-cpu-image"
    assert only(check(text, arguments={"job_labels": {"Team": "a"}})).rule == "label"


def holders(value: Any) -> Iterator[tuple[Any, Any]]:
    """Each mapping or list inside a spec, with each of its keys."""
    if isinstance(value, (dict, list)):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield value, key
            yield from holders(item)


@pytest.mark.parametrize("wrong", [None, 3, "text", [1], {"a": 1}], ids=repr)
def test_a_part_of_another_type_is_never_a_crash(wrong: Any, tmp_path: Path) -> None:
    spec = yaml.safe_load(compiled(own_and_googles_job, tmp_path))
    # A tenth of the places, the same in each run of the test; all of them would take half a minute.
    everywhere = list(holders(spec))
    for holder, key in random.Random(repr(wrong)).sample(everywhere, len(everywhere) // 10):
        right, holder[key] = holder[key], wrong
        with contextlib.suppress(InputError):
            check(json.dumps(spec))
        holder[key] = right


def own_and_googles_job() -> None:
    own_job(name="x")
    job()


def test_every_rule_is_in_the_reference() -> None:
    reference = (Path(__file__).parents[3] / "docs" / "reference.md").read_text()
    for rule in RULES.values():
        assert f"| `{rule.id}` | {rule.severity} |" in reference


def test_every_module_of_rules_has_its_tests() -> None:
    modules = {rule.check.__module__.rpartition(".")[2] for rule in RULES.values()}
    assert modules == {
        path.stem.removeprefix("test_") for path in Path(__file__).parent.glob("test_*.py")
    } - {"check"}
