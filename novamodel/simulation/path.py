"""What happens to a request: the handlers that both planes call, one for each step.

A handler asks the components and says what comes next; it holds no rule of a component and no calendar.
`happen` brings one event about: it takes one request (or one replica's next burst) to this instant; `settle` then
lets every request that can go on walk its route until it has to wait for something.
"""

from __future__ import annotations

from typing import Any

from novamodel.components.node.node import node_reset
from novamodel.components.pg_pool.connections import connections_drop_all
from novamodel.components.rule import rule
from novamodel.components.tokens import tokens_account
from novamodel.simulation import codes
from novamodel.simulation.events import (
    on_arrive,
    on_burst_due,
    on_enter,
    on_pool_timer,
    on_server_timer,
    on_statement_done,
    on_statement_due,
    on_statement_in,
    on_step_done,
)
from novamodel.simulation.holding import release_server
from novamodel.simulation.operations import walk
from novamodel.simulation.slots import free_slot, let_go_on, record, take_slot
from novamodel.simulation.state import Model

NONE = codes.NONE
NEVER = codes.NEVER


@rule
def settle(m: Model, q: Any, now: float) -> None:
    """Let everyone who is ready walk on."""
    r = m.ready
    while r.count[0] > 0:
        slot = r.ring[r.first[0]]
        following = r.first[0] + 1
        r.first[0] = following if following < r.size[0] else 0
        r.count[0] -= 1
        walk(m, q, slot, now)


@rule
def happen(m: Model, q: Any, now: float, step: int, who: int) -> None:
    """One event; `settle` comes after it."""
    if step == codes.ARRIVE:
        on_arrive(m, q, who, now)
    elif step == codes.ENTER:
        on_enter(m, who, now)
    elif step == codes.BURST_DUE:
        on_burst_due(m, q, who, now)
    elif step == codes.STEP_DONE:
        on_step_done(m, who, now)
    elif step == codes.STATEMENT_IN:
        on_statement_in(m, q, who, now)
    elif step == codes.STATEMENT_DUE:
        on_statement_due(m, q, who, now)
    elif step == codes.STATEMENT_DONE:
        on_statement_done(m, who, now)
    elif step == codes.POOL_TIMER:
        on_pool_timer(m, q, who, now)
    else:
        on_server_timer(m, q, who, now)


@rule
def inject(m: Model, r: int, route: int, number: int, serial: int, now: float) -> None:
    """Give a replica an internal job; `replicas.done` holds its serial when it is done. `settle` comes after."""
    slot = take_slot(m, number, route, now)
    m.slots.replica[slot] = r
    m.slots.client[slot] = serial
    let_go_on(m, slot)


@rule
def drop_pool(m: Model, p: int, door: int, now: float) -> None:
    """A pool is gone with its process."""
    m.replicas.pool_armed[p] = NEVER
    m.timers.connections[door] -= connections_drop_all(m.connections, p)
    tokens_account(m.pool, p, now)
    m.pool.busy[p] = 0
    m.pool.first[p] = NONE
    m.pool.waiting[p] = 0


@rule
def kill(m: Model, r: int, now: float) -> None:
    """A replica's process dies and holds nothing any more; `kill_more` then fails its requests."""
    node_reset(m.node, m.gate, r, now)
    m.replicas.armed[r] = NEVER
    door = 0
    for p in range(r, m.config.pool_rows, m.config.replica_rows):
        drop_pool(m, p, door, now)
        door = m.config.own_door
    m.timers.dying[0] = r
    m.timers.victim[0] = 0


@rule
def kill_more(m: Model, now: float) -> None:
    """Some requests of the dead replica fail; what they hold elsewhere comes back when it ends there.

    `settle` comes after, then the next call, until `timers.victim` is NONE.
    """
    s = m.slots
    r = m.timers.dying[0]
    first = m.timers.victim[0]
    end = first + codes.VICTIMS
    m.timers.victim[0] = end if end < m.ready.size[0] else NONE
    for slot in range(first, end if end < m.ready.size[0] else m.ready.size[0]):
        if s.replica[slot] != r or s.number[slot] == NONE or s.dead[slot] != 0:
            continue
        if s.route[slot] < m.config.public_routes:
            record(m, slot, codes.KILLED, now)
        if s.where[slot] == codes.ON_NODE or s.where[slot] == codes.IN_POOL:
            if s.server[slot] != 0:
                release_server(m, slot, now)
            free_slot(m, slot)
        else:
            s.dead[slot] = 1
            s.replica[slot] = NONE
