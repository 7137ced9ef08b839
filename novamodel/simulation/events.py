"""What an event does: it brings one request, or one component's timer, to this instant."""

from __future__ import annotations

from typing import Any

from novamodel.components.columns import copy_span
from novamodel.components.node.node import node_finish
from novamodel.components.pg_pool.state import ABORTED, CLOSED, DESERTED, NOTHING, TIMED_OUT
from novamodel.components.pg_pool.timers import pool_fire
from novamodel.components.postgres.cores import cores_finish, cores_join
from novamodel.components.rule import handler, rule
from novamodel.simulation import codes
from novamodel.simulation.bouncing import statement_answered
from novamodel.simulation.finish import answer
from novamodel.simulation.holds import (
    arm_bursts,
    arm_cores,
    arm_pool,
    disconnect,
    lose_attempt,
    lose_connection,
    release_dead,
    serve_pool,
)
from novamodel.simulation.recorder import PLACES
from novamodel.simulation.requests import add_time, drawn, fail, resume, take_request
from novamodel.simulation.schedule import push
from novamodel.simulation.shared import join_backend, statement_ended
from novamodel.simulation.state import BLOCK, Model

NONE = codes.NONE
NEVER = codes.NEVER


@rule
def next_arrival(m: Model, q: Any, source: int) -> None:
    """Put the next arrival of a source on the calendar; at the end of the block the engine makes another."""
    at = m.stream.at[source]
    if at < m.stream.count[source]:
        place = source * BLOCK + at
        push(q, m.stream.time[place], codes.ARRIVE, m.stream.number[source] + at, source)
    elif m.stream.count[source] == BLOCK:
        m.stream.used_up[0] = source


@rule
def on_arrive(m: Model, q: Any, source: int, now: float) -> None:
    """A request, or somebody who will ask until answered, comes."""
    stream, s = m.stream, m.requests
    at = source * BLOCK + stream.at[source]
    number = stream.number[source] + stream.at[source]
    program = stream.program[at]
    entry = m.programs.entry[program]
    i = take_request(m, codes.ROOT if entry != NONE else codes.CALLER, number, program, now)
    s.population[i] = stream.population[at]
    s.client[i] = stream.client[at]
    most = m.config.most_draws
    copy_span(s.draw, i * most, stream.draw, at * most, m.programs.draws[program])
    if entry != NONE:
        s.in_flight[0] += 1
        m.record.arrived[entry] += 1
    stream.at[source] += 1
    next_arrival(m, q, source)
    resume(m, i)


@rule
def on_burst_due(m: Model, q: Any, r: int, now: float) -> None:
    """A burst of a replica has ended, unless its CPU gate or another thread has moved the end."""
    if now != m.replicas.armed[r]:
        return
    m.replicas.armed[r] = NEVER
    if m.node.due[r] <= now:
        s = m.requests
        job, starts, on_thread = node_finish(m.node, m.gate, r, now)
        if starts != NONE:
            add_time(m, starts, codes.THREADS if on_thread else codes.LOOP_WAIT, now - s.since[starts])
            s.since[starts] = now
        own = m.node.work[job]
        times = job * PLACES
        s.spent[times + (codes.THREADS if on_thread else codes.ON_CPU)] += own
        late = now - s.since[job] - own
        if late > 0.0:
            s.spent[times + codes.THROTTLED] += late
        s.where[job] = codes.TIMED
        s.pc[job] += 1
        resume(m, job)
    arm_bursts(m, q, r)


@rule
def on_step_done(m: Model, q: Any, i: int, now: float) -> None:
    """A cache command, a delay or a way has ended."""
    if m.requests.dead[i] != 0:
        release_dead(m, q, i, now)
    else:
        resume(m, i)


@rule
def broken_by(m: Model, i: int) -> int:
    """Why a connection breaks under its request: a time-out of PgBouncer, or the database is gone."""
    return codes.SERVER_TIMEOUT if m.requests.server[i] == codes.BROKEN else codes.NO_DATABASE


