"""All services and machines together, from what was worked out for each alone.

What makes it separable: the shares of slow and of failed requests add up over the services, machines act on all of
them through a few figures (cores, hit ratio), and the bill is a function of summed requests. Each service is cut
down to the combinations that no cheaper one betters (or all of them, where they are few); these are combined
freely.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np

from novamodel.analytic import hit_ratios, peak_rate, steady_replicas, system_load
from novamodel.scenario import Scenario
from novamodel.sizing.machines import cache_price, database_price
from novamodel.sizing.price import hourly_compute, room_of_host
from novamodel.sizing.screen import Rows, connections, screen, services_to_size
from novamodel.sizing.settings import current_settings, overrides_between, written
from novamodel.sizing.shares import own_ratio, ratio, service_weights
from novamodel.sizing.variables import Variable, allowed_values

FRONT_STEP = 0.97
"""The next combination of a service's front must be estimated at least this much better."""
FEW = 150
"""A service with at most so many combinations that fit is not cut down."""
MOST_JOINT = 60_000
BUSY = 0.3
"""A database whose cores are busy for less than this at the peak gains nothing by more of them."""
NEARLY_FREE = 0.02
"""A wait for PgBouncer of at most this share of the tightest time limit is none."""
GIB_IN_CORES = 0.11
"""What a GiB costs against a vCPU on Fargate (0.004445 over 0.04048 USD an hour, us-east-1)."""


@dataclass(frozen=True)
class Backend:
    """One choice of database, cache and PgBouncer size."""

    overrides: dict[str, Any]
    scenario: Scenario = field(repr=False)
    usd: float  # a month of database and cache machines
    position: tuple[float, ...]
    acts: tuple[Any, ...]  # what the services feel of it: cores, hit ratios, PgBouncer's pool


@dataclass(frozen=True)
class Space:
    """The candidates, one row each: ``pick`` (backend, row of each service), ``ratio`` largest estimate over limit,
    ``cost`` estimated USD a month, ``changes``, ``resources`` set aside (core equivalents), ``position`` what acts
    on latency, in logarithms, of a service weighed by its share of the requests."""

    scenario: Scenario
    backends: list[Backend]
    rows: list[list[Rows]]  # by backend, by service
    pick: np.ndarray
    ratio: np.ndarray
    cost: np.ndarray
    changes: np.ndarray
    resources: np.ndarray
    position: np.ndarray
    legal: int

    def settings(self, place: int) -> dict[str, dict[str, float]]:
        """The settings of each service of a candidate."""
        backend, *rows = self.pick[place]
        return {own.service: own.row(row) for own, row in zip(self.rows[backend], rows, strict=True)}

    def overrides(self, place: int) -> dict[str, Any]:
        """What makes a candidate from the scenario."""
        found: dict[str, Any] = {}
        for name, own in self.settings(place).items():
            found |= overrides_between(self.scenario, name, current_settings(self.scenario.services[name]), own)
        return found | self.backends[self.pick[place, 0]].overrides


def space(scenario: Scenario, variables: Sequence[Variable]) -> Space:
    """Screen every legal combination of the variables and combine what is left."""
    allowed = allowed_values(scenario, variables)
    names = services_to_size(scenario)
    backends = _backends(scenario, variables, allowed)
    rows, parts, legal = [], [], 0
    screened: dict[tuple[Any, ...], list[Rows]] = {}
    for number, backend in enumerate(backends):
        if backend.acts not in screened:
            full = [screen(backend.scenario, name, allowed) for name in names]
            legal = math.prod(own.legal for own in full) * _machine_count(variables)
            screened[backend.acts] = [_front(scenario, own) for own in full]
        kept = screened[backend.acts]
        rows.append(kept)
        parts.append(_combine(backend.scenario, number, backend, kept))
    pick, worst, cost, changes, resources, position = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Space(scenario, backends, rows, pick, worst, cost, changes, resources, position, legal)


def _machine_count(variables: Sequence[Variable]) -> int:
    count = 1
    for variable in variables:
        if not variable.paths[0].startswith("services."):
            count *= len(variable.values)
    return count


def _front(scenario: Scenario, own: Rows) -> Rows:
    """The rows worth combining: the front of cost and estimate, today's, and the best with few changes."""
    fits = np.flatnonzero(own.fits)
    if fits.size <= FEW:
        return own.take(fits)
    weight = (own.billed @ np.array([1.0, GIB_IN_CORES])) * own.hours.mean(axis=1)
    peak_weight = (own.billed @ np.array([1.0, GIB_IN_CORES])) * own.peak
    estimate = own_ratio(scenario, own.shares, own.peak.shape)
    keep = set(np.flatnonzero(own.changes == 0).tolist())
    for amount in (weight, peak_weight):
        keep |= _pareto(fits, amount, estimate, own.changes)
    for most in (1, 2):
        few = fits[own.changes[fits] <= most]
        keep |= set(few.tolist()) if few.size <= FEW else _pareto(few, weight, estimate, own.changes)
    return own.take(np.array(sorted(keep)))


def _pareto(places: np.ndarray, weight: np.ndarray, estimate: np.ndarray, changes: np.ndarray) -> set[int]:
    """From cheap to dear, each estimated better than the one before; among equals the fewest changes."""
    rounded = np.round(np.log2(np.maximum(estimate[places], 1e-9)) * 20)
    order = places[np.lexsort((changes[places], rounded, np.round(weight[places], 6)))]
    lowest = np.minimum.accumulate(estimate[order])
    best, kept = np.inf, set()
    for place, low in zip(order.tolist(), lowest.tolist(), strict=True):
        if estimate[place] <= low and low < best * FRONT_STEP:
            best = low
            kept.add(place)
    return kept


