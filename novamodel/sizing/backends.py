"""The choices of database, cache, nodes and PgBouncer size that are worth trying, each with what the services feel."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from novamodel.analytic import hit_ratios, system_load
from novamodel.errors import UserError
from novamodel.scenario import Scenario, machine
from novamodel.sizing.loads import Standing
from novamodel.sizing.machines import cache_price, database_price
from novamodel.sizing.price import compute_cost
from novamodel.sizing.settings import written
from novamodel.sizing.variables import Variable

BUSY = 0.3
"""A database whose cores are busy for less than this at the peak gains nothing by more of them."""
MOST_NODE_TYPES = 4
"""Types of node that are tried beside today's."""
NEARLY_FREE = 0.02
"""A wait for PgBouncer of at most this share of the tightest time limit is none."""


@dataclass(frozen=True)
class Backend:
    """One choice of database, cache, type of node and PgBouncer size."""

    overrides: dict[str, Any]
    scenario: Scenario = field(repr=False)
    usd: float  # a month of database and cache machines
    position: tuple[float, ...]
    acts: tuple[Any, ...]  # what the services feel of it: cores, hit ratios, PgBouncer's pool


def backends(
    scenario: Scenario, variables: Sequence[Variable], allowed: Mapping[str, Sequence[Any]], standing: Standing
) -> list[Backend]:
    """Today's machines first, then those that no cheaper one equals in cores (database) or hit ratio (cache)."""
    databases = _undominated(scenario, variables, "database.instance_class", lambda s: (float(s.database.cores),))
    if float(standing.load.primary.busy) / scenario.database.cores < BUSY:
        databases = [choice for choice in databases if choice[1] <= databases[0][1]]
    caches = _undominated(scenario, variables, "cache.node_type", _hits)
    found = []
    for (data, data_place), (cache, cache_place), (nodes, node_place) in product(
        databases, caches, _cheapest_nodes(scenario, variables)
    ):
        changes = data | cache | nodes
        variant = scenario.override(changes, said_by="sizing") if changes else scenario
        bouncer = _bouncer(variant, allowed, standing)
        if not bouncer or not changes:  # today's machines are there as they are, whatever else is better
            found.append(_backend(variant, changes, (data_place, cache_place, node_place)))
        if bouncer:
            better = variant.override(bouncer, said_by="sizing")
            found.append(_backend(better, changes | bouncer, (data_place, cache_place, node_place)))
    return found


def _backend(scenario: Scenario, changes: dict[str, Any], places: tuple[float, ...]) -> Backend:
    """A backend with its price, where it stands among the others, and what the services feel of it."""
    database, cache = scenario.database, scenario.cache
    usd = (database_price(scenario, database.instance_class) or 0.0) + (cache_price(scenario, cache.node_type) or 0.0)
    size = database.pgbouncer.default_pool_size if database.pgbouncer else 1
    room = machine(scenario.platform.node_type)[1:]
    acts = (database.cores, *_hits(scenario), size, *room)
    return Backend(changes, scenario, usd, (*places, math.log(size)), acts)


def _cheapest_nodes(scenario: Scenario, variables: Sequence[Variable]) -> list[tuple[dict[str, Any], float]]:
    """(overrides, position) of the types of node worth trying: today's, and those that hold today's pods for least."""
    variable = next((v for v in variables if v.paths[0] == "platform.node_type"), None)
    if variable is None:
        return [({}, 0.0)]
    last = max(len(variable.values) - 1, 1)
    priced = []
    for place in range(len(variable.values)):
        if place != variable.now:
            try:
                usd = compute_cost(scenario.override(variable.at(place), said_by="sizing"))
            except UserError:  # a pod that fits no such node
                continue
            priced.append((usd, place))
    cheap = [place for _, place in sorted(priced)[:MOST_NODE_TYPES]]
    return [({}, variable.now / last), *((variable.at(place), place / last) for place in cheap)]


def _hits(scenario: Scenario) -> tuple[float, ...]:
    return tuple(round(hits, 3) for hits in hit_ratios(scenario).values())


def _undominated(
    scenario: Scenario, variables: Sequence[Variable], path: str, figures: Any
) -> list[tuple[dict[str, Any], float]]:
    """(overrides, position) of the machines worth trying, today's first. Values run from cheap to dear."""
    variable = next((v for v in variables if v.paths[0] == path), None)
    if variable is None:
        return [({}, 0.0)]
    last = max(len(variable.values) - 1, 1)
    kept: list[tuple[dict[str, Any], float]] = [({}, variable.now / last)]
    best: tuple[float, ...] | None = None
    for place in range(len(variable.values)):
        changes = variable.at(place) if place != variable.now else {}
        found = figures(scenario.override(changes, said_by="sizing") if changes else scenario)
        if best is not None and all(new <= old for new, old in zip(found, best, strict=True)):
            continue
        best = found if best is None else tuple(max(pair) for pair in zip(found, best, strict=True))
        if changes:
            kept.append((changes, place / last))
    return kept


def _bouncer(scenario: Scenario, allowed: Mapping[str, Sequence[Any]], standing: Standing) -> dict[str, Any]:
    """PgBouncer's pool: today's where transactions hardly wait for it, else the smallest where they do not."""
    path = "database.pgbouncer.default_pool_size"
    bouncer = scenario.database.pgbouncer
    times = [slo.limit for slo in scenario.slo if slo.is_latency]
    if bouncer is None or path not in allowed:
        return {}
    bound = NEARLY_FREE * min(times, default=1.0)
    sizes = [bouncer.default_pool_size, *sorted(set(allowed[path]))]
    for size in sizes:
        variant = scenario.override({path: int(size)}, said_by="sizing")
        if float(system_load(variant, standing.rate_per_s, standing.counts).bouncer_wait_s) <= bound:
            break
    return {} if size == bouncer.default_pool_size else {path: written(path, size)}
