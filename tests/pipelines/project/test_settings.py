"""Settings: flags over environment over file, and each value knows where it came from."""

from pathlib import Path

import pytest

from pipelines.project.settings import FORMS, data_of, parameters_of, resolve
from trainer.errors import InputError

FILE = """
project = "file-project"
region = "europe-west4"
owner = "file-owner"

[profile.prod]
project = "prod-project"
"""


def test_each_source_wins_over_the_next(tmp_path: Path) -> None:
    (tmp_path / "tabpipe.toml").write_text(FILE)
    environ = {"TABPIPE_REGION": "asia-east1", "TABPIPE_OWNER": "env-owner"}
    settings = resolve({"owner": "flag-owner", "region": None}, environ, tmp_path)
    assert (settings.owner.value, settings.owner.origin) == ("flag-owner", "--owner")
    assert (settings.region.value, settings.region.origin) == ("asia-east1", "TABPIPE_REGION")
    assert settings.project.value == "file-project"
    assert settings.project.origin.endswith("tabpipe.toml")
    assert (settings.kms_key.value, settings.kms_key.origin) == ("", "not set")


@pytest.mark.parametrize(
    ("profile", "environ"), [("prod", {}), (None, {"TABPIPE_PROFILE": "prod"})]
)
def test_a_profile_wins_over_what_stands_above_it(
    tmp_path: Path, profile: str | None, environ: dict[str, str]
) -> None:
    (tmp_path / "tabpipe.toml").write_text(FILE)
    settings = resolve({}, environ, tmp_path, profile)
    assert settings.project.value == "prod-project"
    assert settings.project.origin.endswith("tabpipe.toml [profile.prod]")
    assert settings.region.value == "europe-west4"


def test_without_any_source_there_are_defaults(tmp_path: Path) -> None:
    settings = resolve({}, {}, tmp_path)
    assert (settings.region.value, settings.region.origin) == ("us-central1", "default")
    assert settings.owner.origin == "login name"


def test_every_example_is_of_its_own_form(tmp_path: Path) -> None:
    examples = {name: form.example for name, form in FORMS.items()}
    settings = resolve(examples, {}, tmp_path)
    assert {name: getattr(settings, name).value for name in FORMS} == examples


def test_a_required_setting_says_where_to_set_it(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        resolve({}, {}, tmp_path).required("project")
    assert str(caught.value) == (
        "project must be set; give --project, TABPIPE_PROJECT, "
        'or project = "my-project" in tabpipe.toml'
    )


@pytest.mark.parametrize(
    ("content", "profile", "complaint"),
    [
        ("project = ", None, "tabpipe.toml must be TOML, got "),
        ("projet = 'my-project'", None, "got projet = 'my-project'"),
        ("project = 5", None, "got project = 5"),
        ("project = 'My Project'", None, "project must look like my-project, got My Project"),
        (FILE, "dev", "got dev; there are prod"),
        ("", "dev", "got dev; there are none"),
        ("parameters = 5", None, "tabpipe.toml [parameters] must be a table, got 5"),
        ("profile.dev = 5", "dev", "tabpipe.toml [profile.dev] must be a table, got 5"),
        ("[parameters]\nepochs = 1979-05-27", None, "epochs must be a value of --set, got 1979"),
    ],
)
def test_a_bad_file(tmp_path: Path, content: str, profile: str | None, complaint: str) -> None:
    (tmp_path / "tabpipe.toml").write_text(content)
    with pytest.raises(InputError) as caught:
        resolve({}, {}, tmp_path, profile)
    assert complaint in str(caught.value)


HOSTILE = ["\n", "\r", '"', "'", "\\", "\x1b", "\u202e", "\0", "\u0663", "\u2028"]


@pytest.mark.parametrize("name", sorted(set(FORMS) - {"csv", "schema"}))
@pytest.mark.parametrize("character", HOSTILE, ids=ascii)
def test_no_setting_of_the_cloud_has_a_break_a_quote_or_another_scripts_digit(
    tmp_path: Path, name: str, character: str
) -> None:
    example = FORMS[name].example
    if name in ("owner", "name") and character.isalnum():
        pytest.skip("a name may be in any script")
    for at in range(len(example) + 1):
        with pytest.raises(InputError, match=f"^{name} must look like"):
            resolve({name: example[:at] + character + example[at:]}, {}, tmp_path)


@pytest.mark.parametrize("bucket", ["gs://my-bucket/..", "gs://my-bucket/../x", "gs://my-bucket/."])
def test_a_bucket_leads_nowhere_else(tmp_path: Path, bucket: str) -> None:
    with pytest.raises(InputError, match="^bucket must look like"):
        resolve({"bucket": bucket}, {}, tmp_path)


def test_parameters_are_text_of_set_and_a_profile_wins(tmp_path: Path) -> None:
    (tmp_path / "tabpipe.toml").write_text(
        "[parameters]\nepochs = 200\nbatch-size = 64\nhidden_layers = [64, 32]\n"
        'learning_rate = 1e-3\nrestore_best = true\nkeys = ["a"]\n'
        "[profile.prod.parameters]\nepochs = 500\n"
    )
    found = parameters_of({}, tmp_path)
    assert {name: setting.value for name, setting in found.items()} == {
        "epochs": "200",
        "batch_size": "64",
        "hidden_layers": "64,32",
        "learning_rate": "0.001",
        "restore_best": "true",
        "keys": '["a"]',
    }
    prod = parameters_of({"TABPIPE_PROFILE": "prod"}, tmp_path)
    assert (prod["epochs"].value, prod["batch_size"].value) == ("500", "64")
    assert prod["epochs"].origin.endswith("tabpipe.toml [profile.prod] [parameters]")


def test_a_path_is_relative_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tabpipe.toml").write_text('csv = "t.csv"\nschema = "/full/s.yaml"')
    assert data_of({}, tmp_path) == (str(tmp_path / "t.csv"), Path("/full/s.yaml"))
    monkeypatch.chdir(tmp_path)
    assert data_of({}, tmp_path) == ("t.csv", Path("/full/s.yaml"))
    (tmp_path / "tabpipe.toml").write_text('csv = "gs://b/t.csv"')
    assert data_of({}, tmp_path.parent / tmp_path.name) == ("gs://b/t.csv", None)
