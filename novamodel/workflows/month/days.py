"""One day of a scenario by the hour, with what a run says of it."""

from __future__ import annotations

from operator import mul
from typing import NamedTuple

import pandas as pd

from novamodel.cost.meters import billed_task_seconds
from novamodel.scenario import Scenario
from novamodel.scenario.operations import delay_of
from novamodel.simulation import Result
from novamodel.units import format_clock
from novamodel.workflows.month.answered import Answered

HOURS = 24


class Surge(NamedTuple):
    """Replicas beyond the wanted number that the operations of a day bring: a rolling update's, and what drains.

    AWS bills a task from the pull of its image to its end, by the second, a minute at least; here from its creation
    (the network interface that comes before the pull, some 10 s, is in it).
    """

    seconds: dict[str, float]  # by service: billed replica-seconds a day above those of the wanted number
    most: dict[str, dict[int, float]]  # by service and hour: most replicas that were there at once
    unseen: tuple[str, ...]  # rolling updates that no run has covered


class DayUse(NamedTuple):
    """One day, or a month's days in a row, by the hour: requests a second of each source, replicas of each service."""

    rates: dict[str, list[float]]
    replicas: dict[str, list[float]]
    surge: Surge
    answered: Answered = Answered()

    @property
    def answered_rates(self) -> dict[str, float]:
        """Mean requests a second of each source that are answered."""
        return {name: sum(map(mul, hours, self.shares)) / len(hours) for name, hours in self.rates.items()}

    @property
    def shares(self) -> tuple[float, ...]:
        """Share of every hour's requests that is answered."""
        shares = self.answered.shares
        return shares * len(next(iter(self.rates.values()))) if len(shares) == 1 else shares

    @property
    def mean_rates(self) -> dict[str, float]:
        """Mean requests a second of each source."""
        return {name: sum(hours) / len(hours) for name, hours in self.rates.items()}


def simulated_day(table: pd.DataFrame, result: Result) -> pd.DataFrame:
    """The day with the simulated replicas in the hours that were simulated; `source` says which those are.

    An hour takes the mean of what was there, draining replicas included. Where operations were simulated it takes the
    wanted number: what they add or take away belongs to their minutes, not to the hour (`simulated_surge`).
    """
    table, rows = table.copy(), _by_hour(result)
    there = rows["wanted"] if _operated(result) else rows["ready"] + rows["pending"] + rows["ending"]
    for (hour, service), counts in there.groupby([rows["hour"], rows["service"]]):
        here = table["hour"] == hour
        table[service] = table[service].astype(float)
        table.loc[here, service] = float(counts.mean())
        table.loc[here, "source"] = "simulated"
    return table


def no_surge(scenario: Scenario) -> Surge:
    """What is known without a run: which rolling updates are left out."""
    return Surge({}, {}, _rollouts(scenario, seen=False))


def simulated_surge(result: Result) -> Surge:
    """What the operations of a run added, a mean over its replications."""
    scenario = result.scenario
    unseen = _rollouts(scenario, seen=True)
    if not _operated(result):
        return Surge({}, {}, unseen)
    begin = scenario.run.start
    end = begin + scenario.run.duration
    wanted = _by_hour(result).merge(result.intervals[["replication", "clock_s", "length_s"]])
    seconds, most = {}, {}
    for service, lives in result.lives.groupby("service"):
        rows = wanted[wanted["service"] == service]
        billed = sum(_billed_s(life.from_s, life.to_s, begin, end) for life in lives.itertuples())
        more = billed - float((rows["wanted"] * rows["length_s"]).sum())
        seconds[str(service)] = max(0.0, more) / result.replications
        most[str(service)] = _most(lives, begin, end, result.replications)
    return Surge(seconds, most, unseen)


def _billed_s(created: float, gone: float, begin: float, end: float) -> float:
    """Seconds of a replica's life that are billed in the window; its minute at least counts where it ends."""
    inside = min(gone, end) - max(created, begin)
    return inside + (float(billed_task_seconds(gone - created)) - (gone - created) if gone <= end else 0.0)


def _most(lives: pd.DataFrame, begin: float, end: float, replications: int) -> dict[int, float]:
    """By hour of the day: most replicas at once, a mean over replications. It is reached as a replica comes."""
    found: dict[int, float] = {}
    for _, rows in lives.groupby("replication"):
        highest: dict[int, float] = {}
        for at in {begin, *rows["from_s"][rows["from_s"].between(begin, end, inclusive="left")]}:
            hour = int(at // 3600 % HOURS)
            there = float(((rows["from_s"] <= at) & (rows["to_s"] > at)).sum())
            highest[hour] = max(highest.get(hour, 0.0), there)
        for hour, count in highest.items():
            found[hour] = found.get(hour, 0.0) + count / replications
    return found


def _by_hour(result: Result) -> pd.DataFrame:
    return result.replicas.assign(hour=(result.replicas["clock_s"] - 1e-6) // 3600 % HOURS)


def _operated(result: Result) -> bool:
    """Whether an operation falls into the run."""
    return any(delay_of(result.scenario.run, operation) is not None for operation in result.scenario.operations)


def _rollouts(scenario: Scenario, *, seen: bool) -> tuple[str, ...]:
    """Rolling updates that are not in a run; with ``seen`` only those outside of the scenario's window."""
    return tuple(
        f"replicas that the rolling update of {operation.rollout.service} at {format_clock(operation.at)} adds: "
        "bill it with a run over that time"
        for operation in scenario.operations
        if operation.rollout is not None and not (seen and delay_of(scenario.run, operation) is not None)
    )
