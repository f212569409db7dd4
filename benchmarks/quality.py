"""How well the trainer's models predict, beside others, by cross-validation on real tables.

    python -m benchmarks.quality [--tables concrete,oj] [--csv t.csv --schema s.yaml]
        [--seeds 1] [--folds 5] [--models auto,mlp,linear,hist,lightgbm,catboost] [--json FILE]

Tables are those of `benchmarks.tables` (extra `quality`), or the one that --csv names. All is
fitted on a fold's training rows, the schema aside, which `tabpipe schema infer` proposes for the
whole table; the rows of the fold choose nothing. `mlp` stops early on an inner split, and so learns
from fewer rows. Peers have their defaults (CatBoost 500 iterations), one thread, and are left out
where they are not installed.
"""

import argparse
import dataclasses
import importlib
import importlib.util
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.tables import TABLES
from trainer.checkpoint import Checkpoints, Sigterm
from trainer.compute.cpus import wait_passively
from trainer.compute.distributed import World
from trainer.config import Config
from trainer.data.memory import InMemoryDataset
from trainer.models.ensemble.encoding import columns_of
from trainer.run import make_training
from trainer.tasks.losses import Summary, Task, make_task
from vertex_tabular.features import fitting
from vertex_tabular.features.apply import apply, labels
from vertex_tabular.features.spec import Spec
from vertex_tabular.preprocessing.reading import read_checked
from vertex_tabular.schema.parse import parse_schema
from vertex_tabular.schema.reader import read_schema
from vertex_tabular.schema.schema import Schema
from vertex_tabular.tables.inference import infer_schema
from vertex_tabular.tables.table import Table

if TYPE_CHECKING:
    import pandas as pd

INNER = 0.2  # of a fold's training rows, on which the mlp stops early
OURS = ("auto", "ensemble", "mlp")
PEERS = {"linear": "sklearn", "hist": "sklearn", "lightgbm": "lightgbm", "catboost": "catboost"}

Array = NDArray[Any]


@dataclass(frozen=True)
class Problem:
    """A table, and what is predicted: the table as read, and as a DataFrame for the peers."""

    schema: Schema
    table: Table
    frame: "pd.DataFrame"
    whole: Spec

    @property
    def y(self) -> Array:
        """Classes' places, or numbers, (n,)."""
        return labels(self.whole, self.table, "float64")

    def task(self, y: Array) -> Task:
        """The task, for training targets `y`."""
        summary = Summary()
        summary.add(y, True)
        return make_task(self.schema.task, summary, self.whole.classes)


def read_problem(csv: str, schema: dict[str, Any]) -> Problem:
    """Reads a table."""
    import pandas as pd

    parsed = parse_schema(schema)
    table = read_checked(csv, parsed)
    frame = pd.read_csv(csv)
    columns = {}
    for column in parsed.columns:
        values = frame[column.name]
        if column.kind != "numeric":
            values = pd.Categorical(values.astype(str).where(values.notna()))
        columns[column.name] = values
    return Problem(parsed, table, pd.DataFrame(columns), fitting.fit(table, parsed))


def folds_of(problem: Problem, folds: int, seed: int) -> Iterator[tuple[Array, Array]]:
    """Training and held-out rows, with equal shares of each class."""
    from sklearn.model_selection import KFold, StratifiedKFold

    kind = KFold if problem.schema.task == "regression" else StratifiedKFold
    yield from kind(folds, shuffle=True, random_state=seed).split(problem.y, problem.y)


def ours(
    problem: Problem, model: str, rows: Array, held: Array, seed: int, **settings: Any
) -> Array:
    """What the trainer's `model` predicts for the rows `held`, of what it learned from `rows`."""
    from sklearn.model_selection import train_test_split

    mask = np.isin(np.arange(problem.table.rows), rows)
    fitted = fitting.fit(problem.table, problem.schema, mask)
    spec = dataclasses.replace(fitted, classes=problem.whole.classes)
    x, y = apply(spec, problem.table), problem.y
    train = inner = rows
    if model == "mlp":
        stratify = None if problem.schema.task == "regression" else y[rows]
        train, inner = train_test_split(rows, test_size=INNER, random_state=seed, stratify=stratify)
    task = problem.task(y[train])

    def source(rows: Array) -> InMemoryDataset:
        inputs = np.hstack([x[rows], np.ones((len(rows), 1), np.float32)])
        return InMemoryDataset(torch.from_numpy(inputs), task.targets(y[rows]))

    config = Config(train="", val="", model=model, seed=seed, **settings)
    columns = columns_of(dataclasses.asdict(spec), x.shape[1])
    val = source(inner) if model == "mlp" else None
    training = make_training(config, World(), task, source(train), val, columns)
    training.fit(Checkpoints("", 1, 1, {}), Sigterm())
    return training.predict(source(held))[1]


def peer(problem: Problem, name: str, rows: Array, held: Array, seed: int) -> Array:
    """What another package's model predicts."""
    y, frame = problem.y, problem.frame
    if name in ("linear", "catboost"):
        texts = [c for c in frame if frame[c].dtype == "category"]
        frame = frame.assign(**{c: frame[c].astype(object).fillna("missing") for c in texts})
    model = _estimator(name, problem.schema.task == "regression", frame, seed)
    model.fit(frame.iloc[rows], y[rows])
    if problem.schema.task == "regression":
        return np.asarray(model.predict(frame.iloc[held]))
    p = np.asarray(model.predict_proba(frame.iloc[held]))
    return p[:, 1] if p.shape[1] == 2 else p


