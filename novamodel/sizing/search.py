"""The cheapest size that keeps the objectives: closed forms screen all combinations, simulation decides.

Cost is known exactly, latency and errors only by simulation. The next candidate is the one with the largest
expected improvement: what it saves times the chance that it holds (constrained Bayesian optimisation, Gardner et
al. 2014), that chance from the closed forms corrected by what was simulated (`learned`). Further replications go
where the verdict is most doubtful, which is the optimal allocation for telling feasible from infeasible
(Szechtman and Yucesan, 2008), until the bound on the probability of a right selection suffices (Bonferroni's, with an
indifference zone of 2 % of the cost, as in Branke, Chick and Schmidt, "Selecting a selection procedure", 2007).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from novamodel.scenario import Scenario
from novamodel.sizing.answers import Candidate, CostOf, Progress, Simulate, Sizing
from novamodel.sizing.bench import Bench, contenders, default_simulate, key_of
from novamodel.sizing.conclude import answer
from novamodel.sizing.explain import explain as explain_all
from novamodel.sizing.guarantee import CLOSE, Left
from novamodel.sizing.holds import held_windows
from novamodel.sizing.joint import Space, space
from novamodel.sizing.learned import chance_to_hold, expected_excess
from novamodel.sizing.price import compute_cost
from novamodel.sizing.variables import MANY, Variable, few_values
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
MOST_BILLS, LEAST_BILLS = 400, 10
"""Bills made exactly in one search: so many over the number of services, but not fewer."""
NEAR, AROUND = 0.3, 2
"""What is left of the effort shows so many neighbours of each kind, smaller ones estimated this near to the limit."""
CLEARLY, A_CHANGE_IN_LOGS = 0.22, 0.05
"""At the same price a candidate is looked at that is estimated faster by a fifth, and 5 % more for each change."""
DOUBTFUL = 2.0
"""What is left of the effort takes the closed forms to err so many times as much."""
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
    nodes: bool = False,
    explain: bool = False,
    demand: Sequence[float] = (),
    holds: Sequence[str] = (),
) -> Sizing:
    """The cheapest legal configuration that keeps every objective at the day's peak.

    Varies ``variables``, by default all of `novamodel.sizing.variables`: HPA bounds and targets (or replicas), CPU
    and memory requests and limits, pools, PgBouncer, database class, cache node, with ``nodes`` the type of the nodes
    (Graviton's too, their vCPU taken to be as fast). The effort is at most that of
    ``budget`` candidates, today's among them, each simulated ``replications`` times for ``duration_s`` around the
    peak (less under heavy load: see `ENOUGH_REQUESTS`) with the same customers. Cost is ``cost_of(scenario)``, left
    out, the monthly compute and stores. ``simulate`` defaults to `novamodel.simulation.simulate`. ``explain`` adds
    `Explained`; ``demand`` are multiples of the load between which it is uncertain, for the least regret. ``holds``:
    what every objective must hold beside the plain window (`HOLDS`: rollout, zone, cold, day), each one more simulation
    of every candidate. Raises ``ValueError`` for a budget below 2, ``UserError`` for a condition that is not known.
    """
    if budget < 2:
        raise ValueError(f"a budget of {budget} is too small: today's size and one candidate need 2")
    peak = max(scenario.traffic.most_per_s, 1e-9)
    chosen = tuple(all_variables(scenario, nodes=nodes) if variables is None else variables)
    if variables is None and len(scenario.services) > MANY:
        chosen = few_values(chosen)
    window = peak_window(scenario, max(min(duration_s, ENOUGH_REQUESTS / peak), min(duration_s, SHORTEST_S)))
    bench = Bench(
        scenario,
        simulate or default_simulate(),
        cost_of or compute_cost,
        seed,
        engine,
        window,
        replications,
        budget * replications,
        progress and (lambda share: progress(share * (0.4 if explain else 1.0))),
        held_windows(scenario, window, holds),
    )
    spot = space(scenario, chosen)
    left = search(bench, spot)
    effort = bench.spent
    found = answer(bench, spot.legal, chosen, left, effort)
    if explain:
        told = explain_all(bench, found, demand, progress and (lambda share: progress(0.4 + 0.6 * share)))
        found = answer(bench, spot.legal, chosen, left, effort, told)
    if progress:
        progress(1.0)
    return found


class Bills(NamedTuple):
    """USD a month of every candidate: the estimate, what it is taken for (level with exact bills), and where exact."""

    estimate: np.ndarray
    cost: np.ndarray
    exact: np.ndarray


def search(bench: Bench, spot: Space) -> Left:
    """Simulate until nothing cheaper is likely to hold and the verdicts are sure, or the effort is spent.

    Then sizes of the same price that are estimated faster are looked at, and neighbours that tell something.
    """
    first = int(np.flatnonzero(spot.changes == 0)[0])
    seen = {first: bench.run({})}
    bills = Bills(spot.cost, spot.cost.astype(float), np.zeros(spot.cost.size, dtype=bool))
    _bill(bench, spot, bills, first)
    while True:
        ignored = bench.ignored
        worst = [excess(candidate.slo, ignored) for candidate in seen.values()]
        expected, deviation = expected_excess(spot.position, spot.ratio, list(seen), worst)
        chance = chance_to_hold(expected, deviation)
        following = _next(bench, spot, bills, chance, seen)
        if following is None or bench.left < bench.first + _reserved(bench):
            if _surer(bench, seen):
                continue
            following = _faster(bench, spot, bills, expected, seen)
            if following is None:  # what is left of the effort doubts what was learned
                following = _next(bench, spot, bills, chance_to_hold(expected, DOUBTFUL * deviation), seen)
        if following is None or bench.left < bench.first:
            _look_around(bench, spot, expected, seen)
            return _left(bench, bills, chance, seen)
        seen[following] = bench.run(spot.overrides(following))
        _bill(bench, spot, bills, following)


def _next(bench: Bench, spot: Space, bills: Bills, chance: np.ndarray, seen: dict[int, Candidate]) -> int | None:
    """The candidate of largest expected improvement, its bill made exactly; None where nothing is worth a look."""
    fresh = np.ones(bills.cost.size, dtype=bool)
    fresh[list(seen)] = False
    more = bench.a_change * spot.changes + A_CORE * spot.resources
    holding = [place for place, candidate in seen.items() if bench.met(candidate)]
    while True:
        merit = bills.cost + more
        best = min((merit[place] for place in holding), default=np.inf)
        top = best if np.isfinite(best) else float(merit[fresh].max(initial=0.0)) + 1.0
        gain = top - merit
        worth = fresh & (gain > A_CORE) & ((chance >= WORTH_A_LOOK) | ~np.isfinite(best))
        worth &= (gain > bench.a_change) | (chance >= 0.5) | ~np.isfinite(best)
        if not worth.any():
            return None
        place = int(np.argmax(np.where(worth, gain * chance, -1.0)))
        if bills.exact[place] or len(bench.costs) >= _most_bills(bench):
            return place
        _bill(bench, spot, bills, place)


def _reserved(bench: Bench) -> int:
    """Replications that are kept to make the choice surer; none before one holds, or where it is sure."""
    best = bench.chosen()
    if best is None or doubt(best.slo, best.replications, bench.ignored) <= 1 - ENOUGH:
        return 0
    return GROWTH * best.replications


def _faster(bench: Bench, spot: Space, bills: Bills, expected: np.ndarray, seen: dict[int, Candidate]) -> int | None:
    """A candidate of the choice's price that is estimated clearly faster, its bill made exactly; None without one."""
    best = bench.chosen()
    if best is None:
        return None
    now = next(place for place, candidate in seen.items() if candidate is best)
    looked = [place for place in seen if bills.cost[place] <= best.cost_month + bench.a_change]
    fastest = min(float(expected[place]) for place in (now, *looked))
    fresh = np.ones(bills.cost.size, dtype=bool)
    fresh[list(seen)] = False
    while True:
        worth = fresh & (bills.cost <= best.cost_month + bench.a_change) & (expected < fastest - CLEARLY)
        if not worth.any():
            return None
        place = int(np.argmin(np.where(worth, expected + A_CHANGE_IN_LOGS * spot.changes, np.inf)))
        if bills.exact[place]:
            return place
        if len(bench.costs) >= _most_bills(bench):
            return None
        _bill(bench, spot, bills, place)


def _left(bench: Bench, bills: Bills, chance: np.ndarray, seen: dict[int, Candidate]) -> Left:
    """The cheaper candidates that were not simulated."""
    best = bench.chosen()
    cheaper = bills.cost < (np.inf if best is None else best.cost_month * (1 - CLOSE))
    cheaper[list(seen)] = False
    return Left(int(cheaper.sum()), float(chance[cheaper].max(initial=0.0)))


def _most_bills(bench: Bench) -> int:
    return max(MOST_BILLS // len(bench.scenario.services), LEAST_BILLS)


def _bill(bench: Bench, spot: Space, bills: Bills, place: int) -> None:
    """Make the exact bill of a candidate, and level the estimates of the others with all exact ones but today's.

    A size of today that is full answers less, and is billed less traffic, than those that hold.
    """
    bills.cost[place], bills.exact[place] = bench.cost(spot.overrides(place)), True
    known = np.flatnonzero(bills.exact)
    others = known[spot.changes[known] > 0]
    level = others if others.size else known
    shift = float(np.median(bills.cost[level] - bills.estimate[level]))
    bills.cost[~bills.exact] = bills.estimate[~bills.exact] + shift


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
