"""The cost estimate: its arithmetic, its table, and what it refuses."""

import json
import re
from functools import partial
from typing import Any

import pytest

from pipelines.prices import cost
from pipelines.prices.cost import Machine
from pipelines.prices.machines import table as machines
from pipelines.prices.tables import read_table
from tests.shell import tabpipe
from trainer.errors import InputError

estimate = partial(cost.estimate, steps=4)  # as many as the training pipeline has
BASES = {"listed", "scaled", "unverified"}


def price(kind: str, name: str) -> float:
    value: float = read_table("prices.toml")["regions"]["us-central1"][kind][name]["value"]
    return value


@pytest.mark.parametrize(
    ("machine", "vertex_price"),
    # As Vertex AI's own price page lists them, for training in us-central1.
    [("n1-standard-4", 0.21849885), ("e2-standard-4", 0.154126276)],
)
def test_the_sum_is_what_vertex_ai_lists(machine: str, vertex_price: float) -> None:
    disk: float = read_table("prices.toml")["regions"]["us-central1"]["disk"]["value"]
    assert estimate(Machine(machine), hours=1).job_on_demand == pytest.approx(
        vertex_price + disk, abs=1e-7
    )


def test_it_is_proportional_to_hours_and_replicas() -> None:
    one = estimate(Machine("n1-standard-8"), hours=1)
    assert estimate(Machine("n1-standard-8"), hours=3).job_spot == pytest.approx(3 * one.job_spot)
    four = estimate(Machine("n1-standard-8", replicas=4), hours=1)
    assert four.job_on_demand == pytest.approx(4 * one.job_on_demand)
    assert four.waiting == one.waiting


def test_an_attached_accelerator_is_added_and_a_built_in_one_is_not() -> None:
    def job(*machine: Any) -> float:
        return estimate(Machine(*machine), hours=1).job_on_demand

    gpus = job("n1-standard-8", "NVIDIA_TESLA_T4", 2) - job("n1-standard-8")
    assert gpus == pytest.approx(2 * 1.15 * price("accelerators", "NVIDIA_TESLA_T4"))
    assert job("g2-standard-4", "NVIDIA_L4", 1) == job("g2-standard-4")


def test_spot_is_cheaper_and_the_month_follows_the_choice() -> None:
    on_demand = estimate(Machine(), hours=2, runs_per_month=30)
    spot = estimate(Machine(), hours=2, runs_per_month=30, spot=True)
    assert spot.run == on_demand.run_spot < on_demand.run_on_demand == on_demand.run
    assert spot.month == pytest.approx(30 * spot.run)
    # The discount is on the machine alone: Vertex AI's share and the disk stay as they are.
    discount = on_demand.job_on_demand - on_demand.job_spot
    assert discount == pytest.approx(2 * 0.4 * price("machines", "n1-standard-4"))


def test_a_run_is_the_sum_of_its_parts_and_worst_case_is_vertex_ais_longest_job() -> None:
    it = estimate(Machine())
    assert it.hours == 168
    assert it.run == pytest.approx(it.job_on_demand + it.waiting + it.steps + it.run_fee)
    assert it.run_fee == 0.03
    assert it.month is None


