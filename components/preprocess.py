"""Second step: a CSV becomes training and validation arrays."""

from typing import Any, NamedTuple

from kfp import dsl

from components.signature import config_from, with_settings
from vertex_tabular.preprocessing.config import PrepareConfig


class Prepared(NamedTuple):
    """The URI of the test rows; empty when there are none, because an artifact must exist."""

    test_data: str


@with_settings(PrepareConfig)
def preprocess(
    csv: str,
    fingerprint: str,
    schema: dict[str, Any],
    train_data: dsl.Output[dsl.Dataset],
    val_data: dsl.Output[dsl.Dataset],
    preprocessing_spec: dsl.Output[dsl.Artifact],
    profile: dsl.Output[dsl.HTML],
    **settings: Any,
) -> Prepared:
    """Writes the arrays, `spec.json` and a profile of the data, side by side."""
    from components.objects import local_copy
    from trainer import contract
    from trainer.errors import exit_on_error
    from trainer.uri import join
    from vertex_tabular.preprocessing.prepare import prepare
    from vertex_tabular.preprocessing.splits import TEST, TRAIN, VAL

    directory = train_data.uri.rpartition("/")[0]
    table = {"source": csv, "fingerprint": fingerprint}
    with exit_on_error(), local_copy(csv, fingerprint) as path:
        config = config_from(PrepareConfig, settings)
        prepared = prepare(path, schema, directory, config, origin=table)
    train_data.uri = join(directory, prepared.name(TRAIN))
    val_data.uri = join(directory, prepared.name(VAL))
    preprocessing_spec.uri = join(directory, contract.SPEC)
    profile.uri = join(directory, contract.PROFILE_PAGE)
    train_data.metadata.update(prepared.train, **table)
    val_data.metadata.update(prepared.val, **table)
    return Prepared(join(directory, prepared.name(TEST)) if prepared.test else "")
