"""Rules on the file as a whole."""

from pathlib import Path

import pytest
import yaml
from kfp import compiler, dsl

from pipelines.lint import check, documents
from tests.pipelines.lint.bad_pipelines import PYTHON, BadPipelines, RuleTests, count

BAD = BadPipelines(documents)


@BAD.built("undocumented-feature")
def cache_key() -> None:
    count(path="x").set_caching_options(True, cache_key="mine")


@dsl.component(base_image=PYTHON)
def moves_its_output(data: dsl.Output[dsl.Dataset]) -> None:
    data.custom_path = "/mnt/data"


@BAD.built("undocumented-feature")
def custom_path() -> None:
    moves_its_output()


def workspace(tmp_path: Path) -> str:
    config = dsl.PipelineConfig(workspace=dsl.WorkspaceConfig(size="1Gi"))

    @dsl.pipeline(name="workspace", pipeline_config=config)
    def pipeline() -> None:
        count(path="x")

    path = tmp_path / "pipeline.yaml"
    compiler.Compiler().compile(pipeline, str(path))
    return path.read_text()


class TestRules(RuleTests):
    bad = BAD
    # The pipeline of these two, `workspace`, breaks both.
    elsewhere = frozenset({"platform-spec", "second-document"})


def test_a_second_document_and_its_platform_are_found(tmp_path: Path) -> None:
    found = [finding.rule for finding in check(workspace(tmp_path))]
    assert found == ["platform-spec", "second-document"]


def test_the_sdk_cannot_load_a_second_document(tmp_path: Path) -> None:
    from google.cloud.aiplatform.utils import yaml_utils

    workspace(tmp_path)
    with pytest.raises(yaml.YAMLError, match="expected a single document"):
        yaml_utils.load_yaml(str(tmp_path / "pipeline.yaml"))
