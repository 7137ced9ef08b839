"""The columns of node-postgres pools: connections in places, callers in a queue, timers.

One row a pool (pg-pool's ``Pool`` object in one Node process). A pool has as many places as it may have
connections; a place is a number of its own across all pools (pool * depth + place within the pool). A waiter
is whatever number the caller has, such as a request slot; it waits for one connection at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from novamodel.components.columns import Column

NONE = -1
NEVER = 1e300
UNLIMITED = 1 << 62

EMPTY, OPENING, IDLE, BUSY = range(4)
"""States of a place."""

OPEN, ENDING, ENDED = range(3)
"""Stages of a pool: in use; `end` was called; its last connection is gone."""

NOTHING, GRANTED, CONNECT, QUEUED, REFUSED, HANDED, KEPT, CLOSED, TIMED_OUT, DESERTED, ABORTED, FINISHED = range(12)
"""What a rule answers; each rule says which of these it gives."""


class PoolSettings(NamedTuple):
    """Options of one pool; times in any one unit, the same as that of ``now`` in the rules."""

    size: int  # max
    least: int = 0  # min: connections that are not closed for being idle; none is opened in advance
    idle_timeout: float = NEVER  # idleTimeoutMillis
    patience: float = NEVER  # connectionTimeoutMillis
    lifetime: float = NEVER  # maxLifetimeSeconds
    most_uses: int = UNLIMITED  # maxUses


class PgPool(NamedTuple):
    """Columns by pool, by place, and by waiter."""

    depth: Column  # one entry: places of each pool (the largest `size`)
    size: Column
    least: Column
    most_uses: Column
    idle_timeout: Column
    lifetime: Column
    patience: Column
    stage: Column  # OPEN, ENDING or ENDED
    open: Column  # connections open or opening
    idle: Column  # of these idle
    first: Column  # first waiter, or NONE
    last: Column
    waiting: Column
    timer: Column  # no timer of a place is due before this
    area: Column  # integral of connections that are not idle over time, up to `since`
    since: Column
    state: Column  # by place: EMPTY, OPENING, IDLE or BUSY
    user: Column  # by place: who waits for it to open; NONE = nobody any more
    serial: Column  # by place: another number for each connection that has it
    uses: Column  # by place: releases so far
    aged: Column  # by place: 1 = its lifetime is over, but somebody holds it
    due: Column  # by place: when the attempt is given up (OPENING) or it has been idle too long (IDLE)
    leaves: Column  # by place: when the caller who queued before gives up
    expires: Column  # by place: when its lifetime is over
    stack: Column  # by pool * depth + height: the idle places, released last on top
    spare: Column  # by pool * depth + height: the empty places
    next: Column  # by waiter: link to the one behind
    entered: Column  # by waiter: when it began to wait


def pool_state(settings: Sequence[PoolSettings], waiters: int) -> PgPool:
    """State in lists: pools without connections, and room for so many waiters."""
    pools = len(settings)
    depth = max((one.size for one in settings), default=1)
    places = pools * depth
    return PgPool(
        depth=[depth],
        size=[one.size for one in settings],
        least=[one.least for one in settings],
        most_uses=[one.most_uses for one in settings],
        idle_timeout=[float(one.idle_timeout) for one in settings],
        lifetime=[float(one.lifetime) for one in settings],
        patience=[float(one.patience) for one in settings],
        stage=[OPEN] * pools,
        open=[0] * pools,
        idle=[0] * pools,
        first=[NONE] * pools,
        last=[NONE] * pools,
        waiting=[0] * pools,
        timer=[NEVER] * pools,
        area=[0.0] * pools,
        since=[0.0] * pools,
        state=[EMPTY] * places,
        user=[NONE] * places,
        serial=[0] * places,
        uses=[0] * places,
        aged=[0] * places,
        due=[NEVER] * places,
        leaves=[NEVER] * places,
        expires=[NEVER] * places,
        stack=[NONE] * places,
        spare=[p * depth + max(one.size - 1 - i, 0) for p, one in enumerate(settings) for i in range(depth)],
        next=[NONE] * waiters,
        entered=[0.0] * waiters,
    )
