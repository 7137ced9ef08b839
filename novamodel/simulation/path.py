"""What happens to a request: the handlers that both planes call, one for each step.

A handler asks the components and says what comes next; it holds no rule of a component and no calendar.
`happen` brings one event about: it takes one request (or one replica's next burst) to this instant; `settle` then
lets every request that can go on walk its route until it has to wait for something.
"""

from __future__ import annotations

from typing import Any

from novamodel.components.connections import (
    connections_drop_all,
    connections_put_idle,
    connections_reap,
    connections_take_idle,
)
from novamodel.components.fifo import fifo_is_idle, fifo_join
from novamodel.components.limit_req import REJECTED as LIMIT_REJECTED
from novamodel.components.limit_req import limit_decide
from novamodel.components.node import loop_join, node_finish, node_reset, thread_join
from novamodel.components.postgres import cores_finish, cores_join
from novamodel.components.rule import rule
from novamodel.components.tokens import (
    tokens_account,
    tokens_free,
    tokens_leave_first,
    tokens_release,
    tokens_take,
    tokens_timer,
    tokens_wait,
)
from novamodel.components.upstream import round_robin_in_group, upstream_release
from novamodel.simulation import codes
from novamodel.simulation.recorder import PLACES, record_finish
from novamodel.simulation.schedule import push
from novamodel.simulation.state import Model

NONE = codes.NONE
NEVER = codes.NEVER


# --- slots -----------------------------------------------------------------------------------------------


@rule
def take_slot(m: Model, number: int, route: int, now: float) -> int:
    """A free slot for a request that comes now. The plane sees to it that there is one."""
    s = m.slots
    slot = s.free[0]
    s.free[0] = s.next_free[slot]
    s.free_count[0] -= 1
    s.number[slot] = number
    s.route[slot] = route
    s.replica[slot] = NONE
    s.pc[slot] = m.routes.start[route]
    s.where[slot] = codes.TIMED
    s.dead[slot] = 0
    s.token[slot] = 0
    s.server[slot] = 0
    s.connecting[slot] = 0
    s.arrived[slot] = now
    s.since[slot] = now
    at = slot * PLACES
    for place in range(PLACES):
        s.spent[at + place] = 0.0
    return slot


@rule
def free_slot(m: Model, slot: int) -> None:
    """Nothing refers to the slot any more."""
    s = m.slots
    s.replica[slot] = NONE
    s.number[slot] = NONE
    s.next_free[slot] = s.free[0]
    s.free[0] = slot
    s.free_count[0] += 1


@rule
def spend(m: Model, slot: int, place: int, seconds: float) -> None:
    """Book seconds of a request on a place."""
    m.slots.spent[slot * PLACES + place] += seconds


@rule
def let_go_on(m: Model, slot: int) -> None:
    """The request goes on within this instant, after those that are ready already."""
    r = m.ready
    size = r.size[0]
    place = r.first[0] + r.count[0]
    r.ring[place if place < size else place - size] = slot
    r.count[0] += 1


@rule
def record(m: Model, slot: int, outcome: int, now: float) -> None:
    """Count the outcome of a request; it leaves its replica."""
    s = m.slots
    ended = now
    r = s.replica[slot]
    if r != NONE:
        m.replicas.in_flight[r] -= 1
        upstream_release(m.upstream, 2 * m.routes.service[s.route[slot]], r, outcome == codes.KILLED, int(now))
        ended += m.config.edge_network
        spend(m, slot, codes.NETWORK, m.config.edge_network)
    if outcome == codes.SERVED and ended - s.arrived[slot] > m.config.patience:
        outcome = codes.ABANDONED
        ended = s.arrived[slot] + m.config.patience
    record_finish(
        m.record,
        s.number[slot],
        s.route[slot],
        s.population[slot],
        outcome,
        r,
        s.arrived[slot],
        ended,
        s.spent,
        slot * PLACES,
    )
    s.in_flight[0] -= 1


@rule
def finish(m: Model, slot: int, outcome: int, now: float) -> None:
    """The request is answered, one way or the other, and holds nothing."""
    record(m, slot, outcome, now)
    free_slot(m, slot)


# --- timers of the components ------------------------------------------------------------------------------


