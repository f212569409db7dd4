"""Which rows train the model, which validate it, and which are kept for a test: a file for each
value of the schema's `split`."""

from vertex_tabular.preprocessing.config import PrepareConfig
from vertex_tabular.preprocessing.splitters.group import GroupSplitter
from vertex_tabular.preprocessing.splitters.random import RandomSplitter
from vertex_tabular.preprocessing.splitters.splitter import Splitter
from vertex_tabular.preprocessing.splitters.stratified import StratifiedSplitter
from vertex_tabular.preprocessing.splitters.time import TimeSplitter
from vertex_tabular.schema.schema import Schema

SPLITTERS: dict[str, type[Splitter]] = {
    "random": RandomSplitter,
    "stratified": StratifiedSplitter,
    "group": GroupSplitter,
    "time": TimeSplitter,
}


def make_splitter(schema: Schema, config: PrepareConfig) -> Splitter:
    """The splitter that a schema asks for."""
    column = schema.split_column or schema.target
    return SPLITTERS[schema.split](column, config.val_size, config.test_size, config.split_seed)
