"""A request at the edge: its worker's connections, handshake, limits, a turn at the worker; then the API gateway.

nginx takes connections when it accepts, then looks at limit_req, waits for its delay, looks at limit_conn, and only
then asks a replica. Idle keep-alive connections of callers are not counted: nginx closes them when it needs room.
"""

from __future__ import annotations

from typing import Any

from novamodel.components.fifo import fifo_is_idle, fifo_join
from novamodel.components.gateway.gateway import WINDOWS, bucket_admits, window_admits
from novamodel.components.nginx.limit_conn import conn_take_all
from novamodel.components.nginx.limit_req import DELAYED, as_dry_run, limit_decide_all
from novamodel.components.nginx.limit_req import REJECTED as LIMIT_REJECTED
from novamodel.components.rule import handler, rule
from novamodel.simulation import codes
from novamodel.simulation.leaving import key_row, worker_of
from novamodel.simulation.requests import add_time, drawn, fail
from novamodel.simulation.schedule import push
from novamodel.simulation.shared import join_process
from novamodel.simulation.state import Model

NONE = codes.NONE


@rule
def handshake_work(m: Model, i: int, edge: int, draw: int) -> float:
    """Worker CPU of the TLS handshake, if the request begins a connection; a draw says so."""
    if m.edges.new[edge] == 0.0 or draw == NONE:
        return 0.0
    u = drawn(m, i, draw)
    if u >= m.edges.new[edge]:
        return 0.0
    return m.edges.resumed_work[edge] if u < m.edges.resumed[edge] else m.edges.full_work[edge]


@handler
def limit_rows(m: Model, i: int, place: int) -> None:
    """The row of the request's key under every limit_req line of a place."""
    p = m.places
    for n in range(p.limits[place]):
        line = p.first_limit[place] + n
        p.row[n] = key_row(m, i, p.zone[line], p.key[line])


@handler
def do_edge(m: Model, q: Any, i: int, pc: int, now: float) -> None:
    """The request has its connections and is let in, delayed or rejected."""
    s = m.requests
    place = m.programs.station[pc]
    edge = m.places.edge[place]
    worker = worker_of(m, i, edge)
    if m.edges.used[worker] + codes.PROXIED_CONNECTIONS > m.edges.most[edge]:
        fail(m, i, codes.NO_CONNECTION)
        return
    secured = now
    handshake = handshake_work(m, i, edge, m.programs.other_draw[pc])
    shared = m.shared.worker[worker] != NONE
    if shared:
        s.owed[i] = handshake
    elif handshake > 0.0:
        secured = fifo_join(m.workers, worker, handshake, now)
    hold = 0.0
    limits = m.places.limits[place]
    if limits > 0:
        limit_rows(m, i, place)
        first = m.places.first_limit[place]
        status, delay_ms = limit_decide_all(m.limit, first, limits, m.places.row, int(now * 1000.0))
        if m.places.dry_run[place] != 0:
            status = as_dry_run(status)
        if status == LIMIT_REJECTED:
            reject(m, q, i, pc, worker, secured, now)
            return
        if status == DELAYED:
            hold = delay_ms / 1000.0
    m.edges.used[worker] += codes.PROXIED_CONNECTIONS
    s.gate[i] = place
    if m.places.conns[place] > 0:  # limit_conn comes after the delay
        add_time(m, i, codes.EDGE_TIME, hold)
        s.pc[i] = pc + 1
        push(q, now + hold, codes.ENTER, s.number[i], i)
    else:
        pass_on(m, q, i, pc, worker, hold, now)


@handler
def do_admit(m: Model, q: Any, i: int, pc: int, now: float) -> None:
    """Connection limits: the request takes a slot of each, or is rejected."""
    p = m.places
    place = m.programs.station[pc]
    worker = worker_of(m, i, p.edge[place])
    first = p.first_conn[place]
    for n in range(p.conns[place]):
        p.row[n] = key_row(m, i, p.conn_zone[first + n], p.conn_key[first + n])
    if conn_take_all(m.conn, first, p.conns[place], p.row) == LIMIT_REJECTED:
        m.edges.used[worker] -= codes.PROXIED_CONNECTIONS
        m.requests.gate[i] = NONE
        reject(m, q, i, pc, worker, now, now)
    else:
        pass_on(m, q, i, pc, worker, 0.0, now)


@handler
def reject(m: Model, q: Any, i: int, pc: int, worker: int, secured: float, now: float) -> None:
    """A rejection costs its worker something, too."""
    s = m.requests
    edge = m.places.edge[m.programs.station[pc]]
    if m.shared.worker[worker] != NONE:
        x = drawn(m, i, m.programs.draw[pc])
        idle, busy = m.edges.reject_idle[edge] * x + s.owed[i], m.edges.reject_busy[edge] * x + s.owed[i]
        if busy > 0.0:
            s.since[i] = now
            join_process(m, q, i, m.shared.worker[worker], idle, busy, codes.AT_EDGE_REJECT, now)
            return
    elif m.edges.reject_busy[edge] > 0.0:
        work = m.edges.reject_idle[edge] if fifo_is_idle(m.workers, worker, now) else m.edges.reject_busy[edge]
        secured = fifo_join(m.workers, worker, work * drawn(m, i, m.programs.draw[pc]), now)
    add_time(m, i, codes.EDGE_TIME, secured - now)
    s.outcome[i] = codes.REJECTED
    s.pc[i] = codes.FAIL_PC
    push(q, secured, codes.ENTER, s.number[i], i)


@handler
def pass_on(m: Model, q: Any, i: int, pc: int, worker: int, hold: float, now: float) -> None:
    """The request has its turn at a worker, and is on its way to a replica."""
    s = m.requests
    edge = m.places.edge[m.programs.station[pc]]
    if m.shared.worker[worker] != NONE:
        x = drawn(m, i, codes.EDGE_DRAW)
        s.since[i], s.hold[i] = now, hold
        idle, busy = m.edges.idle[edge] * x + s.owed[i], m.edges.busy[edge] * x + s.owed[i]
        join_process(m, q, i, m.shared.worker[worker], idle, busy, codes.AT_EDGE, now)
        return
    work = m.edges.idle[edge] if fifo_is_idle(m.workers, worker, now) else m.edges.busy[edge]
    passed = fifo_join(m.workers, worker, work * drawn(m, i, codes.EDGE_DRAW), now) + hold
    passed += m.config.gateway_latency
    network = m.edges.network[edge]
    add_time(m, i, codes.EDGE_TIME, passed - now)
    add_time(m, i, codes.NETWORK, network)
    s.pc[i] = pc + 1
    push(q, passed + network, codes.ENTER, s.number[i], i)


@rule
def gateway_admits(m: Model, i: int, now: float) -> bool:
    """Whether the API gateway lets a request in."""
    c = m.config
    if c.gateway == WINDOWS:
        key = m.requests.client[i] if c.gateway_by_client != 0 else m.programs.service[m.requests.program[i]]
        return window_admits(m.gateway, key, c.gateway_limit, c.gateway_window, c.midnight + now)
    return bucket_admits(m.gateway, c.gateway_rate, c.gateway_burst, now)
