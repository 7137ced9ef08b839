"""The system as a graph: which route asks whom. Names are resolved here, and what leads nowhere is refused here."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import NamedTuple, Protocol

from novamodel.scenario.backend import Cache, Database, Edge
from novamodel.scenario.demand import MAIN, Step, walk_steps
from novamodel.scenario.service import Service
from novamodel.scenario.stations import External, Queue
from novamodel.scenario.traffic import Traffic

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
    if to in scenario.externals:
        return to
    service, _, route = to.rpartition(".")
    if service in scenario.services and route in scenario.services[service].routes:
        return RouteOf(service, route)
    found = owners(scenario, to)
    if len(found) == 1:
        return RouteOf(found[0], to)
    if found:
        raise ValueError(f"{to!r} is a route of {' and '.join(found)}; write {found[0]}.{to}")
    routes = [f"{name}.{one}" for name, part in scenario.services.items() for one in part.routes]
    raise ValueError(f"{to!r} is no route of a service and no external; {nearest([*routes, *scenario.externals], to)}")


def nearest(names: list[str], wrong: str) -> str:
    """The nearest of the known names, or all of them."""
    close = get_close_matches(wrong, names, n=3, cutoff=0.5)
    return f"nearest: {', '.join(close)}" if close else f"known: {', '.join(names) or 'none'}"


def check_graph(scenario: Whole) -> None:
    """Every name leads somewhere, every circle of calls has an exit. Raises ValueError that names the path."""
    for where, source in _sources(scenario):
        for route in source.routes:
            found = owners(scenario, route)
            if len(found) != 1:
                what = "no service" if not found else "more than one service"
                known = ", ".join(sorted({r for s in scenario.services.values() for r in s.routes})) or "none"
                raise ValueError(f"{where}.mix names route {route!r}, which {what} answers (routes: {known})")
        if source.via != DIRECT and source.via not in scenario.all_edges:
            raise ValueError(
                f"{where}.via {source.via!r} is no edge; {nearest([*scenario.all_edges, DIRECT], source.via)}"
            )
    for name, service in scenario.services.items():
        for route, steps in service.routes.items():
            _check_steps(scenario, f"services.{name}.routes.{route}", steps, service)
        for database in service.pools:
            if database == MAIN or database not in scenario.all_databases:
                hint = "write pool" if database == MAIN else nearest(list(scenario.all_databases), database)
                raise ValueError(f"services.{name}.pools names {database!r}, which is no further database; {hint}")
        for which, consumer in service.consumers.items():
            where = f"services.{name}.consumers.{which}"
            if consumer.queue not in scenario.queues:
                raise ValueError(
                    f"{where} names queue {consumer.queue!r}; {nearest(list(scenario.queues), consumer.queue)}"
                )
            if consumer.route not in service.routes:
                raise ValueError(
                    f"{where} names route {consumer.route!r}; {nearest(list(service.routes), consumer.route)}"
                )
        for route in service.repeatable:
            if route not in service.routes:
                raise ValueError(f"services.{name}.repeatable names {route!r}; {nearest(list(service.routes), route)}")
    for edge_name, edge in scenario.all_edges.items():
        where = "edge" if edge_name == MAIN else f"edges.{edge_name}"
        for part in ("limits", "connection_limits"):
            for place in getattr(edge, part):
                if place not in scenario.services and not owners(scenario, place):
                    services = ", ".join(scenario.services)
                    raise ValueError(
                        f"{where}.{part} names {place!r}, which is no service (services: {services}) and no route"
                    )
        for part in ("weights", "upstreams"):
            for place in getattr(edge, part):
                if place not in scenario.services:
                    services = ", ".join(scenario.services)
                    raise ValueError(f"{where}.{part} names {place!r}, which is no service (services: {services})")
    _check_circles(scenario)


def _sources(scenario: Whole) -> Iterator[tuple[str, Traffic]]:
    for name, source in scenario.traffic.sources.items():
        yield "traffic" if name == MAIN else f"traffic.also.{name}", source  # type: ignore[misc]


def _check_steps(scenario: Whole, where: str, steps: tuple[Step, ...], service: Service) -> None:
    for step in walk_steps(steps):
        if step.sql is not None:
            name = step.database_name
            if name not in scenario.all_databases:
                raise ValueError(f"{where} names database {name!r}; {nearest(list(scenario.all_databases), name)}")
            if name not in service.all_pools:
                owner = where.split(".routes.")[0]
                missing = "the service has no pool" if name == MAIN else f"{owner}.pools lacks {name!r}"
                raise ValueError(f"{where} runs sql, but {missing}")
            statements = scenario.all_databases[name].statements
            path = "database" if name == MAIN else f"databases.{name}"
            for inner in step.sql:
                if isinstance(inner, str) and inner not in statements:
                    known = ", ".join(statements) or "none"
                    raise ValueError(
                        f"{where} names statement {inner!r}, which {path}.statements lacks (known: {known})"
                    )
        elif step.cache is not None:
            if step.cache.store not in scenario.all_caches:
                raise ValueError(f"{where} names cache {step.cache.store!r}; "
                                 f"{nearest(list(scenario.all_caches), step.cache.store)}")  # fmt: skip
            keyspaces = scenario.all_caches[step.cache.store].keyspaces
            path = "cache" if step.cache.store == MAIN else f"caches.{step.cache.store}"
            if step.cache.keyspace not in keyspaces:
                known = ", ".join(keyspaces) or "none"
                raise ValueError(
                    f"{where} names keyspace {step.cache.keyspace!r}, which {path}.keyspaces lacks (known: {known})"
                )
        elif step.publish is not None:
            if step.publish not in scenario.queues:
                raise ValueError(
                    f"{where} publishes to {step.publish!r}; {nearest(list(scenario.queues), step.publish)}"
                )
        elif step.call is not None:
            try:
                called(scenario, step.call.to)
            except ValueError as problem:
                raise ValueError(f"{where} calls {problem}") from None


def _certain(steps: tuple[Step, ...]) -> Iterator[Step]:
    """Steps that every request takes: neither by chance nor behind a cache miss."""
    for step in steps:
        if step.chance is None or step.chance >= 1.0:
            yield step
            yield from _certain((*(step.then or ()), *(one for branch in step.parallel or () for one in branch)))


def _check_circles(scenario: Whole) -> None:
    """A call that leads back to its own route for certain never ends; likewise messages that make messages."""
    edges: dict[RouteOf, list[RouteOf]] = {}
    for name, service in scenario.services.items():
        for route, steps in service.routes.items():
            edges[RouteOf(name, route)] = [*_next_routes(scenario, steps)]
    state: dict[RouteOf, int] = {}
    for start in edges:
        _search(start, edges, state)


def _next_routes(scenario: Whole, steps: tuple[Step, ...]) -> Iterator[RouteOf]:
    for step in _certain(steps):
        if step.call is not None:
            target = called(scenario, step.call.to)
            if isinstance(target, RouteOf):
                yield target
        elif step.publish is not None:
            for name, service in scenario.services.items():
                for consumer in service.consumers.values():
                    if consumer.queue == step.publish:
                        yield RouteOf(name, consumer.route)


def _search(start: RouteOf, edges: dict[RouteOf, list[RouteOf]], state: dict[RouteOf, int]) -> None:
    """Depth first, without recursion: 1 = on the way, 2 = done."""
    stack = [(start, iter(edges[start]))] if not state.get(start) else []
    path = [start]
    state.setdefault(start, 1)
    while stack:
        node, following = stack[-1]
        target = next(following, None)
        if target is None:
            state[node] = 2
            stack.pop()
            path.pop()
        elif state.get(target) == 1:
            circle = " -> ".join(str(one) for one in [*path[path.index(target) :], target])
            raise ValueError(
                f"services.{target.service}.routes.{target.route} calls itself without an exit: {circle}; "
                "a step with chance, or behind a cache miss, ends it"
            )
        elif not state.get(target):
            state[target] = 1
            path.append(target)
            stack.append((target, iter(edges[target])))


def unused_parts(scenario: Whole) -> list[str]:
    """Paths of further databases, caches, queues, externals and edges that no route and no source names."""
    steps = [step for s in scenario.services.values() for route in s.routes.values() for step in walk_steps(route)]
    used = {
        "databases": {step.database_name for step in steps if step.sql is not None},
        "caches": {step.cache.store for step in steps if step.cache is not None},
        "queues": {step.publish for step in steps if step.publish is not None},
        "externals": {step.call.to for step in steps if step.call is not None},
        "edges": {source.via for source in scenario.traffic.sources.values()},
    }
    consumed = {consumer.queue for service in scenario.services.values() for consumer in service.consumers.values()}
    known = {
        "databases": scenario.all_databases,
        "caches": scenario.all_caches,
        "queues": scenario.queues,
        "externals": scenario.externals,
        "edges": scenario.all_edges,
    }
    paths = [
        f"{kind}.{name}" for kind, parts in known.items() for name in parts if name != MAIN and name not in used[kind]
    ]
    return [*paths, *(f"queues.{name}" for name in scenario.queues if name in used["queues"] and name not in consumed)]
