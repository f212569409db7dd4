"""What is damaged, and the commands that read it."""

from dataclasses import dataclass
from pathlib import Path

from tests.fuzz import archives, mutations
from tests.fuzz.mutations import Mutation

Command = tuple[str, ...]

RESULTS = "runs/damaged/train/run_directory"
OUT = "out"  # whatever a command writes; emptied before each


def _tabpipe(*lines: str) -> tuple[Command, ...]:
    return tuple(("tabpipe", *line.split()) for line in lines)


def _readers_of_tables(name: str) -> tuple[Command, ...]:
    return _tabpipe(
        f"schema infer {name} --target Survived",
        f"schema check schema.yaml {name}",
        f"preprocess {name} {OUT} --schema schema.yaml",
        f"preprocess {name} {OUT} --schema schema.yaml --set shard_rows=40",
        f"predict whole {name} --out {OUT}/answers.csv --key Name",
        f"evaluate whole {name} --html {OUT}/page.html",
    )


TRAINER = ["trainer", "--train=arrays/train_data.npz", "--val=arrays/val_data.npz", "--epochs=1"]
TRAINER += [f"--model_out={OUT}"]
PREDICT = f"predict damaged table.csv --out {OUT}/answers.csv"
# What reads the results of a run.
OF_RESULTS = _tabpipe(
    PREDICT,
    f"evaluate damaged table.csv --html {OUT}/page.html",
    f"fetch damaged {OUT}",
    f"compare damaged whole --html {OUT}/page.html",
    f"plots damaged {OUT}",
)
# What reads the record of a run.
OF_RECORD = _tabpipe(
    "runs",
    "runs --json",
    "show damaged",
    "show damaged --json",
    "show whole",
    "logs damaged",
    "compare damaged whole",
    "compare whole damaged",
    f"fetch damaged {OUT}",
    "cancel damaged",
    PREDICT,
    PREDICT.replace("damaged", "whole"),
    "run --model damaged table.csv --root out",
)
SLOW = ("plots", "run")  # a second each: every tenth time


@dataclass(frozen=True)
class Target:
    """A file that is damaged.

    Attributes:
        file: its path.
        mutations: how; each as often as the others.
        commands: what reads it.
        signed: a manifest that is written anew after every other damage, so that the damage is
            read and not refused for its sha256.
    """

    file: str
    mutations: tuple[Mutation, ...]
    commands: tuple[Command, ...]
    signed: Path | None = None

    @property
    def is_result(self) -> bool:
        """Whether it is a file of the run directory."""
        return self.file.startswith(RESULTS)


BYTES, MANIFEST = mutations.bytes_of, Path(RESULTS)
TARGETS = {
    "csv": Target("t.csv", (BYTES, mutations.cells_of), _readers_of_tables("t.csv")),
    "parquet": Target("t.parquet", (BYTES, mutations.columns_of), _readers_of_tables("t.parquet")),
    "npz": Target("arrays/train_data.npz", (BYTES, archives.arrays_of), (tuple(TRAINER),)),
    "val_data.npz": Target(
        "runs/damaged/preprocess/val_data.npz",
        (BYTES, archives.arrays_of),
        _tabpipe(f"plots damaged {OUT}"),
    ),
    "val_predictions.npz": Target(
        f"{RESULTS}/val_predictions.npz", (BYTES, archives.arrays_of), OF_RESULTS, MANIFEST
    ),
    "schema.yaml": Target(
        "schema.yaml",
        (BYTES, mutations.yaml_of),
        _tabpipe(
            "schema check schema.yaml",
            "schema check schema.yaml table.csv",
            f"preprocess table.csv {OUT} --schema schema.yaml",
        ),
    ),
    "tabpipe.toml": Target(
        "tabpipe.toml", (BYTES,), _tabpipe("config", "runs", f"preprocess table.csv {OUT}")
    ),
    "run.json": Target("runs/damaged/run.json", (BYTES, mutations.json_of), OF_RECORD),
    "step.json": Target(
        "runs/damaged/steps/train.json",
        (BYTES, mutations.json_of),
        _tabpipe("runs", "show damaged", "logs damaged"),
    ),
    "manifest.json": Target(f"{RESULTS}/manifest.json", (BYTES, mutations.json_of), OF_RESULTS),
    "metrics.json": Target(
        f"{RESULTS}/metrics.json", (BYTES, mutations.json_of), OF_RESULTS, MANIFEST
    ),
    "spec.json": Target(f"{RESULTS}/spec.json", (BYTES, mutations.json_of), OF_RESULTS, MANIFEST),
    "spec.json of the trainer": Target(
        "arrays/spec.json", (BYTES, mutations.json_of), (tuple(TRAINER),)
    ),
    "eval_history.csv": Target(
        f"{RESULTS}/eval_history.csv", (BYTES, mutations.cells_of), OF_RESULTS, MANIFEST
    ),
    "model.pt": Target(f"{RESULTS}/model.pt", (BYTES,), OF_RESULTS),
    "weights.npz": Target(
        f"{RESULTS}/weights.npz", (BYTES, archives.arrays_of), OF_RESULTS, MANIFEST
    ),
    "training.yaml": Target(
        "training.yaml", (BYTES, mutations.yaml_of), _tabpipe("lint training.yaml")
    ),
    "training.yaml of a run": Target(
        "runs/damaged/pipeline.yaml", (BYTES, mutations.yaml_of), OF_RECORD
    ),
}
