"""From a scenario to the state of its PgBouncers: a pool for each database, side and user."""

from __future__ import annotations

from typing import Any

from novamodel.components.pgbouncer.state import FAILS_ALL_FROM, BouncerPool, bouncer_state
from novamodel.scenario import Scenario
from novamodel.scenario.pgbouncer import PgBouncer
from novamodel.simulation.layout import Layout
from novamodel.simulation.programs import ProgramBook
from novamodel.simulation.state_links import Bouncers

BouncerName = tuple[str, bool, str]
"""Database, whether of its read replicas, user."""


def bouncer_pools(scenario: Scenario, layout: Layout) -> list[BouncerName]:
    """PgBouncer's pools: one for each database, side and user."""
    found = []
    for link in layout.links:
        if scenario.all_databases[link.database].pgbouncer is not None:
            found.append((link.database, link.reads, scenario.services[link.service].all_pools[link.database].user))
    return list(dict.fromkeys(found))


def bouncers_state(
    scenario: Scenario, layout: Layout, pools: list[BouncerName], book: ProgramBook, requests: int
) -> dict[str, Any]:
    """The pools, and where each leads. Without any there is one that nobody asks."""
    if not pools:
        empty = {name: [0] for name in Bouncers._fields}
        return {"bouncer": bouncer_state([BouncerPool(size=1)], requests), "bouncers": Bouncers(**empty)}
    databases = list(dict.fromkeys((name, reads) for name, reads, _ in pools))
    users = list(dict.fromkeys((name, user) for name, _, user in pools))
    settings, rows = [], []
    for name, reads, user in pools:
        database = scenario.all_databases[name]
        assert database.pgbouncer is not None
        settings.append(pool_settings(database.pgbouncer, databases.index((name, reads)), users.index((name, user))))
        server, servers = layout.servers[(name, reads)]
        rows.append(
            {
                "door": layout.doors[(name, reads)],
                "link": next(
                    number
                    for link, number in layout.links.items()
                    if (link.database, link.reads) == (name, reads)
                    and scenario.services[link.service].all_pools[name].user == user
                ),
                "server": server,
                "servers": servers,
                "program": book.logins[(name, reads)][0],
                "refusal": book.logins[(name, reads)][1],
                "shares": int(database.pgbouncer.max_db_connections + database.pgbouncer.max_user_connections > 0),
                "refusing": 0,
            }
        )
    state = bouncer_state(
        settings,
        requests,
        [_of(scenario, name).max_db_connections for name, _ in databases],
        [_of(scenario, name).max_user_connections for name, _ in users],
    )
    return {"bouncer": state, "bouncers": Bouncers(**{name: [row[name] for row in rows] for name in Bouncers._fields})}


def _of(scenario: Scenario, name: str) -> PgBouncer:
    bouncer = scenario.all_databases[name].pgbouncer
    assert bouncer is not None
    return bouncer


def pool_settings(bouncer: PgBouncer, database: int, user: int) -> BouncerPool:
    """One pool as the scenario says; the services' users log in themselves, so that none is forced."""
    return BouncerPool(
        size=bouncer.default_pool_size,
        reserve=bouncer.reserve_pool_size if bouncer.reserve_pool_timeout > 0 else 0,
        least=min(bouncer.min_pool_size, bouncer.default_pool_size),
        reserve_timeout=bouncer.reserve_pool_timeout,
        query_wait_timeout=bouncer.query_wait_timeout,
        query_timeout=bouncer.query_timeout,
        idle_transaction_timeout=bouncer.idle_transaction_timeout,
        client_login_timeout=bouncer.client_login_timeout,
        server_connect_timeout=bouncer.server_connect_timeout,
        server_login_retry=bouncer.server_login_retry,
        server_idle_timeout=bouncer.server_idle_timeout,
        server_lifetime=bouncer.server_lifetime,
        round_robin=bouncer.server_round_robin,
        fails_all=bouncer.release >= FAILS_ALL_FROM,
        database=database,
        user=user,
    )
