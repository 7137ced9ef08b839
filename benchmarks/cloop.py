"""The light path as a C loop (`light.c`), built with the system's compiler when there is one."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.stock import Stock
from novamodel.scenario import Scenario
from novamodel.simulation.build import BLOCK
from novamodel.workload.arrivals import fill, new_block

SOURCE = Path(__file__).parent / "light.c"
FLOATS = (
    *("edge_cpu", "edge_network", "first_cpu", "second_cpu", "redis_cpu", "cache_network", "hit_ratio"),
    *("database_network", "query_cpu", "statement", "pool_patience"),
)
WORDS = ("replica_count", "connections", "server_count", "core_count", "rate", "burst", "clients")


class Config(ctypes.Structure):
    """As in C."""

    _fields_ = [(name, ctypes.c_double) for name in FLOATS] + [(name, ctypes.c_int64) for name in WORDS]


class Outcome(ctypes.Structure):
    """As in C; `latency` is the sum over the served."""

    _fields_ = [(name, ctypes.c_int64) for name in ("served", "rejected", "timed_out")] + [("latency", ctypes.c_double)]


class Draws(NamedTuple):
    """All arrivals of a run, drawn in advance."""

    times: np.ndarray
    clients: np.ndarray
    draws: np.ndarray


def built(folder: str) -> Any:
    """The loop, or None without a compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        return None
    library = str(Path(folder) / "light.so")
    subprocess.run([compiler, "-O3", "-shared", "-fPIC", "-o", library, str(SOURCE)], check=True)
    loop = ctypes.CDLL(library).run_light
    loop.argtypes = [ctypes.c_void_p, ctypes.c_int64, *[ctypes.c_void_p] * 3, ctypes.c_double, ctypes.c_void_p]
    return loop


def drawn(stock: Stock, seconds: float) -> Draws:
    """The same arrivals and draws as the engines have."""
    source, first, parts = stock.plan.feeds[0].source, 0, []
    block = new_block(BLOCK, source.most_draws)
    while made := fill(source, block, stock.seed, 0, first):
        used = slice(0, made * source.most_draws)
        parts.append((block.time[:made].copy(), block.client[:made].copy(), block.draw[used].copy()))
        first += made
        if block.time[made - 1] > seconds:
            break
    return Draws(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def c_loop(scenario: Scenario, seconds: float, rounds: int) -> tuple[float, Outcome] | None:
    """(CPU seconds without drawing, outcome) of the C loop, or None without a compiler."""
    with tempfile.TemporaryDirectory() as folder:
        loop = built(folder)
        if loop is None:
            return None
        stock = Stock(scenario)
        draws = drawn(stock, seconds)
        config = Config(*(getattr(stock, name) or 0 for name in (*FLOATS, *WORDS)))
        outcome, best = Outcome(), float("inf")
        pointers = [array.ctypes.data for array in draws]
        for _ in range(rounds):
            begin = time.process_time()
            full = loop(ctypes.byref(config), len(draws.times), *pointers, seconds, ctypes.byref(outcome))
            best = min(best, time.process_time() - begin)
            if full:
                raise RuntimeError("the C loop has no room for so many requests at a time")
        return best, outcome
