"""What happens to a request: the handlers that both engines call, one for each kind of event.

A handler asks the components and says what comes next; it holds no rule of a component and no calendar.
`dispatch` brings one event about: it takes one request (or one component's timer) to this instant; `run_ready`, called
until nobody is ready, then lets every request that can go on follow its program until it has to wait for something.
"""

from __future__ import annotations

from typing import Any

from novamodel.components.node.node import node_reset
from novamodel.components.pg_pool.rules import pool_drop_all
from novamodel.components.queue.consumers import consumer_lose
from novamodel.components.rule import handler
from novamodel.simulation import codes
from novamodel.simulation.advance import advance_request
from novamodel.simulation.calls import drop_call, on_call_timer
from novamodel.simulation.events import (
    on_answer,
    on_arrive,
    on_burst_due,
    on_pool_timer,
    on_server_timer,
    on_statement_done,
    on_statement_due,
    on_statement_in,
    on_step_done,
)
from novamodel.simulation.finish import leave_replica, record_root
from novamodel.simulation.holds import release_server
from novamodel.simulation.queueing import on_queue_timer
from novamodel.simulation.recorder import OUTCOMES
from novamodel.simulation.requests import add_times, free_request, parent_of, resume, take_request
from novamodel.simulation.state import Model

NONE = codes.NONE
NEVER = codes.NEVER


@handler
def run_ready(m: Model, q: Any, now: float) -> None:
    """Let some who are ready go on; the engine sees to room for what they take, then calls again."""
    r = m.ready
    left = codes.PORTION
    while r.count[0] > 0 and left > 0:
        left -= 1
        i = r.ring[r.first[0]]
        following = r.first[0] + 1
        r.first[0] = following if following < r.size[0] else 0
        r.count[0] -= 1
        advance_request(m, q, i, now)


@handler
def dispatch(m: Model, q: Any, now: float, event: int, who: int) -> None:
    """One event; `run_ready` comes after it."""
    if event == codes.ARRIVE:
        on_arrive(m, q, who, now)
    elif event == codes.ENTER:
        resume(m, who)
    elif event == codes.BURST_DUE:
        on_burst_due(m, q, who, now)
    elif event == codes.STEP_DONE:
        on_step_done(m, who, now)
    elif event == codes.STATEMENT_IN:
        on_statement_in(m, q, who, now)
    elif event == codes.STATEMENT_DUE:
        on_statement_due(m, q, who, now)
    elif event == codes.STATEMENT_DONE:
        on_statement_done(m, q, who, now)
    elif event == codes.POOL_TIMER:
        on_pool_timer(m, q, who, now)
    elif event == codes.SERVER_TIMER:
        on_server_timer(m, q, who, now)
    elif event == codes.ANSWER:
        on_answer(m, who)
    elif event == codes.CALL_TIMER:
        on_call_timer(m, q, who, now)
    else:
        on_queue_timer(m, q, who, now)


@handler
def inject(m: Model, r: int, program: int, number: int, serial: int, now: float) -> None:
    """Give a replica an internal job; `replicas.done` holds its serial when it is done. `run_ready` comes after."""
    i = take_request(m, codes.INTERNAL, number, program, now)
    m.requests.replica[i] = r
    m.requests.serial[i] = serial
    resume(m, i)


@handler
def kill(m: Model, r: int, now: float) -> None:
    """A replica's process dies and holds nothing any more; `kill_more` then fails its requests."""
    node_reset(m.node, m.gate, r, now)
    m.replicas.armed[r] = NEVER
    for link in range(m.links.count[0]):
        first = m.links.first_replica[link]
        if first <= r < m.links.end_replica[link]:
            p = m.links.first_pool[link] + r - first
            m.timers.pool[p] = NEVER
            m.doors.open[m.links.door[link]] -= pool_drop_all(m.pool, p, now)
    for member in range(m.replicas.member[r], m.replicas.member[r] + m.replicas.members[r]):
        consumer_lose(m.consumers, m.queues.member[member], now)
    m.timers.dying[0] = r
    m.timers.victim[0] = 0


@handler
def kill_more(m: Model, now: float) -> None:
    """Some requests of the dead replica fail; what they hold elsewhere comes back when it ends there.

    `run_ready` comes after, then the next call, until `timers.victim` is NONE.
    """
    s = m.requests
    r = m.timers.dying[0]
    first = m.timers.victim[0]
    end = first + codes.VICTIMS
    m.timers.victim[0] = end if end < m.ready.size[0] else NONE
    for i in range(first, end if end < m.ready.size[0] else m.ready.size[0]):
        if s.replica[i] == r and s.number[i] != NONE and s.dead[i] == 0:
            kill_request(m, i, now)


@handler
def kill_request(m: Model, i: int, now: float) -> None:
    """A request of a dead replica: its caller is told, and what waits for an event of its own ends there."""
    s = m.requests
    kind, where = s.kind[i], s.where[i]
    m.record.ended[s.program[i] * OUTCOMES + codes.KILLED] += 1
    leave_replica(m, i, codes.KILLED, now)
    if kind == codes.ROOT:
        record_root(m, i, codes.KILLED, now)
    if where == codes.IN_CALL or where == codes.ANSWERED:
        drop_call(m, i)
    pending = where == codes.TIMED or where == codes.IN_SERVER_QUEUE or where == codes.ON_CORES
    if not pending and s.server[i] != 0:
        release_server(m, i, now)
    if kind == codes.CHILD:
        tell_parent(m, i)
    if pending:
        s.dead[i] = 1
        s.replica[i] = NONE
    else:
        free_request(m, i)


@handler
def tell_parent(m: Model, i: int) -> None:
    """Who called a request that was killed has its error at once; the row stays its own."""
    s = m.requests
    parent = parent_of(m, i)
    s.parent[i] = NONE
    if parent != NONE:
        s.outcome[parent] = codes.KILLED
        s.where[parent] = codes.ANSWERED
        s.child[parent] = NONE
        s.answered_by[parent] = s.replica[i]
        add_times(m, parent, i)
        resume(m, parent)
