"""What a file of predictions cannot hold."""

import io

import pyarrow as pa
import pytest

from trainer.errors import InputError
from vertex_tabular.prediction.writers import CsvPredictions


def test_a_key_that_is_no_text_is_refused_in_a_csv() -> None:
    table = pa.table({"key": pa.array([b"\xff\xfe"], pa.binary())})
    with pytest.raises(InputError, match="a key must be UTF-8 in a CSV, got .*; write .parquet"):
        CsvPredictions(io.BytesIO()).encode(table)
