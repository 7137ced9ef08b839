"""Runs a measured stack as any scenario is run, and reads off what was measured."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from novamodel.scenario import Scenario
from novamodel.simulation import replay_cache, simulate
from novamodel.verify import measured_figures, measured_stack

Case = Mapping[str, Any]
Trace = Sequence[Mapping[str, float]]
Load = Callable[[Path], Scenario]
"""Reads a scenario file: the product's own front door."""
FOLDER = "measured_stack"
"""Where the traces lie, beside the file of cases."""


def trace_of(case: Case, folder: Path) -> list[dict[str, float]] | None:
    """Recorded requests of a case; None where there are none."""
    return measured_stack.read_trace(folder / case["trace"]) if case["trace"] else None


def write_scenario(case: Case, trace: Trace | None, folder: Path, seed: int = 1) -> Path:
    """Write a case as a scenario file (with its recording beside it, where a trace is given); its path."""
    if trace is not None:
        (folder / measured_stack.RECORDING).write_text(measured_stack.recording(case, trace), encoding="utf-8")
    file = folder / "scenario.yaml"
    file.write_text(json.dumps(measured_stack.values(case, trace is not None, seed)), encoding="utf-8")
    return file


def figures(
    case: Case, trace: Trace | None, load: Load, engine: str = "auto", runs: int = 1, seed: int = 1
) -> list[dict[str, Any]]:
    """Figures of a case, one run each: of its recorded requests, or (``trace`` None) of arrivals of our own."""
    with tempfile.TemporaryDirectory() as folder:
        scenario = load(write_scenario(case, trace, Path(folder), seed))
        if measured_stack.keys_only(case):
            half = case["load"]["requests"] / 2 / measured_stack.READS_PER_S
            steps = replay_cache(scenario, 2 * half, replications=runs, step_s=half)
            return [measured_figures.held(case, rows) for _, rows in steps.groupby("replication")]
        result = simulate(scenario, engine=engine, keep_requests=True, replications=runs, workers=1)
    assert result.requests is not None
    frames = (result.requests, result.replicas, result.intervals, result.by_replication)
    found = []
    for number in range(runs):
        requests, replicas, intervals, values = (frame[frame["replication"] == number] for frame in frames)
        retried, rejected = int(intervals["retried"].sum()), values[values["metric"] == "rejected"]
        one = measured_figures.figures(case, requests, replicas, retried, trace)
        shares = 1.0 - rejected[rejected["of"] != ""]["value"]
        if case["experiment"] == "E4" and trace is None:  # each key is a population of its own
            one |= {"accept_share_by_key_min": shares.min(), "accept_share_by_key_max": shares.max()}
        found.append(one)
    return found
