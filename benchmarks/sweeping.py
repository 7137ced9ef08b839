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
FEW = 4
MINUTE = {"run.duration": "1 min", "run.warm_up": "10 s"}
BARE = """
import json, sys, time
import novamodel as nm
scenario = nm.load("novabank").override(json.loads(sys.argv[1]))
nm.simulate(scenario.override({"run.duration": "1 s"}), replications=1, workers=1)
begin = time.process_time()
for rate in json.loads(sys.argv[2]):
    nm.simulate(scenario.override({"traffic.peak": rate}), replications=1, workers=1)
print(time.process_time() - begin)
"""


class Spent(NamedTuple):
    """Seconds of this process and its children: by the clock and of CPU."""

    wall_s: float
    cpu_s: float


class Shares(NamedTuple):
    """A sweep of some cases, one of a few (to take its start out), and CPU seconds of the same cases bare."""

    cases: int
    whole: Spent
    few: Spent
    bare_cpu_s: float

    @property
    def overhead(self) -> float:
        """Share of the sweep's CPU time that is not simulation; its start is in it."""
        return 1 - self.bare_cpu_s / self.whole.cpu_s

    @property
    def overhead_running(self) -> float:
        """The same without the start."""
        return 1 - self.bare_cpu_s * (1 - FEW / self.cases) / (self.whole.cpu_s - self.few.cpu_s)


def own_share(cases: int) -> Shares:
    """Both over the same rates, with two processes of one thread each."""
    rates = [f"{450 + 0.01 * number:.2f} requests/s" for number in range(cases)]
    few = _spent(lambda: _sweep(rates[:FEW]))
    whole = _spent(lambda: _sweep(rates))
    return Shares(cases, whole, few, _bare(rates))


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


def _bare(rates: list[str]) -> float:
    words = [sys.executable, "-c", BARE, json.dumps(MINUTE)]
    loops = [
        subprocess.Popen([*words, json.dumps(rates[number::WORKERS])], stdout=subprocess.PIPE, text=True)
        for number in range(WORKERS)
    ]
    return sum(float(loop.communicate()[0]) for loop in loops)