def _estimator(name: str, regression: bool, frame: "pd.DataFrame", seed: int) -> Any:
    if name == "hist":
        from sklearn import ensemble

        kind = "Regressor" if regression else "Classifier"
        make = getattr(ensemble, f"HistGradientBoosting{kind}")
        return make(categorical_features="from_dtype", random_state=seed)
    if name == "lightgbm":
        lightgbm = importlib.import_module("lightgbm")
        make = lightgbm.LGBMRegressor if regression else lightgbm.LGBMClassifier
        return make(verbose=-1, n_jobs=1, random_state=seed)
    if name == "catboost":
        catboost = importlib.import_module("catboost")
        make = catboost.CatBoostRegressor if regression else catboost.CatBoostClassifier
        texts = [column for column in frame if frame[column].dtype == object]
        quiet = {"verbose": 0, "thread_count": 1, "allow_writing_files": False}
        return make(iterations=500, random_seed=seed, cat_features=texts, **quiet)
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    texts = [column for column in frame if frame[column].dtype == object]
    numbers = [column for column in frame if column not in texts]
    encoded = make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
        (OneHotEncoder(handle_unknown="ignore"), texts),
    )
    return make_pipeline(encoded, Ridge() if regression else LogisticRegression(max_iter=1000))


def loss_of(problem: Problem, y: Array, predictions: Array) -> float:
    """The log-loss, or the root of the mean squared error."""
    found = problem.task(problem.y).metrics(y, predictions)
    return found["log_loss" if problem.schema.classifies else "rmse"]


def measure(
    problem: Problem, models: Sequence[str], seeds: int, folds: int
) -> dict[str, dict[str, list[float]]]:
    """By model: the loss, and the CPU seconds of a fit, of each fold of each seed."""
    found: dict[str, dict[str, list[float]]] = {n: {"loss": [], "seconds": []} for n in models}
    for seed in range(seeds):
        for rows, held in folds_of(problem, folds, seed):
            for name in models:
                began = time.process_time()
                predict = ours if name in OURS else peer
                predictions = predict(problem, name, rows, held, seed)
                found[name]["seconds"].append(time.process_time() - began)
                found[name]["loss"].append(loss_of(problem, problem.y[held], predictions))
    return found


def average(problem: Problem, losses: Sequence[float]) -> float:
    """Of the folds: the mean, or of root mean squares theirs."""
    values = np.array(losses)
    return float(values.mean() if problem.schema.classifies else np.sqrt((values**2).mean()))


def problems(asked: argparse.Namespace, directory: Path) -> Iterator[tuple[str, Problem]]:
    """The tables to measure on, by name."""
    if asked.csv:
        schema = read_schema(Path(asked.schema)) if asked.schema else None
        schema = schema or infer_schema(asked.csv, asked.target)
        yield Path(asked.csv).stem, read_problem(asked.csv, schema)
        return
    for name in asked.tables.split(",") if asked.tables else TABLES:
        csv = str(directory / f"{name}.csv")
        TABLES[name].load().to_csv(csv, index=False)
        yield name, read_problem(csv, infer_schema(csv, TABLES[name].target))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures, and prints a line a table: each model's loss, and the ratio to the first's."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tables", default="")
    for name in ("csv", "schema", "json"):
        parser.add_argument(f"--{name}", default="")
    parser.add_argument("--target", default=None)
    parser.add_argument("--models", default=",".join(["auto", "mlp", *PEERS]))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--folds", type=int, default=5)
    asked = parser.parse_args(arguments)
    wait_passively()
    torch.set_num_threads(1)
    models = [
        name
        for name in asked.models.split(",")
        if name in OURS or importlib.util.find_spec(PEERS[name])
    ]
    everything: dict[str, Any] = {}
    ratios: dict[str, list[float]] = {name: [] for name in models}
    print(f"{'':14}" + "".join(f"{name:>20}" for name in models))
    with tempfile.TemporaryDirectory() as directory:
        for table, problem in problems(asked, Path(directory)):
            found = measure(problem, models, asked.seeds, asked.folds)
            means = {name: average(problem, found[name]["loss"]) for name in models}
            everything[table] = found
            for name in models:
                ratios[name].append(means[models[0]] / means[name])
            cells = "".join(f"{means[n]:12.5g} ({ratios[n][-1]:.3f})" for n in models)
            print(f"{table:14}{cells}", flush=True)
    shown = "".join(f"{np.exp(np.log(ratios[n]).mean()):19.3f} " for n in models)
    print(f"{'ratio':14}{shown}")
    seconds = {n: [s for found in everything.values() for s in found[n]["seconds"]] for n in models}
    shown = "".join(f"{np.median(s):11.2f} ({max(s):6.1f})" for s in seconds.values())
    print(f"{'CPU s a fit':14}{shown}")
    if asked.json:
        Path(asked.json).write_text(json.dumps(everything))


if __name__ == "__main__":
    main()
