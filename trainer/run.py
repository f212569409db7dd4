"""One training run, in four verbs: load, fit, evaluate, write."""

import logging
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from trainer import contract, outputs
from trainer.checkpoint import Checkpoints, Sigterm
from trainer.compute.cpus import threads_for
from trainer.compute.distributed import World
from trainer.config import Config
from trainer.data.batches import Dataset
from trainer.data.files import Files, load_joined
from trainer.errors import InputError
from trainer.log import RunLog
from trainer.models import NETS, make_model_of, settings_of
from trainer.models.ensemble.encoding import Column, columns_of
from trainer.models.interfaces import FlatModel, Gradients, MakeModel
from trainer.portfolio.candidates import Candidate, candidates_for
from trainer.portfolio.portfolio import Portfolio
from trainer.reading import parse_json, reading, typed
from trainer.tasks.kinds import TASKS
from trainer.tasks.losses import Regression, Summary, Task, make_task
from trainer.train import Training
from trainer.uri import input_file, local_path

PREDICTIONS = {"validation": contract.PREDICTIONS, "test": contract.TEST_PREDICTIONS}

log = logging.getLogger(__name__)


Trained = Training | Portfolio


@dataclass(frozen=True)
class Data:
    """What a run trains on, and what it is evaluated on.

    Attributes:
        files: of the training and the validation rows.
        task: of the training rows' targets.
        train: the rows that train.
        held_out: the rows that do not, by name: validation, and test where there is some.
        feature_names: of the columns of X.
        columns: of the table, which these features are.
        spec: the content of spec.json, empty when there is none; and the file as it is.
        summary: of the training rows' targets.
    """

    files: tuple[Files, Files]
    task: Task
    train: Dataset
    held_out: dict[str, Dataset]
    feature_names: list[str]
    columns: list[Column]
    spec: dict[str, Any]
    spec_bytes: bytes | None
    summary: Summary


def run(config: Config, world: World, sigterm: Sigterm, run_log: RunLog | None = None) -> list[str]:
    """Trains as `config` says; rank 0 writes the results to `config.model_out`.

    Returns the names of the files written, for the manifest, which comes when the log is closed.

    Raises:
        InputError: the data, the spec or the checkpoint is not as it must be.
        TabularError: training or writing failed.
    """
    began = time.perf_counter()
    data = load(config, world)
    checkpoints = open_checkpoints(config, world, data)
    training = fit(config, world, data, checkpoints, sigterm, run_log)
    metrics, predictions = evaluate(training, data)
    if training.config.refit == "all":
        refit(training, data, checkpoints, sigterm)
    if world.rank != 0:
        return []
    seconds = round(time.perf_counter() - began, 3)
    return write(config, training, data, metrics, predictions, seconds)


def load(config: Config, world: World) -> Data:
    """Reads and checks every row."""
    spec, spec_bytes = _read_spec(config)
    name = config.task or spec.get("task") or "binary"
    files = Files.find("train", config.train, contract.TRAIN_KEYS)
    balanced = config.class_weight == "balanced"
    summary = files.summary(count_values=balanced or name == "multiclass")
    task = make_task(name, summary, spec.get("classes"), balanced, world.device)
    train = files.load(task, world.device)
    feature_names = spec.get("features") or [f"x{i}" for i in range(train.features)]
    if len(feature_names) != train.features:
        raise InputError(
            f"the spec must have the {train.features} features of {config.train}, got "
            f"{len(feature_names)}"
        )
    with reading(config.spec or contract.SPEC, "a spec that preprocessing wrote", error=InputError):
        columns = columns_of(spec, train.features)
    val_files = Files.find("val", config.val, contract.VAL_KEYS)
    held_out = {"validation": val_files.load(task, world.device, train)}
    if config.test:
        test = Files.find("test", config.test, contract.TEST_KEYS)
        held_out["test"] = test.load(task, world.device, train)
    return Data(
        (files, val_files), task, train, held_out, feature_names, columns, spec, spec_bytes, summary
    )


def make_net(
    config: Config, world: World, task: Task, train: Dataset, val: Dataset | None
) -> Training:
    """What trains a net of the family `config.model`."""
    filled = config.filled(settings_of(config.model))
    make_model_of_family: MakeModel = make_model_of(config.model)

    def make_model() -> tuple[FlatModel, Gradients]:
        return make_model_of_family(filled, task, train.features, world.device)

    return Training(filled, world, task, train, val, make_model)


def make_training(
    config: Config,
    world: World,
    task: Task,
    train: Dataset,
    val: Dataset | None,
    columns: Sequence[Column],
) -> Trained:
    """What trains `config.model`; ensembles need no `val`, and other nets know no `columns`.

    Raises:
        InputError: a setting is given that is not one of this model.
    """
    if config.model in NETS:
        return make_net(config, world, task, train, val)
    if config.dropout or config.weight_decay:
        raise InputError(
            f"--dropout and --weight_decay must be 0 with --model {config.model}, got "
            f"{config.dropout or config.weight_decay:g}; they are of --model mlp"
        )
    auto = config.model == "auto"
    candidates = candidates_for(train.features) if auto else {"ensemble": Candidate({})}
    return Portfolio(config, world, task, train, val, columns, candidates)


def open_checkpoints(config: Config, world: World, data: Data) -> Checkpoints:
    """Those of this run: of these settings, this data and as many processes."""
    return Checkpoints(
        config.checkpoint_dir,
        config.checkpoint_every,
        config.checkpoint_minutes,
        {
            **config.resume_key(),
            "spec": data.spec,
            "processes": world.size,
            "target": asdict(data.summary),
        },
    )


