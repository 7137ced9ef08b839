"""PgBouncer: which client gets which server connection, and when one is opened.

The rules of PgBouncer 1.18 and, where named, 1.25 (src/objects.c, janitor.c and server.c of
github.com/pgbouncer/pgbouncer):

* Clients wait first in, first out. The server connection released last is taken first (`server_round_robin`: the one
  released longest ago).
* A pool logs in to the server for one connection at a time, whatever number of clients waits. It may have
  `default_pool_size` of them, and `reserve_pool_size` more once its first client has waited `reserve_pool_timeout`.
* Where `max_db_connections` or `max_user_connections` is reached, the connection idle for longest in any pool that
  shares the limit is closed for a pool in need; without an idle one the pool waits.
* Until the first login has succeeded, clients cannot log in themselves and wait for that.
* After a failed login the next is tried `server_login_retry` later. Meanwhile, without any server connection, a
  client that comes with a query fails at once; those that wait already go on waiting. A refusal by PostgreSQL itself
  is passed on to clients that wait to be logged in; from 1.22 on to all who wait, unless a server connection is left.

No rule here waits: a login takes the time that the caller gives it. Whatever changes a pool, `bouncer_next` follows
until it answers NOTHING, as PgBouncer looks at all pools once in each turn of its event loop.
"""

from __future__ import annotations

from novamodel.components.links import link_first, link_last, unlink
from novamodel.components.pgbouncer.state import (
    ACTIVE,
    CLOSED,
    EMPTY,
    EVICTED,
    FAST_FAILED,
    GRANTED,
    IDLE,
    KEPT,
    LOGIN,
    LOGS_IN,
    NEVER,
    NONE,
    NOTHING,
    QUEUED,
    WELCOMED,
    PgBouncer,
)
from novamodel.components.rule import handler, rule


@rule
def bouncer_account(s: PgBouncer, b: int, now: float) -> float:
    """Integral over time of the server connections in use, up to now."""
    s.area[b] += s.active[b] * (now - s.since[b])
    s.since[b] = now
    return s.area[b]


@rule
def bouncer_connected(s: PgBouncer, b: int) -> int:
    """Server connections that are open."""
    return int(s.open[b] - (1 if s.login[b] != NONE else 0))


@rule
def bouncer_queue(s: PgBouncer, b: int, client: int, greets: int, now: float) -> None:
    """A client waits behind the others."""
    s.entered[client] = now
    s.greets[client] = greets
    link_last(s.first, s.last, s.next, s.previous, b, client)
    s.waiting[b] += 1


@rule
def bouncer_leave(s: PgBouncer, b: int, client: int) -> None:
    """A client waits no more."""
    unlink(s.first, s.last, s.next, s.previous, b, client)
    s.waiting[b] -= 1


@rule
def bouncer_assign(s: PgBouncer, b: int, place: int, client: int, began: float, now: float) -> None:
    """A client has the place, for the query that came at `began`."""
    bouncer_account(s, b, now)
    s.active[b] += 1
    s.state[place] = ACTIVE
    s.client[place] = client
    s.began[place] = began
    s.paused[place] = NEVER
    if s.query_timeout[b] < NEVER:
        s.timer[b] = min(s.timer[b], began + s.query_timeout[b])


@rule
def bouncer_clients(s: PgBouncer, b: int, more: int) -> None:
    """Clients connect, or (negative) disconnect."""
    s.clients[b] += more


@handler
def bouncer_log_in(s: PgBouncer, b: int, client: int, now: float) -> int:
    """A client has connected: WELCOMED, or QUEUED until the pool has had its first server connection."""
    if s.welcome[b] != 0:
        return WELCOMED
    bouncer_queue(s, b, client, 1, now)
    return QUEUED


@handler
def bouncer_find(s: PgBouncer, b: int, client: int, now: float) -> tuple[int, int]:
    """A client without server connection has a query: GRANTED and the place, QUEUED, or FAST_FAILED."""
    place = s.idle_first[b]
    if place != NONE:
        unlink(s.idle_first, s.idle_last, s.place_next, s.place_previous, b, place)
        bouncer_assign(s, b, place, client, now, now)
        return GRANTED, place
    if s.login_failed[b] != 0 and bouncer_connected(s, b) == 0:
        return FAST_FAILED, NONE
    bouncer_queue(s, b, client, 0, now)
    return QUEUED, NONE


