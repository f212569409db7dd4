"""Second step: a CSV becomes training and validation arrays."""

from kfp import dsl


def preprocess(
    csv: str,
    fingerprint: str,
    schema: dict,
    fit_on: str,
    dtype: str,
    val_size: float,
    split_seed: int,
    train_data: dsl.Output[dsl.Dataset],
    val_data: dsl.Output[dsl.Dataset],
    spec: dsl.Output[dsl.Artifact],
):
    """Writes `train_data.npz`, `val_data.npz` and `spec.json`, side by side."""
    from components.objects import local_copy
    from trainer import contract
    from trainer.errors import reported
    from trainer.preparation import prepare

    directory = train_data.uri.rpartition("/")[0]
    with reported(), local_copy(csv, fingerprint) as path:
        prepared = prepare(
            path,
            schema,
            directory,
            fit_on=fit_on,
            dtype=dtype,
            val_size=val_size,
            split_seed=split_seed,
        )
    train_data.uri = contract.join(directory, contract.TRAIN_DATA)
    val_data.uri = contract.join(directory, contract.VAL_DATA)
    spec.uri = contract.join(directory, contract.SPEC)
    train_data.metadata.update(prepared.train, source=csv, fingerprint=fingerprint)
    val_data.metadata.update(prepared.val, source=csv, fingerprint=fingerprint)
