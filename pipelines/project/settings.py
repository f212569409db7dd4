"""Settings of a project, and where each value came from.

A flag wins over the environment (`TABPIPE_PROJECT` …), that over `tabpipe.toml`, where a profile
wins over what stands above it:

    name = "passengers"
    csv = "passengers.csv"
    schema = "schema.yaml"
    project = "my-project"
    bucket = "gs://my-bucket/tabular"

    [parameters]
    epochs = 200

    [profile.prod]
    project = "my-prod-project"

    [profile.prod.parameters]
    epochs = 500

A path is relative to the file. The parameters are those of `--set`, which wins over them.
"""

import getpass
import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from trainer.errors import InputError
from trainer.uri import Uri
from vertex_tabular.schema.reader import read_settings
from vertex_tabular.schema.values import quoted

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILE = "tabpipe.toml"
PREFIX = "TABPIPE_"
PARAMETERS = "parameters"
PATHS = ("csv", "schema")  # settings that may be a path
SCHEMA_MISSING = (
    "a table needs a feature schema, got none; give --schema FILE, "
    "which `tabpipe schema infer TABLE > FILE` proposes"
)


@dataclass(frozen=True)
class Form:
    """What a setting must look like.

    Attributes:
        pattern: of a value that is not empty.
        example: shown when a value is not of that form.
        meaning: for `tabpipe config` and the flag's help.
        default: value when none is given.
    """

    pattern: str
    example: str
    meaning: str
    default: str = ""


@dataclass(frozen=True)
class Setting:
    """A value, empty if there is none, and where it came from."""

    value: str
    origin: str


def _setting(pattern: str, example: str, meaning: str, default: str = "") -> Any:
    return field(metadata={"form": Form(pattern, example, meaning, default)})


@dataclass(frozen=True)
class Settings:
    """The settings, none of them malformed.

    A field here is all there is to a new one: `tabpipe.toml`, the environment variable, the option
    of the commands that submit, `tabpipe config` and the reference are made from it.
    """

    name: Setting = _setting(
        r"[\w.@+ -]{1,60}",
        "passengers",
        "name of the project, shown in its runs' names on Vertex AI",
    )
    csv: Setting = _setting(r".+", "passengers.csv", "the table; a path is relative to the file")
    schema: Setting = _setting(
        r".+", "schema.yaml", "feature schema (YAML); a path is relative to the file"
    )
    project: Setting = _setting(
        r"[a-z][a-z0-9-]{4,28}[a-z0-9]", "my-project", "Google Cloud project id"
    )
    region: Setting = _setting(
        r"[a-z]+-[a-z]+[0-9]+", "europe-west4", "Vertex AI region", "us-central1"
    )
    bucket: Setting = _setting(
        r"gs://[a-z0-9][a-z0-9._-]{1,61}[a-z0-9](/(?!\.\.?(/|$))[A-Za-z0-9_.-]+)*",
        "gs://my-bucket/tabular",
        "where runs and packages are kept",
    )
    service_account: Setting = _setting(
        r"[A-Za-z0-9_.-]+@[A-Za-z0-9_.-]+\.gserviceaccount\.com",
        "trainer@my-project.iam.gserviceaccount.com",
        "service account of the runs",
    )
    network: Setting = _setting(
        r"projects/[0-9]+/global/networks/[a-z0-9-]+",
        "projects/123456789012/global/networks/my-vpc",
        "VPC network of the runs",
    )
    kms_key: Setting = _setting(
        # https://cloud.google.com/kms/docs/resource-hierarchy; a project may be of a domain
        r"projects/[a-z0-9.:-]+/locations/[a-z0-9-]+/keyRings/[A-Za-z0-9_-]{1,63}"
        r"/cryptoKeys/[A-Za-z0-9_-]{1,63}",
        "projects/my-project/locations/europe-west4/keyRings/my-ring/cryptoKeys/my-key",
        "customer-managed key that encrypts the runs",
    )
    image: Setting = _setting(
        r"[A-Za-z0-9_.-]+(:[0-9]+)?(/[A-Za-z0-9_.-]+)+(:[A-Za-z0-9_.-]+)?(@sha256:[0-9a-f]{64})?",
        "us-central1-docker.pkg.dev/my-project/images/vertex-tabular:0.1.0",
        "image that holds every step; without one, a plain Python image installs it",
    )
    gpu_image: Setting = _setting(
        r"[A-Za-z0-9_.-]+(:[0-9]+)?(/[A-Za-z0-9_.-]+)+(:[A-Za-z0-9_.-]+)?(@sha256:[0-9a-f]{64})?",
        "us-central1-docker.pkg.dev/my-project/images/vertex-tabular:0.1.0-gpu",
        "image with CUDA of a training job that has an accelerator; without one, the other image",
    )
    owner: Setting = _setting(r"[\w.@+ -]{1,40}", "ada", "owner of the runs, shown in their names")

    def required(self, name: str) -> str:
        """The value of a setting that the command needs.

        Raises:
            InputError: it is not set anywhere.
        """
        setting: Setting = getattr(self, name)
        if not setting.value:
            raise InputError(
                f"{name} must be set; give {flag(name)}, {variable(name)}, "
                f'or {name} = "{FORMS[name].example}" in {FILE}'
            )
        return setting.value


