"""What a request holds or waits for: timers of the components, connections, the death of its replica."""

from __future__ import annotations

from typing import Any

from novamodel.components.rule import rule
from novamodel.components.tokens import tokens_release, tokens_timer
from novamodel.simulation import codes
from novamodel.simulation.schedule import push
from novamodel.simulation.slots import finish, free_slot, let_go_on, spend
from novamodel.simulation.state import Model

NONE = codes.NONE


@rule
def arm_bursts(m: Model, q: Any, r: int) -> None:
    """See to it that the calendar has an event when the replica's next burst ends."""
    due = m.node.due[r]
    if due < m.replicas.armed[r]:
        m.replicas.armed[r] = due
        push(q, due, codes.BURST_DUE, r, r)


@rule
def arm_cores(m: Model, q: Any, d: int) -> None:
    """The same for the cores of a database server."""
    due = m.cores.due[d]
    if due < m.timers.cores[d]:
        m.timers.cores[d] = due
        push(q, due, codes.STATEMENT_DUE, d, d)


@rule
def arm_pool(m: Model, q: Any, p: int) -> None:
    """The same for the first waiter of a replica's pool."""
    due = tokens_timer(m.pool, p)
    if due < m.replicas.pool_armed[p]:
        m.replicas.pool_armed[p] = due
        push(q, due, codes.POOL_TIMER, p, p)


@rule
def arm_server(m: Model, q: Any, b: int) -> None:
    """The same for the first waiter of a pool of PgBouncer."""
    due = tokens_timer(m.bouncer, b)
    if due < m.timers.server[b]:
        m.timers.server[b] = due
        push(q, due, codes.SERVER_TIMER, b, b)


@rule
def release_server(m: Model, slot: int, now: float) -> None:
    """The slot's PgBouncer server connection is free: the first waiter that is still alive gets it."""
    b = m.slots.side[slot]
    m.slots.server[slot] = 0
    while True:
        waiter = tokens_release(m.bouncer, b, now)
        if waiter == NONE:
            return
        if m.slots.dead[waiter] == 0:
            m.slots.server[waiter] = 1
            m.slots.where[waiter] = codes.TIMED
            spend(m, waiter, codes.SERVER_WAIT, now - m.slots.since[waiter])
            let_go_on(m, waiter)
            return
        free_slot(m, waiter)


@rule
def bury(m: Model, slot: int, now: float) -> None:
    """A request whose replica died comes to its pending event: give back what it holds."""
    if m.slots.server[slot] != 0:
        release_server(m, slot, now)
    free_slot(m, slot)


@rule
def fail_connection(m: Model, slot: int, outcome: int, now: float) -> None:
    """A connection is lost or was refused: it costs this caller its answer, and the next caller opens a new one."""
    waiter = tokens_release(m.pool, m.slots.pool[slot], now)
    if waiter != NONE:
        m.slots.token[waiter] = 1
        m.slots.where[waiter] = codes.TIMED
        spend(m, waiter, codes.POOL_WAIT, now - m.slots.since[waiter])
        let_go_on(m, waiter)
    finish(m, slot, outcome, now)


@rule
def lose_connection(m: Model, slot: int, outcome: int, now: float) -> None:
    """A connection that is open, or opening, breaks under the request that uses it."""
    if m.slots.server[slot] != 0:
        release_server(m, slot, now)
    m.connections.open[m.slots.pool[slot]] -= 1
    m.timers.connections[m.slots.side[slot] * m.config.own_door] -= 1
    fail_connection(m, slot, outcome, now)
