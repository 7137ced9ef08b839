"""What this room has to know of the machine: its clock, its name, whether somebody watches."""

from __future__ import annotations

import os
import platform
import sys
import time

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def clock_s() -> float:
    """Seconds of a clock that only goes forward."""
    return time.monotonic()


def host() -> str:
    """Name of this machine."""
    return platform.node() or "this machine"


def cores() -> int:
    """Cores that this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def one_thread() -> None:
    """Numerical libraries that are imported after this use one thread: a worker is one of many."""
    for name in ONE_THREAD:
        os.environ.setdefault(name, "1")


def in_ci() -> bool:
    """Whether a CI system runs this."""
    return bool(os.environ.get("CI"))


def at_terminal() -> bool:
    """Whether a person reads standard error."""
    return sys.stderr is not None and sys.stderr.isatty()
