"""The cheapest size that keeps the objectives: closed forms screen all combinations, simulation decides.

Cost is known exactly, latency and errors only by simulation. The next candidate is the one with the largest
expected improvement: what it saves times the chance that it holds (constrained Bayesian optimisation, Gardner et
al. 2014), that chance from the closed forms corrected by what was simulated (`learned`). Further replications go
where the verdict is most doubtful, which is the optimal allocation for telling feasible from infeasible
(Szechtman and Yucesan, 2008), until the bound on the probability of a right selection suffices (Bonferroni's, as in
Branke, Chick and Schmidt, "Selecting a selection procedure", 2007).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from novamodel.scenario import Scenario
from novamodel.sizing.answers import Candidate, CostOf, Progress, Simulate, Sizing
from novamodel.sizing.bench import Bench, contenders, default_simulate, key_of
from novamodel.sizing.conclude import answer
from novamodel.sizing.explain import explain as explain_all
from novamodel.sizing.joint import Space, space
from novamodel.sizing.learned import chance_to_hold
from novamodel.sizing.price import compute_cost
from novamodel.sizing.variables import Variable
from novamodel.sizing.variables import variables as all_variables
from novamodel.sizing.verdict import doubt, excess
from novamodel.sizing.window import peak_window

ENOUGH = 0.95
"""Probability of a right choice at which no more replications are spent."""
ENOUGH_REQUESTS, SHORTEST_S = 200_000, 60.0
"""A window is shortened to so many requests, but not below a minute."""
WORTH_A_LOOK = 0.05
"""A cheaper candidate that holds with less chance than this is not simulated."""
A_CORE = 1e-6
"""What a core weighs against a USD a month: it decides between equal bills only."""
MOST_BILLS = 200
"""Bills made exactly in one search."""
NEAR, AROUND = 0.3, 2
"""What is left of the effort shows so many neighbours of each kind, smaller ones estimated this near to the limit."""
GROWTH = 2
"""A doubtful candidate is simulated again with so many times the replications."""


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
    variables: Sequence[Variable] | None = None,
    explain: bool = False,
    demand: Sequence[float] = (),
) -> Sizing:
    """The cheapest legal configuration that keeps every objective at the day's peak.

    Varies ``variables``, by default all of `novamodel.sizing.variables`: HPA bounds and targets (or replicas), CPU
    and memory requests and limits, pools, PgBouncer, database class, cache node. The effort is at most that of
    ``budget`` candidates, today's among them, each simulated ``replications`` times for ``duration_s`` around the
    peak (less under heavy load: see `ENOUGH_REQUESTS`) with the same customers. Cost is ``cost_of(scenario)``, left
    out, the monthly compute and stores. ``simulate`` defaults to `novamodel.simulation.simulate`. ``explain`` adds
    `Explained`; ``demand`` are multiples of the load between which it is uncertain, for the least regret. Raises
    ``ValueError`` for a budget below 2.
    """
    if budget < 2:
        raise ValueError(f"a budget of {budget} is too small: today's size and one candidate need 2")
    peak = max(scenario.traffic.most_per_s, 1e-9)
    chosen = tuple(all_variables(scenario) if variables is None else variables)
    bench = Bench(
        scenario,
        simulate or default_simulate(),
        cost_of or compute_cost,
        seed,
        engine,
        peak_window(scenario, max(min(duration_s, ENOUGH_REQUESTS / peak), min(duration_s, SHORTEST_S))),
        replications,
        budget * replications,
        progress and (lambda share: progress(share * (0.4 if explain else 1.0))),
    )
    spot = space(scenario, chosen)
    hope = search(bench, spot)
    effort = bench.spent
    found = answer(bench, spot.legal, chosen, hope, effort)
    if explain:
        told = explain_all(bench, found, demand, progress and (lambda share: progress(0.4 + 0.6 * share)))
        found = answer(bench, spot.legal, chosen, hope, effort, told)
    if progress:
        progress(1.0)
    return found


def search(bench: Bench, spot: Space) -> float:
    """Simulate until nothing cheaper is likely to hold and the verdicts are sure, or the effort is spent.

    Returns the chance that the closed forms give to the most promising candidate that was not simulated.
    """
    now = bench.run({})
    seen = {int(np.flatnonzero(spot.changes == 0)[0]): now}
    merit = spot.cost + bench.cost({}) - float(spot.cost[next(iter(seen))])  # level with the exact bill
    exact = np.zeros(merit.size, dtype=bool)
    merit = merit + bench.a_change * spot.changes + A_CORE * spot.resources
    for place in seen:
        merit[place], exact[place] = _merit(bench, spot, place), True
    hope = 0.0
    while True:
        ignored = bench.ignored
        worst = [excess(candidate.slo, ignored) for candidate in seen.values()]
        chance, expected = chance_to_hold(spot.position, spot.ratio, list(seen), worst)
        holding = [place for place, candidate in seen.items() if bench.met(candidate)]
        best = min((merit[place] for place in holding), default=np.inf)
        following = _next(bench, spot, merit, exact, chance, seen, best)
        hope = 0.0 if following is None else float(chance[following])
        if following is None or bench.left < bench.first:
            if _surer(bench, seen):
                continue
            _look_around(bench, spot, expected, seen)
            return hope
        seen[following] = bench.run(spot.overrides(following))


def _next(
    bench: Bench,
    spot: Space,
    merit: np.ndarray,
    exact: np.ndarray,
    chance: np.ndarray,
    seen: dict[int, Candidate],
    best: float,
) -> int | None:
    """The candidate of largest expected improvement, its bill made exactly; None where nothing is worth a look."""
    fresh = np.ones(merit.size, dtype=bool)
    fresh[list(seen)] = False
    while True:
        top = best if np.isfinite(best) else float(merit[fresh].max(initial=0.0)) + 1.0
        gain = top - merit
        worth = fresh & (gain > A_CORE) & ((chance >= WORTH_A_LOOK) | ~np.isfinite(best))
        worth &= (gain > bench.a_change) | (chance >= 0.5) | ~np.isfinite(best)
        if not worth.any():
            return None
        value = np.where(worth, gain * chance, -1.0)
        place = int(np.argmax(value))
        if exact[place] or len(bench.costs) >= MOST_BILLS:
            return place
        merit[place], exact[place] = _merit(bench, spot, place), True


def _look_around(bench: Bench, spot: Space, expected: np.ndarray, seen: dict[int, Candidate]) -> None:
    """Spend what is left on neighbours that tell something: faster ones that cost more, smaller ones that may miss."""
    now, taken = bench.cost({}), set(seen)
    order = np.lexsort((spot.changes, expected, np.round(spot.cost, 2)))
    lowest = np.minimum.accumulate(expected[order])
    faster = [p for p, low in zip(order.tolist(), lowest.tolist(), strict=True) if expected[p] <= low - 1e-12]
    held = [place for place, candidate in seen.items() if bench.met(candidate)]
    least = min((spot.resources[place] for place in held), default=np.inf)
    near = np.flatnonzero((spot.resources < least) & (np.abs(expected) < NEAR))
    smaller = near[np.argsort(spot.resources[near], kind="stable")].tolist()
    for places in (faster, smaller):
        fresh = [place for place in places if place not in taken and spot.cost[place] < 2 * max(now, 1.0)]
        steps = max(len(fresh) // AROUND, 1)
        for place in fresh[::steps][:AROUND]:
            if bench.left >= bench.first:
                taken.add(place)
                bench.run(spot.overrides(place))


def _merit(bench: Bench, spot: Space, place: int) -> float:
    cost = bench.cost(spot.overrides(place))
    return cost + bench.a_change * float(spot.changes[place]) + A_CORE * float(spot.resources[place])


def _surer(bench: Bench, seen: dict[int, Candidate]) -> bool:
    """Simulate the most doubtful verdict again with more replications; False where they are sure or nothing is left."""
    ignored = bench.ignored
    open_ones = contenders(bench)
    doubts = {key_of(c.overrides): doubt(c.slo, c.replications, ignored) for c in open_ones}
    if not doubts or sum(doubts.values()) <= 1 - ENOUGH:
        return False
    key = max(doubts, key=lambda k: doubts[k])
    place = next(place for place, candidate in seen.items() if key_of(candidate.overrides) == key)
    count = seen[place].replications * GROWTH
    if count > bench.left:
        return False
    seen[place] = bench.run(seen[place].overrides, count)
    return True
