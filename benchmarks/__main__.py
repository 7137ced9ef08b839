"""Prints ratios of one run: `make bench`, or `python -m benchmarks [--long]` (two to three minutes).

Figures of CPU time on a shared machine wander; ratios within one run are what to compare.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from benchmarks import scenes, yardstick
from benchmarks.cloop import c_loop
from benchmarks.measure import control_share, growth, speed_of_engine, speed_of_stock, start_up
from benchmarks.stock import Outcome, Stock
from benchmarks.stock_graph import StockGraph
from benchmarks.sweeping import own_share
from novamodel.scenario import Scenario
from novamodel.simulation.replication import Replication, replicate

ROUNDS = 3
CASES, MANY_CASES = 80, 1000


MOST_MORE_MIB = 1.0
"""Budget of memory for a million more requests (interval rows and what Python keeps), MiB."""
MOST_FIRST_S = 15.0
"""Budget of the first run with nothing compiled yet, s of CPU."""
MOST_WEEK_S = 10.0
"""Budget of the control plane of a week with 20 services on 60 nodes, s of CPU."""
CONTROL_S, CONTROL_NODES = 1800.0, 60


class Scene(NamedTuple):
    """A scenario, how long it is simulated (s), its stock model, and the least that the compiled engine is to gain."""

    scenario: Callable[[float], Scenario]
    slow: float  # by SimPy
    fast: float  # by the compiled engine
    floor: float  # end to end, times stock
    model: Callable[[Scenario], Any] = Stock


SCENES = (
    Scene(scenes.light, 100.0, 2000.0, 79.0),
    Scene(scenes.shared, 100.0, 1000.0, 71.0),
    Scene(scenes.saturated, 25.0, 500.0, 107.0),
    Scene(scenes.hour, 60.0, 3600.0, 54.0),
    Scene(scenes.many, 8.0, 150.0, 54.0),
    Scene(scenes.graph, 40.0, 800.0, 50.0, StockGraph),
)


def compare(scene: Scene) -> tuple[float, float]:
    """Print one scene; CPU seconds a request of the compiled engine alone, and the reference's ratio to the stock."""
    short, long = scene.scenario(scene.slow), scene.scenario(scene.fast)
    print(f"\n{short.name}: {scene.slow:g} s by SimPy, {scene.fast:g} s compiled")
    print(f"  stock model   {_outcome(scene.model(short).run(scene.slow))}")
    print(f"  both engines   {_outcome_of(replicate(short, 0, 'compiled'))}")
    speeds = {
        "stock SimPy": speed_of_stock(scene.model, short, scene.slow, ROUNDS),
        "reference": speed_of_engine(short, "simpy", ROUNDS),
        "compiled": speed_of_engine(long, "compiled", ROUNDS),
    }
    base = speeds["stock SimPy"]
    print(f"  {'':14}{'alone: requests/s':>19}{'x stock':>9}{'end to end: requests/s':>24}{'x stock':>9}")
    for name, speed in speeds.items():
        alone, whole = base.alone / speed.alone, base.end_to_end / speed.end_to_end
        print(f"  {name:14}{1 / speed.alone:>19,.0f}{alone:>9.1f}{1 / speed.end_to_end:>24,.0f}{whole:>9.1f}")
    gain = base.end_to_end / speeds["compiled"].end_to_end
    if gain < scene.floor:
        print(f"  BUDGET: {gain:.1f} times stock end to end, not {scene.floor:g}")
    return speeds["compiled"].alone, base.alone / speeds["reference"].alone


def _outcome(outcome: Outcome) -> str:
    mean = sum(outcome.latencies) / len(outcome.latencies)
    return _text(len(outcome.latencies), mean, outcome.rejected, outcome.timed_out)


def _outcome_of(run: Replication) -> str:
    served, rejected, pool_timeout, _, server_timeout = (int(n) for n in run.outcome.sum(axis=0)[:5])
    return _text(served, run.latency.sum() / served, rejected, pool_timeout + server_timeout)


def _text(served: int, mean_s: float, rejected: int, timed_out: int) -> str:
    return f"{served:,} served, mean {mean_s * 1000:.2f} ms, {rejected:,} rejected, {timed_out:,} timed out"


def limit(alone: float) -> None:
    """Print how far the compiled engine is from a hand-written loop; ``alone``: its CPU seconds a request."""
    scene = SCENES[0]
    found = c_loop(scene.scenario(scene.fast), scene.fast, ROUNDS)
    print("\nthe light path as a C loop, draws read from arrays")
    if found is None:
        print("  no C compiler here")
        return
    spent, outcome = found
    requests = outcome.served + outcome.rejected + outcome.timed_out
    mean = outcome.latency / outcome.served
    print(f"  {_text(outcome.served, mean, outcome.rejected, outcome.timed_out)}")
    print(f"  {requests / spent:,.0f} requests/s: the compiled engine alone needs {alone * requests / spent:.1f} times")


