"""PgBouncer's janitor: a round each third of a second that enforces every time-out (src/janitor.c).

So a limit T acts between T and T + 1/3 s. A pool says when the next round has something to do (`bouncer_due`), and
`bouncer_round` then does one thing a call, in the order of the source: server connections, `min_pool_size`, clients.
"""

from __future__ import annotations

from novamodel.components.pgbouncer.rules import (
    bouncer_connected,
    bouncer_drop,
    bouncer_expired,
    bouncer_launch,
    bouncer_leave,
    bouncer_login_failed,
    bouncer_next,
)
from novamodel.components.pgbouncer.state import (
    ACTIVE,
    CLOSED,
    CONNECT_TIMEOUT,
    IDLE,
    IDLE_TRANSACTION,
    JANITOR_PERIOD,
    LOGIN,
    LOGIN_TIMEOUT,
    NEVER,
    NONE,
    NOTHING,
    QUERY_TIMEOUT,
    QUERY_TIMEOUT_WAITING,
    WAIT_TIMEOUT,
    PgBouncer,
)
from novamodel.components.rule import handler, rule


@rule
def round_after(due: float, now: float) -> float:
    """The first round of the janitor after `due`, and after now."""
    if due >= NEVER:
        return NEVER
    number = int(max(due, now) / JANITOR_PERIOD)
    while number * JANITOR_PERIOD <= now or number * JANITOR_PERIOD <= due:
        number += 1
    return number * JANITOR_PERIOD


def closes_idle_client_after(timeout: float) -> float:
    """Seconds after which PgBouncer disconnects an idle client: its time-out and half a round; 0 = never."""
    return timeout + JANITOR_PERIOD / 2 if timeout > 0 else NEVER


@rule
def bouncer_wants_more(s: PgBouncer, b: int) -> bool:
    """Whether `min_pool_size` asks for one more server connection."""
    connected = bouncer_connected(s, b)
    return bool(connected < s.least[b] and connected < s.size[b] and (s.clients[b] > 0 or s.forced[b] != 0))


@handler
def bouncer_due(s: PgBouncer, b: int, now: float) -> float:
    """When `bouncer_round` is to be called; it may find nothing yet, and says so."""
    due = s.timer[b]
    client = s.first[b]
    if client != NONE:
        waits = s.entered[client]
        due = min(due, waits + s.patience[b], waits + s.query_timeout[b])
        if s.welcome[b] == 0:
            due = min(due, waits + s.login_timeout[b])
        if s.login[b] == NONE:
            if s.login_failed[b] != 0:
                due = min(due, s.last_connect[b] + s.retry[b])
            elif s.size[b] <= s.open[b] < s.size[b] + s.reserve[b]:
                due = min(due, waits + s.reserve_timeout[b])
    if s.least[b] > 0 and s.login[b] == NONE and bouncer_wants_more(s, b):
        due = min(due, now)
    return round_after(due, now)


@handler
def bouncer_earliest(s: PgBouncer, b: int) -> float:
    """When the first place of a pool may be due."""
    first = NEVER
    expiry = s.last_expiry[b] + s.lifetime[b] / s.size[b]
    stays = s.least[b] > 0 and bouncer_connected(s, b) <= s.least[b]
    for place in range(b * s.depth[0], (b + 1) * s.depth[0]):
        if s.state[place] == IDLE:
            first = min(first, max(s.connected[place] + s.lifetime[b], expiry))
            if not stays:
                first = min(first, s.began[place] + s.idle_timeout[b])
        elif s.state[place] == ACTIVE:
            if s.paused[place] < NEVER:
                first = min(first, s.paused[place] + s.transaction_idle[b])
            else:
                first = min(first, s.began[place] + s.query_timeout[b])
        elif s.state[place] == LOGIN:
            first = min(first, s.connected[place] + s.connect_timeout[b])
    return first


@handler
def bouncer_round(s: PgBouncer, b: int, now: float) -> tuple[int, int]:
    """One thing that is due.

    CLOSED, CONNECT_TIMEOUT, QUERY_TIMEOUT or IDLE_TRANSACTION and the place, which is empty now (`client` had it);
    WAIT_TIMEOUT, LOGIN_TIMEOUT or QUERY_TIMEOUT_WAITING and the client that waited; what `bouncer_next` answers; or
    NOTHING.
    """
    if s.timer[b] < now:
        for place in range(b * s.depth[0], (b + 1) * s.depth[0]):
            code = bouncer_place_due(s, b, place, now)
            if code != NOTHING:
                return code, place
        s.timer[b] = bouncer_earliest(s, b)
    if bouncer_wants_more(s, b):
        code, place = bouncer_launch(s, b, False, now)
        if code != NOTHING:
            return code, place
    client = s.first[b]
    if client != NONE:
        code = bouncer_client_due(s, b, client, now)
        if code != NOTHING:
            bouncer_leave(s, b, client)
            return code, client
    return bouncer_next(s, b, now)


@handler
def bouncer_place_due(s: PgBouncer, b: int, place: int, now: float) -> int:
    """Close a server connection that has reached a limit; which."""
    if s.state[place] == IDLE:
        idle = s.began[place] + s.idle_timeout[b] < now
        if idle and (s.least[b] == 0 or bouncer_connected(s, b) > s.least[b]):
            bouncer_drop(s, place, now)
            return CLOSED
        if bouncer_expired(s, b, place, now):
            bouncer_drop(s, place, now)
            return CLOSED
    elif s.state[place] == LOGIN:
        if s.connected[place] + s.connect_timeout[b] < now:
            bouncer_login_failed(s, b, place, now)
            return CONNECT_TIMEOUT
    elif s.state[place] == ACTIVE:
        paused = s.paused[place]
        if paused == NEVER and s.began[place] + s.query_timeout[b] < now:
            bouncer_drop(s, place, now)
            return QUERY_TIMEOUT
        if paused < NEVER and paused + s.transaction_idle[b] < now:
            bouncer_drop(s, place, now)
            return IDLE_TRANSACTION
    return NOTHING


@handler
def bouncer_client_due(s: PgBouncer, b: int, client: int, now: float) -> int:
    """Which time-out of a client that waits is over, if any."""
    waits = s.entered[client]
    if waits + s.query_timeout[b] < now:
        return QUERY_TIMEOUT_WAITING
    if waits + s.patience[b] < now:
        return WAIT_TIMEOUT
    if s.welcome[b] == 0 and waits + s.login_timeout[b] < now:
        return LOGIN_TIMEOUT
    return NOTHING
