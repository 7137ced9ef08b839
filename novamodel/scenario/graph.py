"""The system as a graph: which route asks whom. Names are resolved here, and what leads nowhere is refused here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

from novamodel.scenario.backend import Cache, Database, Edge
from novamodel.scenario.demand import Step, steps_with_paths, walk_steps
from novamodel.scenario.fields import Wrong, wrong
from novamodel.scenario.naming import MAIN, ONE_OF, nearest_names
from novamodel.scenario.scaling_metric import OF_QUEUES, ScalingMetric
from novamodel.scenario.service import Service
from novamodel.scenario.stations import External, Queue
from novamodel.scenario.traffic import Source, Traffic

DIRECT = "direct"
"""What a source says in place of an edge when its requests go straight to the services."""


class Whole(Protocol):
    """What is looked at of a scenario."""

    @property
    def traffic(self) -> Traffic: ...
    @property
    def services(self) -> dict[str, Service]: ...
    @property
    def externals(self) -> dict[str, External]: ...
    @property
    def queues(self) -> dict[str, Queue]: ...
    @property
    def all_edges(self) -> dict[str, Edge]: ...
    @property
    def all_databases(self) -> dict[str, Database]: ...
    @property
    def all_caches(self) -> dict[str, Cache]: ...


class RouteOf(NamedTuple):
    """A route of a service."""

    service: str
    route: str

    def __str__(self) -> str:
        return f"{self.service}.{self.route}"


def owners(scenario: Whole, route: str) -> list[str]:
    """Services that have a route of this name."""
    return [name for name, service in scenario.services.items() if route in service.routes]


def called(scenario: Whole, to: str) -> RouteOf | str:
    """What a call names: a route of a service, or an external's name. Raises ValueError with the nearest names."""
    service, _, route = to.rpartition(".")
    found = owners(scenario, to)
    if to in scenario.externals:
        if found:
            raise wrong(f"{to!r} is an external and a route of {found[0]}", valid=f"{found[0]}.{to}, or another name")
        return to
    if service in scenario.services and route in scenario.services[service].routes:
        return RouteOf(service, route)
    if len(found) == 1:
        return RouteOf(found[0], to)
    if found:
        raise wrong(f"{to!r} is a route of {' and '.join(found)}", valid=" or ".join(f"{one}.{to}" for one in found))
    routes = [f"{name}.{one}" for name, part in scenario.services.items() for one in part.routes]
    raise wrong(
        f"{to!r} is no route of a service and no external", valid=nearest_names([*routes, *scenario.externals], to)
    )


def place_of(many: str, name: str) -> tuple[str, ...]:
    """Path of a part by its name: ``("database",)`` for the one that stands by itself, else ``("databases", name)``."""
    if many == "sources":
        return ("traffic",) if name == MAIN else ("traffic", "also", name)
    return (ONE_OF[many],) if name == MAIN else (many, name)


def check_graph(scenario: Whole) -> None:
    """Every name leads somewhere. Raises a ValueError with the path and the nearest names."""
    for name, source in scenario.traffic.sources.items():
        _check_source(scenario, source, place_of("sources", name))
    for name, service in scenario.services.items():
        _check_service(scenario, service, "services", name)
    for name, edge in scenario.all_edges.items():
        _check_edge(scenario, edge, place_of("edges", name))


def _require(what: str, name: str, known: Iterable[str], *path: str) -> None:
    """A name must be one of the known ones."""
    known = list(known)
    if name not in known:
        raise wrong(f"{name!r} is no {what}", *path, valid=nearest_names(known, name))


def _check_source(scenario: Whole, source: Source, path: tuple[str, ...]) -> None:
    for below, route in _routes_said(source):
        found = owners(scenario, route)
        if not found:
            known = [one for service in scenario.services.values() for one in service.routes]
            raise wrong(f"names route {route!r}, which no service answers", *path, *below,
                        valid=nearest_names(known, route))  # fmt: skip
        if len(found) > 1:
            raise wrong(f"names route {route!r}, which more than one service answers ({', '.join(found)})",
                        *path, *below, valid="routes that callers ask for have a name of their own")  # fmt: skip
    _require("edge", source.via, [*scenario.all_edges, DIRECT], *path, "via")
    if source.replay is not None and source.replay.demand is not None:
        _require("step of a route", source.replay.demand, _demands(scenario), *path, "replay", "demand")


def _demands(scenario: Whole) -> list[str]:
    """What a recorded demand may stand for: the statements that routes run, and cpu, thread or wait where they do."""
    found: list[str] = []
    for service in scenario.services.values():
        for step in (step for route in service.routes.values() for step in walk_steps(route)):
            found += [one if isinstance(one, str) else "cpu" for one in step.sql or ()]
            found += [kind for kind in ("cpu", "thread", "wait") if getattr(step, kind) is not None]
    return list(dict.fromkeys(found))


