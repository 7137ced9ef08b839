"""Pools and runtimes: what code, settings and variables of each service say about them."""

from __future__ import annotations

from novamodel.importers.names import match
from novamodel.importers.nodejs import pool
from novamodel.importers.report import Draft, Said
from novamodel.importers.sources import Sources


def say_capacity(sources: Sources, services: list[str], draft: Draft) -> None:
    """Write the pools of services; what has no place in the model is listed with its value."""
    for service in services:
        box = sources.system.boxes.get(service)
        for name, text in box.env.items() if box is not None else []:
            for said in pool.said_by_environment(name, text.value, text.file, text.line):
                draft.say(said, f"services.{service}")
    for each in sorted(sources.pools, key=lambda p: not _pool_services(p, services)[1]):
        for service in _pool_services(each, services)[0]:
            pool.say_pool(each, service, draft)
        if pool.meant_pgbouncer(each):
            why = "evident intent: the pool points at PgBouncer"
            draft.say(Said("database.pgbouncer", None, each.file, each.line_of("host"), why))


def _pool_services(each: pool.Pool, services: list[str]) -> tuple[list[str], bool]:
    """The services that a pool file belongs to, and whether its path names one of them."""
    for part in each.file.split("/"):
        named = match(part.split(".")[0], services)
        if named is not None:
            return [named], True
    return services, False