@handler
def on_statement_in(m: Model, q: Any, i: int, now: float) -> None:
    """A statement reaches PostgreSQL's cores."""
    s = m.requests
    if s.dead[i] != 0:
        release_dead(m, q, i, now)
        return
    d = s.database[i]
    if m.timers.outage[d] != 0 or s.server[i] == codes.BROKEN:
        lose_connection(m, q, i, broken_by(m, i), now)
        return
    pc = s.pc[i]
    x = drawn(m, i, m.programs.draw[pc])
    if m.shared.server[d] != NONE:
        if not join_backend(m, q, i, d, m.programs.idle[pc] * x, m.programs.busy[pc] * x, now):
            lose_connection(m, q, i, codes.REFUSED, now)
        return
    work = (m.programs.idle[pc] if m.cores.jobs[d] < m.cores.cores[d] else m.programs.busy[pc]) * x
    s.where[i] = codes.ON_CORES
    cores_join(m.cores, d, i, s.number[i], work, now)
    arm_cores(m, q, d)


@handler
def on_statement_due(m: Model, q: Any, d: int, now: float) -> None:
    """A statement leaves a server's cores, unless newcomers have moved its end; storage and the way back follow."""
    if now != m.timers.cores[d]:
        return
    m.timers.cores[d] = NEVER
    if m.cores.due[d] <= now:
        s = m.requests
        i = cores_finish(m.cores, d, now)
        s.where[i] = codes.TIMED
        if s.dead[i] != 0:
            release_dead(m, q, i, now)
        elif s.kind[i] == codes.OPENING:
            resume(m, i)
        else:
            statement_ended(m, q, i, now)
    arm_cores(m, q, d)


@handler
def on_statement_done(m: Model, q: Any, i: int, now: float) -> None:
    """The answer is back; with the last of a transaction PgBouncer's server connection is free."""
    s = m.requests
    if s.dead[i] != 0:
        release_dead(m, q, i, now)
        return
    if m.timers.outage[s.database[i]] != 0 or s.server[i] == codes.BROKEN:
        lose_connection(m, q, i, broken_by(m, i), now)
        return
    what = m.programs.commit[s.pc[i]]
    if s.server[i] != 0:
        if what == codes.GOES_ON and m.links.mode[s.link[i]] == codes.STATEMENT:
            lose_connection(m, q, i, codes.REFUSED, now)
            return
        statement_answered(m, q, i, what, now)
    if what == codes.COMMITS_WRITES and m.links.wrote[s.link[i]] != NONE:
        m.reading.wrote[m.links.wrote[s.link[i]] + s.client[i]] = now
    s.pc[i] += 1
    resume(m, i)


@handler
def on_pool_timer(m: Model, q: Any, p: int, now: float) -> None:
    """What is due in a pool: a waiter or an attempt that took too long, a connection idle or old enough."""
    if now != m.timers.pool[p]:
        return
    m.timers.pool[p] = NEVER
    link = m.links.of_pool[p]
    left = codes.DISPATCHES
    while left > 0:
        left -= 1
        code, who = pool_fire(m.pool, p, now)
        if code == NOTHING:
            break
        if code == CLOSED:
            disconnect(m, q, link, who, now)
            serve_pool(m, q, link, p, now)
        elif code == ABORTED:
            lose_attempt(m, q, who, link, codes.POOL_TIMEOUT, now)
        elif code in (TIMED_OUT, DESERTED):
            place = codes.POOL_WAIT if code == TIMED_OUT else codes.CONNECT_TIME
            add_time(m, who, place, now - m.requests.since[who])
            fail(m, who, codes.POOL_TIMEOUT)
    arm_pool(m, q, p)


@rule
def on_answer(m: Model, i: int) -> None:
    """The answer of a call is there."""
    answer(m, i)


@handler
def start_user(m: Model, number: int, program: int, population: int, client: int, now: float) -> None:
    """A user of a closed source begins to think."""
    i = take_request(m, codes.CALLER, number, program, now)
    m.requests.population[i] = population
    m.requests.client[i] = client
    resume(m, i)
