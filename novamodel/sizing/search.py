"""The cheapest size that keeps the objectives: closed forms screen the legal grid, simulation decides."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from novamodel.analytic import day
from novamodel.scenario import Scenario
from novamodel.sizing.answers import SETTINGS, Candidate, CostOf, Progress, Simulate, Sizing
from novamodel.sizing.grid import Grid, current_settings, screen, services_to_size
from novamodel.sizing.settings import advice, changes_text, overrides_between
from novamodel.sizing.verdict import excess, holds, missed_text, peak_replicas, unmoved, why_missed
from novamodel.sizing.window import peak_window

Settings = dict[str, dict[str, float]]
FRONT_STEP = 0.97
"""The next candidate of the front must be estimated at least this much better."""
EXPECTED = 0.9
"""An estimate of at most this share of the limit is expected to hold."""
CHEAPER_FAILURES = 2
"""So many cheaper candidates in a row that miss end the search downward."""


def size(
    scenario: Scenario,
    *,
    engine: str = "auto",
    progress: Progress | None = None,
    budget: int = 12,
    seed: int | None = None,
    duration_s: float = 300.0,
    replications: int = 3,
    simulate: Simulate | None = None,
    cost_of: CostOf | None = None,
) -> Sizing:
    """The cheapest legal configuration of the services that keeps every objective at the day's peak.

    Varies HPA bounds (or replicas), CPU and memory requests and limits, and pool size of every service with an
    autoscaler (without any: of the most loaded one). At most ``budget`` candidates, today's among them, are
    simulated for ``duration_s`` around the peak with the same customers. Cost is ``cost_of(scenario, mean replicas
    of the day)``; left out, the monthly compute of the services. ``simulate`` defaults to
    `novamodel.simulation.simulate`. Raises ``ValueError`` for a budget below 2.
    """
    if budget < 2:
        raise ValueError(f"a budget of {budget} is too small: today's size and one candidate need 2")
    names = services_to_size(scenario)
    grids = {name: screen(scenario, name) for name in names}
    today = {name: current_settings(scenario.services[name]) for name in names}
    bench = _Bench(
        scenario,
        today,
        simulate or default_simulate(),
        cost_of or _compute_cost(),
        {"seed": seed, "replications": replications, "engine": engine},
        peak_window(scenario, duration_s),
        progress,
        budget,
    )
    now = bench.run(today)
    _search(bench, bench.by_cost(fronts(grids, today)))
    _few_changes(bench, grids, today)
    return _answer(scenario, bench, now, sum(grid.screened for grid in grids.values()))


def fronts(grids: dict[str, Grid], today: Settings) -> list[Settings]:
    """Candidates from cheap to dear, each estimated better than the one before; several services step together."""
    steps = {name: _front(grid) for name, grid in grids.items()}
    longest = max((len(front) for front in steps.values()), default=0)
    joint = []
    for step in range(longest):
        settings = {}
        for name, front in steps.items():
            place = min(round(step * (len(front) - 1) / max(longest - 1, 1)), len(front) - 1)
            settings[name] = front[place] if front else today[name]
        joint.append(settings)
    return joint


def _front(grid: Grid) -> list[dict[str, float]]:
    """The Pareto front of cost weight and estimated ratio; among equals the fewest changes."""
    table = grid.table[np.isfinite(grid.table["ratio"])].copy()
    table["rounded"] = table["ratio"].round(2)
    table = table.sort_values(["weight", "rounded", "changes"], kind="stable")
    best, front = math.inf, []
    for row in table.itertuples(index=False):
        if row.ratio < best * FRONT_STEP:
            best = row.ratio
            front.append({setting: float(getattr(row, setting)) for setting in SETTINGS} | {"ratio": float(row.ratio)})
    return front


def _search(bench: _Bench, front: list[Settings]) -> None:
    """Walk the front from where the closed forms expect the objectives to hold: dearer until one does, then cheaper."""
    start = next((i for i, step in enumerate(front) if _ratio(step) <= 1.0), len(front) - 1)
    place, kept = start, None
    while 0 <= place < len(front) and bench.left > 0:
        candidate = bench.run(front[place])
        if bench.met(candidate):
            kept = place
            break
        jump = 1 if _ratio(front[place]) <= 1.0 else max(1, (start - place))
        place += jump
    failures, place = 0, (start if kept is None else min(start, kept)) - 1
    while place >= 0 and bench.left > 0 and failures < CHEAPER_FAILURES:
        failures = 0 if bench.met(bench.run(front[place])) else failures + 1
        place -= 1


def _few_changes(bench: _Bench, grids: dict[str, Grid], today: Settings) -> None:
    """Try what changes one or two settings only, where it should hold and costs no more than the best so far."""
    kept = [candidate.cost_month for candidate in bench.done if bench.met(candidate)]
    if not kept or bench.met(bench.done[0]):
        return
    for name, grid in grids.items():
        for most in (1, 2):
            rows = grid.table[(grid.table["changes"] <= most) & (grid.table["ratio"] <= EXPECTED)]
            if bench.left <= 0 or rows.empty:
                continue
            row = rows.sort_values(["weight", "ratio"], kind="stable").iloc[0]
            step = {**today, name: {setting: float(row[setting]) for setting in SETTINGS}}
            if bench.cost(bench.variant(step)[1]) <= min(kept):
                bench.run(step)


def _ratio(step: Settings) -> float:
    return max(settings.get("ratio", math.inf) for settings in step.values())


@dataclass
class _Bench:
    """Simulates candidates and remembers them."""

    scenario: Scenario
    today: Settings
    simulate: Simulate
    cost_of: CostOf
    options: dict[str, Any]
    window: dict[str, Any]
    progress: Progress | None
    budget: int

    def __post_init__(self) -> None:
        self.done: list[Candidate] = []

    @property
    def left(self) -> int:
        return self.budget - len(self.done)

    @property
    def ignored(self) -> frozenset[str]:
        """Objectives that no size moves."""
        return unmoved([candidate.slo for candidate in self.done])

    def variant(self, settings: Settings) -> tuple[dict[str, Any], Scenario]:
        """(overrides, scenario) of a candidate."""
        overrides: dict[str, Any] = {}
        for name, own in settings.items():
            overrides |= overrides_between(self.scenario, name, self.today[name], own)
        return overrides, self.scenario.override(overrides, said_by="sizing") if overrides else self.scenario

    def cost(self, variant: Scenario) -> float:
        """Monthly cost with the mean replicas of the steady-state day."""
        table = day(variant)
        return float(self.cost_of(variant, {name: float(table[name].mean()) for name in variant.services}))

    def by_cost(self, front: list[Settings]) -> list[Settings]:
        """The front in the order of its real cost, without those that cost more and are estimated no better."""
        priced = sorted((round(self.cost(self.variant(step)[1]), 2), place) for place, step in enumerate(front))
        kept: list[Settings] = []
        for _, place in priced:
            if not kept or _ratio(front[place]) < _ratio(kept[-1]):
                kept.append(front[place])
        return kept

    def met(self, candidate: Candidate) -> bool:
        return excess(candidate.slo, self.ignored) < 1

    def run(self, settings: Settings) -> Candidate:
        """Simulate one candidate, unless it has been."""
        overrides, variant = self.variant(settings)
        for before in self.done:
            if before.overrides == overrides:
                return before
        result = self.simulate(variant.override(self.window, said_by="sizing"), **self.options)
        objectives = tuple(result.slo())
        held = all(holds(objective) for objective in objectives)
        candidate = Candidate(
            overrides=overrides,
            changes=changes_text(self.scenario, overrides),
            settings={name: current_settings(variant.services[name]) for name in settings},
            scenario=variant,
            cost_month=self.cost(variant),
            met=held,
            why="" if held else why_missed(result),
            slo=objectives,
            replicas=peak_replicas(result),
            p99_s=tuple(result.estimate("p99")),
            errors=tuple(result.estimate("errors")),
            excess=excess(objectives),
        )
        self.done.append(candidate)
        if self.progress:
            self.progress(len(self.done) / self.budget)
        return candidate


def _answer(scenario: Scenario, bench: _Bench, now: Candidate, screened: int) -> Sizing:
    ignored = bench.ignored
    keeps = [candidate for candidate in bench.done if bench.met(candidate)]
    if keeps:
        best = min(keeps, key=lambda c: (c.cost_month, len(c.overrides), c.excess))
    else:
        best = min(bench.done, key=lambda c: (excess(c.slo, ignored), c.cost_month))
    judged = [replace(c, why=_fate(c, best, bench.met(c))) for c in bench.done]
    chosen = next(c for c in judged if c.overrides == best.overrides)
    today = next(c for c in judged if c.overrides == now.overrides)
    if bench.progress:
        bench.progress(1.0)
    return Sizing(
        chosen=chosen,
        now=today,
        candidates=_table(judged),
        screened=screened,
        met=best.met,
        advice=advice(scenario, best.overrides),
        blocks=_blocks(best, ignored, bool(keeps)),
        simulated=tuple(judged),
    )


def _fate(candidate: Candidate, best: Candidate, kept: bool) -> str:
    """Why a candidate was chosen or lost, in words."""
    if candidate.overrides == best.overrides:
        return "chosen" if candidate.met else f"closest: {candidate.why}"
    if not kept:
        return candidate.why
    more = candidate.cost_month - best.cost_month
    if more >= 0.005:
        return f"holds as well, but costs {more:,.2f} USD a month more"
    return "holds at the same cost, with more changes or less room"


def _blocks(best: Candidate, ignored: frozenset[str], kept: bool) -> str:
    """What stands in the way where an objective is missed by the choice."""
    if best.met:
        return ""
    missed = [objective for objective in best.slo if not holds(objective)]
    fixed = [missed_text(objective) for objective in missed if objective.text in ignored]
    rest = [missed_text(objective) for objective in missed if objective.text not in ignored]
    parts = [f"no size of these services changes it: {', '.join(fixed)}"] if fixed else []
    if rest:
        parts.append(f"no legal size that was simulated keeps it: {', '.join(rest)}; closest: {best.why}")
    return ". ".join(parts) if parts or kept else best.why


def _table(candidates: list[Candidate]) -> pd.DataFrame:
    rows = []
    for number, c in enumerate(candidates):
        for name, own in c.settings.items():
            rows.append(
                {
                    "candidate": number,
                    "service": name,
                    "changes": c.changes,
                    **own,
                    "replicas": c.replicas.get(name, math.nan),
                    **dict(zip(("p99_s", "p99_low", "p99_high"), c.p99_s, strict=True)),
                    **dict(zip(("errors", "errors_low", "errors_high"), c.errors, strict=True)),
                    "cost_month": c.cost_month,
                    "met": c.met,
                    "why": c.why,
                }
            )
    return pd.DataFrame(rows).sort_values(["cost_month", "candidate"], ignore_index=True)


def default_simulate() -> Simulate:
    """The simulation's front door."""
    from novamodel.simulation import simulate

    return simulate


def _compute_cost() -> CostOf:
    from novamodel.sizing.price import compute_cost

    return compute_cost
