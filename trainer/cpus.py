"""How many processors this process may use, and how many threads a run pays for."""

import os

# Rows times parameters of a step that are worth a thread: about 0.1 ms of one core's work.
THREAD_WORK = 2 * 10**6


def available_cpus() -> int:
    """The processors that this process may run on, at least 1: fewer than the machine has where a
    container or `taskset` says so. Before Python 3.13 only Linux can be asked for them."""
    if hasattr(os, "process_cpu_count"):
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def threads_for(work: int, local_world_size: int) -> int:
    """CPU threads of one of `local_world_size` processes on this machine: as many as the work of a
    step, in rows times parameters, keeps busy. Threads that wait for each other lose more than
    they gain."""
    cores = available_cpus() // local_world_size
    return max(1, min(cores, -(-work // THREAD_WORK)))
