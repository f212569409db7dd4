"""The rule on secrets."""

import json
from pathlib import Path

from pipelines.lint import check, secret_values
from tests.pipelines.lint.bad_pipelines import BadPipelines, RuleTests, compiled, count, only

BAD = BadPipelines(secret_values)


@BAD.built("secret-in-clear", "keep it in Secret Manager")
def password_as_a_default(db_password: str = "hunter2") -> None:
    count(path=db_password)


@BAD.built("secret-in-clear", "keep it in Secret Manager")
def key_in_the_environment() -> None:
    count(path="x").set_env_variable("SERVICE", "https://user:hunter2@example.com")


class TestRules(RuleTests):
    bad = BAD


def test_a_secret_is_not_repeated(tmp_path: Path) -> None:
    finding = only(check(compiled(password_as_a_default, tmp_path)))
    assert "hunter2" not in json.dumps(finding.__dict__)
