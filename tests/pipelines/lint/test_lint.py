"""The lint: each rule finds its fault in a pipeline that has no other, and sound ones are clean."""

import contextlib
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer
import yaml
from google.cloud.aiplatform_v1.types import CustomJob, WorkerPoolSpec
from google_cloud_pipeline_components.container.v1.gcp_launcher.utils import json_util
from google_cloud_pipeline_components.types.artifact_types import UnmanagedContainerModel
from google_cloud_pipeline_components.utils import build_serverless_customjob_container_spec
from google_cloud_pipeline_components.v1.bigquery import BigqueryQueryJobOp
from google_cloud_pipeline_components.v1.custom_job import CustomTrainingJobOp
from google_cloud_pipeline_components.v1.dataset import ImageDatasetImportDataOp
from google_cloud_pipeline_components.v1.model import ModelUploadOp
from google_cloud_pipeline_components.v1.vertex_notification_email import VertexNotificationEmailOp
from kfp import compiler, dsl
from kfp.local import placeholder_utils

from components.code import Code
from pipelines import training
from pipelines.cli.lint import register
from pipelines.lint import Finding, check
from pipelines.lint.payload import payloads
from pipelines.lint.pipeline import read
from pipelines.lint.refused_payloads import INT32_FIELDS
from pipelines.lint.rule import RULES
from pipelines.prices.machines import mismatch
from trainer.errors import InputError, exit_on_error

PYTHON = "python:3.11"
TRAINER = "us-docker.pkg.dev/p/r/trainer:1.0"
OUTPUT = f"{dsl.PIPELINE_ROOT_PLACEHOLDER}/job"


@dsl.component(base_image=PYTHON)
def make(rows: int, data: dsl.Output[dsl.Dataset]) -> int:
    with open(data.path, "w") as file:
        file.write("x" * rows)
    return rows


@dsl.component(base_image=PYTHON)
def count(path: str) -> int:
    return len(path)


@dsl.component(base_image=PYTHON)
def use(data: dsl.Input[dsl.Dataset], k: int) -> str:
    return f"{data.uri} {k}"


@dsl.component(base_image=PYTHON)
def show(text: str):
    """Has no outputs, and no effect either."""
    print(text)


def compiled(build: Callable[..., Any], tmp_path: Path) -> str:
    """The YAML of a pipeline whose body is `build`; its name is the function's."""
    path = tmp_path / "pipeline.yaml"
    compiler.Compiler().compile(
        dsl.pipeline(name=build.__name__.replace("_", "-"))(build), str(path)
    )
    return path.read_text()


def job(**changes: Any) -> Any:
    """A custom training job as people write it; `changes` go into its pool, None takes out."""
    pool: dict[str, Any] = {
        "machine_spec": {"machine_type": "n1-standard-4"},
        "replica_count": 1,
        "container_spec": {"image_uri": TRAINER, "args": ["--epochs=3"]},
    }
    pool |= changes
    return CustomTrainingJobOp(
        display_name="train",
        worker_pool_specs=[{name: part for name, part in pool.items() if part is not None}],
        base_output_directory=OUTPUT,
    )


def machine(**spec: Any) -> Any:
    return job(machine_spec={"machine_type": "n1-standard-4"} | spec)


# --- One bad pipeline for each rule, and a second where a rule has two sides -------------------

Bad = Callable[[Path], str]
BAD: list[tuple[str, Bad]] = []


