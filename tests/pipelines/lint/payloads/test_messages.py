"""Payloads as Google reads them: whatever is in them, and what is not known before the run."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from google.cloud.aiplatform_v1.types import CustomJob
from google.protobuf import json_format
from google_cloud_pipeline_components.container.v1.gcp_launcher.utils import json_util
from google_cloud_pipeline_components.v1.endpoint import EndpointCreateOp
from hypothesis import assume, given
from hypothesis import strategies as st

from pipelines.lint import check
from pipelines.lint.payloads.messages import api_problems, launcher_problems
from pipelines.lint.payloads.template import launch_type, payloads
from pipelines.lint.pipeline import read
from tests.pipelines.lint.bad_pipelines import compiled, settings
from tests.pipelines.lint.google_jobs import POOL, batch, tuning, upload


def known_in_the_run(
    project: str, image: str, account: str, rows: list[str], trials: int, network: str = ""
) -> None:
    """Nothing in it is known beforehand to be wrong."""
    settings(
        project=project,
        service_account=account,
        network=network,
        tensorboard="projects/1/locations/us-central1/tensorboards/2",
        worker_pool_specs=[POOL | {"container_spec": {"image_uri": image, "args": [account]}}],
    )
    tuning(project=project, max_trial_count=trials)
    batch(project=project, gcs_source_uris=rows)
    upload(project=project, version_aliases=["champion"])
    EndpointCreateOp(project=project, display_name="serve", network=network)
    settings(worker_pool_specs=rows)


def test_what_is_known_in_the_run_only_is_not_a_fault(tmp_path: Path) -> None:
    assert check(compiled(known_in_the_run, tmp_path)) == []


SCALARS = st.none() | st.booleans() | st.integers(-3, 200) | st.floats(-3, 3) | st.text(max_size=5)
JSON = st.recursive(
    SCALARS | st.sampled_from(["SPOT", "3600s", "gs://bucket/a", "{{$.inputs.parameters['a']}}"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abAB_", max_size=4), inner, max_size=3)
    ),
    max_leaves=4,
)


def every_kind() -> None:
    settings(timeout="3600s", strategy="SPOT", labels={"team": "a"})
    tuning()
    batch()
    upload(version_aliases=["champion"])
    EndpointCreateOp(display_name="serve")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A payload of each type that can be parsed."""
    pipeline = read(compiled(every_kind, tmp_path_factory.mktemp("sound")), "it", {})
    return {launch_type(task): payload for task in pipeline.tasks for payload in payloads(task)}


def places(value: Any) -> list[tuple[Any, Any]]:
    """Each mapping or list inside a payload, with each of its keys."""
    if not isinstance(value, (dict, list)):
        return []
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    return [(value, key) for key in keys] + [each for key in keys for each in places(value[key])]


@given(data=st.data())
def test_a_part_of_another_kind_is_never_a_crash(
    sound: dict[str, Any], data: st.DataObject
) -> None:
    kind = data.draw(st.sampled_from(sorted(sound)))
    payload = copy.deepcopy(sound[kind])
    holder, key = data.draw(st.sampled_from(places(payload)))
    holder[key] = data.draw(JSON)
    list(api_problems(kind, payload))
    list(launcher_problems(kind, payload))


@given(data=st.data())
def test_what_googles_parser_refuses_is_found(sound: dict[str, Any], data: st.DataObject) -> None:
    payload = copy.deepcopy(sound["CustomJob"])
    holder, key = data.draw(st.sampled_from(places(payload)))
    holder[key] = data.draw(JSON)
    assume("{{$" not in json.dumps(holder[key]))
    try:
        CustomJob.from_json(json.dumps(json_util.recursive_remove_empty(payload)))
    except json_format.ParseError:
        assert list(api_problems("CustomJob", payload))
