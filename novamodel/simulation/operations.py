"""The operations of a route: what a request asks of a component, and what comes next."""

from __future__ import annotations

from typing import Any

from novamodel.components.fifo import fifo_is_idle, fifo_join
from novamodel.components.node.node import loop_join, thread_join
from novamodel.components.pg_pool.connections import connections_put_idle, connections_reap, connections_take_idle
from novamodel.components.rule import rule
from novamodel.components.tokens import tokens_free, tokens_release, tokens_take, tokens_wait
from novamodel.simulation import codes
from novamodel.simulation.holding import arm_bursts, arm_pool, arm_server
from novamodel.simulation.schedule import push
from novamodel.simulation.slots import finish, free_slot, let_go_on, spend
from novamodel.simulation.state import Model

NONE = codes.NONE


@rule
def drawn(m: Model, slot: int, pc: int) -> float:
    """The request's random multiplier of an operation."""
    draw = m.routes.draw[pc]
    return m.slots.draw[slot * m.config.most_draws + draw] if draw != NONE else 1.0


@rule
def do_cpu(m: Model, q: Any, slot: int, pc: int, now: float) -> None:
    """Ask for a burst on the event loop."""
    r = m.slots.replica[slot]
    x = drawn(m, slot, pc)
    m.slots.since[slot] = now
    m.slots.where[slot] = codes.ON_NODE
    loop_join(m.node, m.gate, r, slot, m.routes.idle[pc] * x, m.routes.busy[pc] * x, now)
    arm_bursts(m, q, r)


@rule
def do_thread(m: Model, q: Any, slot: int, pc: int, now: float) -> None:
    """Hand work to a libuv thread."""
    r = m.slots.replica[slot]
    m.slots.since[slot] = now
    m.slots.where[slot] = codes.ON_NODE
    thread_join(m.node, m.gate, r, slot, m.routes.busy[pc] * drawn(m, slot, pc), now)
    arm_bursts(m, q, r)


@rule
def do_cache(m: Model, q: Any, slot: int, pc: int, now: float) -> None:
    """Send a cache command; a get that hits goes on behind its on_miss steps."""
    at = now + m.config.cache_network
    work = m.routes.idle[pc] if fifo_is_idle(m.redis, 0, at) else m.routes.busy[pc]
    done = fifo_join(m.redis, 0, work, at) + m.config.cache_network
    spend(m, slot, codes.CACHED, done - now)
    hits = m.routes.draw[pc] != NONE and drawn(m, slot, pc) < m.routes.hit[pc]
    m.slots.pc[slot] = m.routes.target[pc] if hits else pc + 1
    push(q, done, codes.STEP_DONE, m.slots.number[slot], slot)


@rule
def choose_database(m: Model, slot: int, now: float) -> None:
    """The server of a transaction, and the pool to it; what a request may read elsewhere it reads at one replica."""
    s = m.slots
    s.database[slot] = 0
    s.side[slot] = 0
    s.pool[slot] = s.replica[slot]
    share = m.routes.hit[s.pc[slot]]
    if share == 0.0:
        return
    u = drawn(m, slot, s.pc[slot])
    if u >= share:
        return
    s.database[slot] = 1 + int(u / share * m.config.readers)
    s.side[slot] = 1
    s.pool[slot] = s.replica[slot] + m.config.replica_rows
    m.reading.reads[0] += 1
    if now - m.reading.wrote[s.client[slot]] < m.config.lag:
        m.reading.stale[0] += 1


