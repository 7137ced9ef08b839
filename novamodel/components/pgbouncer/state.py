"""The columns of PgBouncer's pools: server connections in places, clients in a queue, timers.

One row a pool: PgBouncer has one for each pair of database and user. A pool has as many places as it may have server
connections; a place is a number of its own across all pools (pool * depth + place within the pool). A client is
whatever number its waiting request has. Limits of a database and of a user stand beside, as pools share them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from novamodel.components.columns import Column
from novamodel.components.links import OUT

NONE = -1
NEVER = 1e300

EMPTY, LOGIN, IDLE, ACTIVE = range(4)
"""States of a place."""

(NOTHING, GRANTED, QUEUED, FAST_FAILED, WELCOMED, LOGS_IN, EVICTED, KEPT, CLOSED, WAIT_TIMEOUT, LOGIN_TIMEOUT,
 QUERY_TIMEOUT, QUERY_TIMEOUT_WAITING, IDLE_TRANSACTION, CONNECT_TIMEOUT) = range(15)  # fmt: skip
"""What a rule answers; each rule says which of these it gives."""

JANITOR_PERIOD = 1.0 / 3.0
"""Seconds between two rounds of the janitor (full_maint_period of src/janitor.c)."""
FAILS_ALL_FROM = (1, 22)
"""From this version on a refused login fails all who wait, when no server connection is left (NEWS, #998)."""
KEEPS_FORCED_FROM = (1, 21)
"""From this version on `min_pool_size` holds without clients, where the database names its user (NEWS, #947)."""


class BouncerPool(NamedTuple):
    """Settings of one pool, in seconds; 0 = off or without limit where PgBouncer says so (defaults: 1.18's)."""

    size: int = 20  # default_pool_size, or pool_size of the database
    reserve: int = 0  # reserve_pool_size
    least: int = 0  # min_pool_size
    forced: bool = False  # the database names its user, so that `least` needs no client
    reserve_timeout: float = 5.0
    query_wait_timeout: float = 120.0
    query_timeout: float = 0.0
    idle_transaction_timeout: float = 0.0
    client_login_timeout: float = 60.0
    server_connect_timeout: float = 15.0
    server_login_retry: float = 15.0
    server_idle_timeout: float = 600.0
    server_lifetime: float = 3600.0
    round_robin: bool = False  # server_round_robin
    fails_all: bool = False  # version 1.22 and later
    database: int = 0  # whose limit it shares
    user: int = 0


class PgBouncer(NamedTuple):
    """Columns by pool, by database, by user, by place, and by client."""

    pools: Column  # one entry
    depth: Column  # one entry: places of each pool (the largest size + reserve)
    size: Column
    reserve: Column
    least: Column
    forced: Column
    round_robin: Column
    fails_all: Column
    database: Column
    user: Column
    reserve_timeout: Column
    patience: Column  # query_wait_timeout
    query_timeout: Column
    transaction_idle: Column
    login_timeout: Column
    connect_timeout: Column
    retry: Column
    idle_timeout: Column
    lifetime: Column
    welcome: Column  # 1 = a server connection has been open: clients log in without one
    login_failed: Column  # 1 = the last login to the server failed
    last_connect: Column  # when it was begun
    last_expiry: Column  # when a server connection was closed for its age
    login: Column  # place that logs in, or NONE: one at a time
    clients: Column  # client connections
    open: Column  # server connections, the one that logs in included
    active: Column  # of these in use
    first: Column  # first client that waits, or NONE
    last: Column
    waiting: Column
    idle_first: Column  # idle place that is taken next, or NONE
    idle_last: Column
    timer: Column  # no place is due before this
    area: Column  # integral of `active` over time, up to `since`
    since: Column
    database_most: Column  # by database: max_db_connections, 0 = no limit
    database_open: Column
    user_most: Column  # by user: max_user_connections
    user_open: Column
    state: Column  # by place
    client: Column  # by place: who has it, or had it last
    connected: Column  # by place: when its login began
    began: Column  # by place: when the query that it works on came; idle: when it became idle
    paused: Column  # by place: since when its client is idle in a transaction; NEVER = it is not
    serial: Column  # by place: another number for each connection that has it
    place_next: Column  # by place: idle ones
    place_previous: Column
    spare: Column  # by pool * depth + height: the empty places
    next: Column  # by client
    previous: Column
    entered: Column  # by client: when it began to wait
    greets: Column  # by client: 1 = it waits to be logged in


def bouncer_state(
    pools: Sequence[BouncerPool],
    clients: int,
    database_most: Sequence[int] = (0,),
    user_most: Sequence[int] = (0,),
) -> PgBouncer:
    """State in lists: pools without connections, and room for so many clients."""
    count = len(pools)
    depth = max((one.size + one.reserve for one in pools), default=1)
    places = count * depth

    def times(name: str) -> list[float]:
        return [float(getattr(one, name)) or NEVER for one in pools]

    return PgBouncer(
        pools=[count],
        depth=[depth],
        size=[one.size for one in pools],
        reserve=[one.reserve for one in pools],
        least=[one.least for one in pools],
        forced=[int(one.forced) for one in pools],
        round_robin=[int(one.round_robin) for one in pools],
        fails_all=[int(one.fails_all) for one in pools],
        database=[one.database for one in pools],
        user=[one.user for one in pools],
        reserve_timeout=times("reserve_timeout"),
        patience=times("query_wait_timeout"),
        query_timeout=times("query_timeout"),
        transaction_idle=times("idle_transaction_timeout"),
        login_timeout=times("client_login_timeout"),
        connect_timeout=times("server_connect_timeout"),
        retry=[float(one.server_login_retry) for one in pools],
        idle_timeout=times("server_idle_timeout"),
        lifetime=[float(one.server_lifetime) for one in pools],
        welcome=[0] * count,
        login_failed=[0] * count,
        last_connect=[-NEVER] * count,
        last_expiry=[-NEVER] * count,
        login=[NONE] * count,
        clients=[0] * count,
        open=[0] * count,
        active=[0] * count,
        first=[NONE] * count,
        last=[NONE] * count,
        waiting=[0] * count,
        idle_first=[NONE] * count,
        idle_last=[NONE] * count,
        timer=[NEVER] * count,
        area=[0.0] * count,
        since=[0.0] * count,
        database_most=list(database_most),
        database_open=[0] * len(database_most),
        user_most=list(user_most),
        user_open=[0] * len(user_most),
        state=[EMPTY] * places,
        client=[NONE] * places,
        connected=[0.0] * places,
        began=[0.0] * places,
        paused=[NEVER] * places,
        serial=[0] * places,
        place_next=[OUT] * places,
        place_previous=[OUT] * places,
        spare=[b * depth + depth - 1 - i for b in range(count) for i in range(depth)],
        next=[OUT] * clients,
        previous=[OUT] * clients,
        entered=[0.0] * clients,
        greets=[0] * clients,
    )
