"""What sizing answers: candidates with their fate, advice in the user's terms, and the knee."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from novamodel.scenario import Scenario
from novamodel.showing import Shown, number, shows_itself
from novamodel.sizing.unused import Spare
from novamodel.sizing.variables import Variable
from novamodel.units import format_fraction, format_time

Progress = Callable[[float], None]
"""Is told the share done, 0 to 1."""
CostOf = Callable[[Scenario], float]
"""Monthly cost (USD) of a scenario."""
Simulate = Callable[..., Any]
"""The simulation's front door: ``simulate(scenario, *, seed, replications, engine) -> Result``."""


@dataclass(frozen=True)
@shows_itself
class Candidate:
    """One configuration that was simulated.

    ``overrides`` are paths and values that make it from the scenario; ``settings`` its decision variables by
    service (cores, bytes, shares, counts; nan = no limit); ``replicas`` the simulated mean of each service at the
    peak. ``met`` judges the estimates of all objectives (the rule of ``novamodel check``); ``doubt`` is the
    probability that this verdict is wrong, after ``replications`` replications.
    """

    overrides: dict[str, Any]
    changes: str
    settings: dict[str, dict[str, float]]
    scenario: Scenario = field(repr=False)
    cost_month: float
    met: bool
    why: str
    slo: tuple[Any, ...]
    replicas: dict[str, float]
    p99_s: tuple[float, float, float]
    errors: tuple[float, float, float]
    excess: float  # largest of (estimate over limit); below 1 = every objective holds
    doubt: float
    replications: int
    result: Any = field(repr=False, compare=False)

    def _shown(self) -> Shown:
        rows = [(name, "as now" if value is None else str(value)) for name, value in self.overrides.items()]
        rows += [("cost a month", f"{self.cost_month:,.2f} USD"), ("p99", format_time(self.p99_s[0]))]
        return Shown(
            f"{self.changes or 'as now'}: {'met' if self.met else 'missed'}", ("setting", "value"), rows, [self.why]
        )


@dataclass(frozen=True)
@shows_itself
class Explained:
    """What an answer says beyond the choice, where it was asked for (``size(..., explain=True)``).

    ``tornado``: a row a step of one variable or assumption from the choice: ``what, kind, change, p99_s``, its paired
    difference ``p99_change_s, low, high``, ``cost_change`` and ``met`` (nan where the step is not legal, with
    ``why``). ``gains``: a row a change of the advice made alone, in the same columns. ``regret``: a row a candidate
    and demand multiple: ``changes, multiple, cost_month, p99_s, met, regret`` (USD a month above the cheapest that
    holds there; infinite for a miss). ``least_regret`` names the candidate whose worst case is best. ``knee`` is that
    of the choice: its headroom.
    """

    tornado: pd.DataFrame
    gains: pd.DataFrame
    regret: pd.DataFrame
    least_regret: str
    knee: Any

    def _shown(self) -> Shown:
        head = ("what", "change", "p99", "cost", "met")
        rows = [
            (str(row.what), str(row.change), format_time(row.p99_s), f"{row.cost_change:+,.2f} USD", str(row.met))
            for row in self.tornado.itertuples()
        ]
        return Shown(
            "One step of each variable and assumption from the choice",
            head,
            rows,
            [f"least regret: {self.least_regret}"],
        )


