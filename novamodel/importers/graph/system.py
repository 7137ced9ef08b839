"""The system that a folder's containers make: entries, calls, stores, queues, who takes no customers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from novamodel.importers.graph.boxes import Box, Text
from novamodel.importers.graph.found_stores import MAIN, Store, find_stores, guess_users
from novamodel.importers.graph.links import Link, by_name, known_hosts, links_of
from novamodel.importers.graph.roles import TESTS, Role, is_client, role_of

_FRONT = re.compile(r"gateway|front|web|bff|(^|-)ui($|-)|portal|store|shop|(^|-)app($|-)|proxy")
_ADMIN = re.compile(r"pgadmin|adminer|phpmyadmin|mongo-express|redis-?commander|redisinsight|mail")
_CLOCK = re.compile(r"(^|[-_])(beat|scheduler|crons?|clock)([-_]|$)")
"""Workers that put messages in by the clock and take none."""


class Entry(NamedTuple):
    """Why a service takes requests from outside."""

    place: Text | None
    why: str


@dataclass
class System:
    """What was found, by the names that services have in the scenario.

    ``evident``: whether any file speaks of a store or a call; without it, a usual service is assumed.
    """

    entries: dict[str, Entry] = field(default_factory=dict)
    calls: dict[tuple[str, str], Link] = field(default_factory=dict)
    databases: dict[str, Store] = field(default_factory=dict)
    caches: dict[str, Store] = field(default_factory=dict)
    queues: dict[str, Store] = field(default_factory=dict)
    workers: dict[str, Role] = field(default_factory=dict)
    idle: list[tuple[Box, Role]] = field(default_factory=list)
    boxes: dict[str, Box] = field(default_factory=dict)
    alone: set[str] = field(default_factory=set)
    guessed: set[str] = field(default_factory=set)
    concurrency: dict[str, Text] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def evident(self) -> bool:
        """Whether any file speaks of a store or of a call between services."""
        return bool(self.calls or self.databases or self.caches or self.queues)

    def used(self, service: str, stores: Mapping[str, Store]) -> list[str]:
        """Names of the stores that a service uses, the main one first."""
        names = [name for name, store in stores.items() if service in store.users]
        return sorted(names, key=lambda name: name != MAIN)

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        """Entries, calls, stores with their users, and workers, each with its place and why, for JSON and tables."""
        entries = [{"service": name, "why": one.why, **_place(one.place)} for name, one in self.entries.items()]
        calls = [{"from": a, "to": b, "why": link.why, **_place(link.place)} for (a, b), link in self.calls.items()]
        stores = [
            {
                "store": store.name,
                "what": store.what,
                "program": store.program,
                "users": list(store.users),
                **_place(store.place),
            }
            for stores in (self.databases, self.caches, self.queues)
            for store in stores.values()
        ]
        workers = [{"service": name, "why": role.why} for name, role in self.workers.items()]
        return {"entries": entries, "calls": calls, "stores": stores, "workers": workers}

    def takers(self, queue: str) -> list[str]:
        """Workers that take messages from a queue."""
        return [name for name in self.queues[queue].users if name in self.workers and not _CLOCK.search(name)]

    def givers(self, queue: str) -> list[str]:
        """Services that put messages into a queue."""
        return [name for name in self.queues[queue].users if name not in self.workers]

    def worked(self) -> dict[str, Store]:
        """Queues of messages with both who puts them in and who takes them."""
        return {
            name: queue
            for name, queue in self.queues.items()
            if queue.program != "kafka" and self.takers(name) and self.givers(name)
        }

    def database_of(self, service: str) -> str:
        """The database that a service's pool goes to where nothing else is said."""
        return next(iter(self.used(service, self.databases)), MAIN)


def _place(text: Text | None) -> dict[str, Any]:
    return {"file": text.file, "line": text.line} if text is not None else {"file": None, "line": None}


