"""The library in a script, from a table to predictions: python examples/python_api.py TABLE TARGET

Training is a program of its own, so that it can run on another machine: `python -m trainer`.
"""

import subprocess
import sys
from pathlib import Path

import vertex_tabular as vt


def main(table: str, target: str, directory: str = "python_api") -> None:
    """Trains on a table, and prints the model and its metrics."""
    schema = vt.infer_schema(table, target)
    vt.prepare(table, schema, directory, val_size=0.25)
    arrays, run = Path(directory), Path(directory, "run")
    data = [f"--train={arrays / 'train_data.npz'}", f"--val={arrays / 'val_data.npz'}"]
    train = [sys.executable, "-m", "trainer", *data, f"--model_out={run}"]
    subprocess.run(train, check=True, stdout=subprocess.DEVNULL)

    model = vt.load_model(run)
    print(model)
    for name, value in vt.evaluate(run, table).items():
        print(f"{name:20} {value:.4f}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:3])
    except vt.TabularError as error:
        sys.exit(f"error: {error}")
