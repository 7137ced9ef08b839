"""The system that a folder's containers make: entry points, calls, databases, caches, queues, and who takes no customers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from novamodel.importers.graph.boxes import Box, Text
from novamodel.importers.graph.links import Link, by_name, known_hosts, links_of
from novamodel.importers.graph.roles import Role, role_of

MAIN = "main"
_REPLICA = re.compile(r"(^|[-_])(replica|standby|slave|secondary|follower|read(er)?|sentinel)s?([-_]|\d|$)")
_FRONT = re.compile(r"gateway|front|web|bff|(^|-)ui($|-)|portal|store|shop|(^|-)app($|-)|proxy")
_ADMIN = re.compile(r"pgadmin|adminer|phpmyadmin|mongo-express|redis-?commander|redisinsight|mail")
_CLOCK = re.compile(r"(^|[-_])(beat|scheduler|crons?|clock)([-_]|$)")
"""Workers that put messages in by the clock and take none."""
_REPLICA_COMMAND = re.compile(r"--(replicaof|slaveof)\b|pg_basebackup|standby_mode|--sentinel|redis-sentinel")
_REPLICA_VARIABLES = {"POSTGRESQL_REPLICATION_MODE": "slave", "REDIS_REPLICATION_MODE": "slave", "MYSQL_REPLICATION_MODE": "slave",
                      "MARIADB_REPLICATION_MODE": "slave"}  # fmt: skip


@dataclass
class Store:
    """A database, cache or queue: the containers that run it (none where it stands outside), and who uses it."""

    name: str
    what: str
    program: str
    place: Text
    boxes: list[Box] = field(default_factory=list)
    replicas: list[Box] = field(default_factory=list)
    users: dict[str, Link | None] = field(default_factory=dict)


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

    def takers(self, queue: str) -> list[str]:
        """Workers that take messages from a queue."""
        return [name for name in self.queues[queue].users if name in self.workers and not _CLOCK.search(name)]

    def givers(self, queue: str) -> list[str]:
        """Services that put messages into a queue."""
        return [name for name in self.queues[queue].users if name not in self.workers]

    def database_of(self, service: str) -> str:
        """The database that a service's pool goes to where nothing else is said."""
        return next(iter(self.used(service, self.databases)), MAIN)


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
            if box.name in names and roles[box.name].what == "tool" and front:
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
    for raw, role in roles.items():
        if raw in names and role.what in ("service", "worker"):
            system.boxes.setdefault(names[raw], box_of[raw])
        if raw in names and role.what == "worker":
            system.workers[names[raw]] = role
        if role.what in ("job", "load", "proxy", "tool"):
            system.idle.append((box_of[raw], role))
    links += _through_pgbouncer(links, roles)
    _stores(system, boxes, roles, links, names)
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


def _stores(
    system: System, boxes: Sequence[Box], roles: Mapping[str, Role], links: list[Link], names: Mapping[str, str]
) -> None:
    parts = {"database": system.databases, "cache": system.caches, "queue": system.queues}
    replicas = {box.name for box in boxes if roles[box.name].what in ("database", "cache") and _is_replica(box)}
    owner: dict[str, Store] = {}
    for box in boxes:
        role = roles[box.name]
        if role.what in parts and box.name not in replicas:
            store = Store(
                _name(box.name, parts[role.what]), role.what, role.program, Text(None, box.file, box.line), [box]
            )
            parts[role.what][store.name] = store
            owner[box.name] = store
    for box in boxes:
        if box.name in replicas:
            _place_replica(box, roles[box.name], parts, links, owner)
    for link in links:
        source = names.get(link.source)
        if source is None or roles[link.source].what not in ("service", "worker"):
            continue
        used = owner.get(link.target) if link.outside is None else _outside(system, link, parts)
        if used is not None:
            used.users.setdefault(source, link)
    for stores in parts.values():
        _main_first(stores)


def _is_replica(box: Box) -> bool:
    said = any((box.env[name].value or "") == value for name, value in _REPLICA_VARIABLES.items() if name in box.env)
    return said or bool(_REPLICA.search(box.name.lower()) or _REPLICA_COMMAND.search(box.command))


def _place_replica(
    box: Box, role: Role, parts: dict[str, dict[str, Store]], links: list[Link], owner: dict[str, Store]
) -> None:
    """A replica belongs to the store that it names, else to the first of its kind; without one it stands by itself."""
    named = [owner[link.target] for link in links if link.source == box.name and link.target in owner]
    alike = [store for store in parts[role.what].values() if store.program == role.program]
    first = next((store for store in [*named, *alike] if store.what == role.what), None)
    if first is None:
        first = Store(_name(box.name, parts[role.what]), role.what, role.program, Text(None, box.file, box.line), [box])
        parts[role.what][first.name] = first
    else:
        first.replicas.append(box)
    owner[box.name] = first


def _outside(system: System, link: Link, parts: dict[str, dict[str, Store]]) -> Store | None:
    """The store that a variable speaks of and no container runs: the one of its kind, or one that stands elsewhere."""
    what, program = link.outside or ("", "")
    stores = parts[what]
    alike = [store for store in stores.values() if store.program == program or not store.boxes]
    if not alike and stores and what != "queue" and program in ("postgres", "redis"):
        alike = list(stores.values())  # DATABASE_URL and CACHE_URL say no more than that there is one
    if alike:
        return alike[0]
    store = Store(_name(program, stores), what, program, link.place)
    stores[store.name] = store
    return store


def _name(raw: str, taken: Mapping[str, Store]) -> str:
    name = re.sub(r"[^a-z0-9-]+", "-", raw.lower()).strip("-") or "store"
    name = f"{name}-store" if name == MAIN else name
    number = 2
    while (one := name if number == 2 and name not in taken else f"{name}-{number}") in taken:
        number += 1
    return one


def _main_first(stores: dict[str, Store]) -> None:
    """The one with most users stands by itself; it is called main in the scenario."""
    if not stores or next(iter(stores.values())).what == "queue":
        return
    order = {"postgres": 0, "redis": 0, "valkey": 0}
    first = min(stores, key=lambda name: (-len(stores[name].users), order.get(stores[name].program, 1)))
    rest = {name: store for name, store in stores.items() if name != first}
    main = stores[first]
    stores.clear()
    stores[MAIN] = main
    stores.update(rest)
    for name, store in stores.items():
        store.name = name


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
    fronts = {box.name for box in boxes if roles[box.name].what in ("proxy", "load")}
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
    _guess_users(system, system.asked)


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


def _guess_users(system: System, services: list[str]) -> None:
    """A store that no file links to anybody is used by the services that take requests and have none of its kind."""
    for stores in (system.databases, system.caches):
        linked = {name for store in stores.values() for name in store.users}
        for store in stores.values():
            if not store.users:
                store.users |= dict.fromkeys((name for name in services if name not in linked), None)


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
    _guess_users(system, system.asked)


def _take_messages(system: System) -> None:
    """Workers without a broker take messages from a queue in the cache (Celery, Sidekiq, BullMQ), else in the database."""
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
