"""Preprocessing against the reference notebook's way, as ratios within one run.

    python -m benchmarks.preprocess --rows 712 1000000 --repeats 3
    python -m benchmarks.preprocess --large 10000000    # and four times as many, as shards

Both start as new processes, in turn, on the same CSV: made-up passengers, resampled with jitter.
The notebook's way is pandas, LabelEncoder, StandardScaler and `np.savez`, which does not compress.
"""

import argparse
import contextlib
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

TITANIC = Path(__file__).parents[1] / "examples" / "titanic" / "schema.yaml"
SHARD_ROWS = 1_000_000
NOTEBOOK = """
import sys
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelEncoder, StandardScaler
csv, directory = sys.argv[1:]
df = pd.read_csv(csv)
df["Sex"] = LabelEncoder().fit_transform(df["Sex"])
df["Embarked"] = LabelEncoder().fit_transform(df["Embarked"].fillna("S"))
df["Age"] = df["Age"].fillna(df["Age"].median())
df["Fare"] = df["Fare"].fillna(df["Fare"].median())
X = df[["Pclass", "Sex", "Age", "SibSp", "Parch", "Fare", "Embarked"]].values
y = df["Survived"].values
X = StandardScaler().fit_transform(X)
X_train, X_val, y_train, y_val = train_test_split(X, y, test_size=0.2, random_state=42)
np.savez(f"{directory}/train_data.npz", X_train=X_train, y_train=y_train)
np.savez(f"{directory}/val_data.npz", X_val=X_val, y_val=y_val)
"""

OURS = """
import json, sys
from vertex_tabular.preprocessing.prepare import prepare
csv, directory, schema, shard_rows = sys.argv[1:]
prepare(csv, json.loads(schema), directory, shard_rows=int(shard_rows))
"""


def write_table(path: Path, rows: int) -> None:
    """Writes `rows` passengers, drawn from 712 made-up ones and given other ages and fares."""
    import numpy as np
    import pandas as pd

    from pipelines.project.sample import write_sample

    random = np.random.default_rng(0)
    write_sample(path, 712, seed=0)
    base = pd.read_csv(path)
    for start in range(0, rows, 500_000):
        count = min(500_000, rows - start)
        part = base.iloc[random.integers(0, len(base), count)].copy()
        part["PassengerId"] = np.arange(start + 1, start + count + 1)
        part["Age"] = (part["Age"] + random.normal(0, 2, count)).clip(lower=0.42).round(2)
        part["Fare"] = (part["Fare"] + random.random(count)).round(4)
        part.to_csv(path, mode="a" if start else "w", header=not start, index=False)


def measure(script: str, *arguments: str) -> tuple[float, float]:
    """Runs a Python script; returns its seconds and its peak memory in MB (10⁶ bytes).

    Linux counts what the parent held when it started the child, so the parent imports no library.
    Modules are compiled once, as those of an installed package are, whatever the environment says.
    """
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    os.sync()  # or one would wait for the disk to take what the one before it wrote
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", script, *arguments], env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"a script must exit with 0, got {process.returncode}")
    return time.perf_counter() - start, usage.ru_maxrss * 1024 / 1e6


@contextlib.contextmanager
def tables(rows: int) -> Iterator[tuple[str, str, str]]:
    """A table of so many rows, a directory for what is made of it, and its schema as JSON."""
    with tempfile.TemporaryDirectory() as directory:
        csv = Path(directory, "table.csv")
        writer = multiprocessing.get_context("spawn").Process(target=write_table, args=(csv, rows))
        writer.start()
        writer.join()
        yield str(csv), directory, json.dumps(yaml.safe_load(TITANIC.read_text()))


def grow(rows: int) -> dict[str, float]:
    """How time and memory grow when a table that becomes shards is four times as long."""
    measured = []
    for count in (rows, 4 * rows):
        with tables(count) as (csv, directory, schema):
            measured.append(measure(OURS, csv, directory, schema, str(SHARD_ROWS)))
    (few_s, few_mb), (many_s, many_mb) = measured
    return {
        "rows": rows,
        "shard_rows": SHARD_ROWS,
        "seconds": round(few_s, 2),
        "seconds_of_four_times": round(many_s, 2),
        "time_ratio": round(many_s / few_s, 3),
        "mb": round(few_mb),
        "mb_of_four_times": round(many_mb),
        "memory_ratio": round(many_mb / few_mb, 3),
    }


def compare(rows: int, repeats: int) -> dict[str, float]:
    """Medians of both ways on one table, and their ratios (ours ÷ the notebook's)."""
    with tables(rows) as (csv, directory, schema):
        notebook, ours = [], []
        for _ in range(repeats):
            notebook.append(measure(NOTEBOOK, csv, directory))
            ours.append(measure(OURS, csv, directory, schema, "0"))
    (notebook_s, notebook_mb), (s, mb) = (
        [statistics.median(values) for values in zip(*runs, strict=True)]
        for runs in (notebook, ours)
    )
    return {
        "rows": rows,
        "notebook_seconds": round(notebook_s, 3),
        "seconds": round(s, 3),
        "time_ratio": round(s / notebook_s, 3),
        "notebook_mb": round(notebook_mb),
        "mb": round(mb),
        "memory_ratio": round(mb / notebook_mb, 3),
    }


def main(arguments: Sequence[str] | None = None) -> dict[str, list[dict[str, float]]]:
    """Prints one line for each number of rows, and returns them."""
    parser = argparse.ArgumentParser(
        description="Preprocessing against the reference notebook's way."
    )
    parser.add_argument("--rows", type=int, nargs="+", default=[712, 1_000_000])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--large", type=int, help="only the growth from so many rows, as shards")
    options = parser.parse_args(arguments)
    if options.large:
        result = grow(options.large)
        print(
            f"preprocess {options.large:,} rows, then four times as many, in shards of "
            f"{SHARD_ROWS:,}: {result['time_ratio']:.2f} x the time "
            f"({result['seconds']:.1f} s, {result['seconds_of_four_times']:.1f} s), "
            f"{result['memory_ratio']:.2f} x the memory "
            f"({result['mb']} MB, {result['mb_of_four_times']} MB)"
        )
        return {"growth": [result]}
    results = []
    for rows in options.rows:
        result = compare(rows, options.repeats)
        print(
            f"preprocess {rows:>10,} rows: {result['time_ratio']:.2f} x the notebook's time "
            f"({result['seconds']:.2f} s against {result['notebook_seconds']:.2f} s), "
            f"{result['memory_ratio']:.2f} x its memory "
            f"({result['mb']} MB against {result['notebook_mb']} MB)",
            flush=True,
        )
        results.append(result)
    return {"preprocess": results}


if __name__ == "__main__":
    main()
