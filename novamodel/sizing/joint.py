"""All services and machines together, from what was worked out for each alone.

What makes it separable: the shares of slow and of failed requests add up over the services, machines act on all of
them through a few figures (cores, hit ratio), and the bill is a function of summed requests. Each service is cut
down to the combinations that no cheaper one betters (or all of them, where they are few). Few services are combined
freely; of many, the cheapest sums that keep an objective at several multiples of its limit (`sums`), for closed forms
err: the product is never formed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from novamodel.scenario import Scenario
from novamodel.sizing.backends import Backend, backends
from novamodel.sizing.fronts import front, resources
from novamodel.sizing.legal import quota
from novamodel.sizing.loads import standing_load
from novamodel.sizing.pools import connections, opened
from novamodel.sizing.price import each_cost, hourly_compute, room_of_host, uses_of_host
from novamodel.sizing.screen import Rows, screen, services_to_size
from novamodel.sizing.settings import current_settings, overrides_between
from novamodel.sizing.shares import SCALE, budget, ratio, service_weights
from novamodel.sizing.sums import priced, smallest_sums
from novamodel.sizing.variables import Variable, allowed_values

MOST_JOINT = 40_000
"""Combinations of rows that are formed at most, over all backends."""
MOST_PLACES = 8 * MOST_JOINT
"""Combinations times services that are formed at most."""
TARGETS = tuple(float(at) for at in SCALE if 0.2 < at < 4.0)
"""Multiples of the limits that the cheapest sums are to keep, by the closed forms."""


@dataclass(frozen=True)
class Space:
    """The candidates, one row each: ``pick`` (backend, row of each service), ``ratio`` largest estimate over limit,
    ``cost`` estimated USD a month, ``changes``, ``resources`` set aside (core equivalents), ``position`` what acts
    on latency, in logarithms, of a service weighed by its share of the requests. ``legal`` counts the combinations
    behind them; ``whole``: whether every combination that the screening left is among them."""

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
    whole: bool

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
    standing = standing_load(scenario)
    found = backends(scenario, variables, allowed, standing)
    rows: list[list[Rows]] = []
    screened: dict[tuple[Any, ...], list[Rows]] = {}
    for backend in found:
        if backend.acts not in screened:
            beside = standing_load(backend.scenario) if backend.overrides else standing
            screened[backend.acts] = [
                front(scenario, screen(backend.scenario, name, allowed, beside)) for name in names
            ]
        rows.append(screened[backend.acts])
    legal = math.prod(own.legal for own in rows[0]) * _machine_count(variables)
    most = min(MOST_JOINT, MOST_PLACES // len(names)) // len(found)
    whole = all(math.prod(own.peak.size for own in kept) <= most for kept in rows)
    parts = [
        _joined(backend, number, kept, most) for number, (backend, kept) in enumerate(zip(found, rows, strict=True))
    ]
    pick, worst, cost, changes, aside, position = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Space(scenario, found, rows, pick, worst, cost, changes, aside, position, legal, whole)


def _machine_count(variables: Sequence[Variable]) -> int:
    count = 1
    for variable in variables:
        if not variable.paths[0].startswith("services."):
            count *= len(variable.values)
    return count


def _joined(backend: Backend, number: int, kept: list[Rows], most: int) -> tuple[np.ndarray, ...]:
    """The combinations of the services' rows under one backend that the connections and the host allow."""
    scenario = backend.scenario
    places = _places(scenario, kept, most)
    worst = np.zeros(places[0].size)
    for turn, slo in enumerate(scenario.slo):
        if slo.metric != "rejected":
            total = sum(own.shares[turn][place] for own, place in zip(kept, places, strict=True))
            worst = np.maximum(worst, ratio(slo, np.asarray(total)))
    changes = np.asarray(_summed([own.changes for own in kept], places)) + len(backend.overrides)
    fits = (_summed([opened(own.settings) for own in kept], places) <= _links(scenario, kept)) & room_of_host(
        scenario, kept, places
    )
    keep = np.flatnonzero(fits | (changes == 0))
    places = [place[keep] for place in places]
    position = [np.full((keep.size, 1), value) for value in backend.position]
    weights = service_weights(scenario)
    for own, place in zip(kept, places, strict=True):
        weight = math.sqrt(weights[own.service])
        cpu = quota(scenario, own.settings["cpu_limit"], own.billed[:, 0])
        acting = own.peak, cpu, own.settings["pool_max"]  # requests and targets act by the count
        position += [weight * _log(values)[place][:, None] for values in acting]
    return (
        np.column_stack([np.full(keep.size, number), *places]),
        worst[keep],
        hourly_compute(scenario, kept, places) + backend.usd,
        changes[keep],
        _summed([resources(own) for own in kept], places),
        np.hstack(position),
    )


