"""Bursts on machines that containers share: replicas, and edges, PgBouncer, PostgreSQL and Redis that stand there too.

Where a part has a machine of its own its queue knows each end when a job comes (`components.fifo`); here the end shows
when the machine says so: the request's `where` tells what it waits for, and `after_burst` what comes next.
"""

from __future__ import annotations

from typing import Any

from novamodel.components.cpu.host import container_used, finds_idle, host_due, host_step, thread_wake
from novamodel.components.fifo import fifo_join
from novamodel.components.node.shared import shared_finish, shared_loop_join, shared_thread_join
from novamodel.components.postgres.cores import cores_join
from novamodel.components.redis.persistence import command_join
from novamodel.components.rule import handler, rule
from novamodel.components.runtime.rules import runtime_ended
from novamodel.simulation import codes
from novamodel.simulation.holds import arm_cores, release_dead
from novamodel.simulation.keyed import cache_server, command_hits
from novamodel.simulation.requests import add_time, drawn, resume
from novamodel.simulation.schedule import push
from novamodel.simulation.state import Model

NONE = codes.NONE
NEVER = codes.NEVER


@rule
def arm_host(m: Model, q: Any, h: int) -> None:
    """See to it that the calendar has an event when a machine has to act."""
    due = host_due(m.host, h)
    if due < m.shared.armed[h]:
        m.shared.armed[h] = due
        push(q, due, codes.HOST_DUE, h, h)


@rule
def host_of_row(m: Model, p: int) -> int:
    """The machine of a process."""
    return int(m.host.home[m.host.owner[p * (1 + m.node.threads[0])]])


@handler
def join_process(m: Model, q: Any, i: int, p: int, idle: float, busy: float, where: int, now: float) -> None:
    """A burst of a request on the loop of a process."""
    m.requests.where[i] = where
    if where == codes.ON_NODE:
        begin(m, i, p, now)
    shared_loop_join(m.node, m.host, p, i, idle, busy, now)
    arm_host(m, q, host_of_row(m, p))


@handler
def join_thread(m: Model, q: Any, i: int, r: int, idle: float, busy: float, now: float) -> None:
    """Work of a request on a libuv thread of its replica."""
    m.requests.where[i] = codes.ON_NODE
    begin(m, i, r, now)
    shared_thread_join(m.node, m.host, r, i, idle, busy, now)
    arm_host(m, q, host_of_row(m, r))


@rule
def begin(m: Model, i: int, r: int, now: float) -> None:
    """A burst waits or runs from here on."""
    m.requests.since[i] = now
    container_used(m.host, r, now)  # brings `stalled` up to now
    m.requests.stalled[i] = m.host.stalled[r]


@handler
def on_way(m: Model, q: Any, i: int, where: int, at: float) -> None:
    """A command or a statement is on its way to a process."""
    m.requests.where[i] = where
    push(q, at, codes.AT_STATION, m.requests.number[i], i)


@handler
def on_at_station(m: Model, q: Any, i: int, now: float) -> None:
    """It is there."""
    s = m.requests
    if s.dead[i] != 0:
        release_dead(m, q, i, now)
        return
    if s.where[i] == codes.TO_CACHE:
        pc = s.pc[i]
        work = drawn(m, i, m.programs.other_draw[pc])
        idle, busy = m.programs.idle[pc] * work, m.programs.busy[pc] * work
        join_process(m, q, i, m.shared.cache[cache_server(m, i, pc)], idle, busy, codes.AT_CACHE, now)
    else:
        link, pc = s.link[i], s.pc[i]
        work = drawn(m, i, m.programs.other_draw[pc])
        idle, busy = m.links.query_idle[link] * work, m.links.query_busy[link] * work
        join_process(m, q, i, m.shared.bouncer[m.links.bouncer_cpu[link]], idle, busy, codes.AT_BOUNCER, now)


@handler
def join_backend(m: Model, q: Any, i: int, d: int, idle: float, busy: float, now: float) -> bool:
    """A statement runs in a process of a database server that shares its machine.

    False where none is free: those of connections that were closed under their statements still run.
    """
    b, end = m.shared.server[d], m.shared.server_end[d]
    while b < end and m.shared.backend[b] != NONE:
        b += 1
    if b == end:
        return False
    m.shared.backend[b] = i
    t = m.shared.thread[0] + b
    m.requests.where[i] = codes.ON_CORES
    thread_wake(m.host, t, idle if finds_idle(m.host, t) else busy, now)
    arm_host(m, q, m.host.home[m.host.owner[t]])
    return True


@handler
def set_up(m: Model, q: Any, i: int, pc: int, now: float) -> None:
    """A connection set-up, or a login of PgBouncer, has the cores of a database server."""
    s = m.requests
    d, link = s.database[i], s.link[i]
    if m.timers.outage[d] != 0:
        s.outcome[i] = codes.NO_DATABASE
        resume(m, i)
        return
    x = drawn(m, i, m.programs.draw[pc])
    if m.shared.server[d] != NONE:
        if not join_backend(m, q, i, d, m.links.connect_idle[link] * x, m.links.connect_busy[link] * x, now):
            s.outcome[i] = codes.REFUSED
            resume(m, i)
        return
    work = (m.links.connect_idle[link] if m.cores.jobs[d] < m.cores.cores[d] else m.links.connect_busy[link]) * x
    s.where[i] = codes.ON_CORES
    cores_join(m.cores, d, i, s.number[i], work, now)
    arm_cores(m, q, d)


@handler
def replace_backend(m: Model, d: int, i: int, j: int) -> None:
    """A server that shares its machine works on for another request, or for nobody."""
    b = m.shared.server[d]
    while m.shared.backend[b] != i:
        b += 1
    m.shared.backend[b] = j


