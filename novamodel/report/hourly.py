"""The cost of running, by the interval of a run: what a month's bill comes to per hour at the load of the moment."""

from __future__ import annotations

from typing import Any

import pandas as pd

from novamodel.analytic import mean_rates

COMPUTE = ("AWS Fargate", "Amazon EC2")
"""Services whose use lines follow replicas; all other use lines follow requests."""


def cost_per_hour(cost: Any, result: Any) -> pd.DataFrame:
    """USD an hour in each interval of a run: columns `replication`, `clock_s`, `usd_per_hour`.

    The bill's fixed lines are spread evenly over the month. Its use lines are spread over the month's requests, or,
    for compute, over the replicas above the day's smallest count, and then charged by what the interval had.
    Price tiers and capacity units are averaged in this way, so a single interval is an approximation; a whole
    day adds up to the bill. `cost`: a MonthlyCost; `result`: the Result of the same scenario.
    """
    bill, day = cost.mid, cost.day
    hours = float(bill.hours_per_month)
    use = {True: 0.0, False: 0.0}
    for line in bill.lines:
        if line.driver == "use":
            use[line.service in COMPUTE] += float(line.amount)
    services = [name for name in result.scenario.services if name in day]
    least = day[services].astype(float).min()
    above = float((day[services].astype(float) - least).sum(axis=1).mean())
    others = mean_rates(result.scenario)
    others.pop("main")  # whose day is in the bill
    mean_rate = float(day["rate_per_s"].mean()) + sum(others.values())
    frame = result.intervals[["replication", "clock_s", "arrived", "length_s"]].copy()
    counts = result.replicas.assign(
        above=result.replicas["ready"] + result.replicas["pending"] - result.replicas["service"].map(least)
    )
    now = counts.groupby(["replication", "clock_s"])["above"].sum().clip(lower=0).rename("above").reset_index()
    frame = frame.merge(now, on=["replication", "clock_s"], how="left")
    by_request = use[False] / hours / mean_rate if mean_rate else 0.0
    by_replica = use[True] / hours / above if above else 0.0
    frame["usd_per_hour"] = (
        float(bill.baseline) / hours
        + by_request * frame["arrived"] / frame["length_s"]
        + by_replica * frame["above"].fillna(0.0)
    )
    return frame[["replication", "clock_s", "usd_per_hour"]]
