"""A node-postgres pool: who gets which connection, which are opened, which are closed.

The rules of pg-pool 3.14 (packages/pg-pool/index.js of github.com/brianc/node-postgres):

* A caller takes the connection released last. Without an idle one, one is opened for this caller as long as
  there is room, several at once if need be; otherwise it queues, first in, first out.
* A queued caller gives up after the connection time-out. An attempt to connect has that time from its own
  beginning. A caller who queued, whose attempt began later, and who gave up leaves the attempt behind: the
  connection, once open, goes to the next waiter or is idle.
* A failed attempt costs its caller the answer, and the next waiter starts one of its own.
* Released with an error, after its last use or lifetime, or when the pool ends, a connection is closed. Its room
  is free at once for new callers, but waiters are only served when the close is done (`pool_pulse`).
* After `end` new callers are refused and those in the queue are served no more.

No rule here waits: opening and closing take the time that the caller gives them.
"""

from __future__ import annotations

from novamodel.components.pg_pool.state import (
    BUSY,
    CLOSED,
    CONNECT,
    EMPTY,
    ENDED,
    ENDING,
    FINISHED,
    GRANTED,
    HANDED,
    IDLE,
    KEPT,
    NEVER,
    NONE,
    NOTHING,
    OPEN,
    OPENING,
    QUEUED,
    REFUSED,
    PgPool,
)
from novamodel.components.rule import handler, rule


@rule
def pool_account(s: PgPool, p: int, now: float) -> float:
    """Integral over time of the connections in use or opening, up to now."""
    s.area[p] += (s.open[p] - s.idle[p]) * (now - s.since[p])
    s.since[p] = now
    return s.area[p]


@rule
def pool_acquire(s: PgPool, p: int, waiter: int, now: float) -> tuple[int, int]:
    """A caller wants a connection.

    GRANTED and its place; CONNECT and the place that is to be opened; QUEUED; or REFUSED, the pool is ending.
    """
    if s.stage[p] != OPEN:
        return REFUSED, NONE
    height = s.idle[p] - 1
    if height >= 0:
        pool_account(s, p, now)
        place = s.stack[p * s.depth[0] + height]
        s.idle[p] = height
        s.state[place] = BUSY
        s.due[place] = NEVER
        return GRANTED, place
    if s.open[p] < s.size[p]:
        return CONNECT, pool_open(s, p, waiter, NEVER, now)
    s.entered[waiter] = now
    s.next[waiter] = NONE
    if s.first[p] == NONE:
        s.first[p] = waiter
    else:
        s.next[s.last[p]] = waiter
    s.last[p] = waiter
    s.waiting[p] += 1
    return QUEUED, NONE


@rule
def pool_leave_first(s: PgPool, p: int) -> int:
    """Take the head out of the queue, or NONE when nobody waits."""
    waiter = s.first[p]
    if waiter != NONE:
        s.first[p] = s.next[waiter]
        s.waiting[p] -= 1
    return waiter


@handler
def pool_open(s: PgPool, p: int, user: int, leaves: float, now: float) -> int:
    """Begin to open a connection for a caller, who gives up at `leaves`; its place."""
    pool_account(s, p, now)
    s.open[p] += 1
    place = s.spare[p * s.depth[0] + s.size[p] - s.open[p]]
    s.state[place] = OPENING
    s.user[place] = user
    s.uses[place] = 0
    s.due[place] = now + s.patience[p]
    s.leaves[place] = leaves
    s.timer[p] = min(s.timer[p], s.due[place], leaves)
    return place


@handler
def pool_opened(s: PgPool, p: int, place: int, now: float) -> tuple[int, int]:
    """A connection is open: GRANTED and the caller; where that has given up, as `pool_release`."""
    user = s.user[place]
    s.user[place] = NONE
    s.state[place] = BUSY
    s.due[place] = NEVER
    s.leaves[place] = NEVER
    s.expires[place] = now + s.lifetime[p]
    s.timer[p] = min(s.timer[p], s.expires[place])
    if user != NONE:
        return GRANTED, user
    return pool_release(s, p, place, False, now)