def bad(rule: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The body of a pipeline which that rule, and no other, finds fault with."""

    def add(build: Callable[..., Any]) -> Callable[..., Any]:
        BAD.append((rule, lambda tmp_path: compiled(build, tmp_path)))
        return build

    return add


def edited(rule: str) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """A change of a sound spec which the compiler itself would not write."""

    def add(edit: Callable[[Any], None]) -> Callable[[Any], None]:
        def text(tmp_path: Path) -> str:
            spec = yaml.safe_load(compiled(lightweight, tmp_path))
            edit(spec)
            return yaml.safe_dump(spec)

        BAD.append((rule, text))
        return edit

    return add


@bad("artifact-as-parameter")
def artifact_in_worker_pool():
    data = make(rows=1).outputs["data"]
    job(container_spec={"image_uri": TRAINER, "args": ["--data", data]})


@edited("parameter-as-artifact")
def parameter_where_an_artifact_belongs(spec: Any) -> None:
    task = spec["root"]["dag"]["tasks"]["use-2"]
    task["inputs"]["artifacts"]["data"]["taskOutputArtifact"]["outputArtifactKey"] = "Output"


@edited("unknown-reference")
def output_that_does_not_exist(spec: Any) -> None:
    task = spec["root"]["dag"]["tasks"]["use-2"]
    task["inputs"]["artifacts"]["data"]["taskOutputArtifact"]["outputArtifactKey"] = "dataset"


@edited("unknown-reference")
def task_that_does_not_exist(spec: Any) -> None:
    spec["root"]["dag"]["tasks"]["use-2"]["dependentTasks"] = ["made"]


@edited("unknown-reference")
def component_that_does_not_exist(spec: Any) -> None:
    spec["root"]["dag"]["tasks"]["use-2"]["componentRef"]["name"] = "comp-used"


@edited("unknown-reference")
def executor_that_does_not_exist(spec: Any) -> None:
    del spec["deploymentSpec"]["executors"]["exec-use-2"]


@bad("unknown-reference")
def input_of_a_payload_that_does_not_exist():
    job(container_spec={"image_uri": TRAINER, "args": ["{{$.inputs.parameters['epoch']}}"]})


@bad("int-in-worker-pool")
def int_parameter_in_worker_pool(gpus: int = 1):
    machine(accelerator_type="NVIDIA_TESLA_T4", accelerator_count=gpus)


@bad("int-in-worker-pool")
def number_in_args():
    job(container_spec={"image_uri": TRAINER, "args": ["--epochs", 3]})


@bad("camel-case-in-payload")
def camel_case():
    job(diskSpec={"bootDiskType": "pd-ssd"})


@dsl.container_component
def own_job(name: str, out: dsl.Output[dsl.Artifact], gcp_resources: dsl.OutputPath(str)):
    pool = {
        "machine_spec": {"machine_type": "n1-standard-4"},
        "replica_count": 1,
        "container_spec": {"image_uri": TRAINER, "args": [f"--name={name}"]},
    }
    return build_serverless_customjob_container_spec(
        project="p",
        location="l",
        custom_job_payload={"job_spec": {"worker_pool_specs": [pool]}},
        gcp_resources=gcp_resources,
    )


@bad("payload-quote")
def quote_in_a_default(name: str = 'the "best"'):
    own_job(name=name)


@bad("accelerator-pair")
def type_without_count():
    machine(accelerator_type="NVIDIA_TESLA_T4")


@bad("accelerator-pair")
def count_without_type(kind: str = "ACCELERATOR_TYPE_UNSPECIFIED"):
    machine(accelerator_type=kind, accelerator_count=1)


@bad("accelerator-pair")
def step_with_a_count_alone():
    use(data=make(rows=1).outputs["data"], k=1).set_accelerator_limit(1)


@bad("accelerator-machine")
def gpu_on_a_machine_that_takes_none():
    machine(machine_type="e2-standard-4", accelerator_type="NVIDIA_TESLA_T4", accelerator_count=1)


@bad("gpu-with-cpu-image")
def gpu_with_the_cpu_image(
    image: str = "us-docker.pkg.dev/vertex-ai/training/pytorch-xla.2-4.py310:latest",
):
    gpu = {"accelerator_type": "NVIDIA_TESLA_T4", "accelerator_count": 1}
    job(
        machine_spec={"machine_type": "n1-standard-4"} | gpu,
        container_spec=None,
        python_package_spec={"executor_image_uri": image, "python_module": "trainer"},
    )


@bad("shared-output-directory")
def one_directory_for_all_runs():
    job(container_spec={"image_uri": TRAINER, "args": ["--model-out", "gs://bucket/model"]})


@bad("cached-mutable-input")
def fixed_path(csv: str = "gs://bucket/train.csv"):
    count(path=csv)


@bad("cached-mutable-input")
def fixed_path_of_an_importer():
    data = dsl.importer(artifact_uri="gs://bucket/train.csv", artifact_class=dsl.Dataset)
    use(data=data.output, k=1)


@dsl.component(base_image=PYTHON)
def notify(address: str):
    import smtplib

    smtplib.SMTP(address)


@bad("cached-side-effect")
def cached_notification():
    notify(address="mail.example")


@bad("job-name-in-cached-step")
def job_name():
    count(path=f"runs/{dsl.PIPELINE_JOB_NAME_PLACEHOLDER}")


@dsl.component(base_image="registry/image")
def without_tag() -> int:
    return 1


@bad("unpinned-image")
def image_without_tag():
    without_tag()


@bad("unpinned-image")
def latest_in_a_worker_pool(image: str = "registry:5000/image:latest"):
    job(container_spec={"image_uri": image})


@dsl.component(base_image=PYTHON, packages_to_install=["pandas==2.2.3", "polars>=1"])
def unpinned() -> int:
    return 1


@bad("unpinned-package")
def package_without_version():
    unpinned()


@dsl.component(
    base_image=PYTHON,
    packages_to_install=["a==1"],
    pip_index_urls=["https://packages.example/simple"],
)
def own_index() -> int:
    return 1


@bad("trusted-host")
def index_without_tls():
    own_index()


@bad("undocumented-feature")
def cache_key():
    count(path="x").set_caching_options(True, cache_key="mine")


@edited("pipeline-name")
def name_with_capitals(spec: Any) -> None:
    spec["pipelineInfo"]["name"] = "My_Pipeline"


@bad("display-name")
def long_display_name():
    CustomTrainingJobOp(display_name="x" * 129, worker_pool_specs=[])


@bad("label")
def label_with_a_capital():
    CustomTrainingJobOp(display_name="x", worker_pool_specs=[], labels={"team": "Blue"})


@bad("secret-in-clear")
def password_as_a_default(db_password: str = "hunter2"):
    count(path=db_password)


@bad("secret-in-clear")
def key_in_the_environment():
    count(path="x").set_env_variable("SERVICE", "https://user:hunter2@example.com")


@bad("undocumented-feature")
def custom_path():
    moves_its_output()


@dsl.component(base_image=PYTHON)
def moves_its_output(data: dsl.Output[dsl.Dataset]):
    data.custom_path = "/mnt/data"


def google_dataset_import(tmp_path: Path) -> str:
    """Google's own component, which kfp 2.17 compiles with an output that does not exist."""
    compiler.Compiler().compile(ImageDatasetImportDataOp, str(tmp_path / "pipeline.yaml"))
    return (tmp_path / "pipeline.yaml").read_text()


BAD.append(("unknown-reference", google_dataset_import))


def workspace(tmp_path: Path) -> str:
    config = dsl.PipelineConfig(workspace=dsl.WorkspaceConfig(size="1Gi"))

    @dsl.pipeline(name="workspace", pipeline_config=config)
    def pipeline():
        count(path="x")

    path = tmp_path / "pipeline.yaml"
    compiler.Compiler().compile(pipeline, str(path))
    return path.read_text()


# --- Sound pipelines ---------------------------------------------------------------------------


@dsl.component(base_image=PYTHON)
def two(a: int) -> NamedTuple("Two", [("x", int), ("y", float)]):
    return a, 1.0


@dsl.component(
    base_image=PYTHON,
    packages_to_install=["pandas==2.2.3", "pkg @ https://x/p-1.whl"],
    pip_index_urls=["https://packages.example/simple"],
    pip_trusted_hosts=[],
)
def join(parts: list) -> str:
    return ",".join(parts)


@dsl.pipeline(name="inner")
def inner(rows: int) -> dsl.Dataset:
    return make(rows=rows).outputs["data"]


def lightweight(rows: int = 5):
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


def google_components(project: str, image: str = TRAINER, machine: str = "n1-standard-8"):
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
        BigqueryQueryJobOp(project=project, location="US", query="SELECT 'x' FROM `a.b.c`")
        model = dsl.importer(
            artifact_uri=f"{OUTPUT}/model",
            artifact_class=UnmanagedContainerModel,
            metadata={"containerSpec": {"imageUri": TRAINER}},
        ).after(trained)
        ModelUploadOp(display_name="m", unmanaged_container_model=model.outputs["artifact"])


def importers():
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


@pytest.mark.parametrize("replicas", [1, 2])
@pytest.mark.parametrize(
    "code",
    [
        Code.in_image(training.DEFAULT_IMAGE),
        Code.in_package("gs://bucket/staging/vertex_tabular-0.1.0-py3-none-any.whl"),
    ],
    ids=["image", "package"],
)
def test_our_own_pipeline_is_clean(code: Code, replicas: int) -> None:
    assert check(training.compiled(code, replicas)) == []


# --- The rules ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("rule", "text"), BAD, ids=[rule for rule, _ in BAD])
def test_a_rule_finds_its_fault_and_no_other_rule_finds_any(
    rule: str, text: Bad, tmp_path: Path
) -> None:
    findings = check(text(tmp_path))
    assert {finding.rule for finding in findings} == {rule}
    for finding in findings:
        assert all([finding.place, finding.found, finding.why, finding.cure])


def test_a_second_document_and_its_platform_are_found(tmp_path: Path) -> None:
    found = [finding.rule for finding in check(workspace(tmp_path))]
    assert found == ["platform-spec", "second-document"]


def test_every_rule_has_a_bad_pipeline() -> None:
    assert {rule for rule, _ in BAD} | {"second-document", "platform-spec"} == set(RULES)


def only(findings: list[Finding]) -> Finding:
    assert len(findings) == 1, findings
    return findings[0]


def test_a_finding_says_where_even_inside_a_condition(tmp_path: Path) -> None:
    def nested(rows: int = 1):
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


@pytest.mark.parametrize(
    ("script", "unpinned_packages"),
    [
        ("pip install a==1.0 'b[x]==2' 'c @ https://x/c.whl' d", ["d"]),
        ("python3 -m pip install -U --index-url https://x 'a>=1' ; echo pandas", ["a>=1"]),
        ("pip install \\\n  a \\\n  b==1.*\npython main.py", ["a", "b==1.*"]),
        ("pip install -r requirements.txt ./wheels/c.whl && run", []),
        ("pip install git+https://host/a git+https://host/b@v1", ["git+https://host/a"]),
        ("/opt/bin/pip3 install --quiet $PACKAGE a", ["a"]),
        ("pip install 'a", []),
    ],
)
def test_what_a_script_installs(script: str, unpinned_packages: list[str], tmp_path: Path) -> None:
    spec = yaml.safe_load(compiled(cached_notification, tmp_path))
    (executor,) = spec["deploymentSpec"]["executors"].values()
    executor["container"]["command"] = ["sh", "-ec", script]
    findings = [f for f in check(yaml.safe_dump(spec)) if f.rule == "unpinned-package"]
    assert [finding.found for finding in findings] == unpinned_packages


def test_a_secret_is_not_repeated(tmp_path: Path) -> None:
    finding = only(check(compiled(password_as_a_default, tmp_path)))
    assert "hunter2" not in json.dumps(finding.__dict__)


@pytest.mark.parametrize(
    ("machine_type", "kind", "number", "problem"),
    [
        ("n1-standard-4", "NVIDIA_TESLA_T4", 1, None),
        ("n1-standard-4", "NVIDIA_TESLA_T4", 3, "NVIDIA_TESLA_T4 comes in counts of 1, 2, 4"),
        (
            "n1-standard-16",
            "NVIDIA_TESLA_V100",
            1,
            "1 × NVIDIA_TESLA_V100 go with at most 12 vCPUs",
        ),
        ("n2-standard-4", "NVIDIA_TESLA_T4", 1, "NVIDIA_TESLA_T4 goes with the series n1 only"),
        ("g2-standard-4", "NVIDIA_L4", 1, None),
        ("g2-standard-4", "NVIDIA_L4", 2, "g2-standard-4 has 1 × NVIDIA_L4"),
        ("n1-standard-4", "NVIDIA_B200", 8, "NVIDIA_B200 comes with a4-highgpu-8g only"),
        ("x9-highgpu-1g", "NVIDIA_OF_NEXT_YEAR", 1, None),
    ],
)
def test_machines_and_accelerators(
    machine_type: str, kind: str, number: int, problem: str | None
) -> None:
    assert mismatch(machine_type, kind, number) == problem


# --- The failures are real: Google's and kfp's own code ---------------------------------------


def jobs(text: str) -> Iterator[Any]:
    """The payloads in a pipeline, after what Google's launcher does to them first."""
    for step in read(text, "it", {}).steps:
        for payload in payloads(step):
            yield json_util.recursive_remove_empty(payload)


@pytest.mark.parametrize("build", [int_parameter_in_worker_pool, number_in_args, camel_case])
def test_googles_launcher_refuses_it(build: Callable[..., Any], tmp_path: Path) -> None:
    (payload,) = jobs(compiled(build, tmp_path))
    with pytest.raises((TypeError, ValueError)):
        CustomJob(payload)


def test_googles_launcher_takes_the_sound_ones(tmp_path: Path) -> None:
    texts = [compiled(quoted_nothing, tmp_path), training.compiled(Code.in_image(TRAINER))]
    for text in texts:
        (payload,) = jobs(text)
        assert CustomJob(payload).job_spec.worker_pool_specs[0].replica_count == 1


def quoted_nothing():
    own_job(name="plain")


def test_the_int32_fields_are_those_of_googles_schema() -> None:
    def fields(message: Any) -> Iterator[tuple[str, str]]:
        for part in message.fields:
            for inner in part.message_type.fields if part.message_type else ():
                if inner.type == inner.TYPE_INT32:
                    yield part.name, inner.name

    assert set(fields(WorkerPoolSpec.pb(WorkerPoolSpec()).DESCRIPTOR)) == set(INT32_FIELDS)


def test_a_quote_breaks_the_payload() -> None:
    inputs = {"inputs": {"parameterValues": {"name": 'the "best"'}}, "outputs": {"outputFile": ""}}
    template = """{"name": "{{$.inputs.parameters['name']}}"}"""
    (text,) = placeholder_utils.replace_placeholders([template], inputs, "r", "t", "root", "id")
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)


