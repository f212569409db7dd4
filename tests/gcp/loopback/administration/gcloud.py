"""The gcloud commands that set a project up, carried out on the loopback project.

`RECORDER` is put on PATH as gcloud: it notes each command, and answers as gcloud does in a project
in which nothing exists. `carry_out` then does what was noted; a command, or a flag of it, that is
not one of gcloud's own is refused.
"""

from collections.abc import Sequence

from tests.gcp.loopback.administration.project import (
    THE_PROJECT,
    Administration,
    of_account,
    of_bucket,
)
from tests.gcp.loopback.names import PROJECT, PROJECT_NUMBER

RECORDER = f"""#!/bin/sh
for word in "$@"; do printf '%s\\t' "$word"; done >> "$GCLOUD_LOG"
echo >> "$GCLOUD_LOG"
case "$*" in
  "config get-value account") echo ada@example.com ;;
  "projects describe "*) echo {PROJECT_NUMBER} ;;
  *" describe "*) exit 1 ;;
esac
"""
GRANT = {"--member", "--role", "--condition", "--format"}
# The words of a command → its flags. https://cloud.google.com/sdk/gcloud/reference
COMMANDS: dict[str, set[str]] = {
    "config get-value": set(),
    "projects describe": {"--format"},
    "services enable": {"--project"},
    "beta services identity create": {"--service", "--project", "--format"},
    "storage buckets describe": set(),
    "storage buckets create": {
        "--project",
        "--location",
        "--uniform-bucket-level-access",
        "--public-access-prevention",
    },
    "iam service-accounts describe": {"--project"},
    "iam service-accounts create": {"--project"},
    "artifacts repositories describe": {"--project", "--location"},
    "artifacts repositories create": {"--project", "--location", "--repository-format"},
    "kms keyrings describe": {"--project", "--location"},
    "kms keyrings create": {"--project", "--location"},
    "kms keys describe": {"--project", "--location", "--keyring"},
    "kms keys create": {"--project", "--location", "--keyring", "--purpose"},
    "kms keys add-iam-policy-binding": GRANT,
    "projects add-iam-policy-binding": GRANT,
    "storage buckets add-iam-policy-binding": GRANT,
    "iam service-accounts add-iam-policy-binding": GRANT | {"--project"},
}


def carry_out(has: Administration, command: Sequence[str]) -> None:
    """Does what a command does.

    Raises:
        ValueError: gcloud has no such command or flag.
    """
    flags = dict(word.partition("=")[::2] for word in command if word.startswith("--"))
    words = [word for word in command if not word.startswith("--")]
    line = " ".join(words)
    names = [name for name in COMMANDS if line.startswith(f"{name} ") or line == name]
    if not names or flags.keys() - COMMANDS[names[0]]:
        raise ValueError(f"invalid choice or unrecognized arguments: {command}")
    (name,) = names
    arguments = words[len(name.split()) :]
    if flags.get("--project", PROJECT) != PROJECT:
        raise ValueError(f"another project: {command}")
    place = f"{THE_PROJECT}/locations/{flags.get('--location')}"
    match name:
        case "services enable":
            has.apis |= set(arguments)
        case "iam service-accounts create":
            has.resources.add(of_account(f"{arguments[0]}@{PROJECT}.iam.gserviceaccount.com"))
        case "artifacts repositories create":
            has.resources.add(f"{place}/repositories/{arguments[0]}")
        case "kms keyrings create":
            has.resources.add(f"{place}/keyRings/{arguments[0]}")
        case "kms keys create":
            has.resources.add(f"{place}/keyRings/{flags['--keyring']}/cryptoKeys/{arguments[0]}")
    if name.endswith("add-iam-policy-binding"):
        (resource,) = arguments
        if name.startswith("projects"):
            resource = f"projects/{resource}"
        elif name.startswith("storage"):
            resource = of_bucket(resource.removeprefix("gs://"))
        elif name.startswith("iam"):
            resource = of_account(resource)
        has.grant(resource, flags["--member"], flags["--role"])
