"""Prints ratios of one run: `make bench`, or `python -m benchmarks` (about a minute).

Figures of CPU time on a shared machine wander; ratios within one run are what to compare.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable

from benchmarks import scenes
from benchmarks.stock import Stock
from novamodel.scenario import Scenario
from novamodel.simulation.replication import Replication, replicate

ROUNDS = 3

START = """
import time
begin = time.perf_counter()
from benchmarks.scenes import light
from novamodel.simulation.replication import replicate
imported = time.perf_counter()
replicate(light(1.0), 0, "compiled")
print(imported - begin, time.perf_counter() - imported)
"""


def seconds_of(work: Callable[[], object]) -> float:
    """CPU seconds, the best of a few rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        begin = time.process_time()
        work()
        best = min(best, time.process_time() - begin)
    return best


def speed(scene: Callable[..., Scenario], seconds: float) -> float:
    """Print one scenario's rates; the reference's ratio to the stock model."""
    scenario = scene(seconds)
    stock = Stock(scenario)
    outcome = stock.run(seconds)
    run = replicate(scenario, 0, "compiled")
    arrived = int(run.arrived.sum())
    long = scene(10 * seconds)
    times = {
        "stock SimPy": seconds_of(lambda: Stock(scenario).run(seconds)),
        "reference (SimPy plane)": seconds_of(lambda: replicate(scenario, 0, "simpy")),
        "compiled": seconds_of(lambda: replicate(long, 0, "compiled")) / 10,
    }
    print(f"\n{scenario.name}: {arrived:,} requests")
    print(f"  stock model:  {_outcome(outcome.rejected, outcome.timed_out, outcome.latencies)}")
    print(f"  both planes:  {_outcome_of(run)}")
    print(f"  {'':26}{'requests/s':>12}{'x stock':>9}")
    for name, taken in times.items():
        print(f"  {name:26}{arrived / taken:>12,.0f}{times['stock SimPy'] / taken:>9.1f}")
    return times["stock SimPy"] / times["reference (SimPy plane)"]


def _outcome(rejected: int, timed_out: int, latencies: list[float]) -> str:
    mean = sum(latencies) / len(latencies) * 1000
    return f"{len(latencies):,} served, mean {mean:.2f} ms, {rejected:,} rejected, {timed_out:,} timed out"


def _outcome_of(run: Replication) -> str:
    served, rejected, pool_timeout, _, server_timeout = run.outcome.sum(axis=0)[:5]
    mean = run.latency.sum() / served * 1000
    timed_out = pool_timeout + server_timeout
    return f"{served:,} served, mean {mean:.2f} ms, {rejected:,} rejected, {timed_out:,} timed out"


def memory() -> None:
    """Print how the highest memory of a run grows with the requests."""
    print("\nmemory (Python and numpy, highest of a run)")
    for engine, base in (("simpy", 15.0), ("compiled", 300.0)):
        peaks = []
        for seconds in (base, base, 10 * base):
            tracemalloc.start()
            run = replicate(scenes.light(seconds), 0, engine)
            peaks.append((int(run.arrived.sum()), tracemalloc.get_traced_memory()[1] / 2**20))
            tracemalloc.stop()
        (_, _), (few, small), (many, large) = peaks
        print(f"  {engine:10}{few:>9,} requests {small:6.1f} MiB   {many:>9,} requests {large:6.1f} MiB")


def start_up() -> None:
    """Print what a fresh process needs for its first second of simulated time."""
    print("\nstart of a fresh process (wall s)     import   first run")
    with tempfile.TemporaryDirectory() as folder:
        for name in ("cold, nothing compiled yet", "kept on disk"):
            done = subprocess.run(
                [sys.executable, "-c", START],
                env=os.environ | {"XDG_CACHE_HOME": folder},
                capture_output=True,
                text=True,
                check=True,
            )
            imported, first = (float(word) for word in done.stdout.split())
            print(f"  {name:34}{imported:>8.2f}{first:>12.2f}")


def main() -> int:
    """Run all; 1 when the reference is slower than the stock model."""
    replicate(scenes.light(1.0), 0, "compiled")
    ratios = [speed(scenes.light, scenes.LIGHT_S), speed(scenes.saturated, scenes.SATURATED_S)]
    memory()
    start_up()
    slowest = min(ratios)
    print(f"\nthe reference is {slowest:.2f} times as fast as the stock model where it is slowest")
    return int(slowest < 1.0)


if __name__ == "__main__":
    sys.exit(main())