def outside() -> None:
    """Print M/M/3 here and elsewhere."""
    print(f"\nM/M/3, mean wait by theory {yardstick.in_theory() * 1000:.2f} ms")
    seconds, long = 100.0, 2000.0
    rates = {}
    for name, model in (("stock SimPy", yardstick.in_simpy), ("Ciw", yardstick.in_ciw)):
        begin = time.process_time()
        found = model(seconds)
        if found is None:
            print(f"  {name:14}is not installed (pip install ciw)")
            continue
        rates[name] = found[0] / (time.process_time() - begin)
        print(f"  {name:14}{rates[name]:>12,.0f} customers/s{rates[name] / rates['stock SimPy']:>9.2f} x stock")
    rate = 1 / speed_of_engine(yardstick.scene(long), "compiled", ROUNDS).end_to_end
    print(f"  {'compiled':14}{rate:>12,.0f} customers/s{rate / rates['stock SimPy']:>9.2f} x stock")


def growing(long: bool) -> None:
    """Print time and memory of ever longer runs."""
    for name, sizes in (
        ("light", (333.0, 3333.0, 33_333.0, 333_333.0)),
        ("graph", (100.0, 1000.0, 10_000.0, 100_000.0)),
    ):
        print(f"\n{name}, compiled, each in a process of its own")
        found = [growth(seconds, name) for seconds in (sizes if long else sizes[:3])]
        for requests, spent, memory in found:
            print(
                f"  {requests:>12,} requests{spent / requests * 1e9:>9,.0f} ns each, highest memory {memory:6.1f} MiB"
            )
        (few, early, small), (many, late, large) = found[0], found[-1]
        times, more = late / many / (early / few), (large - small) / (many - few) * 1e6
        print(f"  {more:.2f} MiB more a million requests; {times:.2f} times as long a request")
        if more > MOST_MORE_MIB:
            print(f"  BUDGET: {more:.2f} MiB more a million requests, not {MOST_MORE_MIB:g}")


def sweeping(long: bool) -> None:
    """Print a sweep's own share of its time."""
    found = own_share(MANY_CASES if long else CASES)
    print(f"\n{found.cases} cases of a NovaBank minute, by two processes of a sweep and two bare ones side by side")
    print(f"  CPU s: as a sweep {found.sweep.cpu_s:.1f} in {found.sweep.wall_s:.1f} s, bare {found.bare_cpu_s:.1f}")
    print(f"  beside that {found.start_cpu_s:.1f} s to start the two, and {found.own_cpu_s:.1f} s of the sweep's own")
    how = "measured" if long else f"from these {found.cases}; on a busy machine some points off"
    print(f"  that is {found.overhead(MANY_CASES):.0%} of a sweep of {MANY_CASES:,} cases ({how})")


def control() -> None:
    """Print what the control plane of many services and nodes costs."""
    spent = control_share(CONTROL_S, CONTROL_NODES)
    week = spent * 604_800.0 / CONTROL_S
    print(f"\n20 services on {CONTROL_NODES} nodes or more: {CONTROL_S / 60:g} min of control plane")
    print(f"  {spent:.2f} s of CPU beside the engine's, {week:.0f} s a week at this pace")
    if week > MOST_WEEK_S:
        print(f"  BUDGET: {week:.0f} s for a week, not {MOST_WEEK_S:g}")


def main(arguments: list[str]) -> int:
    """Run all; 1 when the reference is slower than the stock model in any scene."""
    replicate(scenes.light(1.0), 0, "compiled")
    compared = [compare(scene) for scene in SCENES]
    limit(compared[0][0])
    outside()
    growing("--long" in arguments)
    sweeping("--long" in arguments)
    control()
    print("\nstart of a fresh process               import   first run   its CPU s")
    for name, (imported, first, spent) in zip(("nothing compiled yet", "kept on disk"), start_up(), strict=True):
        print(f"  {name:34}{imported:>8.2f} s{first:>10.2f} s{spent:>12.2f}")
        if spent > MOST_FIRST_S:
            print(f"  BUDGET: {spent:.1f} s of CPU for the first run, not {MOST_FIRST_S:g}")
    slowest = min(ratio for _, ratio in compared)
    print(f"\nthe reference is {slowest:.2f} times as fast as the stock model where it is slowest")
    return int(slowest < 1.0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