def _places(scenario: Scenario, kept: list[Rows], most: int) -> list[np.ndarray]:
    """Rows of each service, combined: every combination where they are few, else those described above."""
    if math.prod(own.peak.size for own in kept) <= most:
        return [grid.ravel() for grid in np.meshgrid(*(np.arange(own.peak.size) for own in kept), indexing="ij")]
    now = np.array([_today(own) for own in kept])
    found = [now[None, :], _one_changed(kept, now, most // 4)]
    cost = each_cost(scenario, kept, now)
    limits, room = _limits(scenario, kept)
    for target in TARGETS:
        column = int(np.argmin(np.abs(SCALE - target)))
        slow, slow_room = _slow(scenario, kept, column, target)
        uses = [np.hstack([a, b]) for a, b in zip(slow, limits, strict=True)]
        scores = priced(cost, uses, np.concatenate([slow_room, room]))
        found.append(np.array(list(islice(smallest_sums(scores), most // (2 * len(TARGETS))))))
    together = np.unique(np.concatenate(found), axis=0)
    return list(together.T)


def _today(own: Rows) -> int:
    return int(np.flatnonzero(own.changes == 0)[0])


def _one_changed(kept: list[Rows], now: np.ndarray, most: int) -> np.ndarray:
    """Today's with another row of one service, those with the fewest changes first."""
    singles = [
        (int(own.changes[row]), number, row)
        for number, own in enumerate(kept)
        for row in range(own.peak.size)
        if row != now[number]
    ]
    singles = sorted(singles)[:most]
    found = np.tile(now, (len(singles), 1))
    for place, (_, number, row) in enumerate(singles):
        found[place, number] = row
    return found


def _slow(scenario: Scenario, kept: list[Rows], column: int, target: float) -> tuple[list[np.ndarray], np.ndarray]:
    """(by service: rows x objectives, what each adds; what all may add) for a multiple of the limits."""
    turns = [turn for turn, slo in enumerate(scenario.slo) if slo.metric != "rejected"]
    uses = [
        np.column_stack(
            [
                np.nan_to_num(own.shares[t][:, column if own.shares[t].shape[1] > 1 else 0], nan=1e3, posinf=1e3)
                for t in turns
            ]
        )
        if turns
        else np.zeros((own.peak.size, 0))
        for own in kept
    ]
    return uses, np.array([budget(scenario.slo[turn], target) for turn in turns])


def _limits(scenario: Scenario, kept: list[Rows]) -> tuple[list[np.ndarray], np.ndarray]:
    """(by service: rows x limits; room) of connections, and of a single host's cores and memory."""
    host, host_room = uses_of_host(scenario, kept)
    uses = [np.column_stack([opened(own.settings), more]) for own, more in zip(kept, host, strict=True)]
    return uses, np.array([_links(scenario, kept), *host_room])


def _links(scenario: Scenario, kept: list[Rows]) -> float:
    """Connections that all pools may open: what is accepted, or today's where no combination opens so few."""
    accepted = float(connections(scenario))
    if sum(float(opened(own.settings).min()) for own in kept) <= accepted:
        return accepted
    return sum(float(opened(own.settings)[_today(own)]) for own in kept)


def _summed(columns: Sequence[np.ndarray], places: Sequence[np.ndarray]) -> np.ndarray:
    """Sum of one figure of each service's row, by combination."""
    return np.asarray(sum(column[place] for column, place in zip(columns, places, strict=True)))


def _log(values: np.ndarray) -> np.ndarray:
    """Logarithms; no limit counts as twice the largest limit."""
    known = values[np.isfinite(values)]
    top = 2 * known.max() if known.size else 1.0
    return np.log(np.where(np.isnan(values), top, values))
