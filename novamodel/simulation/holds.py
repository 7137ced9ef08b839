"""What a request holds or waits for: timers of the components, connections, PgBouncer's servers."""

from __future__ import annotations

from typing import Any

from novamodel.components.pg_pool.rules import (
    pool_drop_all,
    pool_open,
    pool_open_failed,
    pool_opened,
    pool_pulse,
    pool_release,
)
from novamodel.components.pg_pool.state import CLOSED, CONNECT, GRANTED, HANDED, UNLIMITED
from novamodel.components.pg_pool.timers import pool_due
from novamodel.components.pgbouncer.rules import bouncer_clients, bouncer_launch, bouncer_logged_in
from novamodel.components.pgbouncer.state import LOGS_IN
from novamodel.components.postgres.admission import slot_free
from novamodel.components.rule import handler, rule
from novamodel.simulation import codes
from novamodel.simulation.bouncing import arm_server, free_server, lose_server
from novamodel.simulation.requests import (
    add_time,
    call_key,
    fail,
    free_request,
    next_serial,
    resume,
    take_request,
)
from novamodel.simulation.schedule import push
from novamodel.simulation.state import Model

NONE = codes.NONE
NEVER = codes.NEVER
TURNED_AWAY = -1
"""In place of a session's server connection: the attempt was refused at the door, and its refusal is on the way."""
GOLDEN = 0.6180339887498949  # a step between parts that are as evenly spread as can be, whatever their number


@rule
def arm_bursts(m: Model, q: Any, r: int) -> None:
    """See to it that the calendar has an event when the replica's next burst ends."""
    due = m.node.due[r]
    if due < m.replicas.armed[r]:
        m.replicas.armed[r] = due
        push(q, due, codes.BURST_DUE, r, r)


@rule
def arm_cores(m: Model, q: Any, d: int) -> None:
    """The same for the cores of a database server."""
    due = m.cores.due[d]
    if due < m.timers.cores[d]:
        m.timers.cores[d] = due
        push(q, due, codes.STATEMENT_DUE, d, d)


@rule
def arm_pool(m: Model, q: Any, p: int) -> None:
    """The same for the timers of a pool."""
    due = pool_due(m.pool, p)
    if due < m.timers.pool[p]:
        m.timers.pool[p] = due
        push(q, due, codes.POOL_TIMER, p, p)


@rule
def pool_of(m: Model, link: int, replica: int) -> int:
    """Row of a replica's pool on a link."""
    return int(m.links.first_pool[link] + replica - m.links.first_replica[link])


@handler
def open_connection(m: Model, q: Any, i: int, link: int, place: int, now: float) -> None:
    """Set up a connection for a request: a request of its own, as the attempt may outlive who wants it."""
    s = m.requests
    door = m.links.door[link]
    full = not slot_free(m.doors.open[door], m.doors.most[door], 0)
    if full:
        m.links.linked[place] = TURNED_AWAY
    else:
        pass_door(m, link, 1)
    program = m.links.refusal[link] if full else m.links.program[link]
    attempt = take_request(m, codes.OPENING, next_serial(m), program, now)
    s.outcome[attempt] = codes.REFUSED if full else codes.SERVED
    s.key[attempt] = call_key(m, s.key[i], s.pc[i], 0)
    s.link[attempt] = link
    s.database[attempt] = s.database[i]
    s.place[attempt] = place
    s.serial[attempt] = m.pool.serial[place]
    s.where[i] = codes.IN_POOL
    s.since[i] = now
    resume(m, attempt)


@rule
def drop_pool(m: Model, link: int, p: int, now: float) -> None:
    """A pool goes with its process: every connection is closed; attempts that were turned away had passed no door."""
    for place in range(p * m.pool.depth[0], (p + 1) * m.pool.depth[0]):
        if m.links.linked[place] == TURNED_AWAY:
            m.links.linked[place] = 0
            pass_door(m, link, 1)
    pass_door(m, link, -pool_drop_all(m.pool, p, now))


@rule
def pass_door(m: Model, link: int, more: int) -> None:
    """Connections through a link's door are opened, or (negative) closed; to PgBouncer they are clients."""
    m.doors.open[m.links.door[link]] += more
    if m.links.bouncer[link] != NONE:
        bouncer_clients(m.bouncer, m.links.bouncer[link], more)


@handler
def disconnect(m: Model, q: Any, link: int, place: int, now: float) -> None:
    """A connection is closed: its door has room, and PgBouncer's server connection of its session is free."""
    pass_door(m, link, -1)
    linked = m.links.linked[place]
    if linked != 0:
        m.links.linked[place] = 0
        free_server(m, q, linked - 1, now)


