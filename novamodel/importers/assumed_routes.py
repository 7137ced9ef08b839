"""What requests do where no file says it: the routes of a usual service, along the links that files show."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from novamodel.importers.graph.links import Link
from novamodel.importers.graph.system import MAIN, System
from novamodel.scenario import Finding, Origin, Tree, finding
from novamodel.yamlfile import Lines

FILE = "data/defaults/assumed.yaml"
MOST_CALLS = 3
"""Services that a request asks on average where more are linked: each with an equal chance."""


class Assumed:
    """The tree of assumptions with the line of ``assumed.yaml`` that each comes from."""

    def __init__(self, values: dict[str, Any], lines: Lines) -> None:
        self.values, self.lines, self.tree = values, lines, Tree()

    def put(self, path: str, value: Any, source: str, place: tuple[str | int, ...]) -> None:
        """Set a part of the scenario; ``source`` names its sentence, ``place`` where it stands in the file."""
        words = path.split(".")
        node = self.tree.values
        for word in words[:-1]:
            node = node.setdefault(word, {})
        node[words[-1]] = copy.deepcopy(value)
        self._sign(path, value, self.values["sources"][source], place)

    def _sign(self, path: str, value: Any, sentence: str, place: tuple[str | int, ...]) -> None:
        """Every value keeps its own origin: an imported part around it must not be taken for it."""
        self.tree.origins[path] = Origin(sentence.split(":")[0], sentence, FILE, self.lines.get(place, 1))
        if isinstance(value, dict):
            for key, inner in value.items():
                self._sign(f"{path}.{key}", inner, sentence, (*place, key))


INSIDE = ("read", "write")
"""Routes of a service that only other services ask, and of one without a database."""
_FURTHER = {"read": ["read_item"], "write": ["begin", "update_item", "commit"]}
"""Statements of a route at databases beside the first one."""


def say_routes(assumed: Assumed, services: list[str], system: System, cached: bool) -> None:
    """Write routes, pools and the mix of all services, and the queues and stores behind them.

    ``cached``: whether a file speaks of a cache: none is assumed, for it would take work from the database.
    """
    plan = _Plan(assumed.values["kinds"], services, system, cached)
    mix: dict[str, str] = {}
    for service in services:
        below = f"services.{service}"
        if service in plan.workers:
            _say_worker(assumed, service, plan)
        else:
            kind, routes, sizes = plan.kind[service], {}, {}
            for route, facts in plan.shown[service].items():
                routes[plan.named(service, route)] = plan.steps(service, route, facts["steps"])
                sizes[plan.named(service, route)] = facts["response_bytes"]
            assumed.put(f"{below}.routes", routes, "routes", ("kinds", kind, "routes"))
            assumed.put(f"{below}.response_bytes", sizes, "response_bytes", ("kinds", kind, "routes"))
            mix |= plan.mix(service)
        for database in plan.databases(service):
            path = "pool" if database == MAIN else f"pools.{database}"
            assumed.put(f"{below}.{path}", {}, "pool", ("kinds", plan.kind[service], "routes"))
        _sign_links(assumed, below, service, plan)
    assumed.put("traffic.mix", mix, "mix", ("kinds",))
    for name in system.databases:
        if name != MAIN:
            assumed.put(f"databases.{name}", copy.deepcopy(assumed.values["database"]), "database", ("database",))
    if MAIN in system.caches or any(MAIN in plan.caches(service) for service in services):
        assumed.put("cache", assumed.values["cache"], "cache", ("cache",))
    for name in system.caches:
        if name != MAIN:
            assumed.put(f"caches.{name}", copy.deepcopy(assumed.values["cache"]), "cache", ("cache",))
    for name in plan.queues:
        assumed.put(f"queues.{name}", {}, "queue", ("worker",))


class _Plan:
    """Which routes each service has and what stands behind them."""

    def __init__(self, kinds: dict[str, Any], services: list[str], system: System, cached: bool) -> None:
        self.kinds, self.services, self.system = kinds, services, system
        self.usual, self.cached = not system.evident, cached
        self.queues = system.worked()
        self.workers = [name for name in services if name in system.workers]
        asked = [name for name in services if name not in self.workers]
        if not asked:  # nobody would be asked at all
            self.workers, asked = [], services
        self.entries = [name for name in asked if name in system.entries] or asked
        self.calls = without_circles(system, self.entries)
        usual = list(kinds)[-1]
        self.kind = {name: _kind_of(name, kinds) if self.databases(name) else usual for name in services}
        self.shown = {name: self._shown(name) for name in services}

    def _shown(self, service: str) -> dict[str, Any]:
        routes: dict[str, Any] = self.kinds[self.kind[service]]["routes"]
        plain = service not in self.entries or not self.databases(service)
        inside = {route: facts for route, facts in routes.items() if route in INSIDE}
        return inside if plain and inside else routes

    def databases(self, service: str) -> list[str]:
        """Databases that a service uses, the main one first."""
        return [MAIN] if self.usual else self.system.used(service, self.system.databases)

    def caches(self, service: str) -> list[str]:
        """Caches that a service uses, the main one first."""
        if self.usual:
            return [MAIN] if self.cached else []
        return self.system.used(service, self.system.caches)

    def named(self, service: str, route: str) -> str:
        """A route's name: with the service before it where more than one has such routes."""
        alike = [name for name in self.services if name not in self.workers and route in self.shown[name]]
        return route if len(alike) == 1 else f"{service}-{route}"

    def mix(self, service: str) -> dict[str, str]:
        """What callers from outside ask of a service."""
        if service not in self.entries:
            return {}
        kind = self.kind[service]
        total = sum(self.kinds[one]["share"] for one in {self.kind[name] for name in self.entries})
        alike = sum(self.kind[name] == kind for name in self.entries)
        whole = sum(facts["share"] for facts in self.shown[service].values())
        share = Fraction(self.kinds[kind]["share"], total) / alike
        return {
            self.named(service, route): f"{float(share * Fraction(facts['share'], whole) * 100):.12g} %"
            for route, facts in self.shown[service].items()
        }

    def steps(self, service: str, route: str, usual: list[Any]) -> list[Any]:
        """The usual steps of a route, with the stores that the service has, and its calls and messages behind them."""
        databases, caches = self.databases(service), self.caches(service)
        steps = _with_stores(copy.deepcopy(usual), databases[:1], caches[:1])
        way = route if route in INSIDE else "read"
        steps += [{"sql": list(_FURTHER[way]), "database": name} for name in databases[1:]]
        steps += [{"cache": {"op": "get", "keyspace": "item", "store": name}} for name in caches[1:]]
        targets = [target for source, target in self.calls if source == service and target in self.shown]
        chance = {"chance": f"{100 * MOST_CALLS / len(targets):.12g} %"} if len(targets) > MOST_CALLS else {}
        for target in targets:
            there = way if way in self.shown[target] else next(iter(self.shown[target]))
            steps.append({"call": f"{target}.{self.named(target, there)}", **chance})
        if way == "write":
            steps += [{"publish": name} for name in self.queues if service in self.system.givers(name)]
        return steps


