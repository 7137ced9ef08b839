"""The timers of a node-postgres pool: idle connections, lifetimes, attempts and callers who give up.

pg-pool has a timer for each of these. Here a pool says when the next may be due (`pool_due`), and `pool_fire`
takes what is due, one thing a call; one pending event a pool is enough.
"""

from __future__ import annotations

from novamodel.components.pg_pool.rules import pool_close_idle, pool_leave_first
from novamodel.components.pg_pool.state import (
    ABORTED,
    CLOSED,
    DESERTED,
    IDLE,
    NEVER,
    NONE,
    NOTHING,
    OPENING,
    TIMED_OUT,
    PgPool,
)
from novamodel.components.rule import handler, rule


@rule
def pool_due(s: PgPool, p: int) -> float:
    """When `pool_fire` is to be called: nothing is due before. It may find nothing yet, and says so."""
    waiter = s.first[p]
    if waiter == NONE:
        return s.timer[p]
    return min(s.timer[p], s.entered[waiter] + s.patience[p])


@handler
def pool_idle_timer(s: PgPool, p: int, place: int, now: float) -> bool:
    """A connection has been idle for the idle time-out: it is closed (true), or kept for good as one of the least."""
    s.due[place] = NEVER
    if s.open[p] <= s.least[p]:
        return False
    pool_close_idle(s, p, place, now)
    return True


@handler
def pool_lifetime_timer(s: PgPool, p: int, place: int, now: float) -> bool:
    """A connection's lifetime is over: closed if idle (true), else when it is released; `least` does not count."""
    s.expires[place] = NEVER
    if s.state[place] != IDLE:
        s.aged[place] = 1
        return False
    pool_close_idle(s, p, place, now)
    return True


@handler
def pool_desert(s: PgPool, place: int) -> int:
    """The caller for whom a connection opens gives up, and is returned; the attempt goes on for nobody."""
    user = s.user[place]
    s.user[place] = NONE
    s.leaves[place] = NEVER
    return user


@handler
def pool_earliest(s: PgPool, p: int) -> int:
    """The place whose timer is due first, or NONE: released first of those that are idle, else the lowest."""
    base = p * s.depth[0]
    best = NONE
    earliest = NEVER
    for i in range(base, base + s.idle[p]):
        place = s.stack[i]
        if s.due[place] < earliest:
            best, earliest = place, s.due[place]
    for place in range(base, base + s.size[p]):
        due = min(s.expires[place], s.leaves[place])
        if s.state[place] == OPENING:
            due = min(due, s.due[place])
        if due < earliest:
            best, earliest = place, due
    return best


@handler
def pool_fire(s: PgPool, p: int, now: float) -> tuple[int, int]:
    """The next thing that is due; call it until it says NOTHING (then `pool_due` is up to date).

    CLOSED and the place of a connection that was idle (`pool_pulse` follows the close); ABORTED and the place of an
    attempt that took too long (`pool_open_failed` is to be called); TIMED_OUT and the caller that leaves the queue;
    DESERTED and the caller that leaves an attempt behind. At the same instant attempts come before the queue, as
    whoever opens came before those who queue.
    """
    while True:
        place = pool_earliest(s, p)
        s.timer[p] = NEVER
        if place == NONE:
            break
        due, leaves, expires = s.due[place], s.leaves[place], s.expires[place]
        s.timer[p] = min(due, leaves, expires)
        if s.timer[p] > now:
            break
        if leaves <= now and leaves <= due:
            return DESERTED, pool_desert(s, place)
        if due <= now and s.state[place] == OPENING:
            s.due[place] = NEVER
            return ABORTED, place
        if due <= now and due <= expires:
            if pool_idle_timer(s, p, place, now):
                return CLOSED, place
        elif pool_lifetime_timer(s, p, place, now):
            return CLOSED, place
    waiter = s.first[p]
    if waiter != NONE and s.entered[waiter] + s.patience[p] <= now:
        return TIMED_OUT, pool_leave_first(s, p)
    return NOTHING, NONE