@dataclass(frozen=True)
@shows_itself
class Sizing:
    """The answer to "which size": see the fields.

    ``chosen`` is the cheapest simulated candidate whose estimates keep every objective (the closest where none
    does: then ``met`` is False and ``blocks`` says what blocks); at equal cost the one with the fewest changes.
    ``now`` is today's configuration in the same window with the same customers. ``candidates`` has one row a
    simulated candidate and service; ``screened`` is the number of legal combinations of the ``variables`` that the
    closed forms judged. ``front`` holds the simulated candidates that none betters in both cost and p99; ``binds``
    says which objective and which tier are nearest to their limit. ``right`` is the probability that the choice is
    right, ``certainty`` says it with its assumptions. ``advice`` is the way from today to the choice in the terms of
    the user's files, with what each change alone does to the bill. ``explained`` is None unless asked for.
    """

    chosen: Candidate
    now: Candidate
    candidates: pd.DataFrame
    screened: int
    met: bool
    advice: pd.DataFrame
    blocks: str = ""
    simulated: tuple[Candidate, ...] = field(default=(), repr=False)
    variables: tuple[Variable, ...] = field(default=(), repr=False)
    front: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    binds: str = ""
    right: float = math.nan
    certainty: str = ""
    effort: int = 0  # replications simulated to choose
    explained: Explained | None = field(default=None, repr=False)
    held: str = ""  # what was left as it is, in a sentence
    spare: Spare = field(default_factory=Spare)  # requests of the choice that are far above what is used
    window: str = ""  # what every candidate was simulated in, in words

    def billed_from(self, month: float) -> Sizing:
        """The same with bills from what today's month costs by another bill (USD): their differences stay."""
        more = month - self.now.cost_month

        def moved(one: Candidate) -> Candidate:
            return replace(one, cost_month=round(one.cost_month + more, 2))

        return replace(
            self,
            chosen=moved(self.chosen),
            now=moved(self.now),
            simulated=tuple(map(moved, self.simulated)),
            candidates=self.candidates.assign(cost_month=(self.candidates["cost_month"] + more).round(2)),
            front=self.front.assign(cost_month=(self.front["cost_month"] + more).round(2)),
        )

    def _shown(self) -> Shown:
        verdict = "keeps every objective" if self.met else "keeps no candidate's objectives: the closest is shown"
        title = f"{self.chosen.changes or 'as now'}: {verdict}, {self.chosen.cost_month:,.2f} USD a month"
        rows = [
            (
                one.changes or "as now",
                f"{one.cost_month:,.2f}",
                format_time(one.p99_s[0]),
                "met" if one.met else "missed",
            )
            for one in self.simulated or (self.now, self.chosen)
        ]
        head = ("simulated", "USD a month", "p99", "objectives")
        return Shown(title, head, rows, [self.blocks, self.binds, self.certainty, self.held])

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        more: dict[str, Any] = {}
        if self.explained is not None:
            told = self.explained
            more = {
                "tornado": _records(told.tornado),
                "gains": _records(told.gains),
                "regret": _records(told.regret),
                "least_regret": told.least_regret,
                "headroom": told.knee.to_dict() if told.knee else None,
            }
        return {
            "met": self.met,
            "window": self.window,
            "screened": self.screened,
            "variables": [{"name": v.name, "said": v.said, "values": len(v.values)} for v in self.variables],
            "now": {"settings": _plain(self.now.settings), "cost_month": _number(self.now.cost_month)},
            "advised": {
                "settings": _plain(self.chosen.settings),
                "changes": self.chosen.overrides,
                "cost_month": _number(self.chosen.cost_month),
            },
            "blocks": self.blocks,
            "binds": self.binds,
            "right": _number(self.right),
            "certainty": self.certainty,
            "held": self.held,
            "unused_requests": {
                "rows": [row._asdict() for row in self.spare.rows],
                "saves": _number(self.spare.saves),
            },
            "replications_simulated": self.effort,
            "front": _records(self.front),
            "advice": _records(self.advice),
            **more,
        }


@dataclass(frozen=True)
@shows_itself
class Knee:
    """Load against latency: see `novamodel.sizing.knee`.

    ``curve`` has one row a simulated multiple; ``load_multiple_at_breach`` is the first multiple, interpolated, at
    which an objective is missed (None: none was missed), ``breach_low`` and ``breach_high`` its 95 % interval (None
    above: at no load that was tried); ``first_limit`` says in a sentence what gives out
    first, ``first_tier`` names it alone; ``tiers`` ranks the tiers, those that cannot scale out first.
    """

    curve: pd.DataFrame
    load_multiple_at_breach: float | None
    first_limit: str
    tiers: pd.DataFrame
    breach_low: float | None = None
    breach_high: float | None = None
    first_tier: str = ""  # what gives out first, as `tiers` names it; empty where nothing does or no tier is to blame

    def _shown(self) -> Shown:
        head = ("load", "requests/s", "replicas", "p99", "errors", "objectives")
        rows = [
            (
                f"{row.multiple:.3g} x",
                number(row.rate_per_s),
                number(row.replicas),
                format_time(float(f"{row.p99_s:.3g}")),
                format_fraction(float(f"{row.errors:.3g}")),
                "met" if row.met else "missed",
            )
            for row in self.curve.itertuples()
        ]
        return Shown("Load against latency", head, rows, [self.first_limit])

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        return {
            "load_multiple_at_breach": self.load_multiple_at_breach,
            "breach_low": self.breach_low,
            "breach_high": self.breach_high,
            "first_limit": self.first_limit,
            "curve": [{k: _number(v) for k, v in row.items()} for row in self.curve.to_dict(orient="records")],
        }


def _plain(settings: dict[str, dict[str, float]]) -> dict[str, dict[str, float | None]]:
    return {name: {k: _number(v) for k, v in own.items()} for name, own in settings.items()}


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(k): _number(v) for k, v in row.items()} for row in frame.to_dict(orient="records")]


def _number(value: Any) -> Any:
    """nan and infinities become None, which JSON can say; numpy numbers become plain ones."""
    if isinstance(value, int | float):
        return value if isinstance(value, int) or math.isfinite(value) else None
    return value.item() if hasattr(value, "item") else value
