"""A rollout at the peak, a lost zone, failovers and the nightly backup: what does each cost in minutes of the SLO?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from novamodel import units
from novamodel.errors import UserError
from novamodel.questions.operations_day.words import endless_text, minutes_text, span_text
from novamodel.questions.shared import (
    Tell,
    Text,
    dollars,
    main_only,
    need_objectives,
    readable,
    seconds_text,
    service_asked,
    shows_headline,
)
from novamodel.recovery import NO_BACKUP, backup_load, recovery_plan, says_backup
from novamodel.scenario import Scenario
from novamodel.simulation import Result, simulate
from novamodel.statistics import Estimate, mean_interval
from novamodel.workflows.month import monthly_total

BEFORE_S, WARM_UP_S, ROW_S = 60.0, 60.0, 10.0
AFTER_S = {
    "rollout": 300.0,
    "lost zone": 540.0,
    "database failover": 300.0,
    "cache failover": 120.0,
    "backup": 120.0,
}
"""Seconds simulated after each event: until it is over, or (a backup) long enough to see it."""
QUICK_S = 60.0
SMALLEST_SHARE = 1e-3


@dataclass(frozen=True)
@shows_headline
class OperationsAnswer:
    """What befalls the system in a day, each alone, against the same minutes without it.

    ``events``: a row an event (event, at_s, minutes_lost with low and high, failed with low and high = requests that
    fail because of it, worst_s = the worst p99 of ten seconds, back_after_s = until the SLO holds again, ongoing = it
    did not by the end of the run, so minutes_lost and back_after_s are the least, missed_anyway = minutes of the SLO
    missed there without it, protection, protection_month = USD a month that it costs today). ``timeline``: a row an
    event and ten seconds (since_s, p99_s, failed_share). ``recovery``: a row a way to recover data. ``results``: the
    runs by event.
    """

    scenario: Scenario = field(repr=False)
    limit_s: float  # of the first latency objective over all requests; nan without one
    events: pd.DataFrame = field(repr=False)
    timeline: pd.DataFrame = field(repr=False)
    recovery: pd.DataFrame = field(repr=False)
    results: dict[str, Result] = field(repr=False)

    def table(self) -> pd.DataFrame:
        """The events for a reader."""
        rows = self.events.assign(
            lost=[minutes_text(e) for e in self.events.itertuples()],
            back=[("more than " if e.ongoing else "") + seconds_text(e.back_after_s) for e in self.events.itertuples()],
            gone=[span_text("{:,.0f}", e.failed, e.failed_low, e.failed_high) for e in self.events.itertuples()],
        )
        return readable(
            rows,
            {
                "event": ("event", None),
                "at_s": ("at", units.format_clock),
                "lost": ("minutes of the SLO lost", None),
                "gone": ("requests that fail because of it", None),
                "worst_s": ("worst p99 of 10 s", seconds_text),
                "back": ("SLO holds again after", None),
                "protection": ("what protects today", None),
                "protection_month": ("its price, USD/month", dollars),
            },
        )

    def recovery_table(self) -> pd.DataFrame:
        """The ways to recover data for a reader."""
        return readable(
            self.recovery,
            {
                "what": ("way to recover", None),
                "against": ("against", None),
                "rpo_s": ("data lost at worst (RPO)", endless_text),
                "rto_low_s": ("back after (RTO), at least", endless_text),
                "why": ("because", None),
            },
        )

    def headline(self) -> dict[str, float]:
        """The figures by name."""
        lost = {f"{row.event}, SLO minutes lost": float(row.minutes_lost) for row in self.events.itertuples()}
        return {**lost, "requests failed, all events": float(self.events["failed"].sum())}

    def conclusion(self) -> Text:
        """The answer in Markdown."""
        worst = self.events.sort_values("minutes_lost", kind="stable").iloc[-1]
        total = float(self.events["minutes_lost"].sum())
        broken = self.recovery[~self.recovery["works"]]
        ongoing = list(self.events.loc[self.events["ongoing"], "event"])
        lost = f"**A day with all of it loses {'at least ' if ongoing else ''}{total:.1f} minutes of the SLO**, most of"
        most = f"{worst['event']} ({minutes_text(worst)} minutes, {worst['failed']:,.0f} requests fail)"
        words = [f"{lost} them to the {most}." if total > 0 else "**No event costs a minute of the SLO.**"]
        if ongoing:
            words.append(f"The simulated minutes end before the SLO holds again: {', '.join(ongoing)}.")
        if (self.events["missed_anyway"] > 0).any():
            words.append("**The SLO is missed without any event, too**; those minutes are not counted here.")
        free = [row.event for row in self.events.itertuples() if row.minutes_lost == 0]
        if free and total > 0:
            words.append(f"Without loss: {', '.join(free)}.")
        if not self.scenario.database.multi_az:
            words.append("The database has no standby: losing it is a restore, not a failover.")
        words += [text] if (text := main_only(self.scenario, "databases", "caches")) else []
        if NO_BACKUP in set(broken["what"]):
            words.append("**No backup was found: what is lost with the database is lost for good.**")
        if declared := [what for what in broken["what"] if what != NO_BACKUP]:
            words.append(f"**Cannot work as the files have it: {'; '.join(declared)}.**")
        return Text(" ".join(words))


def operations(
    scenario: Scenario,
    *,
    service: str | None = None,
    replications: int = 2,
    engine: str = "auto",
    quick: bool = False,
    progress: Tell | None = None,
) -> OperationsAnswer:
    """Simulate each event at the day's peak (the backup at its own time) and the same minutes without it.

    The same customers come in both, so what differs is the event's doing. A lost zone needs two zones, a failover
    something to fail over to: what the deployment cannot survive is left out.
    """
    need_objectives(scenario)
    if replications < 2:
        raise UserError("one replication has no interval", valid="replications of 2 or more")
    tell = progress or (lambda share, text: None)
    name = service_asked(scenario, service)
    peak = _peak_clock(scenario)
    limit_s = next((slo.limit for slo in scenario.slo if slo.is_latency and slo.of is None), math.nan)
    happenings = _happenings(scenario, name)
    undisturbed = scenario.override({"operations": []}, said_by="question")
    rows, frames, results = [], [], {}
    quiet: dict[float, Result] = {}
    for number, (event, what) in enumerate(happenings.items()):
        tell(number / len(happenings), event)
        at = scenario.backup.at if event == "backup" else peak
        window = window_at(undisturbed, at, QUICK_S if quick else AFTER_S[event], replications)
        before = quiet.get(at)
        if before is None or before.window_s < window.run.duration:
            longest = max(AFTER_S[other] for other in happenings if (other == "backup") == (event == "backup"))
            plain = window_at(undisturbed, at, QUICK_S if quick else longest, replications)
            before = quiet[at] = simulate(plain, engine=engine)
        agenda = [{"at": units.format_clock(at), **what}]
        result = simulate(window.override({"operations": agenda}, said_by="question"), engine=engine)
        timeline = timeline_of(event, result, at)
        frames.append(timeline)
        results[event] = result
        rows.append(
            {"event": event, "at_s": at, **losses_of(timeline, result, before, limit_s), **_shield(scenario, event)}
        )
    tell(1.0, "done")
    return OperationsAnswer(
        scenario, limit_s, pd.DataFrame(rows), pd.concat(frames, ignore_index=True), recovery_plan(scenario), results
    )


def _happenings(scenario: Scenario, service: str) -> dict[str, dict[str, Any]]:
    """The events that this deployment can meet, each as an entry of the agenda."""
    happenings: dict[str, dict[str, Any]] = {"rollout": {"rollout": service}}
    if scenario.platform.zones > 1:
        happenings["lost zone"] = {"lost_zone": {}}
    if scenario.database.multi_az:
        happenings["database failover"] = {"database_failover": {}}
    if scenario.cache.nodes > 1 and scenario.cache.keyspaces:
        happenings["cache failover"] = {"cache_failover": {}}
    load = backup_load(scenario)
    if says_backup(scenario) and load.share_of_server > SMALLEST_SHARE:
        slower = 1 / max(1 - load.share_of_server, 0.05)
        span = max(min(load.dump_s, AFTER_S["backup"]), 1.0)
        happenings["backup"] = {"slow_database": {"factor": slower, "duration": f"{span!r} s"}}
    return happenings


def _peak_clock(scenario: Scenario) -> float:
    clocks = range(0, 86400, 300)
    return float(max(clocks, key=lambda clock: scenario.traffic.rate_at(float(clock))))


def window_at(scenario: Scenario, at: float, after_s: float, replications: int) -> Scenario:
    """The scenario from a minute before a time of day until ``after_s`` later, in rows of ten seconds."""
    return scenario.override(
        {
            "run.start": units.format_clock((at - BEFORE_S) % 86400),
            "run.duration": f"{BEFORE_S + after_s!r} s",
            "run.warm_up": f"{WARM_UP_S!r} s",
            "run.interval": f"{ROW_S!r} s",
            "run.replications": replications,
            "run.precision": None,
        },
        said_by="window of the event",
    )


def timeline_of(event: str, result: Result, at: float) -> pd.DataFrame:
    """A run by its rows: event, replication, since_s (since ``at``), p99_s, failed, failed_share, arrived.

    Where a row has too few requests for a p99, the p95 stands in: if that is above a limit, so is the p99.
    """
    rows = result.intervals
    finished = rows[["served", "rejected", "failed", "abandoned"]].sum(axis=1)
    return pd.DataFrame(
        {
            "event": event,
            "replication": rows["replication"],
            "since_s": rows["clock_s"] - at,
            "p99_s": rows["p99_s"].fillna(rows["p95_s"]).where(rows["served"] > 0, math.inf),
            "failed": rows["failed"] + rows["abandoned"],
            "failed_share": (rows["failed"] + rows["abandoned"]) / finished.clip(lower=1),
            "arrived": rows["arrived"],
        }
    )


def rows_missed(timeline: pd.DataFrame, scenario: Scenario, limit_s: float) -> pd.Series:
    """Which rows after the event miss an objective: the p99 above ``limit_s`` (nan: none), or too many failures."""
    most = next((slo.limit for slo in scenario.slo if slo.metric == "errors" and slo.of is None), math.inf)
    slow = timeline["p99_s"] > limit_s if math.isfinite(limit_s) else pd.Series(False, index=timeline.index)
    return (slow | (timeline["failed_share"] > most)) & (timeline["arrived"] > 0) & (timeline["since_s"] > 0)


def losses_of(timeline: pd.DataFrame, result: Result, before: Result, limit_s: float) -> dict[str, float]:
    """Minutes lost and requests failed, with intervals over the replications; how bad, and for how long.

    A row of ten seconds is lost where an objective is missed that the same row ``before``, without the event, keeps.
    """
    usual = timeline_of("", before, result.intervals["clock_s"].iloc[0] - timeline["since_s"].iloc[0])
    kept = ~_by_row(usual, rows_missed(usual, result.scenario, limit_s))
    missed = rows_missed(timeline, result.scenario, limit_s)
    anyway = int((~kept).sum()) * ROW_S / 60 / result.replications
    missed &= kept.reindex(_by_row(timeline, missed).index, fill_value=True).to_numpy(bool)
    lost = mean_interval(list(missed.groupby(timeline["replication"]).sum() * ROW_S / 60))
    plain = before.intervals
    end = timeline["since_s"].max() + plain["clock_s"].min() - ROW_S + BEFORE_S
    plain = plain[plain["clock_s"] <= end + 1e-6]
    without = (plain["failed"] + plain["abandoned"]).groupby(plain["replication"]).sum()
    failed: Estimate = mean_interval(list(timeline.groupby("replication")["failed"].sum() - without))
    ongoing = missed & (timeline["since_s"] == timeline["since_s"].max())
    finite = timeline.loc[(timeline["since_s"] > 0) & (timeline["p99_s"] < math.inf), "p99_s"]
    return {
        "minutes_lost": lost.value,
        "lost_low": lost.low,
        "lost_high": lost.high,
        "failed": failed.value,
        "failed_low": failed.low,
        "failed_high": failed.high,
        "worst_s": float(finite.max()) if len(finite) else math.nan,
        "back_after_s": float(timeline.loc[missed, "since_s"].max()) if missed.any() else 0.0,
        "ongoing": bool(ongoing.any()),
        "missed_anyway": anyway,
    }


def _by_row(timeline: pd.DataFrame, values: pd.Series) -> pd.Series:
    """The same values by replication and time."""
    index = pd.MultiIndex.from_frame(timeline[["replication", "since_s"]].round(6))
    return pd.Series(values.to_numpy(), index=index)


def _shield(scenario: Scenario, event: str) -> dict[str, Any]:
    """What protects against an event today, and what a month would cost less without it."""
    without: Mapping[str, tuple[str, dict[str, Any]]] = {
        "database failover": ("standby in another zone", {"database.multi_az": False}),
        "cache failover": (f"{scenario.cache.nodes} cache nodes", {"cache.nodes": 1}),
    }
    assumed = ", assumed" if scenario.origin("platform.zones").kind == "assumed" else ""
    words = {
        "rollout": "surge and readiness of the rollout",
        "lost zone": f"{scenario.platform.zones} zones{assumed}",
        "backup": "a dump at night",
    }
    if event not in without:
        return {"protection": words[event], "protection_month": math.nan}
    name, changes = without[event]
    cheaper = monthly_total(scenario.override(changes, said_by="question"))
    return {"protection": name, "protection_month": monthly_total(scenario) - cheaper}
