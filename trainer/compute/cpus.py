"""How many processors this process may use, and how many threads a run pays for."""

import os

# Rows times parameters of a step that are worth a thread: about 20 ms of one core's work. Below,
# threads wait for each other longer than they work, and where another program wants their cores
# a training takes many times as long.
THREAD_WORK = 4 * 10**8


def available_cpus() -> int:
    """The processors that this process may run on, at least 1: fewer than the machine has where a
    container or `taskset` says so. Before Python 3.13 only Linux can be asked for them."""
    if hasattr(os, "process_cpu_count"):
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def wait_passively() -> None:
    """Says, before torch is imported, that a thread that has nothing to do sleeps: one that spins
    takes the core that another waits for. What the user says of it holds.

    The variables are those of OpenMP (https://www.openmp.org/spec-html/5.0/openmpse55.html), and of
    the runtimes of GCC and LLVM.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("GOMP_SPINCOUNT", "0")
    os.environ.setdefault("KMP_BLOCKTIME", "0")


def threads_for(work: int, local_world_size: int) -> int:
    """CPU threads of one of `local_world_size` processes on this machine: as many as the work of a
    step, in rows times parameters, keeps busy. Threads that wait for each other lose more than
    they gain. OMP_NUM_THREADS holds where it is set."""
    if (text := os.environ.get("OMP_NUM_THREADS", "")).isdecimal() and int(text) > 0:
        return int(text)
    cores = available_cpus() // local_world_size
    return max(1, min(cores, work // THREAD_WORK))
