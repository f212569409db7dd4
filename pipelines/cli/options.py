"""The options that more than one command has, each with its one help text."""

from pathlib import Path
from typing import Annotated

import typer

Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Set a parameter. May be repeated."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON only.")]
TableFile = Annotated[str, typer.Argument(help="The table: a file, a directory or a pattern.")]
Target = Annotated[str | None, typer.Option(help="The column to predict.")]
SchemaFile = Annotated[
    Path | None,
    typer.Option("--schema", help="Feature schema (YAML). Default: the project's."),
]

# Of what runs on this machine.
CsvFile = Annotated[
    str | None, typer.Option(help="The table. Default: the project's, else a made-up sample.")
]
ModelRun = Annotated[
    str | None,
    typer.Option(
        "--model", metavar="RUN", help="Predict with the model of this run, or run directory."
    ),
]
Root = Annotated[Path, typer.Option(help="Where the runs of this machine are.")]
DEFAULT_ROOT = Path("runs")

# Of what goes to Vertex AI.
Profile = Annotated[str | None, typer.Option(help="Table of tabpipe.toml.", metavar="NAME")]
Project = Annotated[str | None, typer.Option(help="Google Cloud project.")]
Region = Annotated[str | None, typer.Option(help="Vertex AI region.")]
Bucket = Annotated[str | None, typer.Option(help="gs:// place of runs and packages.")]
Image = Annotated[str | None, typer.Option(help="Image that holds every step.")]
Owner = Annotated[str | None, typer.Option(help="Whose run it is, shown in its name.")]
ServiceAccount = Annotated[str | None, typer.Option(help="Account that the run acts as.")]
Network = Annotated[str | None, typer.Option(help="VPC network that the run joins.")]
KmsKey = Annotated[str | None, typer.Option(help="Customer-managed encryption key.")]
CsvUri = Annotated[str, typer.Option(help="The CSV on Cloud Storage.", metavar="gs://…")]
ModelUri = Annotated[
    str,
    typer.Option(
        "--model", metavar="gs://…", help="Predict with this run directory, rather than train."
    ),
]
MachineType = Annotated[str, typer.Option(help="Machine of the training job.")]
Accelerator = Annotated[str, typer.Option(metavar="TYPE:COUNT", help="NVIDIA_TESLA_T4:1.")]
Spot = Annotated[bool, typer.Option("--spot", help="Train on Spot machines.")]
Hours = Annotated[
    float | None, typer.Option(help="End the training job after so long; a week if not given.")
]
Labels = Annotated[
    list[str] | None, typer.Option("--label", metavar="KEY=VALUE", help="May be repeated.")
]
Budget = Annotated[float | None, typer.Option(metavar="USD", help="Refuse an estimate above it.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the request; send nothing.")]