FORMS: dict[str, Form] = {each.name: each.metadata["form"] for each in fields(Settings)}


def resolve(
    flags: Mapping[str, str | None],
    environ: Mapping[str, str],
    directory: Path,
    profile: str | None = None,
) -> Settings:
    """The settings in force.

    Args:
        flags: values given on the command line; None where the flag was not given.
        environ: the environment.
        directory: where `tabpipe.toml` may be.
        profile: a table `[profile.NAME]` of that file; TABPIPE_PROFILE if not given.

    Raises:
        InputError: a malformed value or file, an unknown name, or no such profile.
    """
    profile = profile or environ.get(f"{PREFIX}PROFILE") or None
    filed, _ = _from_file(directory / FILE, profile)
    return Settings(**{name: _chosen(name, flags.get(name), environ, filed) for name in FORMS})


def data_of(environ: Mapping[str, str], directory: Path) -> tuple[str | None, Path | None]:
    """The project's own csv and schema, None where it names none. The cloud's settings do not
    matter here: a local run needs none of them.

    Raises:
        InputError: a malformed file, an unknown name, or no such profile.
    """
    filed, _ = _from_file(directory / FILE, environ.get(f"{PREFIX}PROFILE") or None)
    csv, schema = (_chosen(name, None, environ, filed).value for name in ("csv", "schema"))
    return csv or None, Path(schema) if schema else None


def parameters_of(
    environ: Mapping[str, str], directory: Path, profile: str | None = None
) -> dict[str, Setting]:
    """The values of `[parameters]`, by the parameter's name, as text that `--set` takes.

    Raises:
        InputError: as `resolve`, or a value is a date or a time.
    """
    profile = profile or environ.get(f"{PREFIX}PROFILE") or None
    return _from_file(directory / FILE, profile)[1]


def _chosen(
    name: str, given: str | None, environ: Mapping[str, str], filed: Mapping[str, Setting]
) -> Setting:
    """The value of one setting that wins over its others."""
    form = FORMS[name]
    if given is not None:
        setting = Setting(given, flag(name))
    elif variable(name) in environ:
        setting = Setting(environ[variable(name)], variable(name))
    elif name in filed:
        setting = filed[name]
    elif name == "owner":
        setting = Setting(getpass.getuser(), "login name")
    else:
        setting = Setting(form.default, "default" if form.default else "not set")
    if setting.value and not re.fullmatch(form.pattern, setting.value):
        raise InputError(
            f"{name} must look like {form.example}, got {setting.value} (from {setting.origin})"
        )
    return setting


def _from_file(path: Path, profile: str | None) -> tuple[dict[str, Setting], dict[str, Setting]]:
    """The settings and the parameters that the file holds, the profile's over the others."""
    try:
        content = tomllib.loads(read_settings(path, FILE)) if path.exists() else {}
    except RecursionError:
        raise InputError(f"{path} must be TOML, got lists that nest too deep") from None
    except ValueError as error:
        raise InputError(f"{path} must be TOML, got {error}") from None
    profiles = content.pop("profile", {})
    tables: list[tuple[str, Any]] = [(str(path), content)]
    if profile is not None:
        if not isinstance(profiles, dict) or profile not in profiles:
            known = ", ".join(sorted(profiles)) or "none"
            raise InputError(f"--profile must name one of {path}, got {profile}; there are {known}")
        tables.append((f"{path} [profile.{profile}]", profiles[profile]))
    found = {}
    chosen: dict[str, Setting] = {}
    for origin, table in tables:
        if not isinstance(table, dict):
            raise InputError(f"{origin} must be a table, got {quoted(table)}")
        chosen |= _parameters(table.pop(PARAMETERS, {}), f"{origin} [{PARAMETERS}]")
        for name, value in table.items():
            if name not in FORMS or not isinstance(value, str):
                names = ", ".join(FORMS)
                raise InputError(
                    f"{origin} holds texts named {names}, got {name} = {quoted(value)}"
                )
            found[name] = Setting(_placed(value, path) if name in PATHS else value, origin)
    return found, chosen


def _parameters(table: Any, origin: str) -> dict[str, Setting]:
    if not isinstance(table, dict):
        raise InputError(f"{origin} must be a table, got {quoted(table)}")
    found = {}
    for name, value in table.items():
        match value:
            case str():
                text = value
            case bool() | int() | dict():
                text = json.dumps(value)
            case float():
                text = repr(value)
            case list() if any(isinstance(each, str | dict | list) for each in value):
                text = json.dumps(value)
            case list():
                text = ",".join(map(str, value))
            case _:
                raise InputError(f"{origin} {name} must be a value of --set, got {value}")
        found[name.replace("-", "_")] = Setting(text, origin)
    return found


def _placed(value: str, file: Path) -> str:
    """A path that the file holds, as seen from the working directory."""
    if Uri(value).is_cloud or file.parent.resolve() == Path.cwd() or not value:
        return value
    return str(file.parent / value)


def flag(name: str) -> str:
    """The option that gives a setting."""
    return f"--{name.replace('_', '-')}"


def variable(name: str) -> str:
    """The environment variable that gives a setting."""
    return f"{PREFIX}{name.upper()}"
