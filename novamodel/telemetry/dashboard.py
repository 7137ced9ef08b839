"""The panels of an API dashboard as Prometheus would draw them from a run, beside what really happened.

The three panels are those of NovaBank's Grafana board: request rate, 95th percentile of the response time, and error
rate, each over a window of five minutes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from novamodel.errors import UserError
from novamodel.simulation import Result
from novamodel.telemetry.promql import histogram_quantile, rate
from novamodel.units import format_fraction

WINDOW_S = 300.0
QUANTILE = 0.95


@dataclass(frozen=True)
class Dashboard:
    """``panels``: one row a panel, replication and instant: panel, unit, replication, clock_s, shown, truth.

    ``truth`` is the same quantity over the last interval of the run, not averaged over the window; of the response
    time the exact quantile of the interval (nan where too few were served). ``unseen`` is the share of all finished
    requests that never reached a service, so that its own metrics cannot show them.
    """

    panels: pd.DataFrame = field(repr=False)
    window_s: float
    unseen: float
    notes: tuple[str, ...]


def dashboard(result: Result, window_s: float = WINDOW_S) -> Dashboard:
    """What the dashboard shows of a run, at the end of each of its intervals.

    Counters are those of a service behind one scrape target: what was served and what the service answered with 5xx,
    read at the end of each interval of the run; latencies are as the caller sees them. Raises ``UserError`` where the
    intervals are too long for the window: Prometheus needs two samples in it.
    """
    interval = result.scenario.run.interval
    if interval > window_s / 2:
        raise UserError(
            f"an interval of {interval:g} s leaves fewer than two samples in a window of {window_s:g} s",
            path="run.interval",
            valid=f"at most {window_s / 2:g} s",
        )
    parts = [_panels(result, number, window_s) for number in sorted(result.intervals["replication"].unique())]
    rows = result.intervals
    finished = rows[["served", "rejected", "failed", "abandoned"]].to_numpy().sum()
    unseen = rows["rejected"].sum() + rows["failed"].sum() - rows["answered_5xx"].sum()
    return Dashboard(pd.concat(parts, ignore_index=True), window_s, float(unseen / max(finished, 1)), _notes(result))


def _panels(result: Result, number: int, window_s: float) -> pd.DataFrame:
    rows = result.intervals[result.intervals["replication"] == number]
    buckets = result.buckets[result.buckets["replication"] == number]
    clock, length = rows["clock_s"].to_numpy(float), rows["length_s"].to_numpy(float)
    answered = (rows["served"] + rows["abandoned"] + rows["answered_5xx"]).to_numpy(float)
    errors = rows["answered_5xx"].to_numpy(float)
    each = buckets.pivot(index="clock_s", columns="upper_s", values="count").to_numpy(float)
    counted, uppers = np.cumsum(each, axis=0), np.sort(buckets["upper_s"].unique())

    def slope(counter: np.ndarray, at: float) -> float:
        return rate(clock, counter, at, window_s)

    def quantile(at: float) -> float:
        return histogram_quantile(QUANTILE, uppers, [slope(counted[:, place], at) for place in range(uppers.size)])

    drawn: list[tuple[str, str, Callable[[float], float], np.ndarray]] = [
        ("Request rate", "1/s", lambda at: slope(answered.cumsum(), at), answered / length),
        ("Response time", "s", quantile, rows["p95_s"].to_numpy(float)),
        ("Error rate", "1/s", lambda at: slope(errors.cumsum(), at), errors / length),
    ]
    frames = [
        pd.DataFrame(
            {
                "panel": name,
                "unit": unit,
                "replication": number,
                "clock_s": clock,
                "shown": [shown(float(at)) for at in clock],
                "truth": true,
            }
        )
        for name, unit, shown, true in drawn
    ]
    return pd.concat(frames, ignore_index=True)


def _notes(result: Result) -> tuple[str, ...]:
    """What the panels do not say of this run, in words."""
    notes = []
    rows, edges = result.intervals, result.scenario.monitoring.buckets
    rejected, arrived = int(rows["rejected"].sum()), int(rows["arrived"].sum())
    if rejected:
        notes.append(
            f"{format_fraction(rejected / max(arrived, 1))} of the requests were rejected at the edge: "
            "no service counts them"
        )
    lost = int((rows["failed"] - rows["answered_5xx"]).sum())
    if lost:
        notes.append(f"{lost:,} requests failed before or after a service had them: no 5xx of a service shows them")
    if (rows["p95_s"] > edges[-1]).any():
        notes.append(f"latencies above {edges[-1]:g} s are drawn as {edges[-1]:g} s, the last bucket's edge")
    several = [name for name, group in result.replicas.groupby("service") if group["ready"].max() > 1]
    if several:
        notes.append(
            f"{', '.join(several)} has several replicas: scraped by one name, each scrape meets another one, and "
            "rate() takes the jumps between their counters for resets; scrape each pod"
        )
    return tuple(notes)
