"""The results of a run, written side by side (`contract.RESULTS`); the caller adds the manifest."""

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from trainer import contract


def write(
    directory: Path,
    model: dict[str, Any],
    metrics: dict[str, Any],
    tables: Mapping[str, Sequence[dict[str, Any]]],
    predictions: Mapping[str, Mapping[str, Any]],
    spec: bytes | None,
) -> list[str]:
    """Writes the results, each file whole or not at all; returns their names.

    `model` is a state_dict; `tables` the rows of each CSV, by its name, which is not written
    where there are none; `predictions` the arrays of each npz, by its name. The same results
    give the same bytes of model.pt.
    """
    import torch

    files: dict[str, bytes] = {}
    with io.BytesIO() as buffer:
        torch.save(model, buffer)
        files[contract.MODEL] = buffer.getvalue()
    with io.BytesIO() as buffer:  # for who has no torch
        np.savez(buffer, **{name: tensor.numpy() for name, tensor in model.items()})
        files[contract.WEIGHTS] = buffer.getvalue()
    files[contract.METRICS] = json.dumps(contract.to_json(metrics), indent=2).encode() + b"\n"
    for name, rows in tables.items():
        if rows or name == contract.HISTORY:
            files[name] = "".join(_csv(rows)).encode()
    if spec is not None:
        files[contract.SPEC] = spec
    for name, content in files.items():
        with contract.atomic_write(directory / name) as file:
            file.write(content)
    for name, arrays in predictions.items():
        with contract.atomic_write(directory / name) as file:
            np.savez(file, **arrays)
    return [*files, *predictions]


def _csv(rows: Sequence[dict[str, Any]]) -> Iterable[str]:
    yield ",".join(rows[0] if rows else ()) + "\n"
    for row in rows:
        yield ",".join(map(str, row.values())) + "\n"


def report_to_hypertune(loss: float, epochs: int) -> None:
    """Tells Vertex's hyperparameter tuning the validation loss, when its package is installed
    (https://cloud.google.com/vertex-ai/docs/training/code-requirements#report-metrics)."""
    try:
        import hypertune  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        return
    hypertune.HyperTune().report_hyperparameter_tuning_metric(
        hyperparameter_metric_tag="validation_loss", metric_value=loss, global_step=epochs
    )