def _with_stores(steps: list[Any], database: list[str], cache: list[str]) -> list[Any]:
    """Steps with the given database and cache; without one, what a miss does is always done."""
    result: list[Any] = []
    for step in steps:
        if "sql" in step:
            if database:
                result.append(step if database[0] == MAIN else {**step, "database": database[0]})
        elif "cache" in step:
            inner = dict(step["cache"])
            missed = _with_stores(inner.pop("on_miss", []), database, cache)
            if not cache:
                result += missed
                continue
            inner |= {"store": cache[0]} if cache[0] != MAIN else {}
            inner |= {"on_miss": missed} if missed else {}
            result.append({"cache": inner})
        elif "thread" not in step or database:
            result.append(step)
    return result


def _say_worker(assumed: Assumed, service: str, plan: _Plan) -> None:
    """A worker's one route, and the queues that it takes messages from."""
    facts = assumed.values["worker"]
    route = f"{service}-work"
    steps = _with_stores(copy.deepcopy(facts["steps"]), plan.databases(service)[:1], plan.caches(service)[:1])
    targets = [target for source, target in plan.calls if source == service and target in plan.shown]
    steps += [{"call": f"{target}.{plan.named(target, next(iter(plan.shown[target])))}"} for target in targets]
    assumed.put(f"services.{service}.routes", {route: steps}, "routes", ("worker",))
    for name in plan.queues:
        if service in plan.system.takers(name):
            path = f"services.{service}.consumers.{name}"
            assumed.put(path, {"queue": name, "route": route}, "queue", ("worker",))
            at_once = plan.system.concurrency.get(service)
            if at_once is not None:
                assumed.put(f"{path}.concurrency", int(at_once.value or 1), "queue", ("worker",))
                assumed.tree.origins[f"{path}.concurrency"] = Origin("file", "", at_once.file, at_once.line)