def _routes_said(source: Source) -> Iterator[tuple[tuple[str, ...], str]]:
    """Routes that a source names, each with the path below the source."""
    yield from ((("mix", route), route) for route in source.mix)
    for name, session in source.sessions.items():
        yield from ((("sessions", name, "routes", str(i)), route) for i, route in enumerate(session.routes))
    if source.loop == "replay" and source.replay is not None:
        yield from ((("replay", "routes", text), route) for text, route in source.replay.routes.items() if route)
        yield from ((("replay", "other"), route) for route in (source.replay.other,) if route is not None)


def _check_service(scenario: Whole, service: Service, *path: str) -> None:
    for database in service.pools:
        if database == MAIN:
            raise wrong("the pool to the database that stands by itself is pool", *path, "pools", MAIN, valid="pool")
        _require("further database", database, list(scenario.all_databases)[1:], *path, "pools", database)
    for route, steps in service.routes.items():
        for where, step in steps_with_paths(steps, *path, "routes", route):
            _check_step(scenario, service, step, path, where)
    for name, consumer in service.consumers.items():
        _require("queue", consumer.queue, scenario.queues, *path, "consumers", name, "queue")
        _require("route of this service", consumer.route, service.routes, *path, "consumers", name, "route")
    for number, route in enumerate(service.repeatable):
        _require("route of this service", route, service.routes, *path, "repeatable", str(number))
    for name, metric in (service.autoscaler.metrics if service.autoscaler else {}).items():
        _check_metric(scenario, service, metric, *path, "autoscaler", "metrics", name)


def _check_metric(scenario: Whole, service: Service, metric: ScalingMetric, *path: str) -> None:
    """What an autoscaler reads must be there: a pool, or a queue."""
    if metric.reads == "pool waits":
        _require("database that the service has a pool to", metric.database, service.all_pools, *path, "database")
    if metric.queue is not None:
        _require("queue", metric.queue, scenario.queues, *path, "queue")
    elif metric.reads in OF_QUEUES and not service.consumers:
        raise wrong(f"reads {metric.reads}, and the service takes from no queue", *path, "reads",
                    valid="queue: NAME, or consumers of the service")  # fmt: skip


def _check_step(scenario: Whole, service: Service, step: Step, owner: tuple[str, ...], where: tuple[str, ...]) -> None:
    if step.sql is not None:
        name = step.database_name
        _require("database", name, scenario.all_databases, *where, "database")
        if name not in service.all_pools:
            missing = "pool" if name == MAIN else f"pools.{name}"
            raise wrong(f"runs sql, but the service has no pool to it ({'.'.join(owner)}.{missing})", *where, "sql",
                        valid=f"{missing}: {{max: 10}}")  # fmt: skip
        statements = scenario.all_databases[name].statements
        for number, inner in enumerate(step.sql):
            if isinstance(inner, str) and inner not in statements:
                lacks = f"{'.'.join(place_of('databases', name))}.statements lacks"
                raise wrong(f"names statement {inner!r}, which {lacks}", *where, "sql", str(number),
                            valid=nearest_names(statements, inner))  # fmt: skip
    elif step.cache is not None:
        store, keyspace = step.cache.store, step.cache.keyspace
        _require("cache", store, scenario.all_caches, *where, "cache", "store")
        keyspaces = scenario.all_caches[store].keyspaces
        if keyspace not in keyspaces:
            lacks = f"{'.'.join(place_of('caches', store))}.keyspaces lacks"
            raise wrong(f"names keyspace {keyspace!r}, which {lacks}", *where, "cache", "keyspace",
                        valid=nearest_names(keyspaces, keyspace))  # fmt: skip
    elif step.publish is not None:
        _require("queue", step.publish, scenario.queues, *where, "publish")
    elif step.call is not None:
        try:
            called(scenario, step.call.to)
        except Wrong as problem:
            raise wrong(problem.message, *where, "call", valid=problem.valid) from None


def _check_edge(scenario: Whole, edge: Edge, path: tuple[str, ...]) -> None:
    services = list(scenario.services)
    routes = [route for service in scenario.services.values() for route in service.routes]
    for part in ("limits", "connection_limits"):
        for place in getattr(edge, part):
            _require("service and no route", place, [*services, *routes], *path, part, place)
    for part in ("weights", "upstreams"):
        for place in getattr(edge, part):
            _require("service", place, services, *path, part, place)


def unused_parts(scenario: Whole) -> list[str]:
    """Paths of further databases, caches, edges, of queues and externals that nothing names, and of unread queues."""
    steps = [step for one in scenario.services.values() for route in one.routes.values() for step in walk_steps(route)]
    consumed = {consumer.queue for service in scenario.services.values() for consumer in service.consumers.values()}
    named: list[tuple[str, Iterable[str], set[str]]] = [
        ("databases", scenario.all_databases, {step.database_name for step in steps if step.sql is not None}),
        ("caches", scenario.all_caches, {step.cache.store for step in steps if step.cache is not None}),
        ("edges", scenario.all_edges, {source.via for source in scenario.traffic.sources.values()}),
        ("externals", scenario.externals, {step.call.to for step in steps if step.call is not None}),
        ("queues", scenario.queues, {step.publish for step in steps if step.publish is not None} & consumed),
    ]
    return [f"{many}.{name}" for many, known, used in named for name in known if name not in used | {MAIN}]
