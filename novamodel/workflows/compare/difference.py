"""Two deployments side by side: latency, errors, replicas, cost, and the settings that make the difference.

Both see the same callers at the same times with the same work (``simulation.compare``), so that the interval of a
difference is far narrower than that of either figure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from novamodel import units
from novamodel.loading import load
from novamodel.scenario import Change, Scenario, setting_changes
from novamodel.showing import Shown, shows_itself
from novamodel.simulation import Comparison, Result, compare
from novamodel.statistics import Estimate, paired_difference
from novamodel.workflows.compare.reasons import Reason, reasons
from novamodel.workflows.compare.words import NONE_FOUND, arrow, judged, markdown, said, signed, value_words
from novamodel.workflows.month import MonthlyCost, bill

METRICS = ("p50", "p95", "p99", "errors", "rejected")
MOST_SETTINGS = 8
"""Settings that differ, shown of a difference; `setting_table` and `reason_table` have them all."""
REASONS = "What each setting does by itself, a month in steady state and p99 in closed form"
REASON_HEADS = ("setting", "a month", "lines of the bill", "p99")
SAME_S = 1e-4
LOWER, LESS, FEWER = ("better", "worse"), ("cheaper", "dearer"), ("fewer", "more")


class Row(NamedTuple):
    """One figure of both, and ``b - a`` with its 95 % interval (nan where there is none)."""

    what: str
    a: float
    b: float
    difference: Estimate
    unit: str
    verdict: str


class Objective(NamedTuple):
    """One objective of either: its value and whether it is met (None where that scenario does not have it)."""

    text: str
    unit: str
    a: float | None
    b: float | None
    a_met: bool | None
    b_met: bool | None


@dataclass(frozen=True)
@shows_itself
class Difference:
    """What changes from deployment ``a`` to ``b``: figures, objectives, settings."""

    a: Scenario
    b: Scenario
    comparison: Comparison = field(repr=False)
    cost_a: MonthlyCost = field(repr=False)
    cost_b: MonthlyCost = field(repr=False)
    rows: tuple[Row, ...]
    objectives: tuple[Objective, ...]
    settings: tuple[Change, ...]
    reasons: tuple[Reason, ...]

    @property
    def newly_missed(self) -> tuple[str, ...]:
        """Objectives that ``b`` misses and ``a`` does not."""
        return tuple(one.text for one in self.objectives if one.b_met is False and one.a_met is not False)

    @property
    def frame(self) -> pd.DataFrame:
        """The figures as tidy data: what, a, b, difference, low, high, unit, verdict."""
        rows = [row._asdict() | {"difference": row.difference.value} | _ends(row.difference) for row in self.rows]
        return pd.DataFrame(rows, columns=["what", "a", "b", "difference", "low", "high", "unit", "verdict"])

    def table(self) -> list[tuple[str, str, str, str, str]]:
        """The figures as a reader's rows: what, A, B, difference with interval, verdict."""
        shown = []
        for row in self.rows:
            low, high = row.difference.low, row.difference.high
            ends = f"{signed(low, row.unit)}, {signed(high, row.unit)}"
            change = signed(row.difference.value, row.unit) + (f" [{ends}]" if low == low and low != high else "")
            change = {"same": "", NONE_FOUND: f"0 lies in [{ends}]"}.get(row.verdict, change)
            shown.append((row.what, value_words(row.a, row.unit), value_words(row.b, row.unit), change, row.verdict))
        return shown

    def objective_table(self) -> list[tuple[str, str, str]]:
        """The objectives as a reader's rows: text, A, B."""
        return [
            (one.text, judged(one.a, one.a_met, one.unit), judged(one.b, one.b_met, one.unit))
            for one in self.objectives
        ]

    def setting_table(self) -> list[tuple[str, str, str]]:
        """The settings that differ as a reader's rows: path, A, B, each value with the place that says it."""
        return [
            (one.path, said(one.a, one.unit, one.a_said), said(one.b, one.unit, one.b_said)) for one in self.settings
        ]

    def reason_table(self) -> list[tuple[str, str, str, str]]:
        """What each setting does by itself as a reader's rows: path, USD a month, its lines of the bill, p99."""
        currency = self.cost_a.mid.currency
        return [
            (
                one.path,
                "unknown" if one.cost != one.cost else signed(one.cost, currency) if one.cost else "same",
                "; ".join(f"{name} {signed(change, currency)}" for name, change in one.lines),
                "unknown" if one.p99_s != one.p99_s else signed(one.p99_s, "s") if abs(one.p99_s) >= SAME_S else "same",
            )
            for one in self.reasons
        ]

    def names(self) -> tuple[str, str]:
        """What A and B are."""
        count = len(self.settings)
        changed = f"{self.b.heading}, {count} setting{'' if count == 1 else 's'} changed"
        return self.a.heading, changed if self.a.heading == self.b.heading else self.b.heading

    def summary(self) -> str:
        """The difference in one sentence."""
        rows = {row[0]: row for row in self.table()}
        parts = [f"{name} {arrow(rows[name])}" for name in ("p99", "errors", "cost a month")]
        missed = f"; B misses {', '.join(self.newly_missed)}" if self.newly_missed else ""
        return ", ".join(parts) + missed

    def basis(self) -> str:
        """What the figures rest on, in one sentence."""
        first = self.comparison.a
        window = units.format_time(first.window_s)
        return (
            f"{first.replications} pairs of replications of {window}, seed {first.seed}, the same callers in both; "
            f"95 % intervals of the difference; prices of {self.cost_a.prices_date}, {self.cost_a.mid.region}"
        )

    def warnings(self) -> tuple[str, ...]:
        """What makes the figures doubtful, once each."""
        sides = (("A", self.comparison.a), ("B", self.comparison.b))
        return tuple(f"{name}: {text}" for name, result in sides for text in result.warnings)

    def to_dict(self) -> dict[str, Any]:
        """Figures for a machine: no time stamp, duration or path of this machine."""
        return {
            "a": _side(self.a, self.comparison.a, self.cost_a),
            "b": _side(self.b, self.comparison.b, self.cost_b),
            "seed": self.comparison.a.seed,
            "replications": self.comparison.a.replications,
            "differences": self.frame.to_dict("records"),
            "objectives": [one._asdict() for one in self.objectives],
            "newly_missed": list(self.newly_missed),
            "settings": [one._asdict() for one in self.settings],
            "reasons": [one._asdict() for one in self.reasons],
            "currency": self.cost_a.mid.currency,
            "prices_date": self.cost_a.prices_date,
        }

    def to_markdown(self) -> str:
        """A comment for a pull request: the sentence, the figures, the objectives, the settings."""
        names = self.names()
        lines = [f"**{self.summary()}**", "", f"A: {names[0]}  ", f"B: {names[1]}", ""]
        lines += markdown(("", "A", "B", "difference", ""), self.table(), right=(1, 2, 3))
        if self.objectives:
            lines += ["", *markdown(("objective", "A", "B"), self.objective_table())]
        settings = [(f"`{path}`", a, b) for path, a, b in self.setting_table()]
        head = f"{len(settings)} setting{'' if len(settings) == 1 else 's'} of the system differ"
        lines += ["", f"<details><summary>{head}{'s' if len(settings) == 1 else ''}</summary>", ""]
        lines += markdown(("setting", "A", "B"), settings)
        lines += ["", "</details>", "", f"<details><summary>{REASONS}</summary>", ""]
        lines += markdown(REASON_HEADS, [(f"`{row[0]}`", *row[1:]) for row in self.reason_table()], right=(1, 3))
        doubts = [f"> {text}  " for text in self.warnings()]
        return "\n".join([*lines, "", "</details>", "", *doubts, *([""] if doubts else []), f"_{self.basis()}_"])

    def _shown(self) -> Shown:
        a, b = self.names()
        objectives = [f"{text}: A {in_a}, B {in_b}" for text, in_a, in_b in self.objective_table()]
        settings = [f"{path}: A {in_a}, B {in_b}" for path, in_a, in_b in self.setting_table()]
        more = [f"{len(settings) - MOST_SETTINGS} more settings differ"] if len(settings) > MOST_SETTINGS else []
        alone = [f"{row[0]} alone: {row[1]} a month, p99 {row[3]}" for row in self.reason_table()[:MOST_SETTINGS]]
        notes = [f"A: {a}", f"B: {b}", *objectives, *settings[:MOST_SETTINGS], *more, *alone]
        notes += [*self.warnings(), self.basis()]
        return Shown(self.summary(), ("figure", "A", "B", "difference", "B is"), self.table(), notes)


