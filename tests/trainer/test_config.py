import dataclasses

import pytest

from trainer.config import Config
from trainer.errors import InputError
from trainer.models import settings_of

DATA = ["--train=t.npz", "--val=v.npz"]


def test_defaults_are_the_reference_notebooks_settings() -> None:
    config = Config.from_args(DATA)
    assert config.model == "mlp"
    config = config.filled(settings_of("mlp"))
    notebook = {
        "epochs": 500,
        "learning_rate": 0.001,
        "patience": 50,
        "min_delta": 0.001,
        "restore_best": True,
        "batch_size": 0,
        "hidden_layers": (64, 32),
        "seed": 42,
    }
    assert {name: getattr(config, name) for name in notebook} == notebook


def test_both_ways_of_writing_a_flag() -> None:
    apart = Config.from_args(["--train", "t.npz", "--val", "v.npz", "--epochs", "7"])
    assert apart == Config.from_args([*DATA, "--epochs=7"])


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("True", True), ("false", False), ("False", False)]
)
def test_booleans_of_python_and_of_json(text: str, value: bool) -> None:
    assert Config.from_args([*DATA, f"--restore_best={text}"]).restore_best is value


def test_whole_numbers_arrive_as_doubles_from_a_pipeline() -> None:
    config = Config.from_args([*DATA, "--epochs=5.0", "--seed=7.0"])
    assert (config.epochs, config.seed) == (5, 7)
    assert isinstance(config.epochs, int)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "required: --train, --val"),
        ([*DATA, "--epochs=5.5"], "--epochs must be a whole number, got 5.5"),
        ([*DATA, "--epochs=inf"], "--epochs"),
        ([*DATA, "--epochs=-1"], "--epochs must be positive, got -1"),
        ([*DATA, "--learning_rate=nan"], "--learning_rate must be positive, got nan"),
        ([*DATA, "--restore_best=yes"], "--restore_best must be true or false, got yes"),
        ([*DATA, "--dropout=1"], "--dropout must be at least 0 and below 1, got 1.0"),
        ([*DATA, "--hidden_layers=64,0"], "--hidden_layers must be positive whole numbers"),
        ([*DATA, "--task=clustering"], "--task must be one of"),
        ([*DATA, "--epoch=5"], "unrecognized arguments: --epoch=5"),
    ],
)
def test_bad_usage_is_an_input_error(arguments: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message.replace("(", r"\(")) as raised:
        Config.from_args(arguments)
    assert "\n" not in str(raised.value)


def test_help_names_every_flag(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        Config.from_args(["--help"])
    assert raised.value.code == 0
    shown = capsys.readouterr().out
    assert all(f"--{field.name} " in shown for field in dataclasses.fields(Config))


def test_directories_come_from_the_platform_unless_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Config.from_args(DATA).model_out == "."
    monkeypatch.setenv("AIP_MODEL_DIR", "gs://bucket/run/model/")
    monkeypatch.setenv("AIP_CHECKPOINT_DIR", "gs://bucket/run/checkpoints/")
    config = Config.from_args(DATA)
    assert config.model_out == "gs://bucket/run/model/"
    assert config.checkpoint_dir == "gs://bucket/run/checkpoints/"
    assert Config.from_args([*DATA, "--model_out=here"]).model_out == "here"


def test_only_what_the_weights_depend_on_ties_a_checkpoint() -> None:
    ties = Config.from_args(DATA).resume_key()
    assert {"train", "seed", "hidden_layers", "batch_size", "device"} <= ties.keys()
    assert not {"model_out", "checkpoint_dir", "checkpoint_every"} & ties.keys()
