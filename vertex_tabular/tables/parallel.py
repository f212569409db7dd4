"""Work shared among threads, with results in order and only a few of them waiting."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from trainer.compute.cpus import available_cpus

Item = TypeVar("Item")
Result = TypeVar("Result")


def threaded_map(
    function: Callable[[Item], Result], items: Iterable[Item], limit: int = 4
) -> Iterator[Result]:
    """Like `map`, on as many threads as this process may use processors, but at most `limit`.

    `items` are drawn as the results are: memory holds a few of either, however many there are.
    It pays where `function` spends its time outside the interpreter's lock.
    """
    workers = min(available_cpus(), limit)
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) > workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
