"""Replications until an estimate is as precise as asked."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from novamodel.scenario import Scenario
from novamodel.simulation.counts import Metric, metrics
from novamodel.simulation.estimates import precision_of
from novamodel.simulation.replication import Replication
from novamodel.units import format_fraction

FIRST = 4
"""Nothing is judged on fewer replications: by chance two or three lie close together too often."""


class Reached(NamedTuple):
    """What `run.precision` asked for and what came of it; precisions are shares of the value."""

    text: str
    metric: str
    of: str
    asked: float
    reached: float
    replications: int
    met: bool


def first_count(scenario: Scenario) -> int:
    """Replications of the first round."""
    run = scenario.run
    return run.replications if run.precision is None else min(max(run.replications, FIRST), run.most_runs)


def next_count(count: int, reached: float, asked: float, most: int) -> int:
    """Replications after the next round: as many as this spread would need, one more at least, twice at most.

    It depends on results alone, never on how many run at a time.
    """
    needed = math.ceil(count * (reached / asked) ** 2) if math.isfinite(reached) else 2 * count
    return min(max(needed, count + 1), 2 * count, most)


def until_precise(
    scenario: Scenario, runs: list[Replication], more: Callable[[range, str], list[Replication]]
) -> list[Replication]:
    """``runs`` and as many more as the scenario's precision needs; ``more`` runs a range of replications."""
    asked = scenario.run.precision
    if asked is None:
        return runs
    metric, most = _metric(scenario), scenario.run.most_runs
    while len(runs) < most:
        reached = precision_of(metric, scenario, runs)
        if reached <= asked.limit:
            break
        count = next_count(len(runs), reached, asked.limit, most)
        said = format_fraction(reached) if math.isfinite(reached) else "unknown"
        runs = [*runs, *more(range(len(runs), count), f"simulating until {asked.text} (now {said})")]
    return runs


def reached(scenario: Scenario, runs: Sequence[Replication]) -> Reached | None:
    """What came of the precision that the scenario asks for; None where it asks for none."""
    asked = scenario.run.precision
    if asked is None:
        return None
    value = precision_of(_metric(scenario), scenario, runs)
    return Reached(asked.text, asked.metric, asked.of or "", asked.limit, value, len(runs), value <= asked.limit)


def _metric(scenario: Scenario) -> Metric:
    asked = scenario.run.precision
    assert asked is not None
    return next(m for m in metrics(scenario) if (m.name, m.of) == (asked.metric, asked.of or ""))