@handler
def bouncer_next(s: PgBouncer, b: int, now: float) -> tuple[int, int]:
    """What a pool does for those who wait: GRANTED and the place (`client` has it); WELCOMED and the client, which
    logs in and then comes with its query; LOGS_IN and the place; EVICTED and a place, perhaps of another pool, whose
    connection was closed; or NOTHING."""
    client = s.first[b]
    if client == NONE:
        return NOTHING, NONE
    place = s.idle_first[b]
    if place == NONE:
        return bouncer_launch(s, b, True, now)
    bouncer_leave(s, b, client)
    if s.greets[client] != 0:
        return WELCOMED, client
    unlink(s.idle_first, s.idle_last, s.place_next, s.place_previous, b, place)
    bouncer_assign(s, b, place, client, s.entered[client], now)
    return GRANTED, place


@rule
def bouncer_full(s: PgBouncer, b: int, now: float) -> bool:
    """Whether the pool has what it may have; the reserve counts once its first client has waited long enough."""
    if s.open[b] >= s.size[b] + s.reserve[b]:
        return True
    if s.open[b] < s.size[b] or s.welcome[b] == 0:
        return False
    first = s.first[b]
    return bool(first == NONE or s.entered[first] + s.reserve_timeout[b] > now)


@handler
def bouncer_launch(s: PgBouncer, b: int, evict: bool, now: float) -> tuple[int, int]:
    """Open one more server connection, if that may be: LOGS_IN and its place, EVICTED and a place that was closed for
    it (come again), or NOTHING."""
    if s.login[b] != NONE or bouncer_full(s, b, now):
        return NOTHING, NONE
    if s.login_failed[b] != 0 and now < s.last_connect[b] + s.retry[b]:
        return NOTHING, NONE
    database, user = s.database[b], s.user[b]
    by_database = s.database_most[database] > 0 and s.database_open[database] >= s.database_most[database]
    if by_database or (s.user_most[user] > 0 and s.user_open[user] >= s.user_most[user]):
        place = bouncer_oldest_idle(s, b, by_database) if evict else NONE
        if place == NONE:
            return NOTHING, NONE
        bouncer_drop(s, place, now)
        return EVICTED, place
    place = s.spare[b * s.depth[0] + s.depth[0] - 1 - s.open[b]]
    s.open[b] += 1
    s.database_open[database] += 1
    s.user_open[user] += 1
    s.state[place] = LOGIN
    s.client[place] = NONE
    s.connected[place] = now
    s.login[b] = place
    s.last_connect[b] = now
    s.timer[b] = min(s.timer[b], now + s.connect_timeout[b])
    return LOGS_IN, place


@handler
def bouncer_oldest_idle(s: PgBouncer, b: int, by_database: bool) -> int:
    """Of the pools that share the limit, the last idle place whose release is longest ago, or NONE.

    The last one is the one idle for longest, but with `server_round_robin` the one released last.
    """
    oldest = NONE
    for other in range(s.pools[0]):
        shares = s.database[other] == s.database[b] if by_database else s.user[other] == s.user[b]
        place = s.idle_last[other]
        if shares and place != NONE and (oldest == NONE or s.began[place] < s.began[oldest]):
            oldest = place
    return int(oldest)


@handler
def bouncer_idle(s: PgBouncer, b: int, place: int, now: float) -> None:
    """A connection joins the idle ones."""
    s.state[place] = IDLE
    s.began[place] = now
    s.timer[b] = min(s.timer[b], now + s.idle_timeout[b], s.connected[place] + s.lifetime[b])
    if s.round_robin[b] != 0:
        link_last(s.idle_first, s.idle_last, s.place_next, s.place_previous, b, place)
    else:
        link_first(s.idle_first, s.idle_last, s.place_next, s.place_previous, b, place)


