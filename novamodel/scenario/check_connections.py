"""Connections that all replicas may open, against what PgBouncer and PostgreSQL take; for each database by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from novamodel.scenario.backend import Database
from novamodel.scenario.demand import MAIN, walk_steps
from novamodel.scenario.finding import Finding, Whole, found, most_replicas, place_of
from novamodel.scenario.read_replicas import writes

NO_MORE_CLIENTS = "no more connections allowed (max_client_conn)"
NO_TRANSACTIONS = "transaction blocks not allowed in statement pooling mode"
"""What PgBouncer says when it refuses a client, or closes its connection (src/client.c, server.c)."""


def first_refusing(most: int, pool_max: int) -> int:
    """The least number of replicas, each with ``pool_max`` connections, of which one is refused."""
    return most // pool_max + 1


class ConnectionBudget(NamedTuple):
    """What equal pools may open at worst, against what the server has for them."""

    worst_case_needed: int
    available_to_app: int
    overflow: int
    fits: bool
    largest_safe_pool_max: int


def connection_budget(
    replicas: int, pool_max: int, max_connections: int, reserved: int = 0, other_connections: int = 0
) -> ConnectionBudget:
    """Whether the pools of all replicas fit, and how large each may be at most."""
    needed, available = replicas * pool_max + other_connections, max_connections - reserved
    overflow = max(0, needed - available)
    return ConnectionBudget(
        needed, available, overflow, overflow == 0, max(0, available - other_connections) // replicas
    )


def connection_findings(scenario: Whole) -> Iterator[Finding]:
    """Pools against limits, of every database that a service has a pool to."""
    for name, database in scenario.all_databases.items():
        yield from _database(scenario, name, database)


def _memory(scenario: Whole, name: str, database: Database, connections: int) -> Iterator[Finding]:
    """So many connections at work at once, against the server's memory."""
    settings, memory = database.memory_settings, database.memory
    needed = settings.needed(connections)
    if needed <= memory:
        return
    gib, mib = 1024.0**3, 1024.0**2
    message = (
        f"{connections} connections at work may take {settings.work_mem / mib:.4g} MiB each (work_mem), with "
        f"shared_buffers {settings.shared_buffers / gib:.3g} GiB and {settings.autovacuum_workers} autovacuum workers "
        f"{needed / gib:.3g} GiB in all, {_title('PostgreSQL', name)} has {memory / gib:.3g} GiB: the kernel ends it, "
        "and every connection breaks"
    )
    path = f"{place_of('database', name)}.memory_settings.work_mem"
    yield found(scenario, "database-memory", path, message, "lower work_mem or the pools, or a larger class")


def _pool_path(service: str, name: str) -> str:
    return f"services.{service}.pool.max" if name == MAIN else f"services.{service}.pools.{name}.max"


def _title(what: str, name: str) -> str:
    return what if name == MAIN else f"{what} of {name}"


def _database(scenario: Whole, name: str, database: Database) -> Iterator[Finding]:
    pools = {
        service: (most_replicas(one), one.all_pools[name])
        for service, one in scenario.services.items()
        if name in one.all_pools
    }
    if not pools:
        return
    total = sum(count * pool.max for count, pool in pools.values())
    parts = ", ".join(f"{service} {count} x {pool.max}" for service, (count, pool) in pools.items())
    yield from _read_replicas(scenario, name, database, total, parts)
    path, below = _pool_path(next(iter(pools)), name), place_of("database", name)
    accepted = database.max_connections - database.reserved_connections
    bouncer = database.pgbouncer
    limit, of = accepted, f"max_connections of {_title('PostgreSQL', name)} less what it reserves"
    if bouncer is not None:
        limit, of = bouncer.max_client_conn, f"max_client_conn of {_title('PgBouncer', name)}"
        if database.read_replicas is not None:
            total, parts = 2 * total, f"{parts}, to the primary and as many to the read replicas"
    if total > limit:
        message = f"all replicas together may open {total} connections ({parts}), {of} is {limit}"
        if len(pools) == 1 and database.read_replicas is None:
            ((_, pool),) = pools.values()
            message += f": replica {first_refusing(limit, pool.max)} meets a refusal"
        safe = connection_budget(sum(count for count, _ in pools.values()), 1, limit).largest_safe_pool_max
        fix = f"lower the pools (all of them to {safe}), or raise the limit" if safe else "raise the limit"
        yield found(scenario, "connections-exceed-limit", path, message, fix)
    if bouncer is None:
        yield from _memory(scenario, name, database, min(total, accepted))
        return
    yield from _statement_mode(scenario, name, database)
    users = len({pool.user for _, pool in pools.values()})  # PgBouncer has a pool for each
    servers = users * bouncer.default_pool_size
    yield from _memory(scenario, name, database, min(total, servers, accepted))
    if servers > accepted:
        each = f" ({users} users x {bouncer.default_pool_size})" if users > 1 else ""
        message = f"{_title('PgBouncer', name)} may open {servers} connections{each}, PostgreSQL takes {accepted}"
        place = f"{below}.pgbouncer.default_pool_size"
        yield found(scenario, "pgbouncer-exceeds-postgres", place, message, "lower default_pool_size")
    if total > accepted and "evident intent" in scenario.origin(f"{below}.pgbouncer").source:
        message = f"without PgBouncer {total} connections ({parts}) meet the {accepted} that PostgreSQL takes"
        fix = "deploy PgBouncer, or raise max_connections"
        yield found(scenario, "connections-exceed-postgres", path, message, fix)


def _statement_mode(scenario: Whole, name: str, database: Database) -> Iterator[Finding]:
    """Transactions that PgBouncer's statement mode refuses."""
    if database.pgbouncer is None or database.pgbouncer.pool_mode != "statement":
        return
    for service, part in scenario.services.items():
        for route, steps in part.routes.items():
            for step in walk_steps(steps):
                if step.sql is None or step.database_name != name or sum(isinstance(one, str) for one in step.sql) < 2:
                    continue
                path = f"{place_of('database', name)}.pgbouncer.pool_mode"
                message = f"route {route} of {service} has a transaction of several statements: {NO_TRANSACTIONS}"
                yield found(scenario, "pgbouncer-statement-mode", path, message, "write transaction")
                return


def _only_reads(scenario: Whole, name: str, database: Database) -> bool:
    """Whether any route's first transaction on a database only reads: behind its own write a replica is too old."""
    for service in scenario.services.values():
        for steps in service.routes.values():
            here = [step.sql for step in walk_steps(steps) if step.sql is not None and step.database_name == name]
            if here and not writes(database.statements, here[0]):
                return True
    return False


def _read_replicas(scenario: Whole, name: str, database: Database, total: int, parts: str) -> Iterator[Finding]:
    """Read replicas that nothing reads from, or that take too few connections."""
    replicas, below = database.read_replicas, place_of("database", name)
    if replicas is None:
        return
    path = f"{below}.read_replicas"
    if replicas.share > 0 and not _only_reads(scenario, name, database):
        of = "" if name == MAIN else f" of {name}"
        message = f"no transaction of any route only reads: the read replicas{of} answer nothing"
        fix = f"leave them out, or say in {below}.statements which statements write nothing"
        yield found(scenario, "read-replicas-idle", path, message, fix)
    accepted = replicas.count * database.replica_connections
    if database.pgbouncer is None and total > accepted:
        message = f"all replicas together may open {total} connections ({parts}) to read replicas that take {accepted}"
        yield found(scenario, "connections-exceed-replicas", path, message, "lower the pools, or a larger class")
