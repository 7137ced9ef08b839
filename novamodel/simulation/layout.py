"""Which row every station of a scenario has: edges, places, balances, links, caches, call sites, queues, externals."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from novamodel.errors import UserError
from novamodel.scenario import Scenario
from novamodel.scenario.callers import Caller
from novamodel.scenario.demand import MAIN
from novamodel.scenario.graph import DIRECT
from novamodel.scenario.service import Service

SPARE_REPLICAS = 8  # rows for pods that still drain while others start
MOST_ROWS = 4096
MOST_KEYS = 1_000_000
"""Keys of a run that are kept one by one at most; beyond, hit ratios follow the closed form."""


class Balance(NamedTuple):
    """Who chooses a replica of a service: an edge, or those who call it directly."""

    edge: str
    service: str


class Link(NamedTuple):
    """A service's way to a database, or to its read replicas."""

    service: str
    database: str
    reads: bool


class Site(NamedTuple):
    """A call: what is called, how, and over which distance (s, one way)."""

    caller_name: str
    called: str
    program: int
    start: int  # operation that it begins with; NONE = the program's first
    caller: Caller
    network: float
    optional: bool
    repeats: bool  # each attempt has the draws of the caller


@dataclass
class Layout:
    """Rows by name; sites are added while programs are written."""

    edges: tuple[str, ...]
    services: tuple[str, ...]
    rows: dict[str, tuple[int, int]]  # service -> first replica row, one past the last
    balances: dict[Balance, int]
    links: dict[Link, int]
    servers: dict[tuple[str, bool], tuple[int, int]]  # (database, read replicas) -> first server, how many
    doors: dict[tuple[str, bool | None], int]  # (database, read replicas; None: its PgBouncer) -> door
    caches: dict[str, tuple[int, int]]  # cache -> first of its servers, one past the last
    keyspaces: tuple[tuple[str, str], ...]  # (cache, keyspace)
    keyed: frozenset[tuple[str, str]]  # those whose keys are kept one by one
    queues: tuple[str, ...]
    groups: dict[tuple[str, str], int]  # (service, consumer) -> consumer group
    externals: tuple[str, ...]
    populations: tuple[str, ...]
    places: dict[tuple[str, str], int] = field(default_factory=dict)  # (edge, route) -> place
    sites: list[Site] = field(default_factory=list)

    @property
    def replica_count(self) -> int:
        """Rows of replicas."""
        return max(end for _, end in self.rows.values())

    @property
    def cache_servers(self) -> int:
        """Masters of all caches."""
        return max(end for _, end in self.caches.values())


def layout_of(scenario: Scenario) -> Layout:
    """Number everything, in the order of the scenario."""
    services, edges = tuple(scenario.services), tuple(scenario.all_edges)
    balances = [Balance(edge, service) for edge in (*edges, DIRECT) for service in services]
    links, servers, next_server = [], {}, 0
    for name, database in scenario.all_databases.items():
        counts = (1, database.read_replicas.count if database.read_replicas else 0)
        for reads, count in zip((False, True), counts, strict=True):
            if count:
                servers[(name, reads)] = (next_server, count)
                next_server += count
                links += [Link(one, name, reads) for one in services if name in scenario.services[one].all_pools]
    queues = tuple(scenario.queues)
    members = [
        (service, name)
        for queue in queues
        for service, part in scenario.services.items()
        for name, consumer in part.consumers.items()
        if consumer.queue == queue
    ]
    return Layout(
        edges=edges,
        services=services,
        rows=_replica_rows(scenario),
        balances={one: number for number, one in enumerate(balances)},
        links={one: number for number, one in enumerate(links)},
        servers=servers,
        doors=_doors(scenario, list(servers)),
        caches=_cache_rows(scenario),
        keyspaces=tuple((store, name) for store, cache in scenario.all_caches.items() for name in cache.keyspaces),
        keyed=keyed(scenario),
        queues=queues,
        groups={one: number for number, one in enumerate(members)},
        externals=tuple(scenario.externals),
        populations=tuple(scenario.traffic.everyone),
    )


def _cache_rows(scenario: Scenario) -> dict[str, tuple[int, int]]:
    rows, first = {}, 0
    for name, cache in scenario.all_caches.items():
        rows[name] = (first, first + cache.shards)
        first += cache.shards
    return rows


def keyed(scenario: Scenario) -> frozenset[tuple[str, str]]:
    """Keyspaces whose keys are kept one by one: no hit ratio is stated; the smallest, while they are not too many."""
    spaces = {
        (store, name): space.keys
        for store, cache in scenario.all_caches.items()
        for name, space in cache.keyspaces.items()
        if space.hit_ratio is None
    }
    found, total = [], 0
    for key in sorted(spaces, key=lambda one: spaces[one]):
        total += spaces[key]
        if total <= MOST_KEYS:
            found.append(key)
    return frozenset(found)


def _doors(scenario: Scenario, servers: list[tuple[str, bool]]) -> dict[tuple[str, bool | None], int]:
    bouncers = [(name, None) for name, database in scenario.all_databases.items() if database.pgbouncer is not None]
    return {door: number for number, door in enumerate([*servers, *bouncers])}


def most_replicas(service: Service) -> int:
    """The most replicas that the autoscaler (or the fixed count) allows."""
    return max(service.replicas, service.autoscaler.max_replicas if service.autoscaler else 1)


def _replica_rows(scenario: Scenario) -> dict[str, tuple[int, int]]:
    rows, first = {}, 0
    for name, service in scenario.services.items():
        most = most_replicas(service)
        spare = SPARE_REPLICAS + (2 * most if scenario.operations else 0)  # an update starts and drains a fleet
        rows[name] = (first, first + most + spare)
        first = rows[name][1]
    if first > MOST_ROWS:
        raise UserError(f"{first} replicas in all", valid=f"at most {MOST_ROWS}, those that may be added included")
    return rows


__all__ = ["DIRECT", "MAIN", "Balance", "Layout", "Link", "Site", "layout_of", "most_replicas"]
