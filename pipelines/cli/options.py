"""The options that more than one command has.

Those of `submit` and `schedule apply` are made from the fields of `RunOptions` and `Settings`, by
`expanded`.
"""

import functools
import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, TypeAlias, get_type_hints

import typer

from pipelines.project import settings
from pipelines.vertex.options import Option, RunOptions
from pipelines.vertex.session import Session
from trainer.errors import InputError

# The groups of commands in `tabpipe --help`, in this order.
START, USE, LOOK, CLOUD = "Start", "Use a model", "Runs", "Google Cloud"


def switch(*names: str, help: str) -> Any:
    """An option without a value; Typer's help would show it as one of `<bool>`."""
    return typer.Option(*names, help=help, metavar=" ")


Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Set a parameter; may be repeated."),
]
AsJson = Annotated[bool, switch("--json", help="Print JSON only.")]
TableFile = Annotated[
    str, typer.Argument(metavar="TABLE", help="The table: a file, a directory or a pattern.")
]
Target = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="The column to predict. Default: a guess.")
]
SchemaFile = Annotated[
    Path | None,
    typer.Option("--schema", metavar="FILE", help="Feature schema (YAML). Default: the project's."),
]
Budget = Annotated[
    float | None,
    typer.Option(
        metavar="USD", help="Refuse a run whose estimate is higher; with a schedule, its month's."
    ),
]
Out = Annotated[str, typer.Option("--out", "-o", metavar="FILE", help="Output file.")]
Quiet = Annotated[bool, switch("--quiet", "-q", help="Nothing on stderr but what is wrong.")]
Yes = Annotated[bool, switch("--yes", "-y", help="Ask nothing, refuse nothing that can be done.")]

# Of what runs on this machine.
GivenTable = Annotated[
    str | None, typer.Argument(metavar="TABLE", help="The table. Default: the project's.")
]
ModelRun = Annotated[
    str | None,
    typer.Option("--model", metavar="RUN", help="Predict with the model of this run."),
]
Sample = Annotated[bool, switch("--sample", help="Take a sample of made-up passengers.")]
Root = Annotated[Path, typer.Option(metavar="DIR", help="Directory of the runs of this machine.")]
DEFAULT_ROOT = Path("runs")


def days_of(text: str) -> int:
    """The days of `30d`.

    Raises:
        InputError: it is not of that form.
    """
    match = re.fullmatch(r"([0-9]{1,6})d", text)
    if not match:
        raise InputError(f"--older-than must be a number of days like 30d, got {text}")
    return int(match[1])


def complete_run(ctx: typer.Context, incomplete: str) -> list[str]:
    """What a user may go on to type for a run: names, ids, the newest first, and `latest`."""
    from vertex_tabular.run.find import local_runs, run_names

    root = ctx.params.get("root") or DEFAULT_ROOT
    known = ["latest", *run_names(Path(root)), *local_runs(Path(root))]
    return [each for each in known if each.startswith(incomplete)]


RUN_HELP = (
    "A run: its id, the beginning of it, its name, latest, latest~1, its directory or gs://…."
)
RunName = Annotated[str, typer.Argument(metavar="RUN", help=RUN_HELP, autocompletion=complete_run)]
RunNames = Annotated[
    list[str], typer.Argument(metavar="RUN…", help=RUN_HELP, autocompletion=complete_run)
]
ModelName = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help=RUN_HELP,
        autocompletion=complete_run,
    ),
]
LATEST = "latest"

# Of what goes to Vertex AI.
DryRun = Annotated[bool, switch("--dry-run", help="Print the request; send nothing.")]
PROFILE = "profile"

# A session, by the settings that are options of the command. A command that takes one of these, or
# RunOptions, is decorated with `expanded`.
AnySession: TypeAlias = Annotated[Session, tuple(n for n in settings.FORMS if n != "name")]
ProjectSession: TypeAlias = Annotated[Session, ("project", "region")]
BuildSession: TypeAlias = Annotated[Session, ("project", "region", "bucket", "service_account")]
BucketSession: TypeAlias = Annotated[Session, ("project", "region", "bucket")]


def expanded(command: Callable[..., None]) -> Callable[..., None]:
    """Replaces a command's parameter that is RunOptions or a Session by an option for each of its
    fields: Typer makes a command's options from its signature."""
    hints = get_type_hints(command, include_extras=True)
    del hints["return"]
    shown: list[inspect.Parameter] = []
    makers: dict[str, Callable[[dict[str, Any]], Any]] = {}  # parameter → what makes its value
    # RunOptions and Settings both have `csv` and `schema`; the option is then of the run.
    taken = {each.name for each in fields(RunOptions)} if RunOptions in hints.values() else set()
    for name, annotation in hints.items():
        if annotation is RunOptions:
            shown += _run_options()
            makers[name] = _make_run_options
        elif getattr(annotation, "__origin__", None) is Session:
            names = [each for each in annotation.__metadata__[0] if each not in taken]
            shown += _session_options(names)
            makers[name] = functools.partial(_make_session, names)
        else:
            parameter = inspect.signature(command).parameters[name]
            shown.append(
                parameter.replace(annotation=annotation, kind=inspect.Parameter.KEYWORD_ONLY)
            )

    @functools.wraps(command)
    def wrapper(**given: Any) -> None:
        values = {name: make(given) for name, make in makers.items()}
        command(**values, **given)

    wrapper.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]
    wrapper.__annotations__ = {each.name: each.annotation for each in shown}
    return wrapper


def _run_options() -> Iterator[inspect.Parameter]:
    """An option for each field of RunOptions."""
    types = get_type_hints(RunOptions)
    for each in fields(RunOptions):
        option: Option = each.metadata["option"]
        flag = option.flag or f"--{each.name.replace('_', '-')}"
        several = types[each.name] == Sequence[str]
        annotation = list[str] | None if several else types[each.name]
        info: Any = typer.Option(flag, help=option.help, metavar=option.metavar or None)
        if option.positional:
            info = typer.Argument(help=option.help, metavar=option.metavar)
        elif types[each.name] is bool:
            info = switch(flag, help=option.help)
        yield _parameter(each.name, annotation, info, None if several else each.default)


def _make_run_options(given: dict[str, Any]) -> RunOptions:
    """RunOptions of the values in `given`, which it removes; a value of None takes the default."""
    values = {each.name: given.pop(each.name) for each in fields(RunOptions)}
    return RunOptions(**{name: value for name, value in values.items() if value is not None})


def _session_options(names: Sequence[str]) -> Iterator[inspect.Parameter]:
    """An option for each of these settings, and --profile."""
    for name in names:
        meaning = settings.FORMS[name].meaning
        info = typer.Option(settings.flag(name), help=f"{meaning[0].upper()}{meaning[1:]}.")
        yield _parameter(name, str | None, info, None)
    info = typer.Option(metavar="NAME", help=f"Profile of {settings.FILE}.")
    yield _parameter(PROFILE, str | None, info, None)


def _make_session(names: Sequence[str], given: dict[str, Any]) -> Session:
    """A session of the values in `given`, which it removes."""
    return Session({name: given.pop(name) for name in names}, given.pop(PROFILE))


def _parameter(name: str, annotation: Any, info: Any, default: Any) -> inspect.Parameter:
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, default=default, annotation=Annotated[annotation, info])
