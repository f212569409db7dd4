"""Second step: a CSV becomes training and validation arrays."""

from typing import NamedTuple

from kfp import dsl


def preprocess(
    csv: str,
    fingerprint: str,
    schema: dict,
    fit_on: str,
    dtype: str,
    val_size: float,
    test_size: float,
    split_seed: int,
    max_unseen: float,
    shard_rows: int,
    train_data: dsl.Output[dsl.Dataset],
    val_data: dsl.Output[dsl.Dataset],
    spec: dsl.Output[dsl.Artifact],
    profile: dsl.Output[dsl.HTML],
) -> NamedTuple("Prepared", [("test_data", str)]):
    """Writes the arrays, `spec.json` and a profile of the data, side by side.

    Returns the URI of the rows held out, empty when there are none: an artifact must exist.
    """
    from components.objects import local_copy
    from trainer import contract
    from trainer.errors import exit_on_error
    from trainer.uri import join
    from vertex_tabular.preprocessing.prepare import prepare
    from vertex_tabular.preprocessing.split import TEST, TRAIN, VAL

    directory = train_data.uri.rpartition("/")[0]
    settings = {"fit_on": fit_on, "dtype": dtype, "split_seed": split_seed}
    settings |= {"val_size": val_size, "test_size": test_size, "max_unseen": max_unseen}
    settings["shard_rows"] = shard_rows
    with exit_on_error(), local_copy(csv, fingerprint) as path:
        prepared = prepare(path, schema, directory, **settings)
    train_data.uri = join(directory, prepared.name(TRAIN))
    val_data.uri = join(directory, prepared.name(VAL))
    spec.uri = join(directory, contract.SPEC)
    profile.uri = join(directory, contract.PROFILE_PAGE)
    train_data.metadata.update(prepared.train, source=csv, fingerprint=fingerprint)
    val_data.metadata.update(prepared.val, source=csv, fingerprint=fingerprint)
    return (join(directory, prepared.name(TEST)) if prepared.test else "",)
