"""How many threads the arithmetic takes."""

from contextlib import AbstractContextManager
from typing import cast


def one_thread() -> AbstractContextManager[object]:
    """Keeps BLAS to one thread: for matrices as narrow as these, a second costs more than it does
    (1 M rows: 1.3 s rather than 2.2 s)."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped, unused-ignore]

    return cast(AbstractContextManager[object], threadpool_limits(1, "blas"))
