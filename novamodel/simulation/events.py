"""What an event does: it brings one request, or one component's timer, to this instant."""

from __future__ import annotations

from typing import Any

from novamodel.components.fifo import fifo_join
from novamodel.components.gateway.gateway import OFF, WINDOWS, bucket_admits, window_admits
from novamodel.components.nginx.limit_req import REJECTED as LIMIT_REJECTED
from novamodel.components.nginx.limit_req import limit_decide
from novamodel.components.nginx.upstream.round_robin import round_robin_in_group
from novamodel.components.node.node import node_finish
from novamodel.components.postgres.cores import cores_finish, cores_join
from novamodel.components.rule import rule
from novamodel.components.tokens import tokens_leave_first, tokens_timer
from novamodel.simulation import codes
from novamodel.simulation.holding import (
    arm_bursts,
    arm_cores,
    arm_pool,
    arm_server,
    bury,
    fail_connection,
    lose_connection,
    release_server,
)
from novamodel.simulation.operations import drawn
from novamodel.simulation.schedule import push
from novamodel.simulation.slots import finish, free_slot, let_go_on, spend, take_slot
from novamodel.simulation.state import Model

NONE = codes.NONE
NEVER = codes.NEVER


@rule
def next_arrival(m: Model, q: Any) -> None:
    """Put the next arrival of the block on the calendar; at the end of the block the plane makes another."""
    at = m.stream.at[0]
    if at < m.stream.count[0]:
        push(q, m.stream.time[at], codes.ARRIVE, m.stream.number[0] + at, at)


@rule
def handshake_work(m: Model, slot: int, route: int) -> float:
    """Worker CPU of the TLS handshake, if the request begins a connection; a draw says so."""
    if m.config.tls_new == 0.0:
        return 0.0
    u = m.slots.draw[slot * m.config.most_draws + m.routes.handshake[route]]
    if u >= m.config.tls_new:
        return 0.0
    return m.config.tls_resumed_work if u < m.config.tls_resumed else m.config.tls_full_work


@rule
def on_arrive(m: Model, q: Any, at: int, now: float) -> None:
    """A request reaches the edge: handshake, limit, worker, on to a replica."""
    stream = m.stream
    s = m.slots
    number = stream.number[0] + at
    route = stream.route[at]
    slot = take_slot(m, number, route, now)
    s.population[slot] = stream.population[at]
    s.client[slot] = stream.client[at]
    most = m.config.most_draws
    for i in range(m.routes.draws[route]):
        s.draw[slot * most + i] = stream.draw[at * most + i]
    s.in_flight[0] += 1
    m.record.arrived[route] += 1
    stream.at[0] = at + 1
    next_arrival(m, q)
    service = m.routes.service[route]
    secured = now
    handshake = handshake_work(m, slot, route)
    if handshake > 0.0:
        secured = fifo_join(m.edge, number % m.config.edge_workers, handshake, now)
    hold = 0.0
    limit = m.services.limit[service]
    if limit != NONE:
        status, delay_ms = limit_decide(m.limit, limit, m.services.keys[service] + s.client[slot], int(now * 1000.0))
        if status == LIMIT_REJECTED:
            spend(m, slot, codes.EDGE, secured - now)
            finish(m, slot, codes.REJECTED, secured)
            return
        hold = delay_ms / 1000.0
    work = m.config.edge_mean * s.draw[slot * most + codes.EDGE_DRAW]
    passed = fifo_join(m.edge, number % m.config.edge_workers, work, now) + hold
    passed += m.config.gateway_latency
    spend(m, slot, codes.EDGE, passed - now)
    spend(m, slot, codes.NETWORK, m.config.edge_network)
    push(q, passed + m.config.edge_network, codes.ENTER, number, slot)


@rule
def gateway_admits(m: Model, slot: int, now: float) -> bool:
    """Whether the API gateway lets a request in."""
    c = m.config
    if c.gateway == WINDOWS:
        key = m.slots.client[slot] if c.gateway_by_client != 0 else m.routes.service[m.slots.route[slot]]
        return window_admits(m.gateway, key, c.gateway_limit, c.gateway_window, c.midnight + now)
    return bucket_admits(m.gateway, c.gateway_rate, c.gateway_burst, now)


@rule
def on_enter(m: Model, slot: int, now: float) -> None:
    """The gateway lets the request in, the edge has chosen a replica and the request is there."""
    if m.config.gateway != OFF and not gateway_admits(m, slot, now):
        finish(m, slot, codes.REJECTED, now)
        return
    r = round_robin_in_group(m.upstream, 2 * m.routes.service[m.slots.route[slot]], 0, int(now))
    if r < 0:
        finish(m, slot, codes.NO_REPLICA, now)
        return
    m.slots.replica[slot] = r
    n = m.replicas.in_flight[r] + 1
    m.replicas.in_flight[r] = n
    if n > m.replicas.most_in_flight[r]:
        m.replicas.most_in_flight[r] = n
    if m.replicas.lost[r] != 0:
        finish(m, slot, codes.KILLED, now)
        return
    let_go_on(m, slot)