def _combine(scenario: Scenario, number: int, backend: Backend, kept: list[Rows]) -> tuple[np.ndarray, ...]:
    """Every combination of the services' rows under one backend that the connections and the host allow."""
    grids = np.meshgrid(*(np.arange(own.peak.size) for own in kept), indexing="ij")
    places = [grid.ravel() for grid in grids]
    if places[0].size > MOST_JOINT:  # many services: every stride-th and today's keep the sum in bounds
        some = np.asarray(sum(own.changes[place] for own, place in zip(kept, places, strict=True)) == 0)
        some[:: places[0].size // MOST_JOINT + 1] = True
        places = [place[some] for place in places]
    worst = np.zeros(places[0].size)
    for turn, slo in enumerate(scenario.slo):
        if slo.metric != "rejected":
            total = sum(own.shares[turn][place] for own, place in zip(kept, places, strict=True))
            worst = np.maximum(worst, ratio(slo, np.asarray(total)))
    changes = sum(own.changes[place] for own, place in zip(kept, places, strict=True)) + len(backend.overrides)
    opened = np.zeros(worst.size)
    for own, place in zip(kept, places, strict=True):
        most = own.settings["max_replicas"] * np.nan_to_num(own.settings["pool_max"])
        opened += most[place]
    fits = opened <= connections(scenario)
    fits &= room_of_host(scenario, kept, places)
    keep = np.flatnonzero(fits | (changes == 0))
    places = [place[keep] for place in places]
    cost = hourly_compute(scenario, kept, places) + backend.usd
    each = [(own.billed @ np.array([1.0, GIB_IN_CORES])) * own.hours.mean(axis=1) for own in kept]
    resources = sum(amount[place] for amount, place in zip(each, places, strict=True))
    position = [np.full((keep.size, 1), value) for value in backend.position]
    weights = service_weights(scenario)
    for own, place in zip(kept, places, strict=True):
        weight = math.sqrt(weights[own.service])
        acting = (
            own.peak,
            own.settings["cpu_limit"],
            own.settings["pool_max"],
        )  # requests and targets act by the count
        position += [weight * _log(values)[place][:, None] for values in acting]
    pick = np.column_stack([np.full(keep.size, number), *places])
    return pick, worst[keep], np.asarray(cost), np.asarray(changes)[keep], np.asarray(resources), np.hstack(position)


def _log(values: np.ndarray) -> np.ndarray:
    """Logarithms; no limit counts as twice the largest limit."""
    known = values[np.isfinite(values)]
    top = 2 * known.max() if known.size else 1.0
    return np.log(np.where(np.isnan(values), top, values))


def _backends(scenario: Scenario, variables: Sequence[Variable], allowed: Mapping[str, Sequence[Any]]) -> list[Backend]:
    """Today's machines first, then those that no cheaper one equals in cores (database) or hit ratio (cache)."""
    databases = _undominated(scenario, variables, "database.instance_class", lambda s: (float(s.database.cores),))
    if _database_busy(scenario) < BUSY:
        databases = [choice for choice in databases if choice[1] <= databases[0][1]]
    caches = _undominated(scenario, variables, "cache.node_type", _hits)
    found = []
    for (data, data_place), (cache, cache_place) in product(databases, caches):
        changes = data | cache
        variant = scenario.override(changes, said_by="sizing") if changes else scenario
        bouncer = _bouncer(variant, allowed)
        if not bouncer or not changes:  # today's machines are there as they are, whatever else is better
            found.append(_backend(variant, changes, data_place, cache_place))
        if bouncer:
            better = variant.override(bouncer, said_by="sizing")
            found.append(_backend(better, changes | bouncer, data_place, cache_place))
    return found


def _backend(scenario: Scenario, changes: dict[str, Any], data_place: float, cache_place: float) -> Backend:
    """A backend with its price, where it stands among the others, and what the services feel of it."""
    database, cache = scenario.database, scenario.cache
    usd = (database_price(scenario, database.instance_class) or 0.0) + (cache_price(scenario, cache.node_type) or 0.0)
    size = database.pgbouncer.default_pool_size if database.pgbouncer else 1
    acts = (database.cores, *_hits(scenario), size)
    return Backend(changes, scenario, usd, (data_place, cache_place, math.log(size)), acts)


def _hits(scenario: Scenario) -> tuple[float, ...]:
    return tuple(round(hits, 3) for hits in hit_ratios(scenario).values())


def _database_busy(scenario: Scenario) -> float:
    """Share of the database's cores in use at the peak."""
    counts = {name: np.asarray(float(s.replicas)) for name, s in scenario.services.items()}
    return float(system_load(scenario, peak_rate(scenario), counts).primary.busy) / scenario.database.cores


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


def _bouncer(scenario: Scenario, allowed: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """PgBouncer's pool: today's where transactions hardly wait for it, else the smallest where they do not."""
    path = "database.pgbouncer.default_pool_size"
    bouncer = scenario.database.pgbouncer
    times = [slo.limit for slo in scenario.slo if slo.is_latency]
    if bouncer is None or path not in allowed:
        return {}
    bound = NEARLY_FREE * min(times, default=1.0)
    rate = peak_rate(scenario)
    counts = {name: np.asarray(float(n)) for name, n in steady_replicas(scenario, rate).items()}
    sizes = [bouncer.default_pool_size, *sorted(set(allowed[path]))]
    for size in sizes:
        variant = scenario.override({path: int(size)}, said_by="sizing")
        if float(system_load(variant, rate, counts).bouncer_wait_s) <= bound:
            break
    return {} if size == bouncer.default_pool_size else {path: written(path, size)}