@handler
def bouncer_logged_in(s: PgBouncer, b: int, place: int, now: float) -> None:
    """A login has succeeded."""
    s.login[b] = NONE
    s.login_failed[b] = 0
    s.welcome[b] = 1
    bouncer_idle(s, b, place, now)
    if s.least[b] > 0:  # connections that were kept as the least may be idle for too long now
        s.timer[b] = min(s.timer[b], now)


@handler
def bouncer_login_failed(s: PgBouncer, b: int, place: int, now: float) -> None:
    """A login has failed; where PostgreSQL refused it, `bouncer_refuse` follows."""
    s.login_failed[b] = 1
    bouncer_drop(s, place, now)


@handler
def bouncer_refuse(s: PgBouncer, b: int) -> int:
    """The next client that PostgreSQL's refusal is passed on to, or NONE."""
    client = s.first[b]
    if client == NONE or (s.welcome[b] != 0 and (s.fails_all[b] == 0 or bouncer_connected(s, b) > 0)):
        return NONE
    bouncer_leave(s, b, client)
    return int(client)


@rule
def bouncer_expired(s: PgBouncer, b: int, place: int, now: float) -> bool:
    """Whether a connection is to be closed for its age; such closes are lifetime / pool size apart."""
    if now < s.connected[place] + s.lifetime[b] or now < s.last_expiry[b] + s.lifetime[b] / s.size[b]:
        return False
    s.last_expiry[b] = now
    return True


@handler
def bouncer_release(s: PgBouncer, b: int, place: int, now: float) -> tuple[int, int]:
    """A client is done with its server connection: GRANTED and the next one that has the place now, KEPT, or CLOSED
    for its age. `bouncer_next` follows, unless nobody waits anywhere."""
    if bouncer_expired(s, b, place, now):
        bouncer_drop(s, place, now)
        return CLOSED, NONE
    client = s.first[b]
    if client != NONE and s.greets[client] == 0 and s.round_robin[b] == 0:
        bouncer_leave(s, b, client)
        s.client[place] = client
        s.began[place] = s.entered[client]
        s.paused[place] = NEVER
        if s.query_timeout[b] < NEVER:
            s.timer[b] = min(s.timer[b], s.began[place] + s.query_timeout[b])
        return GRANTED, client
    bouncer_account(s, b, now)
    s.active[b] -= 1
    bouncer_idle(s, b, place, now)
    return KEPT, NONE


@handler
def bouncer_drop(s: PgBouncer, place: int, now: float) -> None:
    """A server connection is closed, or broken off; `client` still says who had it."""
    b = place // s.depth[0]
    if s.state[place] == IDLE:
        unlink(s.idle_first, s.idle_last, s.place_next, s.place_previous, b, place)
    elif s.state[place] == ACTIVE:
        bouncer_account(s, b, now)
        s.active[b] -= 1
    else:
        s.login[b] = NONE
    s.open[b] -= 1
    s.spare[b * s.depth[0] + s.depth[0] - 1 - s.open[b]] = place
    s.database_open[s.database[b]] -= 1
    s.user_open[s.user[b]] -= 1
    s.state[place] = EMPTY
    s.serial[place] += 1
    s.paused[place] = NEVER


@rule
def bouncer_pauses(s: PgBouncer, b: int, place: int, now: float) -> None:
    """A statement is answered, and its transaction goes on."""
    if s.transaction_idle[b] < NEVER:
        s.paused[place] = now
        s.timer[b] = min(s.timer[b], now + s.transaction_idle[b])


@rule
def bouncer_resumes(s: PgBouncer, b: int, place: int, now: float) -> None:
    """The next statement of a transaction comes."""
    s.began[place] = now
    s.paused[place] = NEVER
    if s.query_timeout[b] < NEVER:
        s.timer[b] = min(s.timer[b], now + s.query_timeout[b])


@rule
def bouncer_rests(s: PgBouncer, place: int) -> None:
    """Session mode: a transaction is over, and the client keeps its server connection."""
    s.began[place] = NEVER
    s.paused[place] = NEVER
