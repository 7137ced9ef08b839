"""PgBouncer between the pools and PostgreSQL, with the defaults of its documentation."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import field_validator

from novamodel.scenario.demand import Demand
from novamodel.scenario.fields import ClientCount, Count, Part, PoolSize, Seconds, given
from novamodel.scenario.service import Resources

PGBOUNCER = "documented: PgBouncer defaults"


class PgBouncer(Part):
    """PgBouncer between the pools and PostgreSQL."""

    version: str = given("1.18", "PgBouncer's version: from 1.22 on a refused login fails all who wait", "assumed")
    pool_mode: Literal["transaction", "session", "statement"] = given(
        "transaction",
        "a server connection is held for a transaction, from a client's first query until it disconnects, or for one"
        " statement (transactions of several are refused)",
        "assumed: the mode for many clients (PgBouncer's own default is session)",
    )
    default_pool_size: PoolSize = given(20, "server connections of each database user", PGBOUNCER)
    min_pool_size: Count = given(0, "server connections that are kept while a client is there", PGBOUNCER)
    reserve_pool_size: Count = given(0, "server connections beyond the pool size, when clients wait long", PGBOUNCER)
    reserve_pool_timeout: Seconds = given(
        "5 s", "how long the first client has waited by then; 0 s = no reserve", PGBOUNCER
    )
    max_db_connections: Count = given(0, "server connections of all users; 0 = no limit", PGBOUNCER)
    max_user_connections: Count = given(0, "server connections of one user; 0 = no limit", PGBOUNCER)
    max_client_conn: ClientCount = given(100, "client connections", PGBOUNCER)
    query_wait_timeout: Seconds = given(
        "120 s", "a query waits at most this long for a server connection; 0 s = for ever", PGBOUNCER
    )
    query_timeout: Seconds = given(
        "0 s", "a query takes at most this long, its wait included; 0 s = no limit", PGBOUNCER
    )
    idle_transaction_timeout: Seconds = given(
        "0 s", "a transaction is idle between two statements at most this long; 0 s = no limit", PGBOUNCER
    )
    client_idle_timeout: Seconds = given("0 s", "an idle client is disconnected after this; 0 s = never", PGBOUNCER)
    client_login_timeout: Seconds = given("60 s", "a client waits at most this long to be logged in", PGBOUNCER)
    server_connect_timeout: Seconds = given("15 s", "a login to the server takes at most this long", PGBOUNCER)
    server_login_retry: Seconds = given("15 s", "a failed login to the server is tried again after this", PGBOUNCER)
    server_idle_timeout: Seconds = given(
        "600 s", "an idle server connection is closed after this; 0 s = never", PGBOUNCER
    )
    server_lifetime: Seconds = given("3600 s", "an older server connection is closed when it is not in use", PGBOUNCER)
    server_round_robin: bool = given(
        False, "server connections take turns; else the last one used goes first", PGBOUNCER
    )
    login_cpu: Demand = given("2.06 ms", "CPU of one client login", "measured: PgBouncer 1.18, NovaBank test stack")
    query_cpu: Demand = given("15 us", "CPU of one query passed on", "measured: PgBouncer 1.18, NovaBank test stack")
    pod: Resources | None = given(
        None,
        "requests and limits where it runs as a pod on the platform's nodes",
        "default: a machine of its own; with Compose the one machine, without limits",
    )

    @field_validator("version")
    @classmethod
    def _version(cls, value: str) -> str:
        if not re.fullmatch(r"\d+\.\d+(\.\d+)?", value):
            raise ValueError(f"{value!r} is no version of PgBouncer; write it like '1.25'")
        return value

    @property
    def release(self) -> tuple[int, int]:
        """Major and minor number of the version."""
        major, minor = self.version.split(".")[:2]
        return int(major), int(minor)