def _sign_links(assumed: Assumed, below: str, service: str, plan: _Plan) -> None:
    """Calls, messages and pools that a file shows have its place."""
    shown: dict[str, Link] = {target: link for (source, target), link in plan.calls.items() if source == service}
    for route, steps in plan_routes(assumed, service).items():
        for number, step in enumerate(steps):
            link = shown.get(step["call"].split(".")[0]) if "call" in step else None
            link = plan.queues[step["publish"]].users.get(service) if "publish" in step else link
            if link is not None:
                _sign(assumed, f"{below}.routes.{route}.{number}", link)
    for name in plan.databases(service):
        link = plan.system.databases[name].users.get(service) if name in plan.system.databases else None
        if link is not None:
            _sign(assumed, f"{below}.pool" if name == MAIN else f"{below}.pools.{name}", link)


def plan_routes(assumed: Assumed, service: str) -> dict[str, list[Any]]:
    """The routes that are written of a service."""
    routes: dict[str, list[Any]] = assumed.tree.values["services"][service]["routes"]
    return routes


def _sign(assumed: Assumed, path: str, link: Link) -> None:
    kind = "assumed" if link.why.startswith("assumed") else "derived"
    where = Origin(kind, link.why if kind == "assumed" else f"derived: {link.why}", link.place.file, link.place.line)
    assumed.tree.origins[path] = where


def without_circles(system: System, entries: Iterable[str]) -> dict[tuple[str, str], Link]:
    """The calls, in order, without those that lead back to a service on their own way."""
    kept: dict[tuple[str, str], Link] = {}
    done: set[str] = set()

    def visit(service: str, way: tuple[str, ...]) -> None:
        for (source, target), link in system.calls.items():
            if source == service and target not in way:
                kept[(source, target)] = link
                if target not in done:
                    visit(target, (*way, target))
        done.add(service)

    for service in (*entries, *(source for source, _ in system.calls)):
        if service not in done:
            visit(service, (service,))
    return kept


def _kind_of(service: str, kinds: dict[str, Any]) -> str:
    """``admin`` for a service whose name says so, else the last kind (an API)."""
    for kind, facts in kinds.items():
        if any(word in service for word in facts["names"]):
            return kind
    return list(kinds)[-1]


def unlinked(services: list[str], system: System) -> list[Finding]:
    """Findings about services that nothing leads to and stores of which no file says who uses them."""
    found = []
    for service in services:
        if service in system.alone:
            box = system.boxes[service]
            message = f"no file says who asks {service}: it takes no requests here"
            fix = "add its routes to traffic.mix, or a call of it to the routes of who asks"
            found.append(finding("note", "service-unreached", box.file, box.line, message, fix))
        if service in system.guessed:
            box = system.boxes[service]
            message = f"no file says who asks {service}: {', '.join(system.entries)} is assumed to, once a request"
            found.append(
                finding(
                    "note", "caller-assumed", box.file, box.line, message, "write the steps of the routes that call it"
                )
            )
    for store in (*system.databases.values(), *system.caches.values()):
        guessed = [name for name, link in store.users.items() if link is None]
        if guessed:
            message = f"no file says who uses {store.program} {'' if store.name == MAIN else store.name}".rstrip()
            message += f": {', '.join(guessed)} is assumed to"
            fix = "write the steps of the routes that use it"
            found.append(finding("note", "store-users-assumed", store.place.file, store.place.line, message, fix))
        elif not store.users:
            message = f"no file says who uses {store.name}: no request reaches it here"
            found.append(
                finding(
                    "note", "store-unused", store.place.file, store.place.line, message, "write the steps that use it"
                )
            )
    return found
