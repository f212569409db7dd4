"""Chooses and trains ensembles for a table.

1. Each candidate trains a member that leaves out the first part of the rows, which judges it.
2. The best of them train members that leave out other parts.
3. The blend of the predictions for left-out rows that has the least loss gives each its share.
4. These learn all rows, with members by their share: that is the model.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainer.checkpoint import Checkpoints, Sigterm
from trainer.compute.distributed import World
from trainer.config import Config
from trainer.data.batches import BatchPlan, Dataset
from trainer.models import blend as blends
from trainer.models import settings_of
from trainer.models.blend.module import Blend
from trainer.models.ensemble.encoding import Column
from trainer.models.interfaces import state_dict_of
from trainer.portfolio.blend import blend
from trainer.portfolio.candidates import LONG, PORTFOLIO, Candidate
from trainer.portfolio.fits import EnsembleTraining, Fit, Fits
from trainer.portfolio.judging import make_loss
from trainer.portfolio.parts import judging_parts
from trainer.tasks.losses import Task
from trainer.train import Predictor, State

Array = NDArray[Any]

KEPT = 3  # candidates that train further members
MEMBERS = 4  # of the model, by their share; of each candidate in it two at least
BUDGET = 200.0  # 10^9 rows times parameters times epochs, up to LONG rows; beyond, by their number
FEWEST_JUDGED = 10  # rows; of fewer, nothing is judged, and the most cautious candidate learns all
CAUTIOUS = "sparser"
SHOWN = ("pieces", "input_factor", "learning_rate", "l2", "factor_l2", "deep_l2")

log = logging.getLogger(__name__)


class Portfolio(Predictor):
    """One run's candidates and what became of them; used as a `Training` is.

    Attributes:
        config: once it has learned, with the values of the candidate with the largest share.
        state: of the training of that candidate.
        tried: the rows of `candidates.csv`.
        shares: of the candidates in the model, by name.
    """

    family = "blend"
    still_improving = False  # what its candidates learn decays to nothing

    def __init__(
        self,
        config: Config,
        world: World,
        task: Task,
        train: Dataset,
        val: Dataset | None,
        columns: Sequence[Column],
        candidates: Mapping[str, Candidate] = PORTFOLIO,
    ) -> None:
        """With one candidate there is nothing to choose: it learns all rows."""
        self.config, self.world, self.task = config, world, task
        self.train, self.val, self.candidates = train, val, candidates
        self.on_progress: Callable[[list[dict[str, Any]]], None] = lambda rows: None
        self.plan = BatchPlan(0, rank=world.rank, size=world.size)
        self.fits = Fits(world, task, train, columns, config.seed)
        self.state = State()
        self.tried: list[dict[str, Any]] = []
        self.shares: dict[str, float] = {}
        self._trainings: dict[str, EnsembleTraining] = {}
        self._configs = {
            name: config.filled(candidate.settings).filled(settings_of(config.model))
            for name, candidate in candidates.items()
        }
        self._members_are_set = bool(config.members) or len(candidates) == 1
        self._effort = self._effort_within_budget()

    @property
    def step_work(self) -> int:
        """Rows times parameters of a step, at most, of this process's share."""
        rows = [
            min(config.batch_size or self.train.rows, self.train.rows)
            * self._parameters(name)
            * MEMBERS
            for name, config in self._configs.items()
        ]
        return max(rows) // self.world.size

    @property
    def parameters(self) -> int:
        """How many numbers the model's weights are."""
        return sum(len(training.model.flat) for training in self._trainings.values())

    def fit(self, checkpoints: Checkpoints, sigterm: Sigterm) -> None:
        """Chooses, and trains the model.

        Raises:
            TabularError: the loss of a candidate is no longer finite.
            Interrupted: SIGTERM came, and a checkpoint is saved; or another process is gone.
        """
        names = list(self.candidates)
        if len(names) == 1:
            self.shares = {names[0]: 1.0}
        elif self.fits.sample.rows < FEWEST_JUDGED:
            self.shares = {CAUTIOUS: 1.0}
        else:
            self._choose(names, checkpoints, sigterm)
        main = max(self.shares, key=self.shares.__getitem__)
        for name, fit in self._fits_of(self.train):
            shown = (self.val, self.on_progress) if name == main else (None, lambda rows: None)
            val, on_progress = shown
            training = self.fits.learn_all(fit, self.train, val, checkpoints, sigterm, on_progress)
            self._trainings[name] = training
        self.state = self._trainings[main].state
        self.config = replace(self._trainings[main].config, seed=self.config.seed)
        for row in self.tried:
            row["share"] = self.shares.get(row["candidate"], 0.0)
            row["seconds"] = round(self.fits.seconds.get(row["candidate"], 0.0), 3)

    def refit(self, train: Dataset, checkpoints: Checkpoints, sigterm: Sigterm) -> None:
        """The same blend learns other rows from the start; what was measured stays.

        Raises:
            TabularError, Interrupted: see `fit`.
        """
        for name, fit in self._fits_of(train):
            again = replace(fit, again=True)
            learned = self.fits.learn_all(again, train, None, checkpoints, sigterm)
            self._trainings[name] = learned
        vars(self).pop("_network", None)

    def _fits_of(self, train: Dataset) -> Iterator[tuple[str, Fit]]:
        """Of each candidate in the model."""
        for name, share in self.shares.items():
            yield name, self._fit(name, (), train.rows, max(2, round(MEMBERS * share)))

    def _choose(self, names: list[str], checkpoints: Checkpoints, sigterm: Sigterm) -> None:
        """Judges the candidates, and gives each its share of the model."""
        y = self.fits.sample.y.numpy(force=True).reshape(-1)
        left_out = {name: np.full((len(y), self.task.outputs), np.nan) for name in names}

        def judge(name: str, parts: range, judged_by: range) -> float:
            """The loss of a candidate, after it trained members that leave out `parts`."""
            fit = self._fit(name, tuple(parts), self.fits.sample.rows, len(parts))
            predictions = self.fits.predict_left_out(fit, checkpoints, sigterm)
            left_out[name][self._rows_of(parts)] = predictions.numpy()
            rows = self._rows_of(judged_by)
            return self._decided([make_loss(self.task, y[rows])(left_out[name][rows])])[0]

        first, judging = range(1), range(judging_parts(len(y)))
        losses: dict[str, float] = {}
        for number, name in enumerate(names, 1):
            self._tell(1, name, number, len(names), losses)
            losses[name] = judge(name, first, first)
            self._say(f"candidate {number} of {len(names)}, {name}: loss {losses[name]:.5f}")
        alive = sorted(names, key=losses.__getitem__)[:KEPT]
        for number, name in enumerate(alive, 1):
            self._tell(2, name, number, len(alive), losses)
            losses[name] = judge(name, judging[1:], judging)
            self._say(f"candidate {name} goes on: loss {losses[name]:.5f}")
        rows = self._rows_of(judging)
        predictions = [left_out[name][rows] for name in alive]
        shares = self._decided(blend(predictions, make_loss(self.task, y[rows])))
        self.shares = {name: share for name, share in zip(alive, shares, strict=True) if share}
        self.tried = [
            {
                **self._settings(name),
                "loss": losses[name],
                "judged_rows": len(self._rows_of(judging if name in alive else first)),
            }
            for name in names
        ]
        shown = ", ".join(f"{share:.0%} {name}" for name, share in self.shares.items())
        self._say(f"the model: {shown}")

    def _fit(self, name: str, left_out: tuple[int, ...], rows: int, members: int) -> Fit:
        config = self._configs[name]
        epochs = self._epochs(name, rows)
        if not config.epochs:
            epochs = max(1, round(epochs * self._effort))
        if not left_out and self._members_are_set:
            members = config.members
        return Fit(name, replace(config, epochs=epochs, members=members), left_out)

    def _epochs(self, name: str, rows: int) -> int:
        config = self._configs[name]
        return config.epochs or self.candidates[name].steps.epochs(rows, config.batch_size)

    def _effort_within_budget(self) -> float:
        """The share of the candidates' epochs that the budget pays for, at most 1."""
        budget = 1e9 * (self.config.budget or BUDGET * max(1.0, self.train.rows / LONG))
        sample = self.fits.sample.rows
        judged = [self._parameters(n) * sample * self._epochs(n, sample) for n in self.candidates]
        learned = [
            self._parameters(n) * self.train.rows * self._epochs(n, self.train.rows) * MEMBERS
            for n in self.candidates
        ]
        whole = max(learned)
        if len(judged) > 1:
            whole += sum(judged) + sum(sorted(judged)[-KEPT:]) * (judging_parts(sample) - 1)
        return min(1.0, budget / whole)

    def _parameters(self, name: str) -> int:
        """How many numbers the weights of a member are."""
        config = self._configs[name]
        inputs = len(self.fits.encoding(config.pieces).source)
        widths = [inputs, *(config.hidden_layers or ()), self.task.outputs]
        return sum((a + 1) * b for a, b in zip(widths, widths[1:], strict=False))

    def _rows_of(self, parts: range) -> NDArray[np.int64]:
        return np.flatnonzero(np.isin(self.fits.part, parts))

    def _decided(self, values: Sequence[float]) -> list[float]:
        """The values of rank 0, because another machine may differ in the last bit."""
        mine = torch.tensor(values, dtype=torch.float64)
        decided: list[float] = self.world.all_gather(mine)[0].tolist()
        return decided

    def _settings(self, name: str) -> dict[str, Any]:
        config = self._configs[name]
        layers = " ".join(map(str, config.hidden_layers or ())) or "linear"
        shown = {setting: getattr(config, setting) for setting in SHOWN}
        return {"candidate": name, "hidden_layers": layers, **shown}

    def _tell(
        self, turn: int, name: str, number: int, of: int, losses: Mapping[str, float]
    ) -> None:
        """Adds to the progress that a candidate begins, and which was best so far."""
        best = min(losses, key=losses.__getitem__, default=None)
        line = {"round": turn, "candidate": name, "number": number, "of": of, "best": best}
        self.on_progress([{**line, "best_loss": losses[best] if best else None}])

    def _say(self, text: str) -> None:
        if self.world.rank == 0:
            log.info(text)

    @cached_property
    def _network(self) -> Callable[[Array], Array]:
        """What has learned, in numpy; of a number, standardised."""
        return blends.forward({name: tensor.numpy() for name, tensor in self.state_dict().items()})

    def _logits(self, x: Tensor, y: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        outputs = self._network(x[:, :-1].numpy(force=True))
        yield torch.from_numpy(outputs).to(self.world.device), y

    def unscale(self, mean: float, scale: float) -> None:
        """Changes the last layers so that the outputs become `output * scale + mean`."""
        for training in self._trainings.values():
            training.model.unscale(mean, scale)

    def state_dict(self) -> dict[str, Tensor]:
        """The model's weights on the CPU, those of a `models.blend.module.Blend`."""
        link = self.task.kind.link.__name__
        ensembles = [self._trainings[name].model.to_module() for name in self.shares]
        return state_dict_of(Blend(link, list(self.shares.values()), ensembles))

    def progress(self) -> list[dict[str, Any]]:
        """No epochs of the model are known before it is chosen."""
        return []

    def resume(self, content: Mapping[str, Any], where: str) -> None:
        """See `Fits.resume`."""
        self.fits.resume(content, where)
