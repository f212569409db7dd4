"""The rule on secrets."""

import json
from pathlib import Path

import pytest

from pipelines.lint import check, secret_values
from tests.pipelines.lint.bad_pipelines import Bad, BadPipelines, assert_only, compiled, count, only

BAD = BadPipelines(secret_values)


@BAD.built("secret-in-clear")
def password_as_a_default(db_password: str = "hunter2") -> None:
    count(path=db_password)


@BAD.built("secret-in-clear")
def key_in_the_environment() -> None:
    count(path="x").set_env_variable("SERVICE", "https://user:hunter2@example.com")


@pytest.mark.parametrize(("rule", "text"), BAD.cases)
def test_a_rule_finds_its_fault_and_no_other_rule_finds_any(
    rule: str, text: Bad, tmp_path: Path
) -> None:
    assert_only(rule, text(tmp_path))


def test_every_rule_has_a_bad_pipeline() -> None:
    assert not BAD.rules_without_one()


def test_a_secret_is_not_repeated(tmp_path: Path) -> None:
    finding = only(check(compiled(password_as_a_default, tmp_path)))
    assert "hunter2" not in json.dumps(finding.__dict__)
