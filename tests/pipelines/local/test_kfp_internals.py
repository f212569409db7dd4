"""Each private name of kfp's and GCPC's that this repository uses is still there."""

import importlib.util
import inspect
from pathlib import Path

from kfp import dsl

from components.code import Code
from components.snapshot import snapshot
from pipelines.local import kfp_internals


def test_the_launcher_and_the_executor_are_modules() -> None:
    for name in (kfp_internals.LAUNCHER, kfp_internals.KFP_EXECUTOR):
        assert importlib.util.find_spec(name)


def test_the_cache_gives_a_key_and_knows_nothing_at_first(tmp_path: Path) -> None:
    cache = kfp_internals.open_cache(tmp_path)
    given = {"component_name": "a", "image": "i", "full_command": ["c"], "env_vars": {}}
    keys = [
        cache.compute_key(arguments={"n": n}, custom_cache_key=None, **given) for n in (1, 1, 2)
    ]
    assert keys[0] == keys[1] != keys[2]
    assert cache.get(keys[0]) is None


def test_a_store_gives_a_task_its_arguments() -> None:
    from kfp.local.io import IOStore

    store = kfp_internals.make_store({"epochs": 3})
    assert isinstance(store, IOStore)
    assert store.get_parent_input("epochs") == 3


def test_the_parts_of_a_replay_are_there() -> None:
    from kfp.local.orchestrator.orchestrator_utils import OrchestratorUtils
    from kfp.local.utils import struct_to_executor_spec

    assert len(inspect.signature(OrchestratorUtils.make_task_arguments).parameters) == 2
    assert len(inspect.signature(struct_to_executor_spec).parameters) == 1


def test_a_components_source_is_the_last_word_of_its_command() -> None:
    component = dsl.component(snapshot, base_image="i", install_kfp_package=False)
    assert "def snapshot(" in component.component_spec.implementation.container.command[-1]
    ours = Code.in_image("i").component(snapshot).component_spec.implementation.container
    assert ours.command[-1] == "from components.snapshot import snapshot\n"


def test_gcpc_makes_the_container_of_a_custom_job() -> None:
    from google_cloud_pipeline_components.utils import build_serverless_customjob_container_spec

    names = inspect.signature(build_serverless_customjob_container_spec).parameters
    assert {"project", "location", "custom_job_payload", "gcp_resources"} <= set(names)
