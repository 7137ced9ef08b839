"""What is decided for a scenario, made once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from novamodel.scenario import RestsOn, Scenario, rests_on
from novamodel.showing import Shown, shows_itself
from novamodel.simulation import Result
from novamodel.sizing import Knee, Sizing, size
from novamodel.workflows.month import MonthlyCost, bill, monthly_total
from novamodel.workflows.parts import Attempt, plainly
from novamodel.workflows.plan.fixes import tried_fixes
from novamodel.workflows.plan.load_runs import LoadRuns
from novamodel.workflows.plan.named import Figure, bill_window, of_bill, of_fixes, of_knee, of_run, of_size

Tell = Callable[[float, str], None]
BUDGET, QUICK_BUDGET = 12, 4
"""Candidates of a size."""
QUICK: dict[str, Any] = {"duration_s": 60.0, "replications": 2}


@dataclass(frozen=True)
@shows_itself
class Plan:
    """A scenario's bottleneck and knee, the fixes that were tried, the advised size, the bill, and what they rest on.

    ``result``: the run of the scenario's own window; ``fixes``: see `tried_fixes`; bills of ``sizing`` are told from
    ``cost``. A part that could not be made is None.
    """

    scenario: Scenario = field(repr=False)
    rests_on: RestsOn = field(repr=False)
    result: Result | None = field(repr=False)
    knee: Knee | None = field(repr=False)
    fixes: pd.DataFrame | None = field(repr=False)
    sizing: Sizing | None = field(repr=False)
    cost: MonthlyCost | None = field(repr=False)

    @property
    def bottleneck(self) -> str:
        """The tier that gives out first; empty where none does or none is to blame."""
        return "" if self.knee is None else self.knee.first_tier

    @property
    def cheapest_fix(self) -> dict[str, Any] | None:
        """The fix with the most gain for a dollar; None where none gains."""
        rows = [] if self.fixes is None else self.fixes[self.fixes["gain"] > 0].to_dict("records")
        return {str(key): value for key, value in rows[0].items()} if rows else None

    def figures(self) -> tuple[Figure, ...]:
        """Every figure with its name and window."""
        hours = "" if self.cost is None else bill_window(self.cost)
        parts = (
            [] if self.result is None else of_run(self.result),
            [] if self.knee is None else of_knee(self.knee),
            [] if self.fixes is None else of_fixes(self.fixes),
            [] if self.sizing is None else of_size(self.sizing, hours),
            [] if self.cost is None else of_bill(self.cost),
        )
        return tuple(figure for part in parts for figure in part)

    def _shown(self) -> Shown:
        rows = [(one.name, str(one.value), one.unit, one.window) for one in self.figures()]
        return Shown(self.scenario.heading, ("figure", "value", "unit", "window"), rows)


def make_plan(
    scenario: Scenario,
    *,
    result: Result | None = None,
    day: Result | None = None,
    rests: RestsOn | None = None,
    engine: str = "auto",
    quick: bool = False,
    progress: Tell | None = None,
    attempt: Attempt = plainly,
) -> Plan:
    """Find the knee, try fixes, size, price.

    ``result``: a run of the scenario's window, ``day`` one of the whole day; the bill takes the hours of the longer.
    ``attempt`` makes each part by its name.
    """
    tell = progress or (lambda share, text: None)
    work = LoadRuns(scenario, {"seed": None, "engine": engine}, quick)
    knee = attempt("knee", lambda: work.knee(lambda share: tell(0.4 * share, "finding the knee")))
    fixes = None
    if knee is not None:
        fixes = attempt("fixes", lambda: tried_fixes(work, knee, lambda share, text: tell(0.4 + 0.2 * share, text)))
    sized = attempt(
        "sizing",
        lambda: find_size(
            scenario, engine=engine, quick=quick, progress=lambda share: tell(0.6 + 0.35 * share, "sizing")
        ),
    )
    cost = attempt("bill", lambda: checked_bill(bill(scenario, day or result)))
    if cost is not None and sized is not None:
        sized = sized.billed_from(float(cost.mid.total))
    return Plan(scenario, rests or rests_on(scenario), result, knee, fixes, sized, cost)


def find_size(
    scenario: Scenario,
    *,
    engine: str = "auto",
    quick: bool = False,
    progress: Callable[[float], None] | None = None,
    nodes: bool = False,
    explain: bool = False,
    demand: Sequence[float] = (),
    holds: Sequence[str] = (),
) -> Sizing:
    """The size that every output advises: `novamodel.sizing.size` by the month's whole bill, autoscalers at rest."""
    return size(
        scenario,
        engine=engine,
        progress=progress,
        cost_of=monthly_total,
        budget=QUICK_BUDGET if quick else BUDGET,
        nodes=nodes,
        explain=explain,
        demand=demand,
        holds=holds,
        **(QUICK if quick else {}),
    )


def checked_bill(cost: MonthlyCost) -> MonthlyCost:
    """The bill, if its parts add up and its total lies in its range."""
    low, mid, high = cost.totals()
    if abs(float(cost.mid.baseline + cost.mid.use - mid)) >= 0.005 or not low <= mid <= high:
        raise RuntimeError("the bill does not add up")
    return cost