@rule
def arm_bursts(m: Model, q: Any, r: int) -> None:
    """See to it that the calendar has an event when the replica's next burst ends."""
    due = m.node.due[r]
    if due < m.replicas.armed[r]:
        m.replicas.armed[r] = due
        push(q, due, codes.BURST_DUE, r, r)


@rule
def arm_cores(m: Model, q: Any) -> None:
    """The same for PostgreSQL's cores."""
    due = m.cores.due[0]
    if due < m.timers.cores[0]:
        m.timers.cores[0] = due
        push(q, due, codes.STATEMENT_DUE, 0, 0)


@rule
def arm_pool(m: Model, q: Any, r: int) -> None:
    """The same for the first waiter of a replica's pool."""
    due = tokens_timer(m.pool, r)
    if due < m.replicas.pool_armed[r]:
        m.replicas.pool_armed[r] = due
        push(q, due, codes.POOL_TIMER, r, r)


@rule
def arm_server(m: Model, q: Any) -> None:
    """The same for the first waiter of PgBouncer."""
    due = tokens_timer(m.bouncer, 0)
    if due < m.timers.server[0]:
        m.timers.server[0] = due
        push(q, due, codes.SERVER_TIMER, 0, 0)


# --- what a request holds ---------------------------------------------------------------------------------


@rule
def release_server(m: Model, now: float) -> None:
    """A PgBouncer server connection is free: the first waiter that is still alive gets it."""
    while True:
        waiter = tokens_release(m.bouncer, 0, now)
        if waiter == NONE:
            return
        if m.slots.dead[waiter] == 0:
            m.slots.server[waiter] = 1
            m.slots.where[waiter] = codes.TIMED
            spend(m, waiter, codes.SERVER_WAIT, now - m.slots.since[waiter])
            let_go_on(m, waiter)
            return
        free_slot(m, waiter)


@rule
def bury(m: Model, slot: int, now: float) -> None:
    """A request whose replica died comes to its pending event: give back what it holds."""
    if m.slots.server[slot] != 0:
        release_server(m, now)
    free_slot(m, slot)


@rule
def fail_connection(m: Model, slot: int, outcome: int, now: float) -> None:
    """A connection is lost or was refused: it costs this caller its answer, and the next caller opens a new one."""
    r = m.slots.replica[slot]
    waiter = tokens_release(m.pool, r, now)
    if waiter != NONE:
        m.slots.token[waiter] = 1
        m.slots.where[waiter] = codes.TIMED
        spend(m, waiter, codes.POOL_WAIT, now - m.slots.since[waiter])
        let_go_on(m, waiter)
    finish(m, slot, outcome, now)


# --- operations of a route ----------------------------------------------------------------------------------


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
def do_acquire(m: Model, q: Any, slot: int, now: float) -> bool:
    """Take a connection; true if the request has one and goes on at once."""
    s = m.slots
    r = s.replica[slot]
    if s.token[slot] == 0:
        m.timers.connections[0] -= connections_reap(m.connections, r, now)
        if not tokens_free(m.pool, r):
            s.since[slot] = now
            s.where[slot] = codes.IN_POOL
            tokens_wait(m.pool, r, slot, now)
            arm_pool(m, q, r)
            return False
        tokens_take(m.pool, r, now)
        if connections_take_idle(m.connections, r):
            s.pc[slot] += 1
            return True
    s.token[slot] = 0
    s.since[slot] = now
    if m.timers.connections[0] >= m.config.most_connections:
        s.connecting[slot] = codes.WILL_BE_REFUSED
        push(q, now + 4.0 * m.config.database_network, codes.STEP_DONE, s.number[slot], slot)
        return False
    m.connections.open[r] += 1
    m.timers.connections[0] += 1
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
            if not tokens_free(m.bouncer, 0):
                s.since[slot] = now
                s.where[slot] = codes.IN_SERVER_QUEUE
                tokens_wait(m.bouncer, 0, slot, now)
                arm_server(m, q)
                return
            tokens_take(m.bouncer, 0, now)
            s.server[slot] = 1
        at = fifo_join(m.bouncer_cpu, 0, m.config.bouncer_query, at)
    s.since[slot] = now
    push(q, at, codes.STATEMENT_IN, s.number[slot], slot)


@rule
def do_release(m: Model, slot: int, now: float) -> None:
    """Give the connection to the first who waits for one, or back to the pool."""
    r = m.slots.replica[slot]
    waiter = tokens_release(m.pool, r, now)
    if waiter == NONE:
        connections_put_idle(m.connections, r, now)
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


