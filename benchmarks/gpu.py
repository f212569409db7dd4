"""How fast training is on a CUDA GPU, against the DataLoader loop on the same one.

    python -m benchmarks.gpu [--rows 4000000]

Also the share of the time that the large net's multiplications would take at the speed of one large
float32 multiplication, measured on the same card.
"""

import argparse

import torch

from benchmarks.trainer import alternate, data_loader_epoch, make_rows, one_epoch
from trainer.errors import InputError, exit_on_error

FEATURES = 7
SIDE = 8192  # of the square matrices whose product tells the card's limit


def main() -> None:
    """Measures and prints a line for each net and batch."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=4_000_000)
    rows = parser.parse_args().rows
    if not torch.cuda.is_available():
        raise InputError("benchmarks.gpu needs a CUDA GPU, got torch finds none here")
    cuda = torch.device("cuda")
    x, y = make_rows(rows, FEATURES)
    few = slice(rows // 20)
    square = torch.rand(SIDE, SIDE, device=cuda)

    def product() -> None:
        torch.mm(square, square)
        torch.cuda.synchronize()

    (seconds,) = alternate(product)
    peak = 2 * SIDE**3 / seconds
    print(f"{torch.cuda.get_device_name()}: {peak / 1e12:.1f} float32 TFLOP/s")
    for hidden in ((64, 32), (1024, 1024, 1024)):
        widths = (FEATURES + 1, *hidden, 1)
        # Forward, and backward by weights and by inputs: 2 operations a weight and row in each.
        work = 6 * sum(a * b for a, b in zip(widths, widths[1:], strict=False)) * rows
        for batch in (1024, 8192, 65536):
            ours, theirs = alternate(
                one_epoch(x, y, batch, hidden=hidden, device=cuda),
                data_loader_epoch(x[few], y[few], batch, hidden=hidden, device=cuda),
            )
            print(
                f"hidden {hidden}, batch {batch}: {rows / ours:,.0f} rows/s, "
                f"{theirs * 20 / ours:.1f} times DataLoader, {work / ours / peak:.0%} of the limit",
                flush=True,
            )


if __name__ == "__main__":
    with exit_on_error():
        main()
