"""CPU time of the engines, the stock model and fresh processes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from benchmarks import stock
from benchmarks.systems import many_services
from novamodel.scenario import Scenario
from novamodel.simulation import build_source, compiled
from novamodel.simulation.replication import Replication, replicate
from novamodel.simulation.summarise import summarise


@dataclass
class Speed:
    """CPU seconds a request: the run with its draws and a summary, and the run alone without drawing."""

    end_to_end: float
    alone: float


class _Drawing:
    """Stands in for `fill` in a module and adds up its CPU time."""

    def __init__(self, module: ModuleType) -> None:
        self.module, self.fill, self.seconds = module, vars(module)["fill"], 0.0

    def __call__(self, *arguments: Any) -> int:
        begin = time.process_time()
        made = int(self.fill(*arguments))
        self.seconds += time.process_time() - begin
        return made

    def __enter__(self) -> _Drawing:
        vars(self.module)["fill"] = self
        return self

    def __exit__(self, *error: object) -> None:
        vars(self.module)["fill"] = self.fill


def _speed(run: Callable[[], Any], summary: Callable[[Any], int], module: ModuleType, rounds: int) -> Speed:
    """The best of a few rounds; ``summary`` gives the number of requests."""
    best = Speed(float("inf"), float("inf"))
    for _ in range(rounds):
        with _Drawing(module) as drawing:
            begin = time.process_time()
            outcome = run()
            ran = time.process_time() - begin
            requests = summary(outcome)
            whole = time.process_time() - begin
        best.end_to_end = min(best.end_to_end, whole / requests)
        best.alone = min(best.alone, (ran - drawing.seconds) / requests)
    return best


def speed_of_engine(scenario: Scenario, engine: str, rounds: int) -> Speed:
    """One of our engines; its summary has intervals, percentiles and tables."""

    def summary(run: Replication) -> int:
        summarise(scenario, [run], engine)
        return int(run.arrived.sum())

    return _speed(lambda: replicate(scenario, 0, engine), summary, build_source, rounds)


def speed_of_stock(model: Callable[[Scenario], Any], scenario: Scenario, seconds: float, rounds: int) -> Speed:
    """A stock model; its summary is a mean and five percentiles."""

    def summary(outcome: stock.Outcome) -> int:
        np.mean(outcome.latencies), np.percentile(outcome.latencies, [50, 90, 95, 99, 99.9])
        return outcome.arrived

    return _speed(lambda: model(scenario).run(seconds), summary, sys.modules[model.__module__], rounds)


def control_share(seconds: float, nodes: int) -> float:
    """CPU seconds beside the compiled engine's own of 20 services on nodes of a group that grows and shrinks."""
    groups = {"default": {"type": "m6i.large", "min": nodes, "max": 2 * nodes}}
    run = {"run.duration": f"{seconds} s", "run.warm_up": "0 s", "run.replications": 1}
    scenario = many_services(20).override({"traffic.peak": "40 requests/s", "platform.node_groups": groups, **run})
    inside = 0.0
    advance = compiled.run

    def timed(*arguments: Any) -> int:
        nonlocal inside
        begin = time.process_time()
        code = advance(*arguments)
        inside += time.process_time() - begin
        return int(code)

    replicate(scenario.override({"run.duration": "10 s"}), 0, "compiled")
    vars(compiled)["run"] = timed
    try:
        begin = time.process_time()
        replicate(scenario, 0, "compiled")
        return time.process_time() - begin - inside
    finally:
        vars(compiled)["run"] = advance


GROWTH = """
import resource, sys, time
from pathlib import Path
from benchmarks import scenes
from novamodel.simulation.replication import replicate
scene = getattr(scenes, sys.argv[2])
replicate(scene(10.0), 0, "compiled")
begin = time.process_time()
run = replicate(scene(float(sys.argv[1])), 0, "compiled")
spent = time.process_time() - begin
status = Path("/proc/self/status")
if status.exists():  # Linux: getrusage would give the peak of the process that started this one
    peak = int(status.read_text().split("VmHWM:")[1].split()[0]) / 2**10
else:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
print(int(run.arrived.sum()), spent, peak)
"""


def growth(seconds: float, scene: str) -> tuple[int, float, float]:
    """(requests, CPU seconds, highest memory of the process in MiB) of a run of a scene in a process of its own."""
    requests, spent, memory = _process(GROWTH, str(seconds), scene).split()
    return int(requests), float(spent), float(memory)


START = """
import time
begin = time.perf_counter()
from benchmarks.scenes import light
from novamodel.simulation.replication import replicate
imported, spent = time.perf_counter(), time.process_time()
replicate(light(1.0), 0, "compiled")
print(imported - begin, time.perf_counter() - imported, time.process_time() - spent)
"""


def start_up() -> list[tuple[float, float, float]]:
    """(import, first run, CPU of the latter) in s in a fresh process: with nothing compiled yet, then kept on disk."""
    with tempfile.TemporaryDirectory() as folder:
        found = [_process(START, XDG_CACHE_HOME=folder).split() for _ in range(2)]
    return [(float(imported), float(first), float(spent)) for imported, first, spent in found]


def _process(code: str, *arguments: str, **environment: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
