"""Databases, caches and queues: the containers that run them, those that stand elsewhere, and who uses each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from novamodel.importers.graph.boxes import Box, Text
from novamodel.importers.graph.links import Link
from novamodel.importers.graph.roles import Role

MAIN = "main"
_REPLICA = re.compile(r"(^|[-_])(replica|standby|slave|secondary|follower|read(er)?|sentinel)s?([-_]|\d|$)")
_REPLICA_COMMAND = re.compile(r"--(replicaof|slaveof)\b|pg_basebackup|standby_mode|--sentinel|redis-sentinel")
_REPLICA_VARIABLES = {"POSTGRESQL_REPLICATION_MODE": "slave", "REDIS_REPLICATION_MODE": "slave",
                      "MYSQL_REPLICATION_MODE": "slave",
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


Parts = dict[str, dict[str, Store]]


def find_stores(
    parts: Parts, boxes: Sequence[Box], roles: Mapping[str, Role], links: list[Link], names: Mapping[str, str]
) -> None:
    """Fill ``parts`` (stores by what they are, then by name) with the stores of all containers, and who uses them."""
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
        used = owner.get(link.target) if link.outside is None else _outside(link, parts)
        if used is not None:
            used.users.setdefault(source, link)
    for stores in parts.values():
        _main_first(stores)


def _is_replica(box: Box) -> bool:
    said = any((box.env[name].value or "") == value for name, value in _REPLICA_VARIABLES.items() if name in box.env)
    return said or bool(_REPLICA.search(box.name.lower()) or _REPLICA_COMMAND.search(box.command))


def _place_replica(box: Box, role: Role, parts: Parts, links: list[Link], owner: dict[str, Store]) -> None:
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


def _outside(link: Link, parts: Parts) -> Store | None:
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


def guess_users(parts: Iterable[dict[str, Store]], services: list[str]) -> None:
    """A store that no file links to anybody is used by the services that take requests and have none of its kind."""
    for stores in parts:
        linked = {name for store in stores.values() for name in store.users}
        for store in stores.values():
            if not store.users:
                store.users |= dict.fromkeys((name for name in services if name not in linked), None)
