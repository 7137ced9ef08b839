"""Figures with their names and windows: the same name and window have one value in every output."""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd

from novamodel import units
from novamodel.simulation import Result
from novamodel.workflows.month import MonthlyCost

STEADY = "autoscalers at rest hour by hour"
"""The window of a bill without a run."""
KNEE = "window of the knee"
SIMULATED = "simulated"


class Figure(NamedTuple):
    """One figure: what it is of, over which window or by which hours, its value (None: not known) and its unit."""

    name: str
    window: str
    value: float | str | None
    unit: str = ""


def run_window(result: Result) -> str:
    """``17:57 to 18:03``: the time of day that a run measures; ``the day`` where it is one."""
    run = result.scenario.run
    if result.window_s >= 86400:
        return "the day"
    ends = (run.start, (run.start + result.window_s) % 86400)
    return " to ".join(units.format_clock(clock) for clock in ends)


def bill_window(cost: MonthlyCost) -> str:
    """Which hours of a bill's day were simulated: ``hours 17, 18 simulated, others at rest``."""
    hours = [int(hour) for hour in cost.day.loc[cost.day["source"] == SIMULATED, "hour"]]
    if not hours:
        return STEADY
    if len(hours) == len(cost.day):
        return "every hour simulated"
    return f"hour{'s' if len(hours) > 1 else ''} {', '.join(map(str, hours))} simulated, others at rest"


def of_run(result: Result) -> list[Figure]:
    """Objectives, latency, errors and use of tiers in a run's window."""
    window = run_window(result)
    found = [Figure(slo.text, window, slo.value, slo.unit) for slo in result.slo()]
    for metric, unit in (("p99", "s"), ("errors", "1"), ("rejected", "1"), ("rate", "1/s")):
        found.append(Figure(metric, window, result.estimate(metric).value, unit))
    for row in result.tier_use().to_dict("records"):
        found.append(Figure(f"use of {row['tier']}", window, row["mean"], "1"))
        found.append(Figure(f"highest use of {row['tier']}", window, row["max"], "1"))
    return found


def of_knee(knee: Any) -> list[Figure]:
    """The load at which an objective is missed, and what gives out first."""
    return [
        Figure("load multiple at breach", KNEE, knee.load_multiple_at_breach, "x today"),
        Figure("load multiple at breach, least", KNEE, knee.breach_low, "x today"),
        Figure("load multiple at breach, most", KNEE, knee.breach_high, "x today"),
        Figure("bottleneck", KNEE, knee.first_tier or None),
        Figure("first limit", KNEE, knee.first_limit),
    ]


def of_fixes(fixes: pd.DataFrame) -> list[Figure]:
    """The load that each fix holds, and what it costs more a month."""
    found = []
    for row in fixes.to_dict("records"):
        found.append(Figure(f"load multiple with {row['fix']}", KNEE, row["multiple"], "x today"))
        found.append(Figure(f"cost of {row['fix']}", STEADY, row["cost_more"], "USD a month more"))
    return found


def of_size(sizing: Any, hours: str) -> list[Figure]:
    """The advised values by path, and what the advised size costs; ``hours``: those of the bill it is told from."""
    found = [Figure("cost as advised", hours, sizing.chosen.cost_month, "USD a month")]
    found += [Figure("p99 as advised", sizing.window, sizing.chosen.p99_s[0], "s")]
    found += [Figure("p99 as now", sizing.window, sizing.now.p99_s[0], "s")]
    for row in sizing.advice.to_dict("records"):
        found.append(Figure(f"advised {row['path']}", sizing.window, str(row["advised"])))
    return found


def of_bill(cost: MonthlyCost) -> list[Figure]:
    """The month: its total, its fixed and its driven part, its range."""
    hours = bill_window(cost)
    low, mid, high = (float(total) for total in cost.totals())
    rows = [("cost", mid), ("cost, low", low), ("cost, high", high)]
    rows += [("cost, fixed", float(cost.mid.baseline)), ("cost, driven by use", float(cost.mid.use))]
    return [Figure(name, hours, round(value, 2), "USD a month") for name, value in rows]
