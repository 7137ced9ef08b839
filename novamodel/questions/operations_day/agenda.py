"""The scenario's own operations: what each costs in minutes of the SLO and in failed requests."""

from __future__ import annotations

import math

import pandas as pd

from novamodel.questions.operations_day.answer import ROW_S, losses_of, rows_missed, timeline_of, window_at
from novamodel.questions.shared import Tell
from novamodel.scenario import Operation, Scenario
from novamodel.simulation import Result, simulate
from novamodel.statistics import mean_interval

QUICK_S, LEAST_S, MORE_S, MOST_S = 60.0, 120.0, 60.0, 1200.0
"""Seconds that are simulated after an operation: in a quick answer, at least, beyond its own duration, at most."""
AFTER_S = {"rollout": 300.0, "lost_zone": 540.0, "database_failover": 300.0, "cache_emptied": 300.0}
"""Seconds until an operation is over, where it says no duration of its own."""
COLUMNS = (
    "at_s", "what", "minutes_lost", "lost_low", "lost_high", "failed", "failed_low", "failed_high", "worst_s",
    "back_after_s", "missed_anyway", "window_s",
)  # fmt: skip


def planned_operations(
    scenario: Scenario,
    *,
    replications: int = 3,
    engine: str = "auto",
    quick: bool = False,
    progress: Tell | None = None,
) -> pd.DataFrame:
    """Simulate the minutes around each entry of `operations`, with the agenda and without it: a row an entry.

    at_s, what; minutes_lost (of the SLO) and failed (requests), both more than without, with 95 % intervals over the
    replications; worst_s (the worst p99 of ten seconds), back_after_s (until no more is missed than without),
    missed_anyway (minutes of the SLO missed without the operations), window_s
    (simulated after it; shorter where the next entry comes first). Same customers in both. No operations: no rows.
    """
    tell = progress or (lambda share, text: None)
    agenda = sorted(scenario.operations, key=lambda operation: operation.at)
    limit_s = _latency_limit(scenario)
    rows = []
    for number, operation in enumerate(agenda):
        what = in_words(operation)
        tell(number / len(agenda), what)
        following = [other.at - operation.at for other in agenda if other.at > operation.at]
        after_s = min([QUICK_S if quick else _lasts(operation), *following])
        window = window_at(scenario, operation.at, after_s, replications)
        at = window.run.start + (operation.at - window.run.start) % 86400.0
        result = simulate(window, engine=engine)
        before = simulate(window.override({"operations": []}, said_by="without operations"), engine=engine)
        timelines = timeline_of(what, result, at), timeline_of(what, before, at)
        losses = losses_of(timelines[0], result, before, limit_s) | _more_missed(*timelines, scenario, limit_s)
        rows.append({"at_s": operation.at, "what": what, **losses, "window_s": after_s})
    tell(1.0, "operations")
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _more_missed(with_it: pd.DataFrame, without: pd.DataFrame, scenario: Scenario, limit_s: float) -> dict[str, float]:
    """Minutes that miss an objective more than the same rows without the operations, and the last such row."""
    missed, anyway = (rows_missed(timeline, scenario, limit_s) for timeline in (with_it, without))
    more = mean_interval(list((missed.astype(int) - anyway).groupby(with_it["replication"]).sum() * ROW_S / 60))
    by_it = missed & ~anyway
    back = float(with_it.loc[by_it, "since_s"].max()) if by_it.any() else 0.0
    return {"minutes_lost": more.value, "lost_low": more.low, "lost_high": more.high, "back_after_s": back}


def operations_met(result: Result) -> pd.DataFrame:
    """What a run shows from each of its operations until the next, or its end: a row an operation that it comes to.

    at_s, what, until_s; minutes_missed (rows of the run that miss an objective) and failed (requests that fail or are
    given up meanwhile, whatever the reason) with 95 % intervals over the replications. Nothing is compared: what would
    have failed anyway is in it.
    """
    scenario = result.scenario
    begin, end = scenario.run.start, scenario.run.start + scenario.run.duration
    clocks = {number: begin + (one.at - begin) % 86400.0 for number, one in enumerate(scenario.operations)}
    agenda = sorted((clock, number) for number, clock in clocks.items() if clock < end)
    rows = []
    for place, (at, number) in enumerate(agenda):
        until = next((clock for clock, _ in agenda[place + 1 :] if clock > at), end)
        timeline = timeline_of("", result, at)
        after = timeline[(timeline["since_s"] > 0) & (timeline["since_s"] <= until - at + 1e-6)]
        missed = rows_missed(after, scenario, _latency_limit(scenario)) * result.intervals["length_s"][after.index] / 60
        minutes, failed = (
            mean_interval(list(one.groupby(after["replication"]).sum())) for one in (missed, after["failed"])
        )
        rows.append({
            "at_s": at, "what": in_words(scenario.operations[number]), "until_s": until,
            "minutes_missed": minutes.value, "missed_low": minutes.low, "missed_high": minutes.high,
            "failed": failed.value, "failed_low": failed.low, "failed_high": failed.high,
        })  # fmt: skip
    return pd.DataFrame(rows)


def _latency_limit(scenario: Scenario) -> float:
    """Limit (s) of the first latency objective over all requests; nan without one."""
    return next((slo.limit for slo in scenario.slo if slo.is_latency and slo.of is None), math.nan)


def in_words(operation: Operation) -> str:
    """``rollout of core-api``, ``lost zone 1``, ``slow database, 3 times``."""
    what = operation.what
    words = {
        "rollout": lambda: f"rollout of {what.service}",
        "lost_replica": lambda: f"a lost replica of {what.service}",
        "lost_zone": lambda: f"lost zone {what.zone}",
        "slow_database": lambda: f"slow database, {what.factor:g} times",
    }
    return words[operation.kind]() if operation.kind in words else operation.kind.replace("_", " ")


def _lasts(operation: Operation) -> float:
    """Seconds from an operation until what it does is over."""
    duration = getattr(operation.what, "duration", None) or 0.0
    return float(min(max(AFTER_S.get(operation.kind, LEAST_S), duration + MORE_S), MOST_S))
