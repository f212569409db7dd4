"""How fast a local file is fingerprinted, against sha256 of bytes in memory, in one run.

    python -m benchmarks.fingerprint --megabytes 1000

The file was just written, so it is read from the page cache. Both take turns. The rate is also told
per second of processor time, which says on a busy machine what an idle one would do.
"""

import argparse
import hashlib
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.trainer import alternate
from components.objects import fingerprint

MEGABYTE = 1_000_000
BLOCK = os.urandom(64 * MEGABYTE)  # more than a processor's caches hold


def main(arguments: Sequence[str] | None = None) -> dict[str, float]:
    """Prints and returns the medians, in GB/s (10⁹ bytes), and their ratio."""
    parser = argparse.ArgumentParser(description="How fast a local file is fingerprinted.")
    parser.add_argument("--megabytes", type=int, default=1000)
    size = parser.parse_args(arguments).megabytes * MEGABYTE
    with tempfile.TemporaryDirectory() as directory:
        table = Path(directory, "table.csv")
        with table.open("wb") as file:
            for part in parts(size):
                file.write(part)

        def in_memory() -> None:
            digest = hashlib.sha256()
            for part in parts(size):
                digest.update(part)

        processor = []

        def in_file() -> None:
            began = time.process_time()
            fingerprint(str(table))
            processor.append(time.process_time() - began)

        file_s, memory_s = alternate(in_file, in_memory)
    result = {
        "bytes": size,
        "gb_per_second": round(size / 1e9 / file_s, 3),
        "gb_per_processor_second": round(size / 1e9 / statistics.median(processor), 3),
        "sha256_gb_per_second": round(size / 1e9 / memory_s, 3),
        "ratio": round(memory_s / file_s, 3),
    }
    print(
        f"fingerprint of {size / 1e9:g} GB: {result['ratio']:.2f} x the speed of sha256 in memory; "
        f"{result['gb_per_second']:.2f} GB/s, {result['gb_per_processor_second']:.2f} GB a second "
        "of processor time (target 1)",
        flush=True,
    )
    return result


def parts(size: int) -> list[memoryview]:
    """`size` bytes as views of one block."""
    starts = range(0, size, len(BLOCK))
    return [memoryview(BLOCK)[: min(len(BLOCK), size - start)] for start in starts]


if __name__ == "__main__":
    main()