# --- events -------------------------------------------------------------------------------------------------


@rule
def next_arrival(m: Model, q: Any) -> None:
    """Put the next arrival of the block on the calendar; at the end of the block the plane makes another."""
    at = m.stream.at[0]
    if at < m.stream.count[0]:
        push(q, m.stream.time[at], codes.ARRIVE, m.stream.number[0] + at, at)


@rule
def on_arrive(m: Model, q: Any, at: int, now: float) -> None:
    """A request reaches the edge: limit, worker, on to a replica."""
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
    hold = 0.0
    limit = m.services.limit[service]
    if limit != NONE:
        status, delay_ms = limit_decide(m.limit, limit, m.services.keys[service] + s.client[slot], int(now * 1000.0))
        if status == LIMIT_REJECTED:
            finish(m, slot, codes.REJECTED, now)
            return
        hold = delay_ms / 1000.0
    work = m.config.edge_mean * s.draw[slot * most + codes.EDGE_DRAW]
    passed = fifo_join(m.edge, number % m.config.edge_workers, work, now) + hold
    spend(m, slot, codes.EDGE, passed - now)
    spend(m, slot, codes.NETWORK, m.config.edge_network)
    push(q, passed + m.config.edge_network, codes.ENTER, number, slot)


@rule
def on_enter(m: Model, slot: int, now: float) -> None:
    """The edge has chosen a replica and the request is there."""
    r = round_robin_in_group(m.upstream, 2 * m.routes.service[m.slots.route[slot]], 0, int(now))
    if r < 0:
        finish(m, slot, codes.NO_REPLICA, now)
        return
    m.slots.replica[slot] = r
    n = m.replicas.in_flight[r] + 1
    m.replicas.in_flight[r] = n
    if n > m.replicas.most_in_flight[r]:
        m.replicas.most_in_flight[r] = n
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
    idle = m.cores.jobs[0] < m.cores.cores[0]
    if s.connecting[slot] != 0:
        work = m.config.connect_idle if idle else m.config.connect_busy
    else:
        pc = s.pc[slot]
        work = (m.routes.idle[pc] if idle else m.routes.busy[pc]) * drawn(m, slot, pc)
    s.where[slot] = codes.ON_CORES
    cores_join(m.cores, slot, s.number[slot], work, now)
    arm_cores(m, q)


@rule
def on_statement_due(m: Model, q: Any, now: float) -> None:
    """A statement leaves the cores, unless newcomers have moved its end; storage and the way back follow."""
    if now != m.timers.cores[0]:
        return
    m.timers.cores[0] = NEVER
    if m.cores.due[0] <= now:
        s = m.slots
        slot = cores_finish(m.cores, now)
        s.where[slot] = codes.TIMED
        if s.dead[slot] != 0:
            bury(m, slot, now)
        elif s.connecting[slot] != 0:
            push(q, now + 3.0 * m.config.database_network, codes.STEP_DONE, s.number[slot], slot)
        else:
            answered = now
            operations = m.routes.reads[s.pc[slot]]
            if operations > 0:
                answered = fifo_join(m.volume, 0, operations * m.config.io_time, now)
                answered += operations * m.config.io_latency
                spend(m, slot, codes.STORAGE, answered - now)
            answered += m.config.database_network
            spend(m, slot, codes.DATABASE, now - s.since[slot] + m.config.database_network)
            push(q, answered, codes.STATEMENT_DONE, s.number[slot], slot)
    arm_cores(m, q)


@rule
def on_statement_done(m: Model, slot: int, now: float) -> None:
    """The answer is back; with the last of a transaction PgBouncer's server connection is free."""
    s = m.slots
    if s.dead[slot] != 0:
        bury(m, slot, now)
        return
    if s.server[slot] != 0 and m.routes.target[s.pc[slot]] != 0:
        s.server[slot] = 0
        release_server(m, now)
    s.pc[slot] += 1
    let_go_on(m, slot)


