"""Rules on caching."""

from kfp import dsl

from pipelines.lint import caching
from tests.pipelines.lint.bad_pipelines import PYTHON, BadPipelines, RuleTests, count, use

BAD = BadPipelines(caching)


@BAD.built("cached-mutable-input")
def fixed_path(csv: str = "gs://bucket/train.csv") -> None:
    count(path=csv)


@BAD.built("cached-mutable-input")
def fixed_path_of_an_importer() -> None:
    data = dsl.importer(artifact_uri="gs://bucket/train.csv", artifact_class=dsl.Dataset)
    use(data=data.output, k=1)


@dsl.component(base_image=PYTHON)
def notify(address: str) -> None:
    import smtplib

    smtplib.SMTP(address)


@BAD.built("cached-side-effect")
def cached_notification() -> None:
    notify(address="mail.example")


@BAD.built("job-name-in-cached-step")
def job_name() -> None:
    count(path=f"runs/{dsl.PIPELINE_JOB_NAME_PLACEHOLDER}")


class TestRules(RuleTests):
    bad = BAD
