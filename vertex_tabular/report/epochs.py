"""What the report says of a run's epochs: which of them the model is of, and why training ended."""

from dataclasses import dataclass

from vertex_tabular.pages.formatting import decimal
from vertex_tabular.run.directory import RunDirectory


@dataclass(frozen=True)
class Epochs:
    """The epochs that tell the most; they count from 1.

    Attributes:
        last: the last one.
        lowest: the first one of the lowest validation loss.
        kept: the one whose weights the model has.
        losses: the validation loss of each.
        train_losses: the training loss of each.
        blended: the candidate that these are of, where the model is a blend of several; or empty.
    """

    last: int
    lowest: int
    kept: int
    losses: list[float]
    train_losses: list[float]
    blended: str = ""

    @property
    def caption(self) -> str:
        """The losses of the lowest epoch, and of the model's, if that is another."""

        def at(epoch: int) -> tuple[str, str]:
            return decimal(self.losses[epoch - 1]), decimal(self.train_losses[epoch - 1])

        loss, train_loss = at(self.lowest)
        epochs = f"{self.last} epoch{'s' if self.last > 1 else ''}"
        said = (
            f"Training ran for {epochs}. The validation loss was lowest, {loss}, at epoch "
            f"{self.lowest}, where the training loss was {train_loss}."
        )
        if self.blended:
            return (
                f"{said} These are of {self.blended} alone, the candidate with the largest share "
                "of the model; the metrics are of the whole model."
            )
        if self.kept == self.lowest:
            return said
        loss, train_loss = at(self.kept)
        return f"{said} The model is of epoch {self.kept}, where they were {loss} and {train_loss}."


def kept_epoch(run: RunDirectory) -> int:
    """The epoch whose weights the model has."""
    metrics = run.metrics
    restored = metrics["hyperparameters"]["restore_best"]
    return int(metrics["best_epoch"] if restored else metrics["epochs"])


def epochs_of(run: RunDirectory) -> Epochs:
    """The epochs of a run that has a history."""
    losses = run.history["validation_loss"]
    shares = {row["candidate"]: float(row["share"]) for row in run.candidates}
    several = sum(share > 0 for share in shares.values()) > 1
    return Epochs(
        last=len(losses),
        lowest=int(losses.argmin()) + 1,
        kept=kept_epoch(run),
        losses=losses.tolist(),
        train_losses=run.history["train_loss"].tolist(),
        blended=max(shares, key=shares.__getitem__) if several else "",
    )


def why_it_ended(run: RunDirectory) -> str:
    """Why training ended, and which weights the model has."""
    settings, best = run.metrics["hyperparameters"], run.metrics["best_epoch"]
    step = f"lower by more than {settings['min_delta']:g}" if settings["min_delta"] else ""
    if run.metrics["epochs"] < settings["epochs"]:
        without = f"a validation loss {step}" if step else "a lower validation loss"
        patience = settings["patience"]
        epochs = f"{patience} epoch{'s' if patience > 1 else ''}"
        ended = f"Training stopped after {epochs} without {without}."
    else:
        ended = "Training ran for all epochs."
        if run.metrics.get("still_improving"):
            ended = (
                "Training ran for all epochs, and the validation loss still fell at the last ones: "
                "more may be better."
            )
    if not settings["restore_best"]:
        return f"{ended} The model has the weights of the last epoch."
    why = f"the last with a validation loss {step}" if step else "whose validation loss was lowest"
    return f"{ended} The model has the weights of epoch {best}, {why}."


def what_rows_selected(run: RunDirectory) -> str:
    """What the validation rows were used for beside the metrics."""
    settings = run.metrics["hyperparameters"]
    if settings["restore_best"]:
        use = "to select the epoch"
    elif settings["patience"] > 0:
        use = "to decide when training stops"
    else:
        use = ""
    said = "These rows selected nothing."
    if use:
        said = f"These rows were also used {use}, so their metrics are slightly optimistic."
    if settings["refit"] == "all":
        said += " The metrics are of the model before it was trained once more with these rows too."
    return said
