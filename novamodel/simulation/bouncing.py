"""PgBouncer in a run: who gets a server connection, logins to the server, what follows when one is free or closed.

The rules are those of `components.pgbouncer`; here they meet requests. A client of PgBouncer is a connection of a
replica's pool, and waits as the request that uses it; or as the connection set-up, until PgBouncer has had its first
server connection. PgBouncer stands beside its server: no network lies between them.
"""

from __future__ import annotations

from typing import Any

from novamodel.components.pgbouncer.janitor import bouncer_due
from novamodel.components.pgbouncer.rules import (
    bouncer_drop,
    bouncer_launch,
    bouncer_log_in,
    bouncer_next,
    bouncer_pauses,
    bouncer_release,
    bouncer_rests,
)
from novamodel.components.pgbouncer.state import CLOSED, EVICTED, GRANTED, LOGS_IN, NOTHING, WELCOMED
from novamodel.components.postgres.admission import slot_free
from novamodel.components.rule import handler, rule
from novamodel.simulation import codes
from novamodel.simulation.requests import add_time, next_serial, resume, take_request
from novamodel.simulation.schedule import push
from novamodel.simulation.state import Model

NONE = codes.NONE


@rule
def arm_server(m: Model, q: Any, b: int, now: float) -> None:
    """See to it that the calendar has an event when PgBouncer's janitor has something to do in a pool."""
    due = bouncer_due(m.bouncer, b, now)
    if due < m.timers.server[b]:
        m.timers.server[b] = due
        push(q, due, codes.SERVER_TIMER, b, b)


@rule
def server_of(m: Model, i: int) -> int:
    """Place of the server connection that a request holds."""
    return int(m.requests.server[i] - 1)


@handler
def server_granted(m: Model, i: int, place: int, now: float) -> None:
    """A request that waited has a server connection, and sends its statement."""
    s = m.requests
    s.server[i] = place + 1
    s.where[i] = codes.TIMED
    if m.links.mode[s.link[i]] == codes.SESSION:
        m.links.linked[s.place[i]] = place + 1
    add_time(m, i, codes.SERVER_WAIT, now - s.since[i])
    resume(m, i)


@handler
def close_door(m: Model, place: int) -> None:
    """A server connection is closed: the server has a slot more."""
    m.doors.open[m.bouncers.door[place // m.bouncer.depth[0]]] -= 1


@handler
def start_login(m: Model, b: int, place: int, now: float) -> None:
    """PgBouncer logs in to the server, which may have no slot left."""
    s, door = m.requests, m.bouncers.door[b]
    free = slot_free(m.doors.open[door], m.doors.most[door], 0)
    m.doors.open[door] += 1
    program = m.bouncers.program[b] if free else m.bouncers.refusal[b]
    attempt = take_request(m, codes.OPENING, next_serial(m), program, now)
    s.outcome[attempt] = codes.SERVED if free else codes.REFUSED
    s.link[attempt] = m.bouncers.link[b]
    s.database[attempt] = m.bouncers.server[b] + place % m.bouncers.servers[b]
    s.place[attempt] = place
    s.serial[attempt] = m.bouncer.serial[place]
    resume(m, attempt)


@handler
def follow(m: Model, b: int, code: int, who: int, now: float) -> bool:
    """Do what a rule has answered, time-outs excepted; false where that was none of these."""
    if code == GRANTED:
        server_granted(m, m.bouncer.client[who], who, now)
    elif code == WELCOMED:
        m.requests.where[who] = codes.TIMED
        m.requests.pc[who] += 1
        resume(m, who)
    elif code == LOGS_IN:
        start_login(m, b, who, now)
    elif code in (EVICTED, CLOSED):
        close_door(m, who)
    else:
        return False
    return True


@handler
def tend_pool(m: Model, q: Any, b: int, now: float) -> None:
    """Those who wait in a pool get what there is (a row is needed for a login only, and there is one at a time)."""
    while True:
        code, who = bouncer_next(m.bouncer, b, now)
        if code == NOTHING:
            break
        follow(m, b, code, who, now)
    arm_server(m, q, b, now)


@handler
def tend(m: Model, q: Any, b: int, now: float) -> None:
    """Something has changed in a pool: it, and those that share a limit with it, see to who waits."""
    if m.bouncer.first[b] != NONE:
        tend_pool(m, q, b, now)
    elif m.bouncer.timer[b] < m.timers.server[b]:
        arm_server(m, q, b, now)
    if m.bouncers.shares[b] != 0:
        for other in range(m.bouncer.pools[0]):
            if other != b and m.bouncers.shares[other] != 0 and m.bouncer.first[other] != NONE:
                tend_pool(m, q, other, now)


@handler
def free_server(m: Model, q: Any, place: int, now: float) -> None:
    """A server connection is no longer needed by who had it."""
    b = place // m.bouncer.depth[0]
    code, waiter = bouncer_release(m.bouncer, b, place, now)
    if code == GRANTED:
        server_granted(m, waiter, place, now)
    elif code == CLOSED:
        close_door(m, place)
    tend(m, q, b, now)


@handler
def drop_server(m: Model, q: Any, place: int, now: float) -> None:
    """A server connection breaks, or PgBouncer closes it under its client."""
    bouncer_drop(m.bouncer, place, now)
    close_door(m, place)
    tend(m, q, place // m.bouncer.depth[0], now)


@handler
def release_server(m: Model, q: Any, i: int, now: float) -> None:
    """The request is done with its server connection; in session mode its client connection keeps it."""
    place = server_of(m, i)
    m.requests.server[i] = 0
    if place < 0:
        return
    if m.links.mode[m.requests.link[i]] == codes.SESSION:
        bouncer_rests(m.bouncer, place)
    else:
        free_server(m, q, place, now)


@handler
def lose_server(m: Model, q: Any, i: int, now: float) -> None:
    """The server connection of a request breaks."""
    s = m.requests
    place = server_of(m, i)
    s.server[i] = 0
    if place >= 0:
        if m.links.mode[s.link[i]] == codes.SESSION:
            m.links.linked[s.place[i]] = 0
        drop_server(m, q, place, now)


@handler
def statement_answered(m: Model, q: Any, i: int, what: int, now: float) -> None:
    """A statement of a request that holds a server connection is answered."""
    if what != codes.GOES_ON:
        release_server(m, q, i, now)
        return
    place = server_of(m, i)
    b = place // m.bouncer.depth[0]
    bouncer_pauses(m.bouncer, b, place, now)
    if m.bouncer.timer[b] < m.timers.server[b]:
        arm_server(m, q, b, now)


@handler
def do_welcome(m: Model, q: Any, i: int, pc: int, now: float) -> bool:
    """PgBouncer has looked at a login; true if the client is logged in and goes on."""
    b = m.links.bouncer[m.requests.link[i]]
    if bouncer_log_in(m.bouncer, b, i, now) == WELCOMED:
        m.requests.pc[i] = pc + 1
        return True
    m.requests.since[i] = now
    m.requests.where[i] = codes.IN_SERVER_QUEUE
    tend_pool(m, q, b, now)
    return False


@handler
def try_login(m: Model, q: Any, b: int, now: float) -> None:
    """A client has failed at once: nobody waits, and a login is tried all the same, if it is time."""
    code, who = bouncer_launch(m.bouncer, b, True, now)
    while code == EVICTED:
        close_door(m, who)
        code, who = bouncer_launch(m.bouncer, b, True, now)
    if code == LOGS_IN:
        start_login(m, b, who, now)
    arm_server(m, q, b, now)