@rule
def do_acquire(m: Model, q: Any, slot: int, now: float) -> bool:
    """Take a connection; true if the request has one and goes on at once."""
    s = m.slots
    if s.token[slot] == 0:
        choose_database(m, slot, now)
    p = s.pool[slot]
    door = s.side[slot] * m.config.own_door
    if s.token[slot] == 0:
        m.timers.connections[door] -= connections_reap(m.connections, p, now)
        if not tokens_free(m.pool, p):
            s.since[slot] = now
            s.where[slot] = codes.IN_POOL
            tokens_wait(m.pool, p, slot, now)
            arm_pool(m, q, p)
            return False
        tokens_take(m.pool, p, now)
        if connections_take_idle(m.connections, p):
            s.pc[slot] += 1
            return True
    s.token[slot] = 0
    s.since[slot] = now
    if m.timers.connections[door] >= (m.config.most_connections if door == 0 else m.config.most_reading):
        s.connecting[slot] = codes.WILL_BE_REFUSED
        push(q, now + 4.0 * m.config.database_network, codes.STEP_DONE, s.number[slot], slot)
        return False
    m.connections.open[p] += 1
    m.timers.connections[door] += 1
    s.connecting[slot] = codes.CONNECTING
    if m.config.has_bouncer != 0:
        at = now + 3.0 * m.config.database_network
        done = fifo_join(m.bouncer_cpu, 0, m.config.connect_login, at) + 3.0 * m.config.database_network
        push(q, done, codes.STEP_DONE, s.number[slot], slot)
    else:
        push(q, now + 3.0 * m.config.database_network, codes.STATEMENT_IN, s.number[slot], slot)
    return False


@rule
def do_sql(m: Model, q: Any, slot: int, now: float) -> None:
    """Send a statement, through PgBouncer where there is one."""
    s = m.slots
    at = now + m.config.database_network
    if m.config.has_bouncer != 0:
        if s.server[slot] == 0:
            b = s.side[slot]
            if not tokens_free(m.bouncer, b):
                s.since[slot] = now
                s.where[slot] = codes.IN_SERVER_QUEUE
                tokens_wait(m.bouncer, b, slot, now)
                arm_server(m, q, b)
                return
            tokens_take(m.bouncer, b, now)
            s.server[slot] = 1
        at = fifo_join(m.bouncer_cpu, 0, m.config.bouncer_query, at)
    s.since[slot] = now
    push(q, at, codes.STATEMENT_IN, s.number[slot], slot)


@rule
def do_release(m: Model, slot: int, now: float) -> None:
    """Give the connection to the first who waits for one, or back to the pool."""
    p = m.slots.pool[slot]
    waiter = tokens_release(m.pool, p, now)
    if waiter == NONE:
        connections_put_idle(m.connections, p, now)
        return
    m.slots.pc[waiter] += 1
    m.slots.where[waiter] = codes.TIMED
    spend(m, waiter, codes.POOL_WAIT, now - m.slots.since[waiter])
    let_go_on(m, waiter)


@rule
def do_end(m: Model, slot: int, pc: int, now: float) -> None:
    """The route is done: the answer goes out, or an internal job leaves its mark."""
    s = m.slots
    if s.route[slot] < m.config.public_routes:
        finish(m, slot, codes.SERVED, now)
    else:
        m.replicas.done[s.replica[slot] * codes.INTERNAL_KINDS + m.routes.target[pc]] = s.client[slot]
        free_slot(m, slot)


@rule
def walk(m: Model, q: Any, slot: int, now: float) -> None:
    """Follow the route until the request has to wait or has its answer."""
    s = m.slots
    while True:
        pc = s.pc[slot]
        op = m.routes.op[pc]
        if op == codes.CPU:
            do_cpu(m, q, slot, pc, now)
            return
        if op == codes.CACHE:
            do_cache(m, q, slot, pc, now)
            return
        if op == codes.SQL:
            do_sql(m, q, slot, now)
            return
        if op == codes.END:
            do_end(m, slot, pc, now)
            return
        if op == codes.ACQUIRE:
            if not do_acquire(m, q, slot, now):
                return
        elif op == codes.RELEASE:
            do_release(m, slot, now)
            s.pc[slot] = pc + 1
        elif op == codes.THREAD:
            do_thread(m, q, slot, pc, now)
            return
        else:
            seconds = m.routes.busy[pc] * drawn(m, slot, pc)
            spend(m, slot, codes.OTHER, seconds)
            s.pc[slot] = pc + 1
            push(q, now + seconds, codes.STEP_DONE, s.number[slot], slot)
            return
