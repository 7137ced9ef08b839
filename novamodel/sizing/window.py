"""The piece of the day that sizing simulates: a short window around the peak."""

from __future__ import annotations

from typing import Any

from novamodel.scenario import Scenario

STEP_S = 300
KNEE_REQUESTS = 12_000
"""Requests of a window at today's peak in which the knee is looked for, within the lengths below."""
KNEE_SHORTEST_S, KNEE_LONGEST_S, KNEE_WARM_UP_S = 20.0, 60.0, 30.0
KNEE_QUICK_S, KNEE_QUICK_WARM_UP_S = 5.0, 10.0


def peak_clock(scenario: Scenario) -> float:
    """Time of day (s) of the highest rate, the middle of the stretch where the rate is that high."""
    clocks = range(0, 86400, STEP_S)
    rates = [scenario.traffic.rate_at(float(clock)) for clock in clocks]
    high = [clock for clock, rate in zip(clocks, rates, strict=True) if rate >= max(rates) * (1 - 1e-9)]
    return float(high[len(high) // 2])


def peak_window(scenario: Scenario, duration_s: float) -> dict[str, Any]:
    """Overrides of the run: ``duration_s`` around the peak, the scenario's warm-up before it at most a minute."""
    start = (peak_clock(scenario) - duration_s / 2) % 86400.0
    return {
        "run.start": start,
        "run.duration": f"{duration_s:g} s",
        "run.warm_up": f"{min(scenario.run.warm_up_s, 60.0):g} s",
        "run.precision": None,
    }


def knee_window(scenario: Scenario, *, quick: bool = False) -> dict[str, Any]:
    """Overrides of the run for every search of the knee: one window, so that it has one value wherever it stands."""
    most_per_s = scenario.traffic.most_per_s
    wanted = KNEE_REQUESTS / most_per_s if most_per_s > 0 else KNEE_LONGEST_S
    duration_s = KNEE_QUICK_S if quick else min(max(wanted, KNEE_SHORTEST_S), KNEE_LONGEST_S)
    warm_up_s = KNEE_QUICK_WARM_UP_S if quick else KNEE_WARM_UP_S
    return peak_window(scenario, duration_s) | {"run.warm_up": f"{warm_up_s:g} s"}


def knee_replications(*, quick: bool = False) -> int:
    """Runs at each load."""
    return 2 if quick else 3
