"""The end of PgBouncer's logins, and its time-outs: what becomes of those who wait."""

from __future__ import annotations

from typing import Any

from novamodel.components.pgbouncer.janitor import bouncer_round
from novamodel.components.pgbouncer.rules import bouncer_logged_in, bouncer_login_failed, bouncer_refuse
from novamodel.components.pgbouncer.state import (
    CONNECT_TIMEOUT,
    IDLE_TRANSACTION,
    LOGIN_TIMEOUT,
    NOTHING,
    QUERY_TIMEOUT,
    QUERY_TIMEOUT_WAITING,
    WAIT_TIMEOUT,
)
from novamodel.components.postgres.cores import cores_replace
from novamodel.components.rule import handler
from novamodel.simulation import codes
from novamodel.simulation.bouncing import arm_server, close_door, follow, tend
from novamodel.simulation.holds import lose_connection
from novamodel.simulation.recorder import OUTCOMES
from novamodel.simulation.requests import add_time, next_serial, resume, take_request
from novamodel.simulation.schedule import push
from novamodel.simulation.shared import replace_backend, set_up
from novamodel.simulation.state import Model

NONE = codes.NONE
NEVER = codes.NEVER


@handler
def do_log_in(m: Model, q: Any, i: int, pc: int, now: float) -> None:
    """A login of PgBouncer has the server's cores."""
    m.requests.pc[i] = pc + 1
    set_up(m, q, i, pc, now)


@handler
def do_logged_in(m: Model, q: Any, i: int, now: float) -> None:
    """A login of PgBouncer has come to its end; a refusal is passed on to who waits for it."""
    s = m.requests
    place = s.place[i]
    b = place // m.bouncer.depth[0]
    if m.bouncer.serial[place] != s.serial[i]:
        return  # given up meanwhile
    outcome = s.outcome[i]
    if outcome == codes.SERVED and m.timers.outage[s.database[i]] != 0:
        outcome = codes.NO_DATABASE
    if outcome == codes.SERVED:
        bouncer_logged_in(m.bouncer, b, place, now)
    else:
        bouncer_login_failed(m.bouncer, b, place, now)
        close_door(m, place)
        if outcome == codes.REFUSED:
            pass_on_refusal(m, q, b, now)
    tend(m, q, b, now)


@handler
def pass_on_refusal(m: Model, q: Any, b: int, now: float) -> None:
    """Those who wait fail with the server's refusal; the rest in an event of its own, as each may take a row."""
    m.bouncers.refusing[b] = 0
    for _ in range(codes.DISPATCHES):
        client = bouncer_refuse(m.bouncer, b)
        if client == NONE:
            return
        waiter_fails(m, q, client, codes.REFUSED, now)
    m.bouncers.refusing[b] = 1
    m.timers.server[b] = now
    push(q, now, codes.SERVER_TIMER, b, b)


@handler
def waiter_fails(m: Model, q: Any, i: int, outcome: int, now: float) -> None:
    """PgBouncer disconnects a client that waits: for a server connection, or to be logged in."""
    s = m.requests
    if s.kind[i] == codes.OPENING:
        s.outcome[i] = outcome
        s.where[i] = codes.TIMED
        s.pc[i] = m.programs.jump[s.pc[i]]
        resume(m, i)
    else:
        add_time(m, i, codes.SERVER_WAIT, now - s.since[i])
        lose_connection(m, q, i, outcome, now)


@handler
def user_fails(m: Model, q: Any, place: int, now: float) -> None:
    """PgBouncer has closed a server connection under the request that uses it."""
    s = m.requests
    i = m.bouncer.client[place]
    if s.server[i] != place + 1:
        return
    s.server[i] = codes.BROKEN
    if m.links.mode[s.link[i]] == codes.SESSION:
        m.links.linked[s.place[i]] = 0
    if s.where[i] == codes.ON_CORES:  # the server works on for nobody
        j = take_request(m, codes.OPENING, next_serial(m), m.bouncers.program[place // m.bouncer.depth[0]], now)
        m.record.ended[s.program[j] * OUTCOMES + codes.KILLED] += 1
        s.dead[j] = 1
        s.where[j] = codes.ON_CORES
        s.link[j] = s.link[i]
        s.database[j] = s.database[i]
        if m.shared.server[s.database[i]] != NONE:
            replace_backend(m, s.database[i], i, j)
        else:
            cores_replace(m.cores, s.database[i], i, j)
        add_time(m, i, codes.DATABASE, now - s.since[i])
        lose_connection(m, q, i, codes.SERVER_TIMEOUT, now)


@handler
def on_server_timer(m: Model, q: Any, b: int, now: float) -> None:
    """A round of PgBouncer's janitor in a pool."""
    if now != m.timers.server[b]:
        return
    m.timers.server[b] = NEVER
    if m.bouncers.refusing[b] != 0:
        pass_on_refusal(m, q, b, now)
        tend(m, q, b, now)
        return
    left = codes.DISPATCHES
    while left > 0:
        left -= 1
        code, who = bouncer_round(m.bouncer, b, now)
        if code == NOTHING:
            break
        if code in (WAIT_TIMEOUT, QUERY_TIMEOUT_WAITING):
            waiter_fails(m, q, who, codes.SERVER_TIMEOUT, now)
        elif code == LOGIN_TIMEOUT:
            waiter_fails(m, q, who, codes.NO_DATABASE, now)
        elif code in (QUERY_TIMEOUT, IDLE_TRANSACTION):
            close_door(m, who)
            user_fails(m, q, who, now)
        elif code == CONNECT_TIMEOUT:
            close_door(m, who)
        else:
            follow(m, b, code, who, now)
    if left == 0:  # the rest in an event of its own
        m.timers.server[b] = now
        push(q, now, codes.SERVER_TIMER, b, b)
    else:
        tend(m, q, b, now)
        arm_server(m, q, b, now)
