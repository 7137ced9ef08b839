"""A request at the edge: handshake, limits, a worker; then the gateway and the choice of a replica."""

from __future__ import annotations

from typing import Any

from novamodel.components.fifo import fifo_is_idle, fifo_join
from novamodel.components.gateway.gateway import WINDOWS, bucket_admits, window_admits
from novamodel.components.nginx.limit_req import REJECTED as LIMIT_REJECTED
from novamodel.components.nginx.limit_req import limit_decide_all
from novamodel.components.nginx.upstream.round_robin import round_robin_in_group
from novamodel.components.rule import handler, rule
from novamodel.simulation import codes
from novamodel.simulation.requests import add_time, drawn, fail
from novamodel.simulation.schedule import push
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
    """The row of the request's key under every limit of a place."""
    p = m.places
    for n in range(p.limits[place]):
        line = p.first_limit[place] + n
        p.row[n] = p.zone[line] + (m.requests.client[i] if p.key[line] == 0 else p.key[line] - 1)


@handler
def do_edge(m: Model, q: Any, i: int, pc: int, now: float) -> None:
    """The request is let in or rejected, has its turn at a worker, and is on its way to a replica."""
    s = m.requests
    place = m.programs.station[pc]
    edge = m.places.edge[place]
    worker = m.edges.first_worker[edge] + s.number[i] % m.edges.workers[edge]
    secured = now
    handshake = handshake_work(m, i, edge, m.programs.other_draw[pc])
    if handshake > 0.0:
        secured = fifo_join(m.workers, worker, handshake, now)
    hold = 0.0
    limits = m.places.limits[place]
    if limits > 0:
        limit_rows(m, i, place)
        first = m.places.first_limit[place]
        status, delay_ms = limit_decide_all(m.limit, first, limits, m.places.row, int(now * 1000.0))
        if status == LIMIT_REJECTED:
            add_time(m, i, codes.EDGE_TIME, secured - now)
            s.outcome[i] = codes.REJECTED
            s.pc[i] = codes.FAIL_PC
            push(q, secured, codes.ENTER, s.number[i], i)
            return
        hold = delay_ms / 1000.0
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


@handler
def do_choose(m: Model, q: Any, i: int, pc: int, now: float) -> bool:
    """A replica is chosen and the request is there; true if it goes on."""
    s = m.requests
    balance = m.programs.station[pc]
    peer = round_robin_in_group(m.upstream, 2 * balance, 0, int(now))
    if peer < 0:
        fail(m, i, codes.NO_REPLICA)
        return False
    r = m.balances.first_replica[balance] + peer - m.upstream.first[2 * balance]
    s.replica[i] = r
    s.balance[i] = balance
    s.peer[i] = peer
    s.back[i] += m.balances.network[balance]
    n = m.replicas.in_flight[r] + 1
    m.replicas.in_flight[r] = n
    if n > m.replicas.most_in_flight[r]:
        m.replicas.most_in_flight[r] = n
    if m.replicas.lost[r] != 0:
        fail(m, i, codes.KILLED)
        return False
    s.pc[i] = pc + 1
    return True
