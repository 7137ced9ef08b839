"""What happens to a request: the handlers that both engines call, one for each kind of event.

A handler asks the components and says what comes next; it holds no rule of a component and no calendar.
`dispatch` brings one event about: it takes one request (or one component's timer) to this instant; `run_ready`, called
until nobody is ready, then lets every request that can go on follow its program until it has to wait for something.
"""

from __future__ import annotations

from typing import Any

from novamodel.components.cpu.host import container_reset
from novamodel.components.nginx.upstream.keepalive import keepalive_forget
from novamodel.components.node.node import node_clear, node_reset
from novamodel.components.pgbouncer.rules import bouncer_leave
from novamodel.components.queue.consumers import consumer_lose
from novamodel.components.rule import handler, rule
from novamodel.simulation import codes
from novamodel.simulation.advance import advance_request
from novamodel.simulation.balancing import on_edge_timer
from novamodel.simulation.bouncing import free_server, lose_server
from novamodel.simulation.calls import drop_call, on_call_timer
from novamodel.simulation.events import (
    on_answer,
    on_arrive,
    on_burst_due,
    on_pool_timer,
    on_statement_done,
    on_statement_due,
    on_statement_in,
    on_step_done,
)
from novamodel.simulation.finish import record_root
from novamodel.simulation.holds import drop_pool
from novamodel.simulation.leaving import ask_next, heir, leave_edge, leave_replica, may_ask_next
from novamodel.simulation.logins import on_server_timer
from novamodel.simulation.queueing import on_queue_timer
from novamodel.simulation.recorder import OUTCOMES
from novamodel.simulation.requests import add_times, free_request, parent_of, resume, take_request
from novamodel.simulation.runtimes import end_runtime
from novamodel.simulation.shared import arm_host, on_at_station, on_host_due
from novamodel.simulation.state import Model

NONE = codes.NONE
NEVER = codes.NEVER


@rule
def run_ready(m: Model, q: Any, now: float) -> None:
    """Let some who are ready go on; the engine sees to room for what they take, then calls again."""
    count, first, ring, size = m.ready.count, m.ready.first, m.ready.ring, m.ready.size[0]
    left = codes.PORTION
    while count[0] > 0 and left > 0:
        left -= 1
        at = first[0]
        first[0] = at + 1 if at + 1 < size else 0
        count[0] -= 1
        advance_request(m, q, ring[at], now)


@rule
def dispatch(m: Model, q: Any, now: float, event: int, who: int) -> None:
    """One event; `run_ready` comes after it."""
    if event == codes.ARRIVE:
        on_arrive(m, q, who, now)
    elif event == codes.ENTER:
        resume(m, who)
    elif event == codes.BURST_DUE:
        on_burst_due(m, q, who, now)
    elif event == codes.STEP_DONE:
        on_step_done(m, q, who, now)
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
    elif event == codes.QUEUE_TIMER:
        on_queue_timer(m, q, who, now)
    elif event == codes.HOST_DUE:
        on_host_due(m, q, who, now)
    elif event == codes.AT_STATION:
        on_at_station(m, q, who, now)
    else:
        on_edge_timer(m, q, who, now)


@handler
def inject(m: Model, r: int, program: int, number: int, serial: int, now: float) -> None:
    """Give a replica an internal job; `replicas.done` holds its serial when it is done. `run_ready` comes after."""
    i = take_request(m, codes.INTERNAL, number, program, now)
    m.requests.replica[i] = r
    m.requests.serial[i] = serial
    resume(m, i)


@handler
def kill(m: Model, q: Any, r: int, now: float) -> None:
    """A replica's process dies and holds nothing any more; `kill_more` then fails its requests."""
    if m.replicas.way[r] == codes.BY_RUNTIME:
        end_runtime(m, q, r, now)
    elif m.replicas.way[r] == codes.ON_MACHINE:
        node_clear(m.node, r, now)
        container_reset(m.host, r, now)
        arm_host(m, q, m.host.home[r])
    else:
        node_reset(m.node, m.gate, r, now)
    m.replicas.armed[r] = NEVER
    for link in range(m.links.count[0]):
        first = m.links.first_replica[link]
        if first <= r < m.links.end_replica[link]:
            p = m.links.first_pool[link] + r - first
            m.timers.pool[p] = NEVER
            drop_pool(m, link, p, now)
    for member in range(m.replicas.member[r], m.replicas.member[r] + m.replicas.members[r]):
        consumer_lose(m.consumers, m.queues.member[member], now)
    forget_connections(m, r)
    m.timers.dying[0] = r
    m.timers.victim[0] = 0


@handler
def forget_connections(m: Model, r: int) -> None:
    """The idle connections of edges to a replica that is gone are closed."""
    for b in range(m.balances.count[0]):
        if m.balances.cache[b] != NONE:
            for peer in range(m.upstream.first[2 * b], m.upstream.end[2 * b + 1]):
                if m.balances.replica[peer] == r:
                    for worker in range(m.edges.workers[m.balances.edge[b]]):
                        keepalive_forget(m.kept, m.balances.cache[b] + worker, peer)


@handler
def kill_more(m: Model, q: Any, now: float) -> None:
    """Some requests of the dead replica end; what they hold elsewhere comes back when it ends there.

    `run_ready` comes after, then the next call, until `timers.victim` is NONE.
    """
    s = m.requests
    r = m.timers.dying[0]
    victims = 0
    for i in range(m.timers.victim[0], m.ready.size[0]):
        if s.replica[i] == r and s.number[i] != NONE and s.dead[i] == 0:
            if victims == codes.VICTIMS:
                m.timers.victim[0] = i
                return
            victims += 1
            kill_request(m, q, i, now)
    m.timers.victim[0] = NONE
    end_sessions(m, q, r, now)


@handler
def end_sessions(m: Model, q: Any, r: int, now: float) -> None:
    """The clients of a replica have disconnected: PgBouncer's server connections of their sessions are free."""
    for link in range(m.links.count[0]):
        first = m.links.first_replica[link]
        if m.links.mode[link] == codes.SESSION and first <= r < m.links.end_replica[link]:
            begin = (m.links.first_pool[link] + r - first) * m.pool.depth[0]
            for place in range(begin, begin + m.pool.depth[0]):
                linked = m.links.linked[place]
                if linked != 0:
                    m.links.linked[place] = 0
                    free_server(m, q, linked - 1, now)


@handler
def kill_request(m: Model, q: Any, i: int, now: float) -> None:
    """A request of a dead replica: another one is asked, or its caller is told; what waits for an event of its own
    ends there."""
    s = m.requests
    kind, where, b = s.kind[i], s.where[i], s.balance[i]
    m.record.ended[s.program[i] * OUTCOMES + codes.KILLED] += 1
    again = may_ask_next(m, i, codes.KILLED, True, now)
    leave_replica(m, i, codes.KILLED, now)
    if again:
        ask_next(m, q, heir(m, i, now), b, codes.KILLED, now)
    else:
        leave_edge(m, i)
        if kind == codes.ROOT:
            record_root(m, i, codes.KILLED, now)
    if where == codes.IN_CALL or where == codes.ANSWERED:
        drop_call(m, i)
    if where == codes.IN_SERVER_QUEUE:
        bouncer_leave(m.bouncer, m.links.bouncer[s.link[i]], i)
    pending = where == codes.TIMED or where == codes.ON_CORES or where >= codes.AT_EDGE
    if s.server[i] != 0:
        if m.links.mode[s.link[i]] == codes.SESSION:
            s.server[i] = 0  # `end_sessions` sees to it
        elif not pending:
            lose_server(m, q, i, now)
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
