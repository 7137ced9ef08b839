"""Runs at multiples of today's peak: the knee, what fails beyond it, and whether a variant keeps its objectives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from novamodel.billing import monthly_total
from novamodel.scenario import Scenario
from novamodel.simulation import Result, simulate
from novamodel.sizing import Knee, knee

MULTIPLES = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0, 48.0, 64.0)
"""Loads that are tried for the knee, over today's peak, until an objective is missed."""
BEYOND = (0.7, 1.0, 1.2, 1.5, 2.0, 3.0)
"""Loads at which failures are counted, over the knee."""
REQUESTS = 4_000
"""Requests of a window at today's peak, unless it gets shorter or longer than the limits below."""
SHORTEST_S, QUICK_S, LONGEST_S = 12.0, 5.0, 60.0
WARM_UP_S, QUICK_WARM_UP_S = 30.0, 10.0
REPLICATIONS = 2


@dataclass
class LoadRuns:
    """Simulates a scenario at multiples of its peak, always with the same customers."""

    scenario: Scenario
    options: dict[str, Any]
    quick: bool

    def __post_init__(self) -> None:
        self.peak = self.scenario.traffic.most_per_s
        self.window_s = QUICK_S if self.quick else min(max(REQUESTS / self.peak, SHORTEST_S), LONGEST_S)
        self.warm_up_s = QUICK_WARM_UP_S if self.quick else WARM_UP_S
        self.cost = monthly_total(self.scenario)

    def knee(self) -> Knee:
        """Latency and errors up to a little beyond the first missed objective."""
        short = self.scenario.override({"run.warm_up": f"{self.warm_up_s:g} s"}, said_by="what breaks first")
        refine = 1 if self.quick else 2
        runs: dict[str, Any] = {"duration_s": self.window_s, "replications": REPLICATIONS, "refine": refine}
        return knee(short, MULTIPLES, **runs, **self.options)

    def at(self, scenario: Scenario, multiple: float) -> Result:
        """A variant at a multiple of its peak, held."""
        changes = {
            "traffic.shape": "constant",
            "traffic.peak": f"{scenario.traffic.most_per_s * multiple!r}/s",
            "run.duration": f"{self.window_s:g} s",
            "run.warm_up": f"{self.warm_up_s:g} s",
            "run.interval": f"{self.window_s:g} s",
            "run.replications": REPLICATIONS,
            "run.precision": None,
        }
        return simulate(scenario.override(changes, said_by="what breaks first"), **self.options)

    def failing(self, breach: float | None, timeout_s: float) -> pd.DataFrame:
        """Share of requests that fail or are given up, with callers that wait ``timeout_s``, at rising loads."""
        patient = self.scenario.override({"traffic.caller.timeout": f"{timeout_s!r} s"}, said_by="what breaks first")
        knee_at = breach or MULTIPLES[-1]
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