def diff(
    a: Scenario | str | Path,
    b: Scenario | str | Path,
    *,
    engine: str = "auto",
    seed: int | None = None,
    replications: int | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> Difference:
    """Simulate and price two deployments with the same callers: what changes from ``a`` to ``b``.

    Each is a scenario, a scenario file, a bundled name or a folder of configuration files. Both are simulated in the
    window of ``a``, with its seed and replications unless they are given. A mistake in either, or something
    without a price, is a ``UserError``.
    """
    a, b = (one if isinstance(one, Scenario) else load(one) for one in (a, b))
    window = {"run.start": a.run.start, "run.duration": f"{a.run.duration!r} s"}
    b = b if (b.run.start, b.run.duration) == (a.run.start, a.run.duration) else b.override(window, said_by="diff")
    for scenario in (a, b):
        bill(scenario)  # what cannot be priced shows before the simulation
    both = compare(a, b, engine=engine, seed=seed, replications=replications, progress=progress)
    costs = bill(a, both.a), bill(b, both.b)
    rows = (*_metric_rows(both), *_replica_rows(both), *_cost_rows(*costs))
    settings = tuple(setting_changes(a, b))
    return Difference(a, b, both, *costs, rows, _objectives(both), settings, reasons(a, b, settings))


def _metric_rows(both: Comparison) -> list[Row]:
    frame = both.differences[(both.differences["of"] == "") & both.differences["metric"].isin(METRICS)]
    return [
        _row(row.metric, row.a, row.b, Estimate(row.difference, row.low, row.high), row.unit, LOWER)
        for row in frame.itertuples(index=False)
    ]


def _replica_rows(both: Comparison) -> list[Row]:
    """Ready replicas of each service that both have: the mean over the window, paired by replication."""
    means = [
        result.replicas.groupby(["service", "replication"])["ready"].mean().unstack("replication")
        for result in (both.a, both.b)
    ]
    rows = []
    for service in (name for name in means[0].index if name in means[1].index):
        a, b = (mean.loc[service].to_numpy(dtype=float) for mean in means)
        rows.append(_row(f"replicas of {service}", a.mean(), b.mean(), paired_difference(a, b), "", FEWER))
    return rows


def _cost_rows(a: MonthlyCost, b: MonthlyCost) -> list[Row]:
    """The middle month; a price has no chance in it, so the difference has no interval."""
    rows = []
    for what, of in (("cost a month", "total"), ("of it fixed", "baseline"), ("of it driven by use", "use")):
        first, second = (float(getattr(cost.mid, of)) for cost in (a, b))
        rows.append(_sure(what, first, second, a.mid.currency))
    idle = [float(sum(one.amount for one in cost.headroom)) for cost in (a, b)]
    rows.append(_sure("of it idle at the peak", idle[0], idle[1], a.mid.currency))
    return rows


def _sure(what: str, first: float, second: float, unit: str) -> Row:
    """An amount of money of both; its difference has no chance in it."""
    change = round(second - first, 2)
    return _row(what, first, second, Estimate(change, change, change), unit, LESS)


def _row(what: str, a: float, b: float, change: Estimate, unit: str, words: tuple[str, str]) -> Row:
    if change.low > 0 or change.high < 0:
        verdict = words[change.low > 0]
    elif a == b or change.low == change.high == 0:
        verdict = "same"
    else:
        verdict = NONE_FOUND if change.low <= 0 <= change.high else "cannot tell"
    return Row(what, float(a), float(b), change, unit, verdict)


def _objectives(both: Comparison) -> tuple[Objective, ...]:
    sides = [{slo.text: slo for slo in result.slo()} for result in (both.a, both.b)]
    found = []
    for text in [*sides[0], *(text for text in sides[1] if text not in sides[0])]:
        a, b = (side.get(text) for side in sides)
        unit = next(one.unit for one in (a, b) if one)
        found.append(Objective(text, unit, a and a.value, b and b.value, a and bool(a.met), b and bool(b.met)))
    return tuple(found)


def _side(scenario: Scenario, result: Result, cost: MonthlyCost) -> dict[str, Any]:
    low, mid, high = (float(total) for total in cost.totals())
    return {
        "scenario": scenario.name,
        "scenario_hash": scenario.content_hash(),
        "digest": result.digest,
        "cost": {"low": low, "mid": mid, "high": high},
        "warnings": list(result.warnings),
        "not_priced": list(cost.mid.not_priced),
    }


def _ends(estimate: Estimate) -> dict[str, float]:
    return {"low": estimate.low, "high": estimate.high}
