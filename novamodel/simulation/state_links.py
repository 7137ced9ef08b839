"""The state of the ways from services to database servers: links, PgBouncer's pools, and doors."""

from __future__ import annotations

from typing import NamedTuple

from novamodel.components.columns import Column


class Links(NamedTuple):
    """Columns by link: a service's way to a database server, or to the read replicas of one."""

    first_replica: Column  # of the service
    first_pool: Column  # its first replica's pool
    door: Column  # of the server, or of PgBouncer
    server: Column  # first server
    servers: Column  # how many: one, or the read replicas
    bouncer: Column  # pool of PgBouncer, or NONE
    bouncer_cpu: Column
    login_idle: Column  # PgBouncer CPU of a client login
    login_busy: Column
    query_idle: Column  # of a query
    query_busy: Column
    network: Column  # one way
    connect_idle: Column  # server CPU of a connection set-up
    connect_busy: Column
    program: Column  # of a connection set-up
    refusal: Column  # of one that is refused
    count: Column  # one entry: links
    end_replica: Column  # one past the last
    of_pool: Column  # by pool: its link
    wrote: Column  # first row of the database's clients in `reading.wrote`, or NONE where nothing is read elsewhere
    lag: Column  # of the read replicas
    mode: Column  # of PgBouncer: TRANSACTION, SESSION or STATEMENT
    linked: Column  # by place of a pool: PgBouncer's server connection that its session has + 1, 0, or TURNED_AWAY


class Bouncers(NamedTuple):
    """Columns by pool of PgBouncer."""

    door: Column  # of the server
    link: Column  # one of those that lead to it
    server: Column  # first server
    servers: Column  # how many: one, or the read replicas
    program: Column  # of a login
    refusal: Column  # of one that is refused
    shares: Column  # 1 = it shares a limit with other pools
    refusing: Column  # 1 = a refusal of the server is being passed on to those who wait


class Doors(NamedTuple):
    """Columns by door: a server, or PgBouncer, that accepts so many connections."""

    open: Column
    most: Column
