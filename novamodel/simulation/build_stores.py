"""From a scenario to the state of its databases: servers, PgBouncer, doors, and every replica's pools."""

from __future__ import annotations

from typing import Any

from novamodel.components.fifo import fifo_state
from novamodel.components.pg_pool.state import UNLIMITED, PoolSettings, pool_state
from novamodel.components.pgbouncer.janitor import closes_idle_client_after
from novamodel.components.postgres.cores import shared_cores_state
from novamodel.scenario import Scenario
from novamodel.scenario.backend import Database
from novamodel.scenario.pgbouncer import PgBouncer
from novamodel.scenario.service import Pool
from novamodel.simulation import codes
from novamodel.simulation.build_bouncers import bouncer_pools, bouncers_state
from novamodel.simulation.layout import Layout
from novamodel.simulation.programs import ProgramBook
from novamodel.simulation.state import Disks
from novamodel.simulation.state_links import Doors, Links


def servers_state(scenario: Scenario, layout: Layout, requests: int) -> dict[str, Any]:
    """Cores and volume of every database server."""
    cores: list[int] = []
    disks = Disks([], [], [])
    for name, reads in layout.servers:
        database = scenario.all_databases[name]
        count = layout.servers[(name, reads)][1]
        cores += [database.replica_cores if reads else int(database.cores)] * count
        disks.io_time.extend([1.0 / database.operations_per_s] * count)
        disks.latency.extend([float(database.storage_latency)] * count)
        disks.commit.extend([0.0 if reads else database.commit_wait_s] * count)
    return {"cores": shared_cores_state(cores, requests), "volume": fifo_state(len(cores)), "disks": disks}


def accepted(database: Database, reads: bool) -> int:
    """Connections that a database, or its read replicas together, accept."""
    if reads:
        return database.replica_connections * (database.read_replicas.count if database.read_replicas else 0)
    return database.max_connections - database.reserved_connections


def links_state(scenario: Scenario, layout: Layout, book: ProgramBook, clients: int, requests: int) -> dict[str, Any]:
    """Links, doors, pools and PgBouncer."""
    scale = 1.0 / scenario.platform.core_speed
    names = list(layout.servers)
    bouncers = [name for name, database in scenario.all_databases.items() if database.pgbouncer is not None]
    most = [_accepts(scenario.all_databases[name], reads) for name, reads in layout.doors]
    doors = Doors([0] * len(most), most)
    pools = bouncer_pools(scenario, layout)
    rows: list[dict[str, Any]] = []
    settings: list[PoolSettings] = []
    of_pool: list[int] = []
    read_from = [name for name, reads in names if reads]
    for number, link in enumerate(layout.links):
        database = scenario.all_databases[link.database]
        pool = scenario.services[link.service].all_pools[link.database]
        first, end = layout.rows[link.service]
        bouncer = database.pgbouncer
        server, servers = layout.servers[(link.database, link.reads)]
        where = (link.database, link.reads)
        rows.append(
            {
                "first_replica": first,
                "end_replica": end,
                "first_pool": len(settings),
                "door": layout.doors[(link.database, None) if bouncer else where],
                "server": server,
                "servers": servers,
                "bouncer": pools.index((*where, pool.user)) if bouncer else codes.NONE,
                "bouncer_cpu": bouncers.index(link.database) if bouncer else 0,
                "login_idle": bouncer.login_cpu.idle * scale if bouncer else 0.0,
                "login_busy": bouncer.login_cpu.busy * scale if bouncer else 0.0,
                "query_idle": bouncer.query_cpu.idle * scale if bouncer else 0.0,
                "query_busy": bouncer.query_cpu.busy * scale if bouncer else 0.0,
                "network": database.network / 2,
                "connect_idle": database.connect.idle * scale,
                "connect_busy": database.connect.busy * scale,
                "program": book.links[link][0],
                "refusal": book.links[link][1],
                "wrote": read_from.index(link.database) * clients if link.database in read_from else codes.NONE,
                "mode": codes.POOL_MODES.index(bouncer.pool_mode) if bouncer else codes.TRANSACTION,
                "lag": float(database.read_replicas.lag) if database.read_replicas else 0.0,
            }
        )
        settings += [_settings(pool, bouncer)] * (end - first)
        of_pool += [number] * (end - first)
    columns = {name: [row[name] for row in rows] for name in Links._fields if name not in BESIDE}
    if not rows:
        columns = {name: [0.0 if name in LINK_FLOATS else 0] for name in columns}
    state = pool_state(settings or [PoolSettings(1)], requests)
    return {
        "links": Links(**columns, count=[len(rows)], of_pool=of_pool or [0], linked=[0] * len(state.state)),
        "doors": doors,
        "pool": state,
        **bouncers_state(scenario, layout, pools, book, requests),
        "bouncer_cpu": fifo_state(max(1, len(bouncers))),
    }


BESIDE = ("count", "of_pool", "linked")
"""Columns that are not by link."""
LINK_FLOATS = ("login_idle", "login_busy", "query_idle", "query_busy", "network", "connect_idle", "connect_busy", "lag")


def _accepts(database: Database, reads: bool | None) -> int:
    """Connections through a door; None: those of PgBouncer's clients."""
    if reads is None:
        return database.pgbouncer.max_client_conn if database.pgbouncer else 0
    return accepted(database, reads)


def _settings(pool: Pool, bouncer: PgBouncer | None) -> PoolSettings:
    """A replica's pool; PgBouncer may close its idle connections, whatever `min` says."""
    idle = pool.idle_timeout if pool.idle_timeout > 0 else codes.NEVER
    closes = closes_idle_client_after(bouncer.client_idle_timeout) if bouncer else codes.NEVER
    return PoolSettings(
        size=pool.max,
        least=min(pool.min, pool.max) if closes == codes.NEVER else 0,
        idle_timeout=min(idle, closes),
        patience=pool.connection_timeout if pool.connection_timeout > 0 else codes.NEVER,
        lifetime=pool.max_lifetime if pool.max_lifetime > 0 else codes.NEVER,
        most_uses=pool.max_uses or UNLIMITED,
    )
