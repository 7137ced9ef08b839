"""Runs at multiples of today's peak, all in the same window: the knee, that of a variant, and what fails beyond it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd

from novamodel.scenario import Scenario
from novamodel.simulation import Result, simulate
from novamodel.sizing import KNEE_LOADS, Knee, crossing, knee, knee_replications, knee_window
from novamodel.workflows.month import monthly_total

ABOVE = (1.1, 1.25, 1.5, 2.0)
"""Loads that are tried for a variant that holds what today's system does not, over that load, until one is missed."""
BEYOND = (0.7, 1.0, 1.4, 2.0, 3.0)
"""Loads at which failures are counted, over the knee."""


class Holds(NamedTuple):
    """How much load a variant holds, over today's peak."""

    multiple: float  # at which an objective is missed, interpolated; the highest load tried where none is
    low: float  # the highest load tried that keeps every objective; 0 where none does
    high: float  # the lowest load tried that misses one; infinite where none does
    missed: str  # the objectives missed there


@dataclass
class LoadRuns:
    """Simulates a scenario at multiples of its peak, always with the same customers in the same window.

    Every run is made but once, so that the load that today's system holds among its fixes is that of its knee.
    """

    scenario: Scenario
    options: dict[str, Any]
    quick: bool

    def __post_init__(self) -> None:
        self.peak = self.scenario.traffic.most_per_s
        self.window = knee_window(self.scenario, quick=self.quick)
        self.cost = monthly_total(self.scenario)
        self.done: dict[str, Result] = {}

    def knee(self, progress: Callable[[float], None] | None = None) -> Knee:
        """Latency and errors up to a little beyond the first missed objective."""
        return knee(
            self.scenario,
            window=self.window,
            quick=self.quick,
            simulate=self._run,
            progress=progress,
            **self.options,
        )

    def holds(self, variant: Scenario, today: Knee) -> Holds:
        """The load a variant holds: today's two loads around the knee first, then rising ones while it holds those.

        ``today``: the scenario's own knee, at which an objective is missed.
        """
        low, high = _around(today)
        kept, missed = low, high
        if self.at(variant, high).met:
            kept, missed = high, math.inf
            for load in (round(high * step, 3) for step in ABOVE):
                if not self.at(variant, load).met:
                    missed = load
                    break
                kept = load
        elif low > 0 and not self.at(variant, low).met:
            kept, missed = 0.0, low
        if math.isinf(missed):
            return Holds(kept, kept, missed, "")
        points = {load: self.at(variant, load) for load in (kept, missed) if load > 0}
        return Holds(crossing(kept or None, missed, points), kept, missed, _missed(points[missed]))

    def at(self, variant: Scenario, multiple: float) -> Result:
        """A variant at a multiple of its peak, in the window of the knee."""
        loaded = variant.with_load(multiple).override(self.window, said_by="knee")
        return self._run(loaded, replications=knee_replications(quick=self.quick), **self.options)

    def _run(self, scenario: Scenario, **options: Any) -> Result:
        """Simulate, or what it gave before."""
        key = scenario.content_hash()
        if key not in self.done:
            self.done[key] = simulate(scenario, **options)
        return self.done[key]

    def failing(self, breach: float | None, timeout_s: float) -> pd.DataFrame:
        """Share of requests that fail or are given up, with callers that wait ``timeout_s``, at rising loads."""
        patient = self.scenario.override({"traffic.caller.timeout": f"{timeout_s!r} s"}, said_by="what breaks first")
        knee_at = breach or KNEE_LOADS[-1]
        steps = BEYOND[::2] if self.quick else BEYOND
        rows = []
        for multiple in sorted({round(knee_at * step, 3) for step in steps}):
            result = self.at(patient, multiple)
            errors, goodput = result.estimate("errors"), result.estimate("goodput")
            rows.append(
                {
                    "multiple": multiple,
                    "offered_per_s": self.peak * multiple,
                    "goodput_per_s": goodput.value,
                    "goodput_low": goodput.low,
                    "goodput_high": goodput.high,
                    "failed": errors.value,
                    "failed_low": errors.low,
                    "failed_high": errors.high,
                }
            )
        return pd.DataFrame(rows)


def _around(found: Knee) -> tuple[float, float]:
    """The highest load tried that keeps every objective (0: none) and the lowest that misses one (inf: none)."""
    curve = found.curve
    high = float(curve.loc[~curve["met"], "multiple"].min()) if not curve["met"].all() else math.inf
    kept = curve.loc[curve["met"] & (curve["multiple"] < high), "multiple"]
    return float(kept.max()) if len(kept) else 0.0, high


def _missed(result: Result) -> str:
    return ", ".join(slo.text for slo in result.slo() if not slo.met)
