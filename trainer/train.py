"""Trains: the loop, and what it carries from step to step.

All that is random is a function of the seed and of the place in training, so a run resumed from a
checkpoint does what the undisturbed one would have done, bit for bit.
"""

import logging
import math
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainer.checkpoint import Checkpoints, OfPart, Sigterm, check_content
from trainer.compute.distributed import World
from trainer.config import Config
from trainer.data.batches import BLOCK_ROWS, BatchPlan, Block, Dataset, derive_seed
from trainer.errors import Interrupted, TabularError
from trainer.models.adam import Adam
from trainer.models.interfaces import FlatModel, Gradients
from trainer.tasks.losses import Task

# Rows times parameters after which a block ends: a second or two of one core's work. Between
# blocks a run looks up: at the loss, at SIGTERM, at the clock.
BLOCK_WORK = 10**10
REFIT = "refit"  # in a checkpoint: the content of the training that follows

log = logging.getLogger(__name__)


@dataclass
class State:
    """Where training is: whole epochs done, and blocks of the next. Epochs count from 1."""

    epoch: int = 0
    block: int = 0
    pending: int = 0  # rows whose gradients wait for their step
    best_loss: float = math.inf
    best_epoch: int = 0
    history: list[dict[str, float]] = field(default_factory=list)