@handler
def on_host_due(m: Model, q: Any, h: int, now: float) -> None:
    """A machine acts: bursts end, others go on."""
    if now != m.shared.armed[h]:
        return
    m.shared.armed[h] = NEVER
    left = codes.DISPATCHES
    while left > 0:
        left -= 1
        t = host_step(m.host, h, now)
        if t == NONE:
            break
        burst_ended(m, q, t, now)
    arm_host(m, q, h)


@handler
def burst_ended(m: Model, q: Any, t: int, now: float) -> None:
    """A thread's burst has ended: its process begins the next, and the request goes on."""
    b = t - m.shared.thread[0]
    if b >= 0:
        i = m.shared.backend[b]
        m.shared.backend[b] = NONE
        after_burst(m, q, i, now)
        return
    if t >= m.runtime.host_first[0]:
        lane_ended(m, t, now)
        return
    job, starts, on_thread = shared_finish(m.node, m.host, t, now)
    s = m.requests
    if s.where[job] == codes.ON_NODE:
        r = s.replica[job]
        if starts != NONE:
            add_time(m, starts, codes.THREADS if on_thread else codes.LOOP_WAIT, now - s.since[starts])
            begin(m, starts, r, now)
        own_burst_ended(m, job, r, m.node.work[job], 0.0, on_thread != 0, now)
    else:
        after_burst(m, q, job, now)


@rule
def own_burst_ended(m: Model, job: int, r: int, own: float, stood: float, on_thread: bool, now: float) -> None:
    """A burst in a request's own replica is over: where its time went. ``stood``: until it had a thread or the lock."""
    s = m.requests
    add_time(m, job, codes.THREADS if on_thread else codes.ON_CPU, own)
    late = now - s.since[job] - own - stood
    if late > 0.0:
        container_used(m.host, r, now)
        stalled = m.host.stalled[r] - s.stalled[job]
        throttled = stalled if stalled < late else late
        add_time(m, job, codes.THROTTLED, throttled)
        add_time(m, job, codes.CORE_WAIT, late - throttled)
    s.where[job] = codes.TIMED
    s.pc[job] += 1
    resume(m, job)


@rule
def lane_ended(m: Model, t: int, now: float) -> None:
    """A thread of a runtime has come to the end of what it was given."""
    runtime = m.runtime
    job = runtime_ended(runtime, m.host, t, now)
    if job != NONE:
        stood = runtime.stood[job]
        add_time(m, job, codes.WORKER_WAIT, stood)
        aside = runtime.group[t - runtime.host_first[0]] != runtime.crew[runtime.at[job]]
        own_burst_ended(m, job, m.requests.replica[job], runtime.work[job], stood, aside, now)


@handler
def after_burst(m: Model, q: Any, i: int, now: float) -> None:
    """What comes after a burst of an edge, PgBouncer, PostgreSQL or Redis."""
    s = m.requests
    where = s.where[i]
    s.where[i] = codes.TIMED
    if s.dead[i] != 0:
        release_dead(m, q, i, now)
    elif where == codes.AT_EDGE:
        edge = m.places.edge[m.programs.station[s.pc[i]]]
        passed = now + s.hold[i] + m.config.gateway_latency
        add_time(m, i, codes.EDGE_TIME, passed - s.since[i])
        add_time(m, i, codes.NETWORK, m.edges.network[edge])
        s.pc[i] += 1
        push(q, passed + m.edges.network[edge], codes.ENTER, s.number[i], i)
    elif where == codes.AT_EDGE_REJECT:
        add_time(m, i, codes.EDGE_TIME, now - s.since[i])
        s.outcome[i] = codes.REJECTED
        s.pc[i] = codes.FAIL_PC
        resume(m, i)
    elif where == codes.AT_EDGE_CONNECT:
        add_time(m, i, codes.EDGE_TIME, now - s.since[i])
        resume(m, i)
    elif where == codes.AT_CACHE:
        pc = s.pc[i]
        writes = m.programs.command[pc] != codes.GET
        synced = command_join(m.redis, m.append_only, cache_server(m, i, pc), 0.0, writes, now)
        done = synced + m.caches.network[m.programs.station[pc]]
        s.pc[i] = m.programs.jump[pc] if command_hits(m, i, pc, now) else pc + 1
        add_time(m, i, codes.CACHED, done - s.since[i])
        push(q, done, codes.STEP_DONE, s.number[i], i)
    elif where == codes.AT_BOUNCER:
        push(q, now, codes.STATEMENT_IN, s.number[i], i)
    elif where == codes.AT_LOGIN or s.kind[i] == codes.OPENING:
        resume(m, i)
    else:
        statement_ended(m, q, i, now)


@handler
def statement_ended(m: Model, q: Any, i: int, now: float) -> None:
    """A statement has left a server's cores; storage and the way back follow."""
    s = m.requests
    d, network = s.database[i], m.links.network[s.link[i]]
    answered = now
    operations = m.programs.storage[s.pc[i]]
    if operations > 0:
        answered = fifo_join(m.volume, d, operations * m.disks.io_time[d], now)
        answered += operations * m.disks.latency[d]
        add_time(m, i, codes.STORAGE, answered - now)
    wait = m.disks.commit[d]
    if wait > 0.0 and m.programs.commit[s.pc[i]] == codes.COMMITS_WRITES:
        answered += wait
        add_time(m, i, codes.STORAGE, wait)
    answered += network
    add_time(m, i, codes.DATABASE, now - s.since[i] + network)
    push(q, answered, codes.STATEMENT_DONE, s.number[i], i)


__all__ = [
    "arm_host",
    "begin",
    "join_backend",
    "join_process",
    "join_thread",
    "on_at_station",
    "on_host_due",
    "on_way",
    "replace_backend",
    "set_up",
    "statement_ended",
]
