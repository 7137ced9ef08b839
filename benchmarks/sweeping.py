"""A sweep's own share of its time: cases of a NovaBank minute through it, and the same simulated bare."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from typing import Any, NamedTuple

import novamodel as nm
from novamodel.batch.progress import Progress

WORKERS = 2
MINUTE = {"run.duration": "1 min", "run.warm_up": "10 s"}
BARE = """
import json, sys
import novamodel as nm
scenario = nm.load("novabank").override(json.loads(sys.argv[1]))
nm.simulate(scenario.override({"run.duration": "1 s"}), replications=1, workers=1)
print("ready", flush=True)
for rate in json.loads(sys.stdin.readline()):
    nm.simulate(scenario.override({"traffic.peak": rate}), replications=1, workers=1)
"""


class Shares(NamedTuple):
    """Wall seconds of a sweep in all, until its first case was kept, and of the same cases bare."""

    cases: int
    whole_s: float
    first_s: float
    bare_s: float

    @property
    def overhead(self) -> float:
        """Share of the sweep's time that is not simulation; its start is in it."""
        return 1 - self.bare_s / self.whole_s

    @property
    def overhead_running(self) -> float:
        """The same from the first case on."""
        return 1 - self.bare_s * (self.cases - 1) / self.cases / (self.whole_s - self.first_s)


def own_share(cases: int) -> Shares:
    """Both over the same rates, with two processes of one thread each."""
    rates = [f"{450 + 0.01 * number:.2f} requests/s" for number in range(cases)]
    first_s, whole_s = _swept(rates)
    return Shares(cases, whole_s, first_s, _bare(rates))


def _swept(rates: list[str]) -> tuple[float, float]:
    sweep: dict[str, Any] = {
        "name": "bench",
        "scenario": "novabank",
        "fixed": MINUTE,
        "vary": {"traffic.peak": rates},
        "replications": 1,
        "record": {"cost": False},
    }
    begin, first = time.perf_counter(), 0.0

    def tell(progress: Progress) -> None:
        nonlocal first
        if progress.finished and not first:
            first = time.perf_counter() - begin

    with tempfile.TemporaryDirectory() as folder:
        done = nm.sweep(sweep, out=folder, workers=WORKERS, progress=tell)
        whole = time.perf_counter() - begin
    assert (done.done, done.failed) == (len(rates), 0)
    return first, whole


def _bare(rates: list[str]) -> float:
    words = [sys.executable, "-c", BARE, json.dumps(MINUTE)]
    loops = [subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(WORKERS)]
    for loop in loops:
        assert loop.stdout is not None
        loop.stdout.readline()
    begin = time.perf_counter()
    for number, loop in enumerate(loops):
        assert loop.stdin is not None
        loop.stdin.write(json.dumps(rates[number::WORKERS]) + "\n")
        loop.stdin.close()
    for loop in loops:
        loop.wait()
    return time.perf_counter() - begin
