"""What `--json` prints of the commands for Google Cloud is what docs/json.md says."""

import json
from typing import Any

import pytest

from tests.gcp.conftest import CSV
from tests.gcp.loopback.cloud import Cloud
from tests.pipelines.cli.test_json import documented, section
from tests.shell import Shell

pytestmark = pytest.mark.slow

IMAGE = ["--image", "us-docker.pkg.dev/p/r/i:1"]
CRON = ["--cron", "TZ=America/Chicago 0 3 * * *"]


def test_each_command_prints_its_keys(recorder: Cloud, recorded: Shell) -> None:
    def printed(*arguments: str) -> Any:
        result = recorded(*arguments, "--json")
        assert result.status == 0, result.stderr
        assert result.stdout.count("\n") == 1
        return json.loads(result.stdout)

    def keys(*arguments: str) -> set[str]:
        found = printed(*arguments)
        return set(found[0] if isinstance(found, list) else found)

    assert keys("submit", CSV, *IMAGE, "--run-id", "trial-1") == documented("submit")
    run = section("A run of either place")
    assert keys("show", "trial-1") == keys("runs") == run
    assert printed("open", "trial-1")["report"].startswith("https://console.cloud.google.com/")
    assert keys("cancel", "trial-1") == documented("cancel")
    for command in (["apply", "nightly", CSV, *IMAGE, *CRON], ["pause", "nightly"]):
        assert keys("schedule", *command) == documented(f"schedule {command[0]}")
    assert keys("schedule", "resume", "nightly") == documented("schedule resume")
    assert printed("schedule", "list") == [printed("schedule", "show", "nightly")]
    assert "pipelineSpec" not in json.dumps(printed("schedule", "show", "nightly"))
    assert len(printed("schedule", "preview", *CRON)) == 10
    assert keys("schedule", "delete", "nightly") == documented("schedule delete")
    recorded("submit", CSV)  # uploads a package
    listed = printed("clean", "--older-than", "0d")
    assert listed == [] or set(listed[0]) == documented("clean")
