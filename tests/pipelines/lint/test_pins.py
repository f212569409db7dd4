"""Rules on what a run downloads."""

from pathlib import Path

import pytest
import yaml
from kfp import dsl

from pipelines.lint import check, pins
from tests.pipelines.lint.bad_pipelines import PYTHON, BadPipelines, RuleTests, compiled, count, job

BAD = BadPipelines(pins)


@dsl.component(base_image="registry/image")
def without_tag() -> int:
    return 1


@BAD.built("unpinned-image", "better the digest")
def image_without_tag() -> None:
    without_tag()


@BAD.built("unpinned-image", "better the digest")
def latest_in_a_worker_pool(image: str = "registry:5000/image:latest") -> None:
    job(container_spec={"image_uri": image})


@dsl.component(base_image=PYTHON, packages_to_install=["pandas==2.2.3", "polars>=1"])
def unpinned() -> int:
    return 1


@BAD.built("unpinned-package", "Give the version")
def package_without_version() -> None:
    unpinned()


@dsl.component(
    base_image=PYTHON,
    packages_to_install=["a==1"],
    pip_index_urls=["https://packages.example/simple"],
)
def own_index() -> int:
    return 1


@BAD.built("trusted-host", "pip_trusted_hosts=[]")
def index_without_tls() -> None:
    own_index()


class TestRules(RuleTests):
    bad = BAD


def one_step() -> None:
    count(path="x")


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
        ("pip install --only-binary :all: --root-user-action=ignore a", ["a"]),
        ("pip install --only-binary=:all: --root-user-action ignore a", ["a"]),
    ],
)
def test_what_a_script_installs(script: str, unpinned_packages: list[str], tmp_path: Path) -> None:
    spec = yaml.safe_load(compiled(one_step, tmp_path))
    (executor,) = spec["deploymentSpec"]["executors"].values()
    executor["container"]["command"] = ["sh", "-ec", script]
    findings = [f for f in check(yaml.safe_dump(spec)) if f.rule == "unpinned-package"]
    assert [finding.found for finding in findings] == unpinned_packages
