"""tabpipe run FILE.yaml, as a user types it."""

import json
from pathlib import Path

import pytest

from tests.shell import Shell

PIPELINE = {
    "schemaVersion": "2.1.0",
    "pipelineInfo": {"name": "greeting"},
    "components": {
        "comp-greet": {
            "executorLabel": "exec-greet",
            "inputDefinitions": {"parameters": {"name": {"parameterType": "STRING"}}},
            "outputDefinitions": {"parameters": {"said": {"parameterType": "STRING"}}},
        }
    },
    "deploymentSpec": {
        "executors": {
            "exec-greet": {
                "container": {
                    "image": "alpine",
                    "command": ["sh", "-ec", 'echo "hello $0"; test "$0" != x; printf "$0" > $1'],
                    "args": [
                        "{{$.inputs.parameters['name']}}",
                        "{{$.outputs.parameters['said'].output_file}}",
                    ],
                }
            }
        }
    },
    "root": {
        "inputDefinitions": {"parameters": {"name": {"parameterType": "STRING"}}},
        "outputDefinitions": {"parameters": {"said": {"parameterType": "STRING"}}},
        "dag": {
            "tasks": {
                "greet": {
                    "componentRef": {"name": "comp-greet"},
                    "inputs": {"parameters": {"name": {"componentInputParameter": "name"}}},
                }
            },
            "outputs": {
                "parameters": {
                    "said": {
                        "valueFromParameter": {
                            "producerSubtask": "greet",
                            "outputParameterKey": "said",
                        }
                    }
                }
            },
        },
    },
}


@pytest.fixture
def file(tmp_path: Path) -> str:
    (tmp_path / "greeting.json").write_text(json.dumps(PIPELINE))
    return "greeting.json"


def test_it_runs_and_can_be_looked_at(shell: Shell, file: str) -> None:
    result = shell("run", file, "--set", "name=Rose", "--json")
    assert result.status == 0, result.stderr
    run = json.loads(result.stdout)
    assert (run["state"], run["outputs"]) == ("SUCCEEDED", {"said": "Rose"})
    shown = shell("show", run["run_id"])
    assert "greet" in shown.stdout and "SUCCEEDED" in shown.stdout
    assert shell("logs", run["run_id"], "greet").stdout.strip() == "hello Rose"
    refused = shell("run", "--resume", "latest")
    assert (refused.status, "must be of tabpipe's own pipelines" in refused.error) == (2, True)


def test_its_outputs_are_printed(shell: Shell, file: str) -> None:
    assert shell("run", file, "--set", "name=Rose").stdout.endswith(" succeeded\n  said  Rose\n")


def test_a_failing_step_ends_it_with_1(shell: Shell, file: str) -> None:
    result = shell("run", file, "--set", "name=x")
    assert result.status == 1
    assert "error: greet failed: hello x; tabpipe show " in result.error


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["greeting.json"], "error: --set name= must be given"),
        (
            ["greeting.json", "--name", "a"],
            "error: a pipeline must come without --name, got greeting",
        ),
        (
            ["greeting.json", "--resume", "x"],
            "error: a pipeline must come without --resume, got greeting",
        ),
        (["gone.yaml"], "error: gone.yaml must be a compiled pipeline, got No such file"),
    ],
)
def test_bad_usage_ends_with_2_and_leaves_nothing(
    shell: Shell, file: str, tmp_path: Path, arguments: list[str], said: str
) -> None:
    result = shell("run", *arguments)
    assert (result.status, result.error.startswith(said)) == (2, True), result.error
    assert not (tmp_path / "runs").exists()


def test_the_help_says_that_it_executes_the_code_of_others(shell: Shell) -> None:
    said = " ".join(shell("run", "--help").stdout.replace("│", " ").split())
    assert "executed with your rights" in said