@handler
def pool_open_failed(s: PgPool, p: int, place: int, now: float) -> int:
    """An attempt failed or was given up: the caller whom it costs the answer, or NONE. `pool_pulse` comes next."""
    user = s.user[place]
    pool_forget(s, p, place, now)
    return user


@handler
def pool_release(s: PgPool, p: int, place: int, failed: bool, now: float) -> tuple[int, int]:
    """A connection comes back, as good as it was or `failed` (an SQL error of `pool.query`, a lost connection).

    HANDED and the waiter who has the place now; KEPT, it is idle; or CLOSED: `pool_pulse` follows the close.
    """
    s.uses[place] += 1
    if failed or s.stage[p] != OPEN or s.aged[place] != 0 or s.uses[place] >= s.most_uses[p]:
        pool_forget(s, p, place, now)
        return CLOSED, NONE
    waiter = pool_leave_first(s, p)
    if waiter != NONE:
        return HANDED, waiter
    pool_account(s, p, now)
    s.state[place] = IDLE
    if s.open[p] > s.least[p]:
        due = now + s.idle_timeout[p]
        s.due[place] = due
        s.timer[p] = min(s.timer[p], due)
    s.stack[p * s.depth[0] + s.idle[p]] = place
    s.idle[p] += 1
    return KEPT, NONE


@handler
def pool_pulse(s: PgPool, p: int, now: float) -> tuple[int, int]:
    """A place has become empty (after a failed attempt, or when a close is done): see who can use it.

    CONNECT and the place to be opened for a waiter (`user`); FINISHED, the pool has ended; or NOTHING.
    """
    if s.stage[p] == ENDING and s.open[p] == 0:
        s.stage[p] = ENDED
        return FINISHED, NONE
    if s.stage[p] != OPEN or s.first[p] == NONE or s.open[p] >= s.size[p]:
        return NOTHING, NONE
    waiter = pool_leave_first(s, p)
    return CONNECT, pool_open(s, p, waiter, s.entered[waiter] + s.patience[p], now)


@handler
def pool_close_idle(s: PgPool, p: int, place: int, now: float) -> None:
    """An idle connection is closed, or its server broke it off; pg-pool serves nobody on that account."""
    base = p * s.depth[0]
    at = base
    while s.stack[at] != place:
        at += 1
    for i in range(at, base + s.idle[p] - 1):
        s.stack[i] = s.stack[i + 1]
    pool_account(s, p, now)
    s.idle[p] -= 1
    pool_forget(s, p, place, now)


@handler
def pool_close_all_idle(s: PgPool, p: int, now: float) -> int:
    """Every idle connection is closed, or broken off; how many."""
    closed = s.idle[p]
    while s.idle[p] > 0:
        pool_close_idle(s, p, s.stack[p * s.depth[0] + s.idle[p] - 1], now)
    return closed


@handler
def pool_end(s: PgPool, p: int, now: float) -> int:
    """`pool.end`: close what is idle, refuse new callers; how many were closed. `pool_pulse` comes next."""
    s.stage[p] = ENDING
    return pool_close_all_idle(s, p, now)


@handler
def pool_drop_all(s: PgPool, p: int, now: float) -> int:
    """The process is gone, and a new one may start: how many connections were open or opening."""
    dropped = s.open[p]
    pool_close_all_idle(s, p, now)
    for place in range(p * s.depth[0], p * s.depth[0] + s.size[p]):
        if s.state[place] != EMPTY:
            pool_forget(s, p, place, now)
    s.stage[p] = OPEN
    s.first[p] = NONE
    s.waiting[p] = 0
    s.timer[p] = NEVER
    return dropped


@handler
def pool_forget(s: PgPool, p: int, place: int, now: float) -> None:
    """A place that is not idle becomes empty."""
    pool_account(s, p, now)
    s.spare[p * s.depth[0] + s.size[p] - s.open[p]] = place
    s.open[p] -= 1
    s.state[place] = EMPTY
    s.user[place] = NONE
    s.serial[place] += 1
    s.aged[place] = 0
    s.due[place] = NEVER
    s.leaves[place] = NEVER
    s.expires[place] = NEVER