@rule
def on_pool_timer(m: Model, q: Any, r: int, now: float) -> None:
    """The first who waits for a connection of this replica has waited too long, unless it was served meanwhile."""
    if now != m.replicas.pool_armed[r]:
        return
    m.replicas.pool_armed[r] = NEVER
    if tokens_timer(m.pool, r) <= now:
        waiter = tokens_leave_first(m.pool, r)
        spend(m, waiter, codes.POOL_WAIT, now - m.slots.since[waiter])
        finish(m, waiter, codes.POOL_TIMEOUT, now)
    arm_pool(m, q, r)


@rule
def on_server_timer(m: Model, q: Any, now: float) -> None:
    """The same for a PgBouncer server connection; the client connection of who waited too long is closed."""
    if now != m.timers.server[0]:
        return
    m.timers.server[0] = NEVER
    if tokens_timer(m.bouncer, 0) <= now:
        waiter = tokens_leave_first(m.bouncer, 0)
        if m.slots.dead[waiter] != 0:
            free_slot(m, waiter)
        else:
            spend(m, waiter, codes.SERVER_WAIT, now - m.slots.since[waiter])
            m.connections.open[m.slots.replica[waiter]] -= 1
            m.timers.connections[0] -= 1
            fail_connection(m, waiter, codes.SERVER_TIMEOUT, now)
    arm_server(m, q)


@rule
def settle(m: Model, q: Any, now: float) -> None:
    """Let everyone who is ready walk on."""
    r = m.ready
    while r.count[0] > 0:
        slot = r.ring[r.first[0]]
        following = r.first[0] + 1
        r.first[0] = following if following < r.size[0] else 0
        r.count[0] -= 1
        walk(m, q, slot, now)


@rule
def happen(m: Model, q: Any, now: float, step: int, who: int) -> None:
    """One event; `settle` comes after it."""
    if step == codes.ARRIVE:
        on_arrive(m, q, who, now)
    elif step == codes.ENTER:
        on_enter(m, who, now)
    elif step == codes.BURST_DUE:
        on_burst_due(m, q, who, now)
    elif step == codes.STEP_DONE:
        on_step_done(m, who, now)
    elif step == codes.STATEMENT_IN:
        on_statement_in(m, q, who, now)
    elif step == codes.STATEMENT_DUE:
        on_statement_due(m, q, now)
    elif step == codes.STATEMENT_DONE:
        on_statement_done(m, who, now)
    elif step == codes.POOL_TIMER:
        on_pool_timer(m, q, who, now)
    else:
        on_server_timer(m, q, now)


# --- what the control plane does to the data plane --------------------------------------------------------


@rule
def inject(m: Model, r: int, route: int, number: int, serial: int, now: float) -> None:
    """Give a replica an internal job; `replicas.done` holds its serial when it is done. `settle` comes after."""
    slot = take_slot(m, number, route, now)
    m.slots.replica[slot] = r
    m.slots.client[slot] = serial
    let_go_on(m, slot)


@rule
def kill(m: Model, r: int, now: float) -> None:
    """A replica's process dies and holds nothing any more; `kill_more` then fails its requests."""
    node_reset(m.node, m.gate, r, now)
    m.replicas.armed[r] = NEVER
    m.replicas.pool_armed[r] = NEVER
    m.timers.connections[0] -= connections_drop_all(m.connections, r)
    tokens_account(m.pool, r, now)
    m.pool.busy[r] = 0
    m.pool.first[r] = NONE
    m.pool.waiting[r] = 0
    m.timers.dying[0] = r
    m.timers.victim[0] = 0


@rule
def kill_more(m: Model, now: float) -> None:
    """Some requests of the dead replica fail; what they hold elsewhere comes back when it ends there.

    `settle` comes after, then the next call, until `timers.victim` is NONE.
    """
    s = m.slots
    r = m.timers.dying[0]
    first = m.timers.victim[0]
    end = first + codes.VICTIMS
    m.timers.victim[0] = end if end < m.ready.size[0] else NONE
    for slot in range(first, end if end < m.ready.size[0] else m.ready.size[0]):
        if s.replica[slot] != r or s.number[slot] == NONE or s.dead[slot] != 0:
            continue
        if s.route[slot] < m.config.public_routes:
            record(m, slot, codes.KILLED, now)
        if s.where[slot] == codes.ON_NODE or s.where[slot] == codes.IN_POOL:
            if s.server[slot] != 0:
                release_server(m, now)
            free_slot(m, slot)
        else:
            s.dead[slot] = 1
            s.replica[slot] = NONE
