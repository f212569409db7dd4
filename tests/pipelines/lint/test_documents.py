"""Rules on the file as a whole."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from kfp import compiler, dsl

from pipelines.lint import check, documents
from tests.pipelines.lint.bad_pipelines import PYTHON, BadPipelines, RuleTests, count, only

BAD = BadPipelines(documents)


@BAD.built("undocumented-feature", "Remove it")
def cache_key() -> None:
    count(path="x").set_caching_options(True, cache_key="mine")


@dsl.component(base_image=PYTHON)
def moves_its_output(data: dsl.Output[dsl.Dataset]) -> None:
    data.custom_path = "/mnt/data"


@BAD.built("undocumented-feature", "Remove it")
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
    elsewhere = frozenset({"second-document"})


@BAD.edited("platform-spec", ".set_memory_limit")
def settings_of_another_platform(spec: Any) -> None:
    component = spec["components"]["comp-use"]
    component["singlePlatformSpecs"] = [{"platform": "kubernetes"}]


def test_a_second_document_is_one_finding_that_names_the_platform(tmp_path: Path) -> None:
    finding = only(check(workspace(tmp_path)))
    assert (finding.rule, finding.found) == ("second-document", "kubernetes")
    assert "Remove the settings for kubernetes" in finding.fix


def test_the_sdk_cannot_load_a_second_document(tmp_path: Path) -> None:
    from google.cloud.aiplatform.utils import yaml_utils

    workspace(tmp_path)
    with pytest.raises(yaml.YAMLError, match="expected a single document"):
        yaml_utils.load_yaml(str(tmp_path / "pipeline.yaml"))
