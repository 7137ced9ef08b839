"""A sweep's own share of its time: cases of a NovaBank minute through it, and the same simulated bare."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import novamodel as nm

WORKERS = 2
MINUTE = {"run.duration": "1 min", "run.warm_up": "10 s"}
BARE = """
import json, sys, time
import novamodel as nm
scenario = nm.load("novabank").override(json.loads(sys.argv[1]))
nm.simulate(scenario.override({"run.duration": "1 s"}), replications=1, workers=1)
begin = time.process_time()
for rate in json.loads(sys.argv[2]):
    nm.simulate(scenario.override({"traffic.peak": rate}), replications=1, workers=1)
print(begin, time.process_time() - begin)
"""


class Spent(NamedTuple):
    """Seconds of this process and its children: by the clock and of CPU."""

    wall_s: float
    cpu_s: float


class Shares(NamedTuple):
    """A sweep of some cases beside the same cases bare, both by two processes; CPU seconds of the bare ones."""

    cases: int
    sweep: Spent
    start_cpu_s: float  # importing and loading the model, which the sweep's processes do as well
    bare_cpu_s: float

    @property
    def own_cpu_s(self) -> float:
        """What the sweep spends beside start and cases: planning, handing out, keeping."""
        return self.sweep.cpu_s - self.start_cpu_s - self.bare_cpu_s

    def overhead(self, cases: int) -> float:
        """Share of a sweep's CPU time that is not simulation; its start is in it, the same for any number of cases."""
        more = cases / self.cases
        beside = self.start_cpu_s + more * self.own_cpu_s
        return beside / (beside + more * self.bare_cpu_s)


def own_share(cases: int) -> Shares:
    """Both over the same rates, with two processes of one thread each, and at the same time.

    A core that is shared spends more CPU time on the same work; side by side both meet with the same.
    """
    rates = [f"{450 + 0.01 * number:.2f} requests/s" for number in range(cases)]
    bare = [_bare(rates[number::WORKERS]) for number in range(WORKERS)]
    sweep = _spent(lambda: _sweep(rates))
    starts, loops = zip(*(map(float, process.communicate()[0].split()) for process in bare), strict=True)
    return Shares(cases, sweep, sum(starts), sum(loops))


def _spent(run: Callable[[], None]) -> Spent:
    wall, before = time.perf_counter(), os.times()
    run()
    after = os.times()
    cpu = sum(after[:4]) - sum(before[:4])
    return Spent(time.perf_counter() - wall, cpu)


def _sweep(rates: list[str]) -> None:
    sweep: dict[str, Any] = {
        "name": "bench",
        "scenario": "novabank",
        "fixed": MINUTE,
        "vary": {"traffic.peak": rates},
        "replications": 1,
        "record": {"cost": False},
    }
    with tempfile.TemporaryDirectory() as folder:
        done = nm.sweep(sweep, out=folder, workers=WORKERS, progress=False)
    assert (done.done, done.failed) == (len(rates), 0)


def _bare(rates: list[str]) -> subprocess.Popen[str]:
    """A process that simulates the rates and prints its CPU seconds, to start and then."""
    words = [sys.executable, "-c", BARE, json.dumps(MINUTE), json.dumps(rates)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
