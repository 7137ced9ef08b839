"""What an answer says on request: tornado, the gain of each change alone, least regret, headroom."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from novamodel.errors import UserError
from novamodel.scenario import Scenario
from novamodel.sizing.answers import Candidate, Explained, Progress, Sizing
from novamodel.sizing.bench import Bench
from novamodel.sizing.breach import knee
from novamodel.sizing.variables import Variable
from novamodel.sizing.verdict import excess
from novamodel.sizing.window import peak_window
from novamodel.statistics import Estimate, around, paired_difference

WINDOW_S = 60.0
REPLICATIONS = 3
MOST_CANDIDATES = 4
"""Candidates whose regret is compared."""
SLOWER, FASTER = 0.8, 1.25


def explain(bench: Bench, sizing: Sizing, demand: Sequence[float], progress: Progress | None) -> Explained:
    """Everything around the choice, in shorter windows with common random numbers."""
    looks = _Looks(bench, peak_window(bench.scenario, WINDOW_S), progress)
    chosen = sizing.chosen
    looks.planned = 2 * len(sizing.variables) + 8 + len(chosen.overrides) + len(demand) * MOST_CANDIDATES
    tornado = _tornado(looks, chosen, sizing.variables, bench.scenario)
    gains = _gains(looks, chosen, sizing.variables)
    regret, least = _regret(looks, sizing, demand)
    headroom = knee(chosen.scenario, engine=bench.engine, seed=bench.seed, simulate=bench.simulate)
    return Explained(tornado, gains, regret, least, headroom)


class _Looks:
    """Short simulations of variants, each but once."""

    def __init__(self, bench: Bench, window: dict[str, Any], progress: Progress | None) -> None:
        self.bench, self.window, self.progress = bench, window, progress
        self.known: dict[str, Any] = {}
        self.planned = 1

    def at(self, variant: Scenario) -> Any:
        key = variant.content_hash()
        if key not in self.known:
            run = variant.override(self.window, said_by="sizing")
            options = {"seed": self.bench.seed, "replications": REPLICATIONS, "engine": self.bench.engine}
            self.known[key] = self.bench.simulate(run, **options)
            if self.progress:
                self.progress(min(0.85 * len(self.known) / self.planned, 1.0))
        return self.known[key]

    def row(self, base: Scenario, make: Callable[[], Scenario]) -> dict[str, Any]:
        """What a step from a base changes; nan and the reason where it is not legal."""
        try:
            variant = make()
            cost = float(self.bench.cost_of(variant)) - float(self.bench.cost_of(base))
            before, after = self.at(base), self.at(variant)
        except UserError as problem:
            nothing = dict.fromkeys(("p99_s", "p99_change_s", "low", "high", "cost_change"), math.nan)
            return {**nothing, "met": False, "why": f"not legal alone: {str(problem).splitlines()[0]}"}
        change = p99_change(before, after)
        return {
            "p99_s": after.estimate("p99").value,
            "p99_change_s": change.value,
            "low": change.low,
            "high": change.high,
            "cost_change": round(cost, 2),
            "met": all(objective.met for objective in after.slo()),
            "why": "",
        }


def p99_change(before: Any, after: Any) -> Estimate:
    """Difference of the p99 (s) with its paired 95 % interval."""
    one, other = _by_replication(before), _by_replication(after)
    change = after.estimate("p99").value - before.estimate("p99").value
    if min(one.size, other.size) < 2:
        return Estimate(change, math.nan, math.nan)
    return around(change, paired_difference(one, other))


def _by_replication(result: Any) -> np.ndarray:
    frame = result.by_replication
    return np.asarray(frame[(frame["metric"] == "p99") & (frame["of"] == "")]["value"].to_numpy())


def _tornado(looks: _Looks, chosen: Candidate, variables: Sequence[Variable], today: Scenario) -> pd.DataFrame:
    """One step down and up of every variable, and of what is assumed."""
    base, held = chosen.scenario, chosen.scenario.paths()
    rows = []
    for variable in variables:
        place = variable.place(held)
        if place is None:
            continue
        for step in (-1, 1):
            if 0 <= place + step < len(variable.values):
                told = looks.row(base, lambda v=variable, at=place + step: base.override(v.at(at)))  # type: ignore[misc]
                change = f"{variable.text(place)} -> {variable.text(place + step)}"
                rows.append({"what": variable.name, "kind": "variable", "step": step, "change": change, **told})
    for name, low, high in _assumptions(base, today):
        for step, (text, make) in ((-1, low), (1, high)):
            rows.append({"what": name, "kind": "assumption", "step": step, "change": text, **looks.row(base, make)})
    table = pd.DataFrame(rows)
    width = table.groupby("what")["p99_change_s"].transform(lambda column: column.abs().max()).fillna(-1.0)
    order = table.assign(width=width).sort_values(["width", "what", "step"], ascending=[False, True, True])
    return order.drop(columns="width").reset_index(drop=True)


def _assumptions(base: Scenario, today: Scenario) -> list[tuple[str, Any, Any]]:
    """(name, (text, variant) below, (text, variant) above) of what nobody measures exactly."""
    spread = today.pricing.uncertainty or 0.1
    speed = base.platform.core_speed
    found = [
        (
            "load",
            (f"-{spread * 100:g} %", lambda: base.with_load(1 - spread)),
            (f"+{spread * 100:g} %", lambda: base.with_load(1 + spread)),
        ),
        (
            "speed of a core",
            (f"{speed:g} -> {speed * SLOWER:g}", lambda: base.override({"platform.core_speed": speed * SLOWER})),
            (f"{speed:g} -> {speed * FASTER:g}", lambda: base.override({"platform.core_speed": speed * FASTER})),
        ),
    ]
    for part, name in (("database", "network to the database"), ("cache", "network to the cache")):
        path = f"{part}.network"
        time = float(base.paths()[path])
        below, above = ({path: f"{time * factor!r} s"} for factor in (0.5, 2.0))
        found.append(
            (
                name,
                (f"{time * 1e3:g} -> {time * 500:g} ms", lambda c=below: base.override(c)),  # type: ignore[misc]
                (f"{time * 1e3:g} -> {time * 2000:g} ms", lambda c=above: base.override(c)),  # type: ignore[misc]
            )
        )
    return found


def _gains(looks: _Looks, chosen: Candidate, variables: Sequence[Variable]) -> pd.DataFrame:
    """Each change of the choice made alone, from today."""
    today, rows = looks.bench.scenario, []
    for variable in variables:
        alone = {path: chosen.overrides[path] for path in variable.paths if path in chosen.overrides}
        place = variable.place(chosen.scenario.paths())
        if alone and place is not None:
            told = looks.row(today, lambda changes=alone: today.override(changes))  # type: ignore[misc]
            change = f"{variable.text(variable.now)} -> {variable.text(place)}"
            rows.append({"what": variable.name, "kind": "change", "step": 0, "change": change, **told})
    columns = ["what", "kind", "step", "change", "p99_s", "p99_change_s", "low", "high", "cost_change", "met", "why"]
    return pd.DataFrame(rows, columns=columns)


def _regret(looks: _Looks, sizing: Sizing, demand: Sequence[float]) -> tuple[pd.DataFrame, str]:
    """Candidates at each demand: cost, whether they hold, and what they cost above the cheapest that holds there."""
    columns = ["changes", "multiple", "cost_month", "p99_s", "met", "regret"]
    if not demand:
        return pd.DataFrame(columns=columns), ""
    rows = []
    for candidate in _rivals(sizing):
        for multiple in sorted({*demand, 1.0}):
            variant = candidate.scenario.with_load(multiple)
            result = looks.at(variant)
            rows.append(
                {
                    "changes": candidate.changes,
                    "multiple": multiple,
                    "cost_month": round(float(looks.bench.cost_of(variant)), 2),
                    "p99_s": result.estimate("p99").value,
                    "met": excess(result.slo(), looks.bench.ignored) < 1,
                }
            )
    table = pd.DataFrame(rows)
    cheapest = table[table["met"]].groupby("multiple")["cost_month"].min()
    above = table["cost_month"] - table["multiple"].map(cheapest)
    table["regret"] = above.where(table["met"], math.inf)
    worst = table.groupby("changes", sort=False).agg(
        misses=("met", lambda column: int((~column).sum())),
        regret=("regret", lambda column: float(column.replace(math.inf, 0.0).max())),
    )
    return table[columns], str(worst.sort_values(["misses", "regret"], kind="stable").index[0])


def _rivals(sizing: Sizing) -> list[Candidate]:
    """The choice, today's, and the cheapest others that have a clearly lower p99."""
    rivals = [sizing.chosen]
    if sizing.now.overrides != sizing.chosen.overrides:
        rivals.append(sizing.now)
    for candidate in sorted(sizing.simulated, key=lambda c: c.cost_month):
        faster = candidate.p99_s[0] < 0.9 * min(rival.p99_s[0] for rival in rivals)
        if faster and len(rivals) < MOST_CANDIDATES and candidate not in rivals:
            rivals.append(candidate)
    return rivals
