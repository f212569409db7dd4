"""An estimate of what runs cost, from list prices: tabpipe cost --machine n1-standard-8 --hours 2

The prices are in `pipelines/prices/prices.toml`, with their date and source. An estimate is the
worst case: the training job is taken to run until its timeout, and nothing from the cache.
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
STEPS = 3  # snapshot, preprocess and collect; of a prediction, two snapshots and predict
STEP_HOURS = 0.25  # for each of them: most of it is the start of its machine


class UnknownPrice(InputError):
    """The table of prices lacks something."""


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
        hours: for which the training job is taken to run.
        job_on_demand: the training job.
        job_spot: the same on spot machines.
        waiting: the step that starts the training job and waits for it. Google does not say
            that this step is free, so it counts.
        steps: the pipeline's other steps.
        run_fee: Vertex AI Pipelines' own.
        spot: whether the run is to be on spot machines.
        runs_per_month: of a schedule; None without one.
        unverified: the prices in it that nobody has looked up.
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
        """One run with its training job on spot machines."""
        return self.job_spot + self.waiting + self.steps + self.run_fee

    @property
    def run(self) -> float:
        """One run, as it was asked for."""
        return self.run_spot if self.spot else self.run_on_demand

    @property
    def month(self) -> float | None:
        """The runs of a month, as they were asked for; None without a schedule."""
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
    hours: float = DEFAULT_TIMEOUT_HOURS,
    spot: bool = False,
    runs_per_month: float | None = None,
    region: str = DEFAULT_REGION,
) -> CostEstimate:
    """What a run on that machine costs at most, at list prices.

    Args:
        machine: of the training job; None for a pipeline without one.
        hours: timeout of the training job.
        spot: whether the run is to be on spot machines.
        runs_per_month: of a schedule.
        region: of Google Cloud.

    Raises:
        UnknownPrice: the price table lacks the machine, the accelerator or the region.
        InputError: they do not go together, or a number is out of range.
    """
    if machine is None:
        hours = 0.0
    else:
        _check_range("--hours", hours, above=0)
        _check_range("--replicas", machine.replicas, above=0)
    if runs_per_month is not None:
        _check_range("--runs-per-month", runs_per_month, above=0)
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
        steps=step_hour * STEPS * STEP_HOURS,
        run_fee=prices.take("run fee", table["pipeline"]["run"]),
        spot=spot,
        runs_per_month=runs_per_month,
        unverified=tuple(prices.unverified),
    )


def check_budget(cost: CostEstimate, budget: float) -> None:
    """Refuses an estimate above the budget: of a month where there is a schedule, else of a run.

    Raises:
        InputError: the estimate is above it.
    """
    what, amount = ("run", cost.run) if cost.month is None else ("month", cost.month)
    if not amount <= budget:  # so written, a budget that is no number refuses as well
        raise InputError(
            f"--budget must cover the estimate, got {amount:.2f} USD a {what} is above "
            f"{budget:.2f}; lower --hours, take a smaller machine, or --spot"
        )


def summary(cost: CostEstimate) -> str:
    """The estimate as `tabpipe cost` prints it."""
    lines = [
        f"Estimate at list prices of {cost.price_date} for {cost.region} ({PRICES}), in USD;",
        f"worst case: the training job runs for {cost.hours:g} h, and nothing is cached.",
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
        lines += ["", f"prices that nobody has looked up: {', '.join(cost.unverified)}"]
    return "\n".join(lines)


def _row(name: str, on_demand: float, spot: float) -> str:
    return f"{name:22}{on_demand:12.2f}{spot:12.2f}"


def _compute(machine: Machine, prices: _Prices) -> float:
    """On-demand USD an hour for one machine with its accelerators, without Vertex AI's share."""
    kind, count = machine.accelerator, machine.accelerator_count
    if bool(kind) != bool(count) or count < 0:
        raise InputError(f"--accelerator must be TYPE:COUNT, got {kind}:{count}")
    price = prices.of("machine", machine.type)
    if not kind:
        return price
    problem = mismatch(machine.type, kind, count)
    if problem:
        raise InputError(
            "--machine and --accelerator must go together, "
            f"got {machine.type} with {count} × {kind}; {problem}"
        )
    return price if built_in(machine.type) else price + count * prices.of("accelerator", kind)


def _check_range(option: str, value: float, *, above: float) -> None:
    if not above < value < float("inf"):
        raise InputError(f"{option} must be above {above:g}, got {value:g}")


def _not_listed(kind: str, name: str, listed: Iterable[str]) -> str:
    near = get_close_matches(name, listed)
    hint = f", or take {' or '.join(near)}" if near else ""
    return f"the {kind} must be in {PRICES}, got {name}; add it there with its price{hint}"