def test_what_nobody_has_looked_up_is_named() -> None:
    assert (
        "NVIDIA_TESLA_V100" in estimate(Machine("n1-standard-8", "NVIDIA_TESLA_V100", 1)).unverified
    )
    assert (
        "NVIDIA_TESLA_T4" not in estimate(Machine("n1-standard-8", "NVIDIA_TESLA_T4", 1)).unverified
    )


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (
            {"machine": Machine("n9-standard-4")},
            "the machine must be in pipelines/prices/prices.toml, got",
        ),
        (
            {"region": "mars-north1"},
            "the region must be in pipelines/prices/prices.toml, got mars-nort",
        ),
        (
            {"machine": Machine("n1-standard-4", "NVIDIA_OF_NEXT_YEAR", 1)},
            "the accelerator must be in pipelines/prices/prices.toml, got NVIDIA_OF_NEXT_YEAR",
        ),
        (
            {"machine": Machine("n2-standard-4", "NVIDIA_TESLA_T4", 1)},
            "--accelerator must be available for --machine, got 1 × NVIDIA_TESLA_T4 with n2",
        ),
        (
            {"machine": Machine("n1-standard-4", "NVIDIA_TESLA_T4", 0)},
            "--accelerator must be TYPE:C",
        ),
        ({"machine": Machine(replicas=0)}, "--replicas must be positive, got 0"),
        ({"hours": 0.0}, "--hours must be positive, got 0"),
        ({"hours": float("nan")}, "--hours must be positive, got nan"),
        ({"runs_per_month": -1.0}, "--runs-per-month must be positive, got -1"),
    ],
)
def test_what_it_refuses(arguments: dict[str, Any], complaint: str) -> None:
    with pytest.raises(InputError, match="^" + re.escape(complaint)):
        estimate(**{"machine": Machine(), **arguments})


def test_a_mistyped_machine_gets_a_hint() -> None:
    with pytest.raises(InputError, match="or use n1-standard-8"):
        estimate(Machine("n1-standart-8"))


def test_the_budget_is_for_a_month_where_there_is_one() -> None:
    run = estimate(Machine(), hours=1)
    month = estimate(Machine(), hours=1, runs_per_month=100)
    cost.check_budget(run, 20)
    with pytest.raises(InputError, match=r"^--budget must be at least the estimate of .* a month"):
        cost.check_budget(month, 20)
    with pytest.raises(InputError, match=r" USD a run, got 0\.10"):
        cost.check_budget(run, 0.1)


def test_the_tables_are_whole() -> None:
    prices = read_table("prices.toml")
    assert prices["date"] and machines()["sources"] and machines()["date"]
    kinds = {"management", "pipeline", "spot", *prices["regions"]["us-central1"]}
    assert prices["sources"].keys() == kinds
    assert all(each["page"] and each["date"] for each in prices["sources"].values())
    regions = prices["regions"].values()
    tables = [prices["spot"], *(r[kind] for r in regions for kind in ("machines", "accelerators"))]
    for table in tables:
        for name, entry in table.items():
            assert entry["basis"] in BASES and entry["value"] > 0, name
    attachable = machines()["attached"]["max_vcpus"]
    for region in regions:
        assert prices["pipeline"]["step_machine"] in region["machines"]
        assert set(region["accelerators"]) == set(attachable)


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    gpu = ["--machine", "n1-standard-8", "--accelerator", "NVIDIA_TESLA_T4:1"]
    assert tabpipe("cost", *gpu, "--spot", "--hours", "2", "--runs-per-month", "30") == 0
    out = capsys.readouterr().out
    assert out.startswith("Estimate at list prices of 2026-10-04 for us-central1")
    assert re.search(r"^estimate a run +\d+\.\d\d +\d+\.\d\d$", out, re.MULTILINE)
    assert re.search(r"^a month, 30 runs +\d+\.\d\d +\d+\.\d\d$", out, re.MULTILINE)


def test_the_command_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert tabpipe("cost", "--hours", "2", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["currency"] == "USD"
    assert answer["estimate"]["run"] == pytest.approx(estimate(Machine(), hours=2).run)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--budget", "20"], "--budget must be at least the estimate of "),
        (["--accelerator", "NVIDIA_TESLA_T4"], "--accelerator must be TYPE:COUNT, got NVIDIA"),
        (["--accelerator", "NVIDIA_TESLA_T4:x"], "--accelerator must be TYPE:COUNT, got NVI"),
        (
            ["--region", "mars"],
            "the region must be in pipelines/prices/prices.toml, got mars; add it",
        ),
    ],
)
def test_the_command_refuses_in_one_line(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tabpipe("cost", *arguments) == 2
    assert capsys.readouterr().err.startswith(f"error: {complaint}")
