"""The trainings of a portfolio, one after another, each resumable.

What each left is in the checkpoint of those after it, so a resumed run does not repeat them.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from trainer.checkpoint import Checkpoints, OfPart, Sigterm
from trainer.compute.distributed import World
from trainer.config import Config
from trainer.data.batches import Dataset, derive_seed
from trainer.data.encoded import encode_rows, encoded
from trainer.data.memory import InMemoryDataset
from trainer.errors import InputError
from trainer.models.ensemble.encoding import Column, Encoding, learn_encoding
from trainer.models.ensemble.gradients import EnsembleGradients
from trainer.models.ensemble.module import FlatEnsemble
from trainer.portfolio.judging import predictions_of
from trainer.portfolio.parts import PARTS, parts_of
from trainer.portfolio.sample import sample_of
from trainer.tasks.losses import Task
from trainer.train import State, Training


@dataclass(frozen=True)
class Fit:
    """A training: of a candidate's members, which leave out one part of the sample each, or none.

    Attributes:
        config: its settings, the number of members and of epochs among them.
        left_out: the parts.
        again: whether it learns the validation rows too.
    """

    candidate: str
    config: Config
    left_out: tuple[int, ...] = ()
    again: bool = False

    @property
    def key(self) -> str:
        """Its name in a checkpoint."""
        return (
            f"{self.candidate}, again"
            if self.again
            else f"{self.candidate} without {self.left_out}"
        )


class EnsembleTraining(Training):
    """The training of an ensemble."""

    model: FlatEnsemble
    gradients: EnsembleGradients


class Fits:
    """Runs fits, and remembers what they left.

    Attributes:
        sample: the rows that judge candidates; `part` is the part of each, int64 (n,).
        seconds: that each candidate took, by its name; of this start of the run.
    """

    def __init__(
        self, world: World, task: Task, train: Dataset, columns: Sequence[Column], seed: int
    ) -> None:
        self.world, self.task, self.train, self.columns = world, task, train, columns
        self.sample = sample_of(train)
        self.part = parts_of(self.sample.y.numpy(force=True).reshape(-1).astype(float), seed)
        self.seconds: dict[str, float] = {}
        self._encodings: dict[int, Encoding] = {}
        self._encoded: dict[int, InMemoryDataset] = {}
        self._left: dict[str, Tensor] = {}  # by the key of the fit that left it
        self._states: dict[str, dict[str, Any]] = {}
        self._pending: dict[str, Any] | None = None  # a training that a checkpoint goes on with
        self._epochs_before = 0
        self._where = ""

    def encoding(self, pieces: int) -> Encoding:
        """How features become inputs, learned from the sample."""
        if pieces not in self._encodings:
            rows = self.sample.x[:, :-1].numpy(force=True)
            self._encodings[pieces] = learn_encoding(rows, self.columns, pieces)
        return self._encodings[pieces]

    def predict_left_out(self, fit: Fit, checkpoints: Checkpoints, sigterm: Sigterm) -> Tensor:
        """What each member predicts for the rows of the part that it left out: float64 (rows,
        outputs), of those parts' rows in their order in the sample."""
        if fit.key not in self._left:
            sample = self._encoded_sample(fit.config.pieces)
            training = self._train(fit, sample, None, checkpoints, sigterm)
            rows = np.flatnonzero(np.isin(self.part, fit.left_out))
            predictions = np.empty((len(rows), self.task.outputs))
            parts = self.part[rows]
            for member, part in enumerate(fit.left_out):
                x = sample.x[torch.from_numpy(rows[parts == part])]
                logits = [
                    training.gradients.member_logits(chunk)[member].numpy(force=True).copy()
                    for chunk in x.split(training.gradients.chunk)
                ]
                predictions[parts == part] = predictions_of(self.task, np.concatenate(logits))
            self._left[fit.key] = torch.from_numpy(predictions)
        return self._left[fit.key]

    def learn_all(
        self,
        fit: Fit,
        rows: Dataset,
        val: Dataset | None,
        checkpoints: Checkpoints,
        sigterm: Sigterm,
        on_progress: Callable[[list[dict[str, Any]]], None] = lambda rows: None,
    ) -> EnsembleTraining:
        """Members that have learned all `rows`; `val` is evaluated after each epoch."""
        encoding = self.encoding(fit.config.pieces)
        # Of a short table the sample is all of it; the parts do not matter here.
        whole = rows is self.sample
        train = self._encoded_sample(fit.config.pieces) if whole else encoded(rows, encoding)
        held_out = None if val is None else encoded(val, encoding)
        if fit.key in self._left:
            training = self._make(fit, train, held_out)
            training.model.flat.copy_(self._left[fit.key])
            training.state = State(**self._states[fit.key])
            return training
        training = self._train(fit, train, held_out, checkpoints, sigterm, on_progress)
        self._left[fit.key] = training.model.flat.cpu().clone()
        self._states[fit.key] = asdict(training.state)
        return training

    def _train(
        self,
        fit: Fit,
        train: Dataset,
        val: Dataset | None,
        checkpoints: Checkpoints,
        sigterm: Sigterm,
        on_progress: Callable[[list[dict[str, Any]]], None] = lambda rows: None,
    ) -> EnsembleTraining:
        began = time.perf_counter()
        training = self._make(fit, train, val)
        training.on_progress = on_progress
        if self._pending and self._pending["fit"] == fit.key:
            training.resume(self._pending["training"], self._where)
            on_progress(training.progress() if val else [])
        self._pending = None
        # A fit that only judges is short; what it left is saved with the next.
        content = partial(self.content, fit)
        part = OfPart(checkpoints, self._epochs_before, content, at_end=not fit.left_out)
        training.fit(part, sigterm)
        self._epochs_before += training.state.epoch
        took = time.perf_counter() - began
        self.seconds[fit.candidate] = self.seconds.get(fit.candidate, 0.0) + took
        return training

    def _make(self, fit: Fit, train: Dataset, val: Dataset | None) -> EnsembleTraining:
        config = replace(fit.config, seed=derive_seed(fit.config.seed, *(fit.left_out or (PARTS,))))

        def make_model() -> tuple[FlatEnsemble, EnsembleGradients]:
            encoding = self.encoding(config.pieces)
            model = FlatEnsemble(encoding, config, self.task.outputs, self.world.device)
            parts = PARTS if fit.left_out else 0
            return model, EnsembleGradients(model, self.task, fit.left_out, parts)

        return EnsembleTraining(config, self.world, self.task, train, val, make_model)

    def _encoded_sample(self, pieces: int) -> InMemoryDataset:
        if pieces not in self._encoded:
            x = encode_rows(self.encoding(pieces), self.sample.x, self.part)
            self._encoded[pieces] = InMemoryDataset(x, self.sample.y)
        return self._encoded[pieces]

    def content(self, fit: Fit, training: Mapping[str, Any]) -> dict[str, Any]:
        """All of it, for a checkpoint, while `fit` is under way."""
        return {
            "left": self._left,
            "states": self._states,
            "epochs": self._epochs_before,
            "fit": fit.key,
            "training": dict(training),
        }

    def resume(self, content: Mapping[str, Any], where: str) -> None:
        """Goes back to where `content` was taken.

        Raises:
            InputError: it is not of a portfolio; the message names the directory `where`.
        """
        kinds = {"left": dict, "states": dict, "epochs": int, "fit": str, "training": dict}
        tensors = list(content.get("left", {}).values()) if set(content) == set(kinds) else [None]
        if not (
            all(isinstance(content.get(name), kind) for name, kind in kinds.items())
            and all(isinstance(t, Tensor) and bool(t.isfinite().all()) for t in tensors)
            and 0 <= content["epochs"] < 2**53
        ):
            raise InputError(
                f"a checkpoint must be one that training saved, got {where}: it is not of "
                "candidates; to start over, pass another --checkpoint_dir"
            )
        self._where = where
        self._left, self._states = dict(content["left"]), dict(content["states"])
        self._epochs_before = content["epochs"]
        self._pending = {"fit": content["fit"], "training": content["training"]}
