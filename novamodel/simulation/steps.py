"""The operations of a program: what a request asks of a component, and what comes next."""

from __future__ import annotations

from typing import Any

from novamodel.components.external.external import external_admits
from novamodel.components.fifo import fifo_is_idle, fifo_join
from novamodel.components.node.node import loop_join, thread_join
from novamodel.components.pg_pool.rules import pool_acquire
from novamodel.components.pg_pool.state import CONNECT
from novamodel.components.pg_pool.state import GRANTED as HAS_CONNECTION
from novamodel.components.pgbouncer.rules import bouncer_find, bouncer_resumes
from novamodel.components.pgbouncer.state import FAST_FAILED, GRANTED
from novamodel.components.redis.persistence import command_join
from novamodel.components.rule import handler, rule
from novamodel.components.tokens import tokens_free, tokens_release, tokens_take, tokens_wait
from novamodel.simulation import codes
from novamodel.simulation.bouncing import tend_pool, try_login
from novamodel.simulation.holds import (
    arm_bursts,
    arm_pool,
    lose_connection,
    open_connection,
    pool_of,
)
from novamodel.simulation.keyed import cache_server, command_hits
from novamodel.simulation.requests import add_time, drawn, fail, resume
from novamodel.simulation.runtimes import join_runtime
from novamodel.simulation.schedule import push
from novamodel.simulation.shared import join_process, join_thread, on_way, set_up
from novamodel.simulation.state import Model

NONE = codes.NONE


@rule
def do_cpu(m: Model, q: Any, i: int, pc: int, now: float) -> None:
    """Ask for a burst on the event loop, or on a thread of the replica's runtime."""
    r = m.requests.replica[i]
    x = drawn(m, i, m.programs.draw[pc])
    if m.config.shared != 0:
        idle, busy = m.programs.idle[pc] * x, m.programs.busy[pc] * x
        if m.replicas.way[r] == codes.ON_MACHINE:
            join_process(m, q, i, r, idle, busy, codes.ON_NODE, now)
            return
        if m.replicas.way[r] == codes.BY_RUNTIME:
            join_runtime(m, q, i, r, idle, busy, False, now)
            return
    m.requests.since[i] = now
    m.requests.where[i] = codes.ON_NODE
    loop_join(m.node, m.gate, r, i, m.programs.idle[pc] * x, m.programs.busy[pc] * x, now)
    arm_bursts(m, q, r)


@handler
def do_thread(m: Model, q: Any, i: int, pc: int, now: float) -> None:
    """Hand work to a libuv thread; the core is idle when neither the loop nor a thread of the replica works."""
    r = m.requests.replica[i]
    x = drawn(m, i, m.programs.draw[pc])
    if m.config.shared != 0:
        idle_work, busy_work = m.programs.idle[pc] * x, m.programs.busy[pc] * x
        if m.replicas.way[r] == codes.ON_MACHINE:
            join_thread(m, q, i, r, idle_work, busy_work, now)
            return
        if m.replicas.way[r] == codes.BY_RUNTIME:
            join_runtime(m, q, i, r, idle_work, busy_work, True, now)
            return
    m.requests.since[i] = now
    m.requests.where[i] = codes.ON_NODE
    idle = m.node.loop_job[r] == NONE and m.node.threads_busy[r] == 0
    work = (m.programs.idle[pc] if idle else m.programs.busy[pc]) * x
    thread_join(m.node, m.gate, r, i, work, now)
    arm_bursts(m, q, r)


@rule
def do_cache(m: Model, q: Any, i: int, pc: int, now: float) -> None:
    """Send a cache command; a get that finds all its keys goes on behind its on_miss steps."""
    network = m.caches.network[m.programs.station[pc]]
    at = now + network
    cache = cache_server(m, i, pc)
    if m.shared.cache[cache] != NONE:
        m.requests.since[i] = now
        on_way(m, q, i, codes.TO_CACHE, at)
        return
    work = m.programs.idle[pc] if fifo_is_idle(m.redis, cache, at) else m.programs.busy[pc]
    work *= drawn(m, i, m.programs.other_draw[pc])
    carried_out = command_join(m.redis, m.append_only, cache, work, m.programs.command[pc] != codes.GET, at)
    done = carried_out + network
    add_time(m, i, codes.CACHED, done - now)
    m.requests.pc[i] = m.programs.jump[pc] if command_hits(m, i, pc, carried_out) else pc + 1
    push(q, done, codes.STEP_DONE, m.requests.number[i], i)


@handler
def choose_link(m: Model, i: int, pc: int, now: float) -> int:
    """The database server of a transaction; what a request may read elsewhere it reads at one replica."""
    s = m.requests
    link = m.programs.station[pc]
    elsewhere = m.programs.read_link[pc]
    s.link[i] = link
    s.database[i] = m.links.server[link]
    if elsewhere == NONE:
        return int(link)
    share, u = m.programs.share[pc], drawn(m, i, m.programs.draw[pc])
    if u >= share:
        return int(link)
    s.link[i] = elsewhere
    s.database[i] = m.links.server[elsewhere] + int(u / share * m.links.servers[elsewhere])
    m.reading.reads[0] += 1
    if now - m.reading.wrote[m.links.wrote[elsewhere] + s.client[i]] < m.links.lag[elsewhere]:
        m.reading.stale[0] += 1
    return int(elsewhere)


