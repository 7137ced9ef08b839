"""A node-postgres pool: which connection serves a caller, which are opened, which are reaped.

Rules of pg-pool (source and runs of 3.14): a caller takes the connection that was released last; without an
idle one a new connection is opened for this caller as long as there is room; otherwise it queues (`tokens`,
whose token is the right to a connection, open or opening). An idle connection is closed when it has been
idle for the idle time-out. One row a pool (replica); idle connections are a stack of the times at which they were
released, so the oldest lie at the bottom and are the first to be reaped.
"""

from __future__ import annotations

from typing import NamedTuple

from novamodel.components.columns import Column
from novamodel.components.rule import rule

NEVER = 1e300


class Connections(NamedTuple):
    """Columns by pool; `released` by pool * depth + height in the stack."""

    depth: Column  # one entry: rows of the stack of each pool
    idle_timeout: Column  # seconds; NEVER = connections stay
    open: Column  # connections open or opening
    idle: Column  # of these idle
    released: Column  # when each idle one was released, oldest first


def connections_state(pools: int, most: int, idle_timeout_s: float) -> Connections:
    """State in lists: pools without connections (pg-pool opens none in advance)."""
    return Connections(
        depth=[most],
        idle_timeout=[float(idle_timeout_s)] * pools,
        open=[0] * pools,
        idle=[0] * pools,
        released=[0.0] * (pools * most),
    )


@rule
def connections_reap(s: Connections, p: int, now: float) -> int:
    """Close what has been idle too long; how many were closed."""
    row = p * s.depth[0]
    old = 0
    while old < s.idle[p] and s.released[row + old] + s.idle_timeout[p] <= now:
        old += 1
    if old > 0:
        for i in range(old, s.idle[p]):
            s.released[row + i - old] = s.released[row + i]
        s.idle[p] -= old
        s.open[p] -= old
    return old


@rule
def connections_take_idle(s: Connections, p: int) -> bool:
    """Take the idle connection released last; false when there is none (the caller opens one)."""
    if s.idle[p] == 0:
        return False
    s.idle[p] -= 1
    return True


@rule
def connections_put_idle(s: Connections, p: int, now: float) -> None:
    """A connection comes back and nobody waits for it."""
    s.released[p * s.depth[0] + s.idle[p]] = now
    s.idle[p] += 1


@rule
def connections_drop_all(s: Connections, p: int) -> int:
    """The process is gone; how many connections were open."""
    count = s.open[p]
    s.open[p] = 0
    s.idle[p] = 0
    return count