def test_the_sdk_cannot_load_a_second_document(tmp_path: Path) -> None:
    from google.cloud.aiplatform.utils import yaml_utils

    workspace(tmp_path)
    with pytest.raises(yaml.YAMLError, match="expected a single document"):
        yaml_utils.load_yaml(str(tmp_path / "pipeline.yaml"))


# --- The command -------------------------------------------------------------------------------


def tabpipe(*arguments: str) -> int:
    """The command's exit status, reported as `tabpipe` reports it."""
    app = typer.Typer(pretty_exceptions_enable=False)
    register(app)
    with pytest.raises(SystemExit) as end, exit_on_error():
        app(list(arguments))
    return int(end.value.code or 0)


def test_the_command_prints_each_finding(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    compiled(cached_notification, tmp_path)
    assert tabpipe("lint", str(tmp_path / "pipeline.yaml")) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "cached-side-effect: root/notify: it has no outputs"
    assert [line.split(":")[0].strip() for line in lines[1:3]] == ["why", "cure"]
    assert lines[3].startswith("1 finding in ")


def test_the_command_prints_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compiled(cached_notification, tmp_path)
    assert tabpipe("lint", "--json", str(tmp_path / "pipeline.yaml")) == 1
    (finding,) = json.loads(capsys.readouterr().out)
    assert list(finding) == ["rule", "place", "found", "why", "cure"]


def test_a_clean_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compiled(lightweight, tmp_path)
    assert tabpipe("lint", "--json", str(tmp_path / "pipeline.yaml")) == 0
    assert json.loads(capsys.readouterr().out) == []


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "No such file or directory"),
        (b"a: [", "must be YAML"),
        (b"\xff\xfe\x00", "must be YAML"),
        (b"", "must be a compiled KFP v2 pipeline"),
        (b"- a", "must be a compiled KFP v2 pipeline"),
        (b"apiVersion: argoproj.io/v1alpha1\nkind: Workflow", "must be a compiled KFP v2 pipeline"),
        (b"root: {dag: 3}\ndeploymentSpec: {}", "must be a compiled KFP v2 pipeline"),
    ],
)
def test_what_is_no_pipeline_is_one_line_and_status_2(
    content: bytes | None, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "it.yaml"
    if content is not None:
        path.write_bytes(content)
    assert tabpipe("lint", str(path)) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert complaint in captured.err
    assert len(captured.err.splitlines()) == 1


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


def own_and_googles_job():
    own_job(name="x")
    job()