def fit(
    config: Config,
    world: World,
    data: Data,
    checkpoints: Checkpoints,
    sigterm: Sigterm,
    run_log: RunLog | None = None,
) -> Trained:
    """Trains, from a checkpoint if there is one."""
    train, val = data.train, data.held_out["validation"]
    training = make_training(config, world, data.task, train, val, data.columns)
    torch.set_num_threads(config.threads or threads_for(training.step_work, world.local_world_size))
    content = checkpoints.load()
    if content:
        training.resume(content, config.checkpoint_dir)
    if world.rank == 0:
        if run_log:
            run_log.write_progress(training.progress())
            training.on_progress = run_log.write_progress
        place = f"after epoch {training.state.epoch}" if content else "from the start"
        log.info(
            f"training {place}: {data.task.kind.name}, {train.rows} rows of {train.features} "
            f"features, {val.rows} rows to validate on; {world.size} process(es) on "
            f"{world.device.type}, {torch.get_num_threads()} thread(s) each"
        )
    world.barrier()  # loading may take one process minutes longer than another
    sigterm.deferred = True
    training.fit(checkpoints, sigterm)
    sigterm.deferred = False
    return training


def refit(training: Trained, data: Data, checkpoints: Checkpoints, sigterm: Sigterm) -> None:
    """Trains what was chosen once more, on training and validation rows together."""
    world, loaded = training.world, (data.train, data.held_out["validation"])
    rows = load_joined(data.files, loaded, data.task, world.device)
    if world.rank == 0:
        log.info(f"training what was chosen once more, on all {rows.rows} rows")
    sigterm.deferred = True
    training.refit(rows, checkpoints, sigterm)
    sigterm.deferred = False


def evaluate(training: Trained, data: Data) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The metrics on the rows that did not train, and on rank 0 the predictions for them, as the
    arrays of each npz by its name."""
    metrics = {f"{rows}_loss": training.evaluate(data.held_out[rows])[0] for rows in data.held_out}
    arrays: dict[str, dict[str, Any]] = {}
    if training.world.rank != 0:
        return metrics, arrays
    for rows, source in data.held_out.items():
        y, predictions = training.predict(source)
        arrays[PREDICTIONS[rows]] = {"y_true": y, data.task.kind.prediction_key: predictions}
        for name, value in data.task.metrics(y, predictions).items():
            metrics[f"{rows}_{name}"] = value
    state = training.state
    shown = ", ".join(f"{name} {value:.4f}" for name, value in metrics.items())
    kept = state.best_epoch if training.config.restore_best else state.epoch
    several = sum(row["share"] > 0 for row in training.tried) > 1
    whole = "; the whole blend" if several else ""
    log.info(f"epoch {kept} of {state.epoch} is kept{whole}: {shown}")
    if training.still_improving:
        log.info("the validation loss still fell at the last epochs; more --epochs may be better")
    return metrics, arrays


def write(
    config: Config,
    training: Trained,
    data: Data,
    metrics: dict[str, Any],
    predictions: dict[str, dict[str, Any]],
    seconds: float,
) -> list[str]:
    """Writes the results, and that the run took so many seconds; returns the files' names."""
    if isinstance(data.task, Regression):
        training.unscale(data.task.mean, data.task.scale)
    outputs.report_to_hypertune(metrics["validation_loss"], training.state.epoch)
    rows = {name: source.rows for name, source in data.held_out.items()}
    content = {
        "task": data.task.kind.name,
        **metrics,
        **_circumstances(training),
        "rows": {"train": data.train.rows, **rows},
        "feature_names": data.feature_names,
        "classes": data.spec.get("classes"),
        "seconds": seconds,
    }
    return outputs.write(
        local_path(config.model_out),
        training.state_dict(),
        content,
        {contract.HISTORY: training.state.history, contract.CANDIDATES: training.tried},
        predictions,
        data.spec_bytes,
    )


def _circumstances(training: Trained) -> dict[str, Any]:
    """What metrics.json says of a run beside its metrics."""
    config = training.config
    rows = (
        "used to select the epoch, and are optimistic"
        if config.selects
        else "that selected nothing"
    )
    again = (
        "; they are of the model before it learned the validation rows too"
        if config.refit == "all"
        else ""
    )
    return {
        "note": f"validation metrics come from rows {rows}; "
        f"test metrics, if any, from rows that selected nothing{again}",
        "family": training.family,
        "best_epoch": training.state.best_epoch,
        "epochs": training.state.epoch,
        "still_improving": training.still_improving,
        "features": training.train.features,
        "outputs": training.task.outputs,
        **training.task.scaling(),
        "parameters": training.parameters,
        "seed": config.seed,
        "hyperparameters": config.to_dict(),
        "device": training.world.device.type,
        "processes": training.world.size,
        "threads": torch.get_num_threads(),
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "torch": str(torch.__version__),
        },
    }


@dataclass(frozen=True)
class _SpecPart:
    """What training takes from spec.json; all of it may be left out."""

    task: str | None = None
    classes: list[str] | None = None
    features: list[str] | None = None


def _read_spec(config: Config) -> tuple[dict[str, Any], bytes | None]:
    """The features' spec.json, as a dict and as it is: --spec, or the one beside --train."""
    if config.spec:
        path = input_file(config.spec)
    else:
        train = local_path(config.train)
        path = (train if train.is_dir() else train.parent) / contract.SPEC
        if not path.is_file():
            return {}, None
    with reading(path, "a spec that preprocessing wrote", error=InputError):
        content = path.read_bytes()
        spec = parse_json(content)
        checked: _SpecPart = typed(_SpecPart, spec)
        if checked.task not in (None, *TASKS):
            raise ValueError(f"task {checked.task}, not one of {', '.join(TASKS)}")
    return spec, content
