"""How well the recipes predict, beside scikit-learn's models on the same folds and features.

    python -m benchmarks.quality [--csv table.csv] [--schema schema.yaml] [--seeds 10] [--folds 5]

The seed deals the folds and starts each model. Features are fitted on a fold's training rows; a
net that stops early does so on an inner split of these, so that it learns from fewer of them; the
test rows choose nothing. Without --csv, a made-up passenger list is the data.
"""

import argparse
import contextlib
import dataclasses
import io
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from numpy.typing import NDArray

from pipelines.project.sample import sample_schema, write_sample
from trainer.checkpoint import Checkpoints, Sigterm
from trainer.config import Config
from trainer.data.memory import InMemoryDataset
from trainer.distributed import World
from trainer.tasks.losses import Summary, make_task
from trainer.train import Training
from vertex_tabular.features import fitting
from vertex_tabular.features.apply import apply, labels
from vertex_tabular.preprocessing.reading import read_checked
from vertex_tabular.schema.parse import parse_schema

SAMPLE_ROWS = 891
INNER = 0.2  # of a fold's training rows, on which the nets stop early

Array = NDArray[Any]
Fit = Callable[[Array, Array, Array, int], Array]  # x, y, x of the test rows, seed: predictions


def our_net(task_name: str, classes: list[Any] | None, recipe: str, **settings: Any) -> Fit:
    """The trainer with its own defaults, or those of a recipe."""

    def fit(x: Array, y: Array, asked: Array, seed: int) -> Array:
        from sklearn.model_selection import train_test_split

        config = Config.create(train="", val="", recipe=recipe, seed=seed, **settings)
        train = inner = np.arange(len(y))
        if config.selects:
            stratify = None if task_name == "regression" else y
            train, inner = train_test_split(
                train, test_size=INNER, random_state=seed, stratify=stratify
            )
        summary = Summary()
        summary.add(y[train], task_name == "multiclass")
        task = make_task(task_name, summary, classes)

        def source(rows: Array, targets: Array) -> InMemoryDataset:
            ones = np.ones((len(rows), 1), np.float32)
            return InMemoryDataset(torch.from_numpy(np.hstack([rows, ones])), task.targets(targets))

        training = Training(
            config, World(), task, source(x[train], y[train]), source(x[inner], y[inner])
        )
        with contextlib.redirect_stdout(io.StringIO()):
            training.fit(Checkpoints("", 1, 1, {}), Sigterm())
        return training.predict(source(asked, np.zeros(len(asked))))[1]

    return fit


def scikit(make: Callable[[int], Any]) -> Fit:
    """An estimator of scikit-learn, made for a seed."""

    def fit(x: Array, y: Array, asked: Array, seed: int) -> Array:
        model = make(seed).fit(x, y)
        if not hasattr(model, "classes_"):
            return np.asarray(model.predict(asked))
        p = model.predict_proba(asked)
        return np.asarray(p[:, 1] if p.shape[1] == 2 else p)

    return fit


def models(task: str, classes: list[Any] | None) -> dict[str, Fit]:
    """By its name in the table, each model."""
    from sklearn import ensemble, linear_model, neural_network

    ours = {
        "trainer, plain (notebook's net)": our_net(task, classes, "plain"),
        "trainer, --recipe strong": our_net(task, classes, "strong"),
    }
    mlp = {"alpha": 1, "max_iter": 1000, "early_stopping": True}
    if task == "regression":
        return {
            "linear regression": scikit(lambda seed: linear_model.Ridge()),
            **ours,
            "MLP, alpha=1": scikit(
                lambda seed: neural_network.MLPRegressor(random_state=seed, **mlp)
            ),
            "random forest": scikit(
                lambda seed: ensemble.RandomForestRegressor(min_samples_leaf=3, random_state=seed)
            ),
            "gradient boosting": scikit(
                lambda seed: ensemble.GradientBoostingRegressor(random_state=seed)
            ),
        }
    mlp = {"alpha": 1, "max_iter": 1000}
    return {
        "logistic regression": scikit(lambda seed: linear_model.LogisticRegression(max_iter=1000)),
        **ours,
        "MLP, alpha=1": scikit(lambda seed: neural_network.MLPClassifier(random_state=seed, **mlp)),
        "random forest": scikit(
            lambda seed: ensemble.RandomForestClassifier(min_samples_leaf=3, random_state=seed)
        ),
        "gradient boosting": scikit(
            lambda seed: ensemble.GradientBoostingClassifier(subsample=0.5, random_state=seed)
        ),
    }


def measure(
    csv: str,
    schema: dict[str, Any],
    seeds: int,
    folds: int,
    models: Callable[[str, list[Any] | None], dict[str, Fit]] = models,
) -> dict[str, list[dict[str, float]]]:
    """By model, the figures of each seed's predictions, each row's made while it was held out."""
    from sklearn.model_selection import KFold, StratifiedKFold

    parsed = parse_schema(schema)
    table = read_checked(csv, parsed)
    found: dict[str, list[dict[str, float]]] = {}
    for seed in range(seeds):
        whole = fitting.fit(table, parsed)
        y = labels(whole, table)
        kind = KFold if parsed.task == "regression" else StratifiedKFold
        answers: dict[str, Array] = {}
        for rows, held in kind(folds, shuffle=True, random_state=seed).split(y, y):
            mask = np.isin(np.arange(table.rows), rows)
            spec = dataclasses.replace(fitting.fit(table, parsed, mask), classes=whole.classes)
            x = apply(spec, table)
            for name, fit in models(parsed.task, whole.classes).items():
                given = fit(x[rows], y[rows], x[held], seed)
                answers.setdefault(name, np.empty((len(y), *given.shape[1:])))[held] = given
        summary = Summary()
        summary.add(y, True)
        task = make_task(parsed.task, summary, whole.classes)
        for name, given in answers.items():
            found.setdefault(name, []).append(task.metrics(y, given))
    return found


def table_of(found: dict[str, list[dict[str, float]]]) -> str:
    """Means over the seeds, and the loss's standard deviation, as text."""
    first = next(iter(found.values()))[0]
    loss = "log_loss" if "log_loss" in first else "rmse"
    others = [name for name in ("auc", "accuracy", "r_squared") if name in first]
    lines = [f"{'':36}{loss:>12}{'sd':>10}" + "".join(f"{name:>11}" for name in others)]
    for name, figures in found.items():
        losses = [each[loss] for each in figures]
        means = "".join(f"{np.mean([each[other] for each in figures]):11.3f}" for other in others)
        lines.append(f"{name:36}{np.mean(losses):12.4f}{np.std(losses):10.4f}{means}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--csv", default="")
    parser.add_argument("--schema", default="", help="YAML; without it, that of the Titanic")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--folds", type=int, default=5)
    asked = parser.parse_args(arguments)
    torch.set_num_threads(1)
    schema = yaml.safe_load(Path(asked.schema).read_text()) if asked.schema else sample_schema()
    with tempfile.TemporaryDirectory() as directory:
        csv = asked.csv or str(Path(directory, "sample.csv"))
        if not asked.csv:
            write_sample(Path(csv), SAMPLE_ROWS, seed=0)
        print(table_of(measure(csv, schema, asked.seeds, asked.folds)))


if __name__ == "__main__":
    main()
