"""What breaks first as the load rises, would callers that retry make it a storm, and which fix is the cheapest?

The knee is simulated. A retry storm is a fixed point on the simulated share of failures: callers that retry raise
the offered load, which raises the failures. Where two fixed points exist, a surge is enough to stay in the upper one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from novamodel.errors import UserError
from novamodel.questions.first_break.retry_storm import storm_rows
from novamodel.questions.shared import Tell, Text, dollars, need_objectives, readable, shows_headline
from novamodel.scenario import Scenario
from novamodel.sizing import Knee
from novamodel.workflows.plan import LoadRuns, tried_fixes

MOST_RETRIES = 10


@dataclass(frozen=True)
@shows_headline
class BreakAnswer:
    """The answer and its grounds, as tidy tables.

    ``knee``: latency and errors against load, and the tiers. ``failing``: a row a simulated load with the share of
    requests that failed or were given up. ``storm``: a row a load without retries, with offered load and goodput at the
    calm and the stormy fixed point. ``fixes``: a row a fix, and one as now, with the load multiple at which an
    objective is missed then, between which simulated loads that lies, and its cost.
    """

    scenario: Scenario = field(repr=False)
    knee: Knee = field(repr=False)
    retries: int
    timeout_s: float
    failing: pd.DataFrame = field(repr=False)
    storm: pd.DataFrame = field(repr=False)
    fixes: pd.DataFrame = field(repr=False)
    cost_month: float

    @property
    def breach(self) -> float | None:
        """Load, over today's peak, at which an objective is missed."""
        return self.knee.load_multiple_at_breach

    @property
    def storm_from(self) -> float | None:
        """Load, over today's peak, from which a surge would leave a storm behind; None where none does."""
        rows = self.storm[self.storm["offered_storm_per_s"] > 1.05 * self.storm["offered_per_s"]]
        return None if rows.empty else float(rows["multiple"].min())

    @property
    def cheapest(self) -> pd.Series | None:
        """The fix with the most gain for a dollar; None where none gains."""
        rows = self.fixes[self.fixes["gain"] > 0]
        return None if rows.empty else rows.iloc[0]

    def headline(self) -> dict[str, float]:
        """Figures by name."""
        nothing = float("nan")
        fix = self.cheapest
        return {
            "load multiple at the knee": self.breach or nothing,
            "load multiple from which a storm stays": self.storm_from or nothing,
            "load multiple after the best fix": nothing if fix is None else float(fix["multiple"]),
            "cost of the best fix, grown (USD/month)": nothing if fix is None else float(fix["cost_more_grown"]),
        }

    def fixes_table(self) -> pd.DataFrame:
        """The fixes for a reader, the most gain for a dollar first."""
        return readable(
            self.fixes.assign(between=[_between(row) for row in self.fixes.itertuples()]),
            {
                "fix": ("fix, alone", None),
                "change": ("change", None),
                "multiple": ("holds up to (x today)", "{:.3g}".format),
                "between": ("between", None),
                "cost_more": ("USD a month more, today's traffic", _more),
                "cost_more_grown": ("at the traffic of the knee", _more),
                "then": ("what is missed then", None),
            },
        )

    def conclusion(self) -> Text:
        """The answer in words."""
        return Text("\n".join(f"* **{head}.** {text}" for head, text in self._sentences()))

    def _sentences(self) -> list[tuple[str, str]]:
        parts = [("First limit", f"{self.knee.first_limit}.")]
        over = self.knee.tiers[self.knee.tiers["may_open"] > self.knee.tiers["limit"]]
        for row in over.itertuples():
            text = f"full pools at the most replicas open {row.may_open:,.0f} of {row.limit:,.0f} {row.tier}"
            first = "" if row.tier == self.knee.first_tier else ", but not what gives out first"
            parts.append(("Safety", f"{text}: a risk in the configuration at any load{first}."))
        waits = f"callers that give up after {self.timeout_s:g} s and retry {self.retries} times"
        if self.storm_from is not None:
            text = f"a storm that a surge has started stays from {self.storm_from:.3g} x today's peak on"
            parts.append(("Retries", f"with {waits}, {text}."))
        elif len(self.storm):
            parts.append(
                ("Retries", f"with {waits}, no load up to {self.storm['multiple'].max():.3g} x keeps a storm alive.")
            )
        fix = self.cheapest
        if self.breach is None:
            parts.append(("Cheapest fix", "nothing has to be fixed up to the highest load tried."))
        elif fix is None:
            parts.append(("Cheapest fix", "no single change that was tried moves the knee by more than chance may."))
        else:
            moved = f"moves the knee from {self.breach:.3g} x to {fix['multiple']:.3g} x ({_between(fix)})"
            parts.append(
                (
                    "Cheapest fix",
                    f"{fix['fix']} ({fix['change']}) {moved} for {_more(fix['cost_more'])} USD a month at today's"
                    f" traffic (now {dollars(self.cost_month)}), {_more(fix['cost_more_grown'])} once it has grown to"
                    " the knee.",
                )
            )
        gaps = "fixes are tried one at a time; retries are a fixed point on the simulated failures, not simulated"
        return [*parts, ("Known gaps", f"{gaps}; the autoscaler rests at each load before it is judged.")]


def what_breaks_first(
    scenario: Scenario,
    *,
    retries: int = 3,
    timeout_s: float = 1.0,
    seed: int | None = None,
    engine: str = "auto",
    quick: bool = False,
    progress: Tell | None = None,
) -> BreakAnswer:
    """Raise the load to the knee, ask whether retries would make a storm of it, and try fixes one by one.

    ``retries``: further tries of a request that failed. ``timeout_s``: callers give up after so long. Loads are
    multiples of today's peak; all runs see the same customers. Raises ``UserError`` without an objective, and for
    retries or time-outs that cannot be.
    """
    need_objectives(scenario)
    if not 0 <= retries <= MOST_RETRIES:
        raise UserError(f"{retries} retries", valid=f"0 to {MOST_RETRIES}")
    if not timeout_s > 0:
        raise UserError(f"a time-out of {timeout_s:g} s", valid="more than 0 s")
    tell = progress or (lambda share, text: None)
    work = LoadRuns(scenario, {"seed": seed, "engine": engine}, quick)
    tell(0.0, "finding the knee")
    found = work.knee()
    breach = found.load_multiple_at_breach
    tell(0.3, "beyond the knee")
    failing = work.failing(breach, timeout_s)
    fixes = tried_fixes(work, found, lambda share, text: tell(0.5 + 0.5 * share, text))
    return BreakAnswer(
        scenario=scenario,
        knee=found,
        retries=retries,
        timeout_s=timeout_s,
        failing=failing,
        storm=storm_rows(failing, retries),
        fixes=fixes,
        cost_month=work.cost,
    )


def _between(fix: Any) -> str:
    """The simulated loads between which an objective is first missed."""
    if math.isinf(fix.high):
        return f"more than {fix.low:.3g}"
    return f"{fix.low:.3g} to {fix.high:.3g}" if fix.low else f"less than {fix.high:.3g}"


def _more(amount: float) -> str:
    return f"{round(amount):+,}" if round(amount) else "0"