def find_system(boxes: Sequence[Box], names: Mapping[str, str], hints: Iterable[tuple[str, Entry]],
                further: Callable[[Box, Mapping[str, str]], list[Link]] | None = None) -> System:  # fmt: skip
    """Wire the containers together.

    ``names`` gives the scenario's name of a container that may be a service; ``hints`` the services that proxies,
    ingresses and load balancers send requests to; ``further`` looks elsewhere for the links of a service that names
    nobody (its source, the files of another platform), given the container behind each host name.
    """
    system = System()
    roles = {box.name: role_of(box) for box in boxes}
    box_of = {box.name: box for box in boxes}
    if not any(roles[box.name].what in ("service", "worker") for box in boxes if box.name in names):
        for box in boxes:
            front = box.published is not None and not _ADMIN.search(box.image_name)
            made = box.built and roles[box.name].what == "proxy"  # it serves files of its own
            front = front and (roles[box.name].what == "tool" or made)
            run = box.owner is not None and bool(box.owner["containerDefinitions"]) and bool(box.ports)
            front = front or (run and roles[box.name].what == "proxy")
            if box.name in names and (front or roles[box.name].why == TESTS):
                roles[box.name] = Role("service", why="nothing else in the folder takes requests")
    known = known_hosts(boxes)
    links = [link for box in boxes for link in links_of(box, known)]
    own = [box for box in boxes if box.name in names and roles[box.name].what in ("service", "worker")]
    naming = {link.source for link in links if link.outside or roles[link.target].what not in ("tool", "job", "load")}
    for box in own if further is not None else []:
        if box.name not in naming and further is not None:
            links += further(box, known)
    stored = {link.target for link in links if link.source in {box.name for box in own}}
    stores = [box for box in boxes if roles[box.name].what in ("database", "cache") and box.name not in stored]
    links += by_name(stores, own)
    asked = {link.target for link in links if link.why != "depends_on"}
    hints = list(hints)
    hinted = {service for service, _ in hints}
    for raw, role in roles.items():
        if role.what == "worker" and "name" in role.why and (raw in asked or names.get(raw) in hinted):
            roles[raw] = Role("service")
    for link in links:
        box = box_of[link.source]
        shut = not box.ports and box.published is None and link.source not in asked
        if shut and roles[link.source].what == "service" and is_client(link.source) and link.target in names:
            roles[link.source] = Role("load", why="it sends requests, and nothing asks it")
    for raw, role in roles.items():
        if raw in names and role.what in ("service", "worker"):
            system.boxes.setdefault(names[raw], box_of[raw])
        if raw in names and role.what == "worker":
            system.workers[names[raw]] = role
        if role.what in ("job", "load", "proxy", "tool"):
            system.idle.append((box_of[raw], role))
    links += _through_pgbouncer(links, roles)
    parts = {"database": system.databases, "cache": system.caches, "queue": system.queues}
    find_stores(parts, boxes, roles, links, names)
    _take_messages(system)
    for link in links:
        source, target = names.get(link.source), names.get(link.target)
        if _is_same_code(link, box_of) or (roles[link.source].what == "worker" and link.why == "depends_on"):
            continue
        if (
            roles[link.source].what in ("service", "worker")
            and source
            and target
            and source != target
            and not link.outside
            and roles[link.target].what == "service"
        ):
            system.calls.setdefault((source, target), link)
    _entries(system, boxes, roles, links, names, hints)
    return system


def _is_same_code(link: Link, boxes: Mapping[str, Box]) -> bool:
    """Containers of one image that wait for each other are parts of one program, which does not call itself."""
    if link.why != "depends_on" or link.target not in boxes:
        return False
    one, other = boxes[link.source], boxes[link.target]
    return bool(one.image_name) and one.image_name == other.image_name and one.context == other.context


def _through_pgbouncer(links: list[Link], roles: Mapping[str, Role]) -> list[Link]:
    """Who names PgBouncer uses the database behind it."""
    behind = {link.source: link.target for link in links if link.target and roles[link.target].what == "database"}
    return [
        link._replace(target=behind[link.target], why=f"{link.why}, through {link.target}")
        for link in links
        if link.target and roles[link.target].what == "pgbouncer" and link.target in behind
    ]


