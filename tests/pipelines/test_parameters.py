"""Values for a pipeline's parameters, and what is said of those that will not do."""

import pytest

from pipelines.parameters import check, parse_settings
from trainer.errors import InputError

DECLARED = {
    "epochs": {"parameterType": "NUMBER_INTEGER"},
    "val_size": {"parameterType": "NUMBER_DOUBLE"},
    "restore_best": {"parameterType": "BOOLEAN"},
    "labels": {"parameterType": "STRUCT"},
    "strategy": {"parameterType": "STRING"},
}


def test_a_setting_gets_the_declared_type() -> None:
    settings = ["epochs=5", "val_size=.25", "restore_best=False", 'labels={"a": "b=c"}']
    assert parse_settings([*settings, "strategy=SPOT"], DECLARED) == {
        "epochs": 5,
        "val_size": 0.25,
        "restore_best": False,
        "labels": {"a": "b=c"},
        "strategy": "SPOT",
    }


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        ("epochs", "--set must be NAME=VALUE, got epochs"),
        ("epoch=5", "--set must name a parameter, got epoch; did you mean epochs?$"),
        ("size=5", "--set must name a parameter, got size; did you mean val_size?$"),
        ("zzz=5", "--set must name a parameter, got zzz; there are epochs, labels,"),
        ("epochs=many", "epochs must be a whole number, got many"),
        ("epochs=5.5", "epochs must be a whole number, got 5.5"),
        ("val_size=a", "val_size must be a number, got a"),
        ("restore_best=yes", "restore_best must be true or false, got yes"),
        ("labels=[1]", "labels must be a JSON object, got [1]"),
        ("labels={", "labels must be a JSON object, got {"),
        ('labels={"a": NaN}', "labels must be a JSON object, got {"),
        ("val_size=inf", "val_size must be a number, got inf"),
    ],
)
def test_a_bad_setting(setting: str, complaint: str) -> None:
    with pytest.raises(
        InputError, match="^" + complaint.translate({ord("["): r"\[", ord("?"): r"\?"})
    ):
        parse_settings([setting], DECLARED)


@pytest.mark.parametrize("value", ['say "hi"', "back\\slash", "two\nlines"])
def test_a_string_that_would_break_the_payload(value: str) -> None:
    with pytest.raises(InputError, match="^csv must not contain"):
        check({"csv": value}, {})


@pytest.mark.parametrize(
    "arguments", [{"accelerator_type": "NVIDIA_TESLA_T4"}, {"accelerator_count": 1}]
)
def test_accelerator_type_and_count_go_together(arguments: dict[str, object]) -> None:
    with pytest.raises(InputError, match="go together, got accelerator_type="):
        check(arguments, {})
    check({"accelerator_type": "NVIDIA_TESLA_T4", "accelerator_count": 1}, {})


def test_the_last_of_several_settings_counts() -> None:
    assert parse_settings(["epochs=1", "epochs=2"], DECLARED) == {"epochs": 2}
