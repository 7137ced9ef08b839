"""Simulates candidates, remembers them, and counts the replications spent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from novamodel.scenario import Scenario
from novamodel.sizing.advice import changes_text
from novamodel.sizing.answers import Candidate, CostOf, Progress, Simulate
from novamodel.sizing.guarantee import CLOSE
from novamodel.sizing.settings import current_settings
from novamodel.sizing.verdict import DURING, doubt, excess, peak_replicas, unmoved, why_missed

A_CHANGE = 1e-4
"""Share of today's bill that a change must save to be worth making."""
AS_FAST = 0.1
"""A p99 within this share of another is as low."""


@dataclass
class Bench:
    """Every candidate runs in the same window with the same seed: common random numbers."""

    scenario: Scenario
    simulate: Simulate
    cost_of: CostOf
    seed: int | None
    engine: str
    window: dict[str, Any]
    first: int  # replications of a first look
    most: int  # replications of all looks together
    progress: Progress | None
    holds: dict[str, dict[str, Any]] = field(default_factory=dict)  # what else must hold, as overrides of the run
    spent: int = 0
    done: dict[tuple[Any, ...], Candidate] = field(default_factory=dict)
    costs: dict[tuple[Any, ...], float] = field(default_factory=dict)

    @property
    def a_change(self) -> float:
        """USD a month that a change must save to be worth making: bills that differ by less are equal."""
        return A_CHANGE * self.cost({})

    def chosen(self) -> Candidate | None:
        """The cheapest that holds; among equal bills the clearly fastest, then the fewest changes; None: none holds."""
        held = [candidate for candidate in self.done.values() if self.met(candidate)]
        if not held:
            return None
        cheapest = min(candidate.cost_month for candidate in held)
        equal = [candidate for candidate in held if candidate.cost_month <= cheapest + self.a_change]
        fastest = min(candidate.p99_s[0] for candidate in equal)
        as_fast = [candidate for candidate in equal if not candidate.p99_s[0] > fastest * (1 + AS_FAST)]
        return min(as_fast, key=lambda c: (len(c.overrides), c.p99_s[0]))

    @property
    def left(self) -> int:
        """Replications that may still be spent."""
        return self.most - self.spent

    @property
    def ignored(self) -> frozenset[str]:
        """Objectives that no size moves."""
        return unmoved([candidate.slo for candidate in self.done.values()])

    def met(self, candidate: Candidate) -> bool:
        """Whether the objectives that sizes can move hold."""
        return excess(candidate.slo, self.ignored) < 1

    def variant(self, overrides: dict[str, Any]) -> Scenario:
        """The scenario of a candidate."""
        return self.scenario.override(overrides, said_by="sizing") if overrides else self.scenario

    def cost(self, overrides: dict[str, Any]) -> float:
        """Monthly cost (USD), worked out once."""
        key = key_of(overrides)
        if key not in self.costs:
            self.costs[key] = round(float(self.cost_of(self.variant(overrides))), 2)
        return self.costs[key]

    def result(self, variant: Scenario, replications: int) -> Any:
        """Simulate a variant in the bench's window."""
        self.spent += replications
        run = variant.override(self.window, said_by="sizing")
        found = self.simulate(run, seed=self.seed, replications=replications, engine=self.engine)
        if self.progress:
            self.progress(min(self.spent / self.most, 1.0))
        return found

    def beside(self, variant: Scenario, replications: int) -> Iterator[Any]:
        """The objectives of a variant under everything else that it must hold, each with its condition."""
        for words, changes in self.holds.items():
            run = variant.override(changes, said_by="sizing")
            found = self.simulate(run, seed=self.seed, replications=replications, engine=self.engine)
            yield from (objective._replace(text=f"{objective.text}{DURING}{words}") for objective in found.slo())

    def run(self, overrides: dict[str, Any], replications: int | None = None) -> Candidate:
        """Simulate one candidate, unless it has been with as many replications."""
        key, count = key_of(overrides), replications or self.first
        known = self.done.get(key)
        if known is not None and known.replications >= count:
            return known
        variant = self.variant(overrides)
        result = self.result(variant, count)
        objectives = (*result.slo(), *self.beside(variant, count))
        held = all(objective.met for objective in objectives)
        self.done[key] = Candidate(
            overrides=overrides,
            changes=changes_text(self.scenario, overrides),
            settings={name: current_settings(service) for name, service in variant.services.items()},
            scenario=variant,
            cost_month=self.cost(overrides),
            met=held,
            why="" if held else why_missed(result, objectives),
            slo=objectives,
            replicas=peak_replicas(result),
            p99_s=tuple(result.estimate("p99")),
            errors=tuple(result.estimate("errors")),
            excess=excess(objectives),
            doubt=doubt(objectives, count, unmoved([objectives])),
            replications=count,
            result=result,
        )
        return self.done[key]


def key_of(overrides: dict[str, Any]) -> tuple[Any, ...]:
    """What tells candidates apart."""
    return tuple(sorted((path, str(value)) for path, value in overrides.items()))


def contenders(bench: Bench) -> list[Candidate]:
    """The candidates whose verdict decides the choice: the best that holds, and those that miss and would be clearly
    cheaper (by over `CLOSE`)."""
    done, best = list(bench.done.values()), bench.chosen()
    if best is None:
        return done
    cheaper = best.cost_month * (1 - CLOSE)
    return [best, *(c for c in done if c is not best and not bench.met(c) and c.cost_month < cheaper)]


def default_simulate() -> Simulate:
    """The simulation's front door."""
    from novamodel.simulation import simulate

    return simulate
