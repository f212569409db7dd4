"""The command that times training on a user's data: tabpipe benchmark --help"""

from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typer

from pipelines.cli.options import (
    START,
    AsJson,
    GivenTable,
    Sample,
    SchemaFile,
    Sets,
    Target,
)
from pipelines.cli.output import print_json
from trainer.terminal import echo

GPU = "NVIDIA_TESLA_T4"


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(rich_help_panel=START)(benchmark)


def benchmark(
    table: GivenTable = None,
    target: Target = None,
    schema: SchemaFile = None,
    settings: Sets = None,
    sample: Sample = False,
    as_json: AsJson = False,
) -> None:
    """Time training on your data.

    With one process, several, and GPUs; it says which pays off.

    Example: tabpipe benchmark passengers.csv --schema schema.yaml --set batch_size=1024
    """
    from components.signature import HYPERPARAMETERS, PREPROCESSING, config_from
    from pipelines.request import local_request
    from trainer import benchmark, contract
    from trainer.config import Config
    from trainer.fields import parse_values
    from trainer.models import settings_of
    from trainer.portfolio.candidates import Steps
    from vertex_tabular.preprocessing.config import PrepareConfig
    from vertex_tabular.preprocessing.prepare import prepare
    from vertex_tabular.preprocessing.splits import TRAIN, VAL

    with TemporaryDirectory() as name:
        request = local_request(
            table, schema, settings or [], Path(name), target=target, sample=sample
        )
        for note in request.notes:
            echo(note, err=True)
        values = request.values
        config = config_from(PrepareConfig, {key: values[key] for key in PREPROCESSING})
        prepared = prepare(values["csv"], values["schema"], name, config)
        data = [f"--train={Path(name, prepared.name(TRAIN))}"]
        data += [f"--val={Path(name, prepared.name(VAL))}", f"--spec={Path(name, contract.SPEC)}"]
        timings = benchmark.measure([*data, *training_flags(values)])
    rows = int(str(prepared.train["rows"]))
    given = parse_values(Config, {name: str(values[name]) for name in HYPERPARAMETERS})
    used = Config(train="", val="", **given).filled(settings_of(values["model"]))
    epochs = used.epochs or Steps().epochs(rows, used.batch_size)
    steps = -(-rows // (used.batch_size or rows))
    said = f"{benchmark.verdict(timings, steps)} {price(values['machine_type'], timings)}"
    if as_json:
        figures = [asdict(timing) for timing in timings]
        print_json({"rows": rows, "timings": figures, "verdict": said})
    else:
        echo(f"{benchmark.table(timings, rows, epochs)}\n\n{said}")


def training_flags(values: dict[str, Any]) -> list[str]:
    """The flags of `python -m trainer` for the pipeline's parameters of the same names; an ensemble
    stands for those that auto tries, each of which is timed alike."""
    from components.signature import HYPERPARAMETERS

    model = "ensemble" if values["model"] == "auto" else values["model"]
    return [
        f"--{name}={value}"
        for name, value in {**values, "model": model}.items()
        if name in HYPERPARAMETERS and name not in ("epochs", "patience")
    ]


def price(machine_type: str, timings: list[Any]) -> str:
    """How much more a GPU costs at list prices, and whether it is that much faster here."""
    from pipelines.prices.cost import Machine, estimate
    from trainer.errors import InputError

    try:
        plain = estimate(Machine(machine_type), steps=1, hours=1).job_on_demand
        with_gpu = estimate(Machine(machine_type, GPU, 1), steps=1, hours=1).job_on_demand
    except InputError as error:
        return f"No price to compare a GPU by: {error}."
    needed = with_gpu / plain
    words = f"{GPU} makes {machine_type} cost {needed:.2f} times as much an hour"
    gpu = [t.seconds for t in timings if t.variant.device == "cuda" and t.variant.processes == 1]
    if not gpu:
        return f"{words}: it is worth it if it is that much faster. Not measured: no GPU here."
    ratio = min(t.seconds for t in timings if t.variant.device == "cpu") / gpu[0]
    worth = "is" if ratio > needed else "is not"
    return f"{words}; the GPU here is {ratio:.2f} times as fast as its CPU, so it {worth} worth it."
