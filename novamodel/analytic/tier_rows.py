"""Names and rows of the tiers of a graph: edges, caches, externals and the consumers of queues.

Names: the parts that stand by themselves as ever ("edge", "postgres cpu", "redis"), further ones with their name in
front ("ledger postgres cpu"), "external NAME", "queue NAME consumers".
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from novamodel.analytic.demand import core_scale, route_key
from novamodel.analytic.latency import route_means
from novamodel.analytic.stations import edge_visits, edge_work_s
from novamodel.analytic.system import SystemLoad
from novamodel.analytic.traffic_equations import consumer_shares
from novamodel.scenario import Scenario
from novamodel.scenario.demand import MAIN

Row = dict[str, Any]
Amount = float | np.ndarray


def before(name: str) -> str:
    """What stands before a tier's name: nothing for the part that stands by itself."""
    return "" if name == MAIN else f"{name} "


def pool_tier(service: str, database: str) -> str:
    """Name of a service's pool to a database."""
    return f"{service} {before(database)}pool"


def row(
    tier: str,
    demand: Amount,
    unit: str,
    busy: Amount,
    limit: Amount,
    multiple: float,
    scales_out: bool,
    may_open: float = math.nan,
) -> Row:
    """One tier, see `tiers.tier_demands`."""
    return {
        "tier": tier,
        "demand_per_request": float(demand),
        "unit": unit,
        "busy": float(busy),
        "limit": float(limit),
        "saturation_multiple": float(multiple),
        "scales_out": scales_out,
        "may_open": float(may_open),
    }


def over(limit: float, need: float) -> float:
    """How often a need fits into a limit."""
    return limit / need if need > 0 else math.inf


def edge_rows(scenario: Scenario, name: str, load: SystemLoad, rate: float) -> Iterator[Row]:
    """Workers of a reverse proxy; the one that stands by itself too where nobody comes through it."""
    edge, visits = scenario.all_edges[name], edge_visits(scenario, load.routes, name)
    work = edge_work_s(edge) * core_scale(scenario) * visits
    full = over(edge.workers, rate * work)
    yield row(f"{before(name)}edge", work, "s", load.edges[name].busy, edge.workers, full, False)


def cache_row(name: str, load: SystemLoad, rate: float) -> Row:
    """The threads of a cache; the master that has the most to do is full first."""
    busy, shares = load.caches[name].busy, load.caches[name].shares
    need = sum(demand.share * demand.at_cache(name).cache_busy for demand in load.routes.values())
    full = over(1, rate * need * float(shares.max()))
    return row(f"{before(name)}redis", busy / rate if rate else need, "s", busy, len(shares), full, False)


def external_rows(scenario: Scenario, load: SystemLoad, rate: float) -> Iterator[Row]:
    """Externals that work on so many calls at once."""
    for name, external in scenario.externals.items():
        if external.concurrency is not None:
            calls = float(load.externals[name].rate_per_s)
            need, limit = calls * external.latency.busy, external.concurrency
            each = need / rate if rate else 0.0
            yield row(f"external {name}", each, "s", load.externals[name].busy, limit, over(limit, need), False)


def consumer_rows(
    scenario: Scenario, load: SystemLoad, rate: float, now: Mapping[str, int], most: Mapping[str, int]
) -> Iterator[Row]:
    """Messages that the consumers of each queue are at work on (Little's law), of as many as they take at once."""
    means = route_means(scenario, load) if scenario.queues else {}
    for queue in scenario.queues:
        shares = consumer_shares(scenario, queue)
        if not shares:
            continue
        messages = rate * sum(demand.share * demand.messages.get(queue, 0.0) for demand in load.routes.values())
        stays = [share * float(means.get(route_key(load.routes, at), 0.0)) for at, share in shares.items()]
        busy, room, grown = messages * sum(stays), 0.0, 0.0
        for name, service in scenario.services.items():
            slots = sum(one.concurrency for one in service.consumers.values() if one.queue == queue)
            room, grown = room + slots * now[name], grown + slots * most[name]
        each = busy / rate if rate else 0.0
        yield row(f"queue {queue} consumers", each, "message s", busy, room, over(grown, busy), True)