def _entries(system: System, boxes: Sequence[Box], roles: Mapping[str, Role], links: list[Link],
             names: Mapping[str, str], hints: Iterable[tuple[str, Entry]]) -> None:  # fmt: skip
    for service, entry in hints:
        if service not in system.workers:
            system.entries.setdefault(service, entry)
    proxied = bool(system.entries)
    called = {target for _, target in system.calls}
    own = {names[box.name]: box for box in boxes if box.name in names and roles[box.name].what == "service"}
    fronted = proxied or any(box.published is not None and service not in called for service, box in own.items())
    for service, box in own.items():
        if box.published is not None and not (fronted and service in called):
            system.entries.setdefault(service, Entry(box.published, _open_to_outside(box.published)))
    fronts = {box.name for box in boxes if roles[box.name].what in ("proxy", "load") and roles[box.name].why != TESTS}
    for link in links:
        target = names.get(link.target)
        if target in own and link.source in fronts and not (fronted and target in called):
            what = "a load generator" if roles[link.source].what == "load" else "a proxy"
            system.entries.setdefault(
                target, Entry(link.place, f"{what} sends requests there ({link.source}: {link.why})")
            )
    if not system.entries:
        for service, box in own.items():
            if service not in called:
                system.entries[service] = Entry(Text(None, box.file, box.line), "nothing in the folder calls it")
    _become_workers(system, own, names)
    system.alone = _unreached(system, list(own))
    silent = [name for name in system.entries if name in own and not any(source == name for source, _ in system.calls)]
    callers = [name for name in silent if _FRONT.search(name)] or silent
    asked_by_others = {target for source, target in system.calls if source in system.alone}
    for target in sorted(system.alone - asked_by_others) if callers else []:
        box = own[target]
        why = "assumed: no file says who asks it, and none what the entry asks"
        for name in callers:
            system.calls[name, target] = Link(name, target, Text(None, box.file, box.line), why)
    if callers:
        system.guessed, system.alone = system.alone - asked_by_others, set()
    system.asked = [name for name in system.entries if name in own] or list(own)
    guess_users((system.databases, system.caches), system.asked)


def _become_workers(system: System, own: dict[str, Box], names: Mapping[str, str]) -> None:
    """A service that no caller reaches and that names a broker nobody else takes from works on its messages."""
    called = {target for _, target in system.calls}
    for queue in system.queues.values():
        if queue.program == "kafka" or any(name in system.workers for name in queue.users):
            continue
        for name in queue.users:
            if name in own and name not in called and name not in system.entries and own[name].published is None:
                system.workers[name] = Role("worker", why="it names a broker, and nothing calls it")


def _open_to_outside(published: Text) -> str:
    text = published.value or ""
    return f"port {text} is open to the outside" if text[:1].isdigit() else f"open to the outside: {text}"


def adopt_declared(system: System, declared: Iterable[tuple[str, str, Text]]) -> None:
    """Add stores that are declared elsewhere (Terraform, an operator): (database or cache, name, place) of each.

    Where files say nothing at all about who uses what, the usual service is assumed and nothing is added.
    """
    if not system.evident:
        return
    for what, name, place in declared:
        stores = system.databases if what == "database" else system.caches
        if name not in stores:
            stores[name] = Store(name, what, "postgres" if what == "database" else "redis", place)
    for stores in (system.databases, system.caches):
        if MAIN in stores:
            main = stores.pop(MAIN)
            rest = dict(stores)
            stores.clear()
            stores.update({MAIN: main, **rest})
    guess_users((system.databases, system.caches), system.asked)


def _take_messages(system: System) -> None:
    """Workers without a broker take messages from a queue in the cache (Celery, Sidekiq), else in the database."""
    for service in system.workers:
        if any(service in store.users for store in system.queues.values()):
            continue
        kept = [store for store in system.caches.values() if store.program != "memcached"]
        for store in (*kept, *system.databases.values()):
            link = store.users.get(service)
            if link is not None:
                name = "jobs" if store.name == MAIN else f"{store.name}-jobs"
                queue = system.queues.setdefault(name, Store(name, "queue", "jobs", link.place))
                queue.users |= store.users
                break


def _unreached(system: System, services: list[str]) -> set[str]:
    """Services that no entry leads to."""
    reached = set(system.entries) | set(system.workers)
    todo = list(reached)
    while todo:
        one = todo.pop()
        new = {target for source, target in system.calls if source == one} - reached
        reached |= new
        todo += new
    return set(services) - reached
