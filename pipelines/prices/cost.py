"""An estimate of what runs cost, from list prices: tabpipe cost --machine n1-standard-8 --hours 2

The prices are in `pipelines/prices/prices.toml`, with their date and source. An estimate is the
worst case: the training job runs until its time limit, and no step is cached.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from pipelines.prices.machines import built_in, mismatch
from pipelines.prices.tables import read_table
from trainer.errors import InputError

PRICES = "pipelines/prices/prices.toml"
DEFAULT_REGION = "us-central1"
# The longest that Vertex AI lets a training job run, unless its `scheduling` says less.
# https://cloud.google.com/vertex-ai/docs/reference/rest/v1/CustomJobSpec#Scheduling
DEFAULT_TIMEOUT_HOURS = 168.0
STEP_HOURS = 0.25  # of a step that starts no training job: mostly the start of its machine


class UnknownPrice(InputError):
    """The price table lacks a machine, an accelerator or a region."""


@dataclass(frozen=True)
class Machine:
    """What the training job runs on.

    Attributes:
        type: for example n1-standard-8.
        accelerator: for example NVIDIA_TESLA_T4; empty for none, or those built into the type.
        accelerator_count: accelerators in each machine.
        replicas: how many machines.
    """

    type: str = "n1-standard-4"
    accelerator: str = ""
    accelerator_count: int = 0
    replicas: int = 1


@dataclass(frozen=True)
class CostEstimate:
    """What a run would cost at list prices, in USD.

    Attributes:
        region: whose prices.
        price_date: of the price table, ISO 8601.
        hours: how long the training job is assumed to run.
        job_on_demand: the training job.
        job_spot: the training job on Spot machines.
        waiting: the step that starts the training job and waits for it. Google does not say
            that this step is free, so it counts.
        steps: the pipeline's other steps.
        run_fee: the fee of Vertex AI Pipelines for each run.
        spot: whether the training job runs on Spot machines.
        runs_per_month: of a schedule; None without one.
        unverified: the prices in it that were not checked against Google's price list.
    """

    region: str
    price_date: str
    hours: float
    job_on_demand: float
    job_spot: float
    waiting: float
    steps: float
    run_fee: float
    spot: bool
    runs_per_month: float | None
    unverified: tuple[str, ...]

    @property
    def run_on_demand(self) -> float:
        """One run with its training job on demand."""
        return self.job_on_demand + self.waiting + self.steps + self.run_fee

    @property
    def run_spot(self) -> float:
        """One run with its training job on Spot machines."""
        return self.job_spot + self.waiting + self.steps + self.run_fee

    @property
    def run(self) -> float:
        """One run, on demand or on Spot machines as requested."""
        return self.run_spot if self.spot else self.run_on_demand

    @property
    def month(self) -> float | None:
        """The runs of a month; None without a schedule."""
        return None if self.runs_per_month is None else self.run * self.runs_per_month


@dataclass
class _Prices:
    """The price table of a region; remembers which unverified prices were taken from it."""

    table: Mapping[str, Any]
    region: str
    unverified: list[str] = field(default_factory=list)

    def take(self, name: str, price: Mapping[str, Any]) -> float:
        if price["basis"] == "unverified" and name not in self.unverified:
            self.unverified.append(name)
        return float(price["value"])

    def of(self, kind: str, name: str) -> float:
        """The price of a machine or an accelerator."""
        prices = self.table["regions"][self.region][f"{kind}s"]
        if name not in prices:
            raise UnknownPrice(_not_listed(kind, name, prices))
        return self.take(name, prices[name])

    @property
    def disk(self) -> float:
        return self.take("disk", self.table["regions"][self.region]["disk"])

    @property
    def management_share(self) -> float:
        return self.take("management share", self.table["management"]["share"])

    def spot_discount(self, machine_type: str) -> float:
        series = machine_type.split("-")[0]
        discounts = self.table["spot"]
        return self.take(f"spot discount of {series}", discounts.get(series, discounts["other"]))


def estimate(
    machine: Machine | None,
    *,
    steps: int,
    hours: float = DEFAULT_TIMEOUT_HOURS,
    spot: bool = False,
    runs_per_month: float | None = None,
    region: str = DEFAULT_REGION,
) -> CostEstimate:
    """What a run on that machine costs at most, at list prices.

    Args:
        machine: of the training job; None for a pipeline without one.
        steps: how many steps the pipeline has, the one that waits for the training job included.
        hours: time limit of the training job.
        spot: whether the training job runs on Spot machines.
        runs_per_month: of a schedule.
        region: of Google Cloud.

    Raises:
        UnknownPrice: the price table lacks the machine, the accelerator or the region.
        InputError: the machine cannot have the accelerator, or a number is out of range.
    """
    other_steps = steps
    if machine is None:
        hours = 0.0
    else:
        other_steps -= 1
        check_positive("--hours", hours)
        check_positive("--replicas", machine.replicas)
    if runs_per_month is not None:
        check_positive("--runs-per-month", runs_per_month)
    table = read_table("prices.toml")
    if region not in table["regions"]:
        raise UnknownPrice(_not_listed("region", region, table["regions"]))

    prices = _Prices(table, region)
    on_demand = on_spot = 0.0
    if machine is not None:
        compute = _compute(machine, prices)
        extra = compute * prices.management_share + prices.disk
        machine_hours = hours * machine.replicas
        on_demand = (compute + extra) * machine_hours
        on_spot = (compute * (1 - prices.spot_discount(machine.type)) + extra) * machine_hours
    step_type = table["pipeline"]["step_machine"]
    step_hour = prices.of("machine", step_type) * (1 + prices.management_share) + prices.disk
    return CostEstimate(
        region=region,
        price_date=table["date"].isoformat(),
        hours=hours,
        job_on_demand=on_demand,
        job_spot=on_spot,
        waiting=step_hour * hours,
        steps=step_hour * other_steps * STEP_HOURS,
        run_fee=prices.take("run fee", table["pipeline"]["run"]),
        spot=spot,
        runs_per_month=runs_per_month,
        unverified=tuple(prices.unverified),
    )


def check_budget(cost: CostEstimate, budget: float) -> None:
    """Checks an estimate against a budget: of a month where there is a schedule, else of a run.

    Raises:
        InputError: the estimate is above it.
    """
    what, amount = ("run", cost.run) if cost.month is None else ("month", cost.month)
    if not amount <= budget:  # written so that a budget of NaN is exceeded too
        raise InputError(
            f"--budget must be at least the estimate of {amount:.2f} USD a {what}, got "
            f"{budget:.2f}; give fewer --hours, a smaller machine, or --spot"
        )


def summary(cost: CostEstimate) -> str:
    """The estimate as `tabpipe cost` prints it."""
    lines = [
        f"Estimate at list prices of {cost.price_date} for {cost.region} ({PRICES}), in USD;",
        f"worst case: the training job runs for {cost.hours:g} h, and no step is cached.",
        "",
        f"{'':22}{'on demand':>12}{'spot':>12}",
        _row("training job", cost.job_on_demand, cost.job_spot),
        _row("step waiting for it", cost.waiting, cost.waiting),
        _row("other steps", cost.steps, cost.steps),
        _row("pipeline fee", cost.run_fee, cost.run_fee),
        _row("estimate a run", cost.run_on_demand, cost.run_spot),
    ]
    if cost.runs_per_month is not None:
        runs = cost.runs_per_month
        lines.append(
            _row(f"a month, {runs:g} runs", cost.run_on_demand * runs, cost.run_spot * runs)
        )
    if cost.unverified:
        lines += ["", f"unverified prices: {', '.join(cost.unverified)}"]
    return "\n".join(lines)


def _row(name: str, on_demand: float, spot: float) -> str:
    return f"{name:22}{on_demand:12.2f}{spot:12.2f}"


def _compute(machine: Machine, prices: _Prices) -> float:
    """On-demand USD an hour of a machine with its accelerators, without Vertex AI's share."""
    kind, count = machine.accelerator, machine.accelerator_count
    if bool(kind) != bool(count) or count < 0:
        raise InputError(f"--accelerator must be TYPE:COUNT, got {kind}:{count}")
    price = prices.of("machine", machine.type)
    if not kind:
        return price
    problem = mismatch(machine.type, kind, count)
    if problem:
        raise InputError(
            "--accelerator must be available for --machine, "
            f"got {count} × {kind} with {machine.type}; {problem}"
        )
    return price if built_in(machine.type) else price + count * prices.of("accelerator", kind)


def check_positive(option: str, value: float) -> None:
    """Raises InputError unless a number is positive and finite."""
    if not 0 < value < float("inf"):
        raise InputError(f"{option} must be positive, got {value:g}")


def _not_listed(kind: str, name: str, listed: Iterable[str]) -> str:
    near = get_close_matches(name, listed)
    hint = f", or use {' or '.join(near)}" if near else ""
    return f"the {kind} must be in {PRICES}, got {name}; add its price there{hint}"
