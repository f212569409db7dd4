"""How time grows with the columns: `tabpipe schema infer` and `preprocess` of 1,250 and of 5,000
columns by 2,000 rows, half of them numbers and half categories.

    python -m benchmarks.columns

Linear time is a ratio of 4; the limit is 8.
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from vertex_tabular.preprocessing.prepare import prepare
from vertex_tabular.tables.inference import infer_schema

COLUMNS, ROWS, LIMIT = (1_250, 5_000), 2_000, 8.0


def write_table(path: Path, columns: int) -> None:
    """A CSV of `ROWS` rows with a target `label`."""
    random = np.random.default_rng(0)
    numbers = random.standard_normal((ROWS, columns // 2)).round(4)
    texts = random.choice(list("abcdef"), (ROWS, columns - columns // 2))
    names = [f"number{i}" for i in range(numbers.shape[1])]
    names += [f"text{i}" for i in range(texts.shape[1])]
    with open(path, "w") as file:
        file.write(",".join(["label", *names]) + "\n")
        for label, row, words in zip(numbers[:, 0] > 0, numbers, texts, strict=True):
            file.write(",".join([str(int(label)), *map(str, row), *words]) + "\n")


def main() -> int:
    """Exit status 1 if time grows faster than the limit."""
    seconds: dict[str, list[float]] = {"infer": [], "preprocess": []}
    with tempfile.TemporaryDirectory() as name:
        for columns in COLUMNS:
            table = Path(name, f"{columns}.csv")
            write_table(table, columns)
            began = time.perf_counter()
            schema = infer_schema(table, "label")
            inferred = time.perf_counter()
            prepare(str(table), schema, f"{name}/arrays")
            seconds["infer"].append(inferred - began)
            seconds["preprocess"].append(time.perf_counter() - inferred)
    for what, (few, many) in seconds.items():
        print(f"{what}: {few:.1f} s of {COLUMNS[0]:,} columns, {many:.1f} s of {COLUMNS[1]:,}: "
              f"{many / few:.1f} times")  # fmt: skip
    return int(any(many / few > LIMIT for few, many in seconds.values()))


if __name__ == "__main__":
    sys.exit(main())
