"""What a GPU must gain to be worth its price, and the flags that the benchmark trains with."""

from pathlib import Path

from pipelines.cli.benchmark import price, training_flags
from pipelines.request import local_request
from trainer.benchmark import Timing, Variant

CPU = Timing(Variant("cpu", "cpu", 1, 1), 3.0, 5)


def test_without_a_gpu_the_break_even_is_said_and_that_it_was_not_measured() -> None:
    said = price("n1-standard-4", [CPU])
    assert "2.62 times as much" in said and "Not measured" in said


def test_a_gpu_is_worth_it_when_it_gains_more_than_it_costs() -> None:
    fast, slow = (Timing(Variant("gpu", "cuda", 1, 1), seconds, 5) for seconds in (1.0, 2.0))
    assert "so it is worth it" in price("n1-standard-4", [CPU, fast])
    assert "so it is not worth it" in price("n1-standard-4", [CPU, slow])


def test_a_machine_without_a_price_is_said() -> None:
    assert price("n9-huge-4", [CPU]).startswith("No price to compare a GPU by: ")


def test_the_flags_are_the_trainers_own(tmp_path: Path) -> None:
    request = local_request(None, None, ["hidden_layers=8", "epochs=5"], tmp_path, sample=True)
    flags = training_flags(request.values)
    assert {"--hidden_layers=8", "--restore_best=", "--seed=42"} <= set(flags)
    assert not [flag for flag in flags if flag.startswith(("--epochs", "--patience", "--machine"))]