@handler
def fill_pool(m: Model, q: Any, link: int, p: int, now: float) -> None:
    """A pool has been busy before: one more idle connection, if it may have it and the server accepts it.

    Its uses and its age are somewhere between none and the last.
    """
    door = m.links.door[link]
    if slot_free(m.doors.open[door], m.doors.most[door], 0) and m.pool.open[p] < m.pool.size[p]:
        pass_door(m, link, 1)
        place = pool_open(m.pool, p, NONE, NEVER, now)
        pool_opened(m.pool, p, place, now)
        part = ((place + 1) * GOLDEN) % 1.0
        if m.pool.lifetime[p] < NEVER:
            m.pool.expires[place] = now + m.pool.lifetime[p] * part
            m.pool.timer[p] = min(m.pool.timer[p], m.pool.expires[place])
        if m.pool.most_uses[p] < UNLIMITED:
            m.pool.uses[place] = int(m.pool.most_uses[p] * part)
        arm_pool(m, q, p)


@handler
def warm_bouncer(m: Model, q: Any, b: int, now: float) -> None:
    """PgBouncer has been busy, too: one more idle server connection of some age, if pool and server have room."""
    door = m.bouncers.door[b]
    if m.bouncer.open[b] < min(m.bouncer.size[b], m.bouncer.clients[b]) and slot_free(
        m.doors.open[door], m.doors.most[door], 0
    ):
        code, place = bouncer_launch(m.bouncer, b, False, now)
        if code == LOGS_IN:
            m.doors.open[door] += 1
            m.bouncer.connected[place] = now - m.bouncer.lifetime[b] * (((place + 1) * GOLDEN) % 1.0)
            bouncer_logged_in(m.bouncer, b, place, now)
            arm_server(m, q, b, now)


@handler
def serve_pool(m: Model, q: Any, link: int, p: int, now: float) -> None:
    """A place of a pool has become empty: open a connection for the first who waits."""
    code, place = pool_pulse(m.pool, p, now)
    if code == CONNECT:
        waiter = m.pool.user[place]
        add_time(m, waiter, codes.POOL_WAIT, now - m.requests.since[waiter])
        open_connection(m, q, waiter, link, place, now)


@handler
def hand_over(m: Model, i: int, place: int, wait: int, now: float) -> None:
    """A request that waited has a connection now."""
    s = m.requests
    s.place[i] = place
    s.where[i] = codes.TIMED
    s.pc[i] += 1
    add_time(m, i, wait, now - s.since[i])
    resume(m, i)


@handler
def give_back(m: Model, q: Any, i: int, failed: bool, now: float) -> None:
    """A request's connection goes to the first who waits, stays idle, or is closed."""
    s = m.requests
    link = s.link[i]
    p = s.place[i] // m.pool.depth[0]
    code, waiter = pool_release(m.pool, p, s.place[i], failed, now)
    place = s.place[i]
    s.place[i] = NONE
    if code == HANDED:
        hand_over(m, waiter, place, codes.POOL_WAIT, now)
    elif code == CLOSED:
        disconnect(m, q, link, place, now)
        serve_pool(m, q, link, p, now)
    arm_pool(m, q, p)


@handler
def do_opened(m: Model, q: Any, attempt: int, now: float) -> None:
    """A connection is open, or was refused: its caller has it, or has its error."""
    s = m.requests
    place, link = s.place[attempt], s.link[attempt]
    outcome = s.outcome[attempt]
    if m.pool.serial[place] == s.serial[attempt]:
        p = place // m.pool.depth[0]
        if outcome != codes.SERVED:
            lose_attempt(m, q, place, link, outcome, now)
        else:
            code, user = pool_opened(m.pool, p, place, now)
            if code == GRANTED:
                hand_over(m, user, place, codes.CONNECT_TIME, now)
            elif code == HANDED:
                hand_over(m, user, place, codes.POOL_WAIT, now)
            elif code == CLOSED:
                pass_door(m, link, -1)
                serve_pool(m, q, link, p, now)
        arm_pool(m, q, p)
    s.pc[attempt] += 1
    s.outcome[attempt] = codes.SERVED


@handler
def lose_attempt(m: Model, q: Any, place: int, link: int, outcome: int, now: float) -> None:
    """A connection set-up failed: it costs its caller the answer; the next waiter starts one of its own."""
    p = place // m.pool.depth[0]
    user = pool_open_failed(m.pool, p, place, now)
    if m.links.linked[place] == TURNED_AWAY:
        m.links.linked[place] = 0
    else:
        pass_door(m, link, -1)
    if user != NONE:
        add_time(m, user, codes.CONNECT_TIME, now - m.requests.since[user])
        fail(m, user, outcome)
    serve_pool(m, q, link, p, now)


@handler
def release_dead(m: Model, q: Any, i: int, now: float) -> None:
    """A request whose replica died comes to its pending event; PgBouncer closes the server connection it used."""
    if m.requests.server[i] != 0:
        lose_server(m, q, i, now)
    free_request(m, i)


@handler
def lose_connection(m: Model, q: Any, i: int, outcome: int, now: float) -> None:
    """A connection breaks under the request that uses it."""
    if m.requests.server[i] != 0:
        lose_server(m, q, i, now)
    give_back(m, q, i, True, now)
    fail(m, i, outcome)