class Predictor:
    """What evaluates and predicts, whatever computes the logits."""

    world: World
    task: Task
    plan: BatchPlan  # this process's share of the rows

    def _logits(self, x: Tensor, y: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Logits and targets of rows x (n, features + 1), some at a time; logits are valid until
        the next are asked for."""
        raise NotImplementedError

    def evaluate(
        self, source: Dataset, poll: Callable[[], None] = lambda: None
    ) -> tuple[float, float]:
        """Mean loss and score over the rows of `source`, each process computing its share, and
        calling `poll` between its parts."""
        loss = torch.zeros((), dtype=torch.float64, device=self.world.device)
        score = torch.zeros_like(loss)
        for number, (x, y) in enumerate(source.parts(self.plan)):
            if number:
                poll()
            for logits, targets in self._logits(x, y) if len(x) else []:
                loss += self.task.loss(logits, targets)
                score += self.task.score(logits, targets)
        total_loss, total_score = self.world.all_reduce(torch.stack([loss, score])).tolist()
        return total_loss / source.rows, self.task.score_of(total_score, source.rows)

    def predict(self, source: Dataset) -> tuple[NDArray[np.float64], NDArray[Any]]:
        """Targets and predictions of all rows of `source`, in their order; on one process alone."""
        read, predictions = [], []
        for x, y in source.parts(BatchPlan(0)):
            for logits, targets in self._logits(x, y):
                predictions.append(self.task.predictions(logits))
                read.append(self.task.as_read(targets))
        return np.concatenate(read), np.concatenate(predictions)


class Training(Predictor):
    """One run's model, optimizer and state, and what is done with them."""

    tried: Sequence[dict[str, Any]] = ()  # of other models, as `Portfolio.tried`

    def __init__(
        self,
        config: Config,
        world: World,
        task: Task,
        train: Dataset,
        val: Dataset | None,
        make_model: Callable[[], tuple[FlatModel, Gradients]],
    ) -> None:
        """`make_model` makes the model, once the seed is set. Without `val` no epoch is
        evaluated."""
        self.config, self.world, self.task = config, world, task
        self.train, self.val, self._make_model = train, val, make_model
        self.on_progress: Callable[[list[dict[str, Any]]], None] = lambda rows: None
        self._refitted: dict[str, Any] | None = None  # of a refit that a checkpoint goes on with
        self._where = ""
        random.seed(config.seed)
        np.random.seed(config.seed % 2**32)
        torch.manual_seed(config.seed)
        self.model, self.gradients = make_model()
        self.adam = Adam(self.model.flat, self.model.grad, config.weight_decay)
        self.best = self.model.flat.clone()
        self.loss_sum = torch.zeros((), dtype=torch.float64, device=world.device)
        self.state = State()
        block_rows = min(BLOCK_ROWS, BLOCK_WORK // len(self.model.flat))
        if world.device.type == "cuda":
            block_rows = 1 << 22  # to look up is to wait for the device
        self.plan = BatchPlan(config.batch_size, block_rows, config.seed, world.rank, world.size)

    @property
    def family(self) -> str:
        """The key of `trainer.models.FAMILIES` that reads its weights."""
        return self.config.model

    @property
    def parameters(self) -> int:
        """How many numbers the model's weights are."""
        return len(self.model.flat)

    def unscale(self, mean: float, scale: float) -> None:
        """Changes the last layer so that the outputs become `output * scale + mean`."""
        self.model.unscale(mean, scale)

    def state_dict(self) -> dict[str, Tensor]:
        """The weights of the model as it predicts, on the CPU."""
        return self.model.state_dict()

    @property
    def still_improving(self) -> bool:
        """Whether the best epoch is among the last twentieth of those that `epochs` allows, at a
        constant learning rate: more would probably have been better."""
        limit = self.config.epochs
        late = self.state.best_epoch > limit - max(1, limit // 20)
        return late and self.config.learning_rate_schedule == "none"

    @property
    def step_work(self) -> int:
        """Rows times parameters of a step, of this process's share."""
        rows = min(self.config.batch_size or self.train.rows, self.train.rows)
        return rows * len(self.model.flat) // self.world.size

    def progress(self) -> list[dict[str, Any]]:
        """The epochs so far as lines of `progress.jsonl`, each with the best epoch until then."""
        lines, best_loss, best_epoch = [], math.inf, 0
        for row in self.state.history:
            if self._improves(row["validation_loss"], best_loss):
                best_loss, best_epoch = row["validation_loss"], int(row["epoch"])
            lines.append(self._line(row, best_loss, best_epoch))
        return lines

    def _line(self, row: dict[str, float], best_loss: float, best_epoch: int) -> dict[str, Any]:
        return {
            **row,
            "epochs": self.config.epochs,
            "best_epoch": best_epoch,
            "best_loss": best_loss if math.isfinite(best_loss) else None,
        }

    def _improves(self, loss: float, best_loss: float) -> bool:
        return best_loss - loss > self.config.min_delta

    def fit(self, checkpoints: Checkpoints, sigterm: Sigterm) -> None:
        """Trains to the last epoch, or until patience runs out, and restores the best weights.

        Raises:
            TabularError: the loss is no longer finite.
            Interrupted: SIGTERM came, and a checkpoint is saved; or another process is gone.
        """
        state = self.state
        while state.epoch < self.config.epochs and not self._out_of_patience():
            began = time.perf_counter()
            self.learn_epoch(checkpoints, sigterm)
            self._end_epoch(began, checkpoints, sigterm)
            stop, due = self.world.any(sigterm.requested, checkpoints.due(state.epoch))
            ended = state.epoch == self.config.epochs or self._out_of_patience()
            self._save(checkpoints, due or (ended and checkpoints.at_end), stop)
        if self.config.restore_best:
            self.model.flat.copy_(self.best)

    def refit(self, train: Dataset, checkpoints: Checkpoints, sigterm: Sigterm) -> None:
        """A new model learns other rows, for as many epochs as gave this one, whose place it takes.
        What was measured stays.

        Raises:
            TabularError, Interrupted: see `fit`.
        """
        epochs = self.state.best_epoch if self.config.restore_best else self.state.epoch
        config = replace(self.config, epochs=epochs, patience=0, restore_best=False)
        again = Training(config, self.world, self.task, train, None, self._make_model)
        if self._refitted:
            again.resume(self._refitted, self._where)
        fitted = self.content()
        part = OfPart(checkpoints, self.state.epoch, lambda content: {**fitted, REFIT: content})
        again.fit(part, sigterm)
        self.model.flat.copy_(again.model.flat)

    def learn_epoch(self, checkpoints: Checkpoints, sigterm: Sigterm) -> None:
        """Takes the steps of an epoch, or of what is left of it, and looks up after each block."""
        for block in self.train.blocks(self.plan, self.state.epoch, self.state.block):
            before = self._snapshot()
            self._learn(block)
            lost = not math.isfinite(float(self.loss_sum))
            lost, stop, due = self.world.any(lost, sigterm.requested, checkpoints.due())
            if lost:  # take the same steps again, and look at each
                self._restore(before)
                self._learn(block, careful=True)
            self.state.block += 1
            self._save(checkpoints, due, stop)

    def _out_of_patience(self) -> bool:
        return 0 < self.config.patience <= self.state.epoch - self.state.best_epoch

    def _learn(self, block: Block, careful: bool = False) -> None:
        """Takes the steps of one block. Nothing in here waits for the device, unless `careful`."""
        state = self.state
        if self.config.dropout:
            torch.manual_seed(
                derive_seed(self.config.seed, state.epoch, state.block, self.plan.rank)
            )
        batches = zip(
            torch.split(block.x, block.sizes), torch.split(block.y, block.sizes), strict=True
        )
        for number, (x, y) in enumerate(batches, block.number):
            self._add_gradients(x, y)
            if careful:
                self._check_loss(number)
            if block.complete:
                self._step(self._learning_rate(number))

    def _add_gradients(self, x: Tensor, y: Tensor) -> None:
        """Adds these rows' gradients and losses to the sums, a chunk that fits the cache at a time.

        The first rows after a step replace what the gradient buffer still holds.
        """
        first = self.state.pending == 0
        for rows, targets in self._chunks(x, y):
            logits = self.gradients.add(rows, targets, first)
            self.loss_sum += self.task.loss(logits, targets)
            first = False
        self.state.pending += len(x)

    def _chunks(self, x: Tensor, y: Tensor) -> Iterable[tuple[Tensor, Tensor]]:
        chunk = self.gradients.chunk
        if len(x) <= chunk:
            return [(x, y)]
        even = -(-len(x) // -(-len(x) // chunk))  # a short last one takes as many calls as a long
        return zip(torch.split(x, even), torch.split(y, even), strict=True)

    def _step(self, rate: float) -> None:
        """One optimizer step with the mean gradient over the rows of all processes."""
        model, rows = self.model, self.state.pending
        if self.world.size == 1:
            model.grad.div_(rows)
        else:
            model.sums[-1] = rows
            self.world.all_reduce(model.sums)
            model.grad.div_(model.sums[-1])
        if model.penalty is not None:
            model.grad.addcmul_(model.penalty, model.flat, value=1 / self.train.rows)
        elif self.config.l2:
            model.grad.add_(model.flat, alpha=self.config.l2 / self.train.rows)
        self.adam.step(rate)
        self.state.pending = 0

    def _learning_rate(self, batch: int) -> float:
        """Of a step, for batch number `batch` of the epoch, from 1: constant, or a half cosine from
        the full rate down to zero."""
        if self.config.learning_rate_schedule == "none":
            return self.config.learning_rate
        batches = -(-self.train.rows // (self.config.batch_size or self.train.rows))
        done = (self.state.epoch + min(1.0, (batch - 1) / batches)) / self.config.epochs
        return self.config.learning_rate * 0.5 * (1 + math.cos(math.pi * done))

    def _end_epoch(self, began: float, checkpoints: Checkpoints, sigterm: Sigterm) -> None:
        """Evaluates, and lets rank 0 decide whether this epoch is the best so far."""
        state, task = self.state, self.task
        if self.val is None:
            state.epoch, state.block = state.epoch + 1, 0
            train_loss = float(self.world.all_reduce(self.loss_sum)) / self.train.rows
            state.history.append({"epoch": state.epoch, "train_loss": train_loss})
            self.loss_sum.zero_()
            return

        def poll() -> None:
            stop, due = self.world.any(sigterm.requested, checkpoints.due())
            self._save(checkpoints, due, stop)

        loss, score = self.evaluate(self.val, poll)
        train_loss = float(self.world.all_reduce(self.loss_sum)) / self.train.rows
        if not math.isfinite(loss):
            raise TabularError(
                f"the validation loss must be finite, got {loss} after epoch "
                f"{state.epoch + 1}; try a smaller --learning_rate"
            )
        improved = self._improves(loss, state.best_loss) and self.world.rank == 0
        (improved,) = self.world.any(improved)
        state.epoch, state.block = state.epoch + 1, 0
        if improved:
            state.best_loss, state.best_epoch = loss, state.epoch
            self.best.copy_(self.model.flat)
        seconds = time.perf_counter() - began
        row = {
            "epoch": state.epoch,
            "train_loss": train_loss,
            "validation_loss": loss,
            f"validation_{task.kind.score}": score,
            "seconds": round(seconds, 6),
        }
        state.history.append(row)
        self.loss_sum.zero_()
        if self.world.rank == 0:
            log.info(
                f"epoch {state.epoch}: train loss {train_loss:.5f}, validation loss {loss:.5f}, "
                f"{task.kind.score} {score:.4f}, {seconds:.3f} s{' *' if improved else ''}"
            )
            self.on_progress([self._line(row, state.best_loss, state.best_epoch)])

    def _logits(self, x: Tensor, y: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        for rows, targets in self._chunks(x, y):
            yield self.gradients.logits(rows), targets

    def _check_loss(self, batch: int) -> None:
        """Raises TabularError if a process's loss is no longer finite, before the step is taken."""
        (lost,) = self.world.any(not math.isfinite(float(self.loss_sum)))
        if lost:
            raise TabularError(
                f"the loss must be finite, got {float(self.loss_sum)} in epoch "
                f"{self.state.epoch + 1}, batch {batch}; "
                f"the largest gradient is {float(self.model.grad.abs().max()):g}; "
                "try a smaller --learning_rate"
            )

    # What steps change: the same in every process, and each process's own sums.
    def _shared(self) -> dict[str, Tensor]:
        adam = self.adam
        return {
            "parameters": self.model.flat,
            "mean": adam.mean,
            "square": adam.square,
            "steps": adam.steps,
        }

    def _own(self) -> dict[str, Tensor]:
        return {"gradient": self.model.grad, "loss_sum": self.loss_sum}

    def _snapshot(self) -> tuple[int, dict[str, Tensor]]:
        tensors = {**self._shared(), **self._own()}
        return self.state.pending, {name: tensor.clone() for name, tensor in tensors.items()}

    def _restore(self, snapshot: tuple[int, dict[str, Tensor]]) -> None:
        self.state.pending, saved = snapshot
        for name, tensor in {**self._shared(), **self._own()}.items():
            tensor.copy_(saved[name])

    def content(self) -> dict[str, Any]:
        """All of it, for a checkpoint; every process calls this, since each has a part."""
        own = {"pending": torch.tensor(self.state.pending), **self._own()}
        return {
            "state": asdict(self.state),
            "best": self.best.cpu(),
            "shared": {name: tensor.cpu() for name, tensor in self._shared().items()},
            "own": {name: self.world.all_gather(tensor).cpu() for name, tensor in own.items()},
        }

    def resume(self, content: Mapping[str, Any], where: str) -> None:
        """Goes back to where `content` was taken.

        Raises:
            InputError: it is not of such a training; the message names the directory `where`.
        """
        fitted = dict(content)
        self._refitted, self._where = fitted.pop(REFIT, None), where
        check_content(fitted, self.content(), where)
        own = {name: tensor[self.world.rank] for name, tensor in content["own"].items()}
        self.state = State(**content["state"])
        self.best.copy_(content["best"])
        self._restore((int(own["pending"]), {**content["shared"], **own}))

    def _save(self, checkpoints: Checkpoints, due: bool, stop: bool) -> None:
        """Saves a checkpoint when one is due; when asked to stop, then stops."""
        if due or stop:
            content = self.content()
            if self.world.rank == 0:
                checkpoints.save(self.state.epoch, self.state.block, content)
        if stop:
            raise Interrupted(f"stopped by SIGTERM in epoch {self.state.epoch + 1}")
