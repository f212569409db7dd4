"""The commands of `tabpipe`.

Each command imports what it needs when it runs, so that `tabpipe --help` is quick.
"""

import typer

from pipelines.cli import benchmark, cache, data, doctor, init, lint, plots, predict, run, vertex

app = typer.Typer(
    help="A CSV becomes a trained PyTorch model, through one compiled pipeline.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for group in (run, cache, data, plots, benchmark, init, lint, predict, vertex, doctor):
    group.register(app)