@rule
def on_burst_due(m: Model, q: Any, r: int, now: float) -> None:
    """A burst of a replica has ended, unless its CPU gate or another thread has moved the end."""
    if now != m.replicas.armed[r]:
        return
    m.replicas.armed[r] = NEVER
    if m.node.due[r] <= now:
        s = m.slots
        job, starts, on_thread = node_finish(m.node, m.gate, r, now)
        if starts != NONE:
            spend(m, starts, codes.THREADS if on_thread else codes.LOOP_WAIT, now - s.since[starts])
            s.since[starts] = now
        own = m.node.work[job]
        spend(m, job, codes.THREADS if on_thread else codes.ON_CPU, own)
        late = now - s.since[job] - own
        if late > 0.0:
            spend(m, job, codes.THROTTLED, late)
        s.where[job] = codes.TIMED
        s.pc[job] += 1
        let_go_on(m, job)
    arm_bursts(m, q, r)


@rule
def on_step_done(m: Model, slot: int, now: float) -> None:
    """A cache command, a delay or a connection set-up has ended."""
    s = m.slots
    if s.dead[slot] != 0:
        bury(m, slot, now)
        return
    if s.connecting[slot] != 0:
        spend(m, slot, codes.CONNECT, now - s.since[slot])
        if s.connecting[slot] == codes.WILL_BE_REFUSED:
            fail_connection(m, slot, codes.REFUSED, now)
            return
        s.connecting[slot] = 0
        s.pc[slot] += 1
    let_go_on(m, slot)


@rule
def on_statement_in(m: Model, q: Any, slot: int, now: float) -> None:
    """A statement (or a connection set-up) reaches PostgreSQL's cores."""
    s = m.slots
    if s.dead[slot] != 0:
        bury(m, slot, now)
        return
    d = s.database[slot]
    if d == 0 and m.timers.outage[0] != 0:
        lose_connection(m, slot, codes.NO_DATABASE, now)
        return
    idle = m.cores.jobs[d] < m.cores.cores[d]
    if s.connecting[slot] != 0:
        work = m.config.connect_idle if idle else m.config.connect_busy
    else:
        pc = s.pc[slot]
        work = (m.routes.idle[pc] if idle else m.routes.busy[pc]) * drawn(m, slot, pc)
    s.where[slot] = codes.ON_CORES
    cores_join(m.cores, d, slot, s.number[slot], work, now)
    arm_cores(m, q, d)


@rule
def on_statement_due(m: Model, q: Any, d: int, now: float) -> None:
    """A statement leaves a server's cores, unless newcomers have moved its end; storage and the way back follow."""
    if now != m.timers.cores[d]:
        return
    m.timers.cores[d] = NEVER
    if m.cores.due[d] <= now:
        s = m.slots
        slot = cores_finish(m.cores, d, now)
        s.where[slot] = codes.TIMED
        if s.dead[slot] != 0:
            bury(m, slot, now)
        elif s.connecting[slot] != 0:
            push(q, now + 3.0 * m.config.database_network, codes.STEP_DONE, s.number[slot], slot)
        else:
            answered = now
            operations = m.routes.reads[s.pc[slot]]
            if operations > 0:
                answered = fifo_join(m.volume, d, operations * m.config.io_time, now)
                answered += operations * m.config.io_latency
                spend(m, slot, codes.STORAGE, answered - now)
            answered += m.config.database_network
            spend(m, slot, codes.DATABASE, now - s.since[slot] + m.config.database_network)
            push(q, answered, codes.STATEMENT_DONE, s.number[slot], slot)
    arm_cores(m, q, d)


@rule
def on_statement_done(m: Model, slot: int, now: float) -> None:
    """The answer is back; with the last of a transaction PgBouncer's server connection is free."""
    s = m.slots
    if s.dead[slot] != 0:
        bury(m, slot, now)
        return
    if m.timers.outage[0] != 0 and s.database[slot] == 0:
        lose_connection(m, slot, codes.NO_DATABASE, now)
        return
    what = m.routes.target[s.pc[slot]]
    if s.server[slot] != 0 and what != codes.GOES_ON:
        release_server(m, slot, now)
    if what == codes.COMMITS_WRITES and m.config.readers > 0:
        m.reading.wrote[s.client[slot]] = now
    s.pc[slot] += 1
    let_go_on(m, slot)


@rule
def on_pool_timer(m: Model, q: Any, p: int, now: float) -> None:
    """The first who waits for a connection of this replica has waited too long, unless it was served meanwhile."""
    if now != m.replicas.pool_armed[p]:
        return
    m.replicas.pool_armed[p] = NEVER
    if tokens_timer(m.pool, p) <= now:
        waiter = tokens_leave_first(m.pool, p)
        spend(m, waiter, codes.POOL_WAIT, now - m.slots.since[waiter])
        finish(m, waiter, codes.POOL_TIMEOUT, now)
    arm_pool(m, q, p)


@rule
def on_server_timer(m: Model, q: Any, b: int, now: float) -> None:
    """The same for a PgBouncer server connection; the client connection of who waited too long is closed."""
    if now != m.timers.server[b]:
        return
    m.timers.server[b] = NEVER
    if tokens_timer(m.bouncer, b) <= now:
        waiter = tokens_leave_first(m.bouncer, b)
        if m.slots.dead[waiter] != 0:
            free_slot(m, waiter)
        else:
            spend(m, waiter, codes.SERVER_WAIT, now - m.slots.since[waiter])
            lose_connection(m, waiter, codes.SERVER_TIMEOUT, now)
    arm_server(m, q, b)