@handler
def do_acquire(m: Model, q: Any, i: int, pc: int, now: float) -> bool:
    """Take a connection; true if the request has one and goes on at once."""
    s = m.requests
    link = choose_link(m, i, pc, now)
    p = pool_of(m, link, s.replica[i])
    code, place = pool_acquire(m.pool, p, i, now)
    if code == HAS_CONNECTION:
        s.place[i] = place
        s.pc[i] = pc + 1
        return True
    if code == CONNECT:
        open_connection(m, q, i, link, place, now)
    else:
        s.since[i] = now
        s.where[i] = codes.IN_POOL
    arm_pool(m, q, p)
    return False


@handler
def has_server(m: Model, q: Any, i: int, b: int, now: float) -> bool:
    """Whether a request has a server connection of PgBouncer, or gets one at once; else it waits, or has failed."""
    s = m.requests
    session = m.links.mode[s.link[i]] == codes.SESSION
    if session and m.links.linked[s.place[i]] != 0:
        s.server[i] = m.links.linked[s.place[i]]
    if s.server[i] > 0:
        place = s.server[i] - 1
        m.bouncer.client[place] = i
        bouncer_resumes(m.bouncer, b, place, now)
        return True
    if s.server[i] == codes.BROKEN:
        lose_connection(m, q, i, codes.SERVER_TIMEOUT, now)
        return False
    code, place = bouncer_find(m.bouncer, b, i, now)
    if code == GRANTED:
        s.server[i] = place + 1
        if session:
            m.links.linked[s.place[i]] = place + 1
        return True
    if code == FAST_FAILED:
        try_login(m, q, b, now)
        lose_connection(m, q, i, codes.NO_DATABASE, now)
        return False
    s.since[i] = now
    s.where[i] = codes.IN_SERVER_QUEUE
    tend_pool(m, q, b, now)
    return False


@handler
def do_sql(m: Model, q: Any, i: int, pc: int, now: float) -> None:
    """Send a statement, through PgBouncer where there is one."""
    s = m.requests
    link = s.link[i]
    at = now + m.links.network[link]
    b = m.links.bouncer[link]
    if b != NONE:
        if not has_server(m, q, i, b, now):
            return
        cpu = m.links.bouncer_cpu[link]
        if m.shared.bouncer[cpu] != NONE:
            s.since[i] = now
            on_way(m, q, i, codes.TO_BOUNCER, at)
            return
        work = m.links.query_idle[link] if fifo_is_idle(m.bouncer_cpu, cpu, at) else m.links.query_busy[link]
        at = fifo_join(m.bouncer_cpu, cpu, work * drawn(m, i, m.programs.other_draw[pc]), at)
    s.since[i] = now
    push(q, at, codes.STATEMENT_IN, s.number[i], i)


@handler
def do_connect(m: Model, q: Any, i: int, pc: int, now: float) -> None:
    """A connection set-up has PgBouncer's one thread, or goes on to the server's cores."""
    s = m.requests
    link = s.link[i]
    s.pc[i] = pc + 1
    if m.links.bouncer[link] != NONE:
        cpu = m.links.bouncer_cpu[link]
        x = drawn(m, i, m.programs.draw[pc])
        if m.shared.bouncer[cpu] != NONE:
            idle, busy = m.links.login_idle[link] * x, m.links.login_busy[link] * x
            join_process(m, q, i, m.shared.bouncer[cpu], idle, busy, codes.AT_LOGIN, now)
            return
        work = m.links.login_idle[link] if fifo_is_idle(m.bouncer_cpu, cpu, now) else m.links.login_busy[link]
        done = fifo_join(m.bouncer_cpu, cpu, work * x, now)
        push(q, done, codes.STEP_DONE, s.number[i], i)
    else:
        set_up(m, q, i, pc, now)


@handler
def do_wait(m: Model, q: Any, i: int, pc: int, now: float) -> None:
    """A delay that needs nothing."""
    seconds = m.programs.busy[pc] * drawn(m, i, m.programs.draw[pc])
    add_time(m, i, codes.EXTERNAL_TIME if m.requests.replica[i] == NONE else codes.OTHER, seconds)
    m.requests.pc[i] = pc + 1
    push(q, now + seconds, codes.STEP_DONE, m.requests.number[i], i)


@handler
def do_external_in(m: Model, q: Any, i: int, pc: int, now: float) -> bool:
    """An external admits the call, lets it wait, or refuses it; true if it is admitted."""
    s = m.requests
    x = m.programs.station[pc]
    if s.server[i] != 0:  # it has waited in line
        s.pc[i] = pc + 1
        return True
    if external_admits(m.external, x, now):
        if tokens_free(m.room, x):
            tokens_take(m.room, x, now)
            s.server[i] = 1
            s.pc[i] = pc + 1
            return True
        if m.external.waits[x] != 0:
            s.since[i] = now
            s.where[i] = codes.IN_LINE
            tokens_wait(m.room, x, i)
            return False
    m.external.refused[x] += 1
    fail(m, i, codes.OVER_LIMIT)
    return False


@handler
def do_external_out(m: Model, q: Any, i: int, pc: int, now: float) -> bool:
    """The external has answered, or failed; true if the call goes on."""
    s = m.requests
    x = m.programs.station[pc]
    waiter = tokens_release(m.room, x, now)
    s.server[i] = 0
    if waiter != NONE:
        s.server[waiter] = 1
        s.where[waiter] = codes.TIMED
        add_time(m, waiter, codes.EXTERNAL_TIME, now - s.since[waiter])
        resume(m, waiter)
    draw = m.programs.draw[pc]
    if draw != NONE and drawn(m, i, draw) < m.programs.share[pc]:
        m.external.failed[x] += 1
        fail(m, i, codes.EXTERNAL_FAILED)
        return False
    s.pc[i] = pc + 1
    return True
