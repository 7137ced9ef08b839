"""A request leaves its replica and its edge; and what nginx asks of another replica (proxy_next_upstream).

What takes a request's place is its heir: a row with the same number, caller and draws, which begins again where a
replica is chosen. The old row ends by itself: with its pending event when its replica is dead, or as work for nobody
when the edge has given up on a replica that works on.
"""

from __future__ import annotations

from typing import Any

from novamodel.components.deadlines import deadline_leave, deadline_waits
from novamodel.components.nginx.limit_conn import conn_release
from novamodel.components.nginx.next_upstream import may_ask_another, most_tries_of
from novamodel.components.nginx.upstream.keepalive import keepalive_put
from novamodel.components.nginx.upstream.least_conn import upstream_release
from novamodel.components.nginx.upstream.round_robin import peer_tried
from novamodel.components.rule import handler, rule
from novamodel.simulation import codes
from novamodel.simulation.requests import add_time, copy_draws, next_serial, parent_of, take_request
from novamodel.simulation.schedule import push
from novamodel.simulation.state import Model

NONE = codes.NONE


@rule
def worker_of(m: Model, i: int, edge: int) -> int:
    """The worker of an edge that a request is in the hands of."""
    worker: int = m.edges.first_worker[edge] + m.requests.key[i] % m.edges.workers[edge]
    return worker


@rule
def cache_of(m: Model, i: int, balance: int) -> int:
    """That worker's cache of connections to a service's replicas."""
    return int(m.balances.cache[balance] + m.requests.key[i] % m.edges.workers[m.balances.edge[balance]])


@rule
def key_row(m: Model, i: int, zone: int, key: int) -> int:
    """Row of a request's key in a zone of limits."""
    row: int = zone + (m.requests.client[i] if key == 0 else key - 1)
    return row


@rule
def failed_as(outcome: int) -> int:
    """What a failure is to proxy_next_upstream: one of its bits, or 0."""
    if outcome == codes.KILLED or outcome == codes.NO_WORKER:
        return codes.ON_ERROR
    if outcome == codes.GATEWAY_TIMEOUT:
        return codes.ON_TIMEOUT
    return codes.ON_5XX if outcome in codes.ANSWERED_5XX else 0


@handler
def may_ask_next(m: Model, i: int, outcome: int, sent: bool, now: float) -> bool:
    """Whether another replica is asked after a failure; ``sent``: the request may have been worked on."""
    s, b = m.requests, m.requests.balance[i]
    if b == NONE:
        return False
    listed = (m.balances.next_on[b] & failed_as(outcome)) != 0
    servers = m.upstream.end[2 * b + 1] - m.upstream.first[2 * b]
    most = most_tries_of(servers, m.balances.next_tries[b])
    repeatable = m.programs.repeats[s.program[i]] != 0
    passed, timeout = now - s.sent[i], m.balances.next_timeout[b]
    return may_ask_another(listed, sent, repeatable, s.tries[i], most, passed, timeout) and somebody_left(m, i)


@handler
def somebody_left(m: Model, i: int) -> bool:
    """Whether there is a replica that has not been asked."""
    u, group = m.upstream, m.requests.group[i]
    for peer in range(u.first[group], u.end[group]):
        if u.down[peer] == 0 and not peer_tried(m.requests.tried, i * u.words[0], peer - u.first[group]):
            return True
    backup = u.backup[group]
    if backup != NONE:
        for peer in range(u.first[backup], u.end[backup]):
            if u.down[peer] == 0:
                return True
    return False


@handler
def leave_peer(m: Model, i: int, outcome: int, now: float) -> None:
    """Who chose the replica hears how it went: errors and time-outs always count against it, answers where another
    replica may be asked on their account."""
    s = m.requests
    b = s.balance[i]
    if b == NONE:
        return
    why = failed_as(outcome)
    failed = why != 0 and (why != codes.ON_5XX or may_ask_next(m, i, outcome, True, now))
    s.balance[i] = NONE
    upstream_release(m.upstream, s.group[i], s.peer[i], failed, int(now))
    edge = m.balances.edge[b]
    if edge == NONE:
        return
    if m.balances.cache[b] != NONE and (why == 0 or why == codes.ON_5XX):
        keepalive_put(m.kept, cache_of(m, i, b), s.peer[i])
    if m.edges.timed[edge] != 0 and deadline_waits(m.silent, i):
        deadline_leave(m.silent, edge, i)


@handler
def leave_replica(m: Model, i: int, outcome: int, now: float) -> None:
    """The request is done with its replica."""
    s = m.requests
    r, kind = s.replica[i], s.kind[i]
    if r == NONE or kind == codes.BRANCH or kind == codes.INTERNAL:
        return
    m.replicas.in_flight[r] -= 1
    leave_peer(m, i, outcome, now)


@handler
def leave_edge(m: Model, i: int) -> None:
    """The answer is ready: the edge's connections and the slots of its limits are free."""
    s, p = m.requests, m.places
    place = s.gate[i]
    if place == NONE:
        return
    s.gate[i] = NONE
    m.edges.used[worker_of(m, i, p.edge[place])] -= codes.PROXIED_CONNECTIONS
    for line in range(p.first_conn[place], p.first_conn[place] + p.conns[place]):
        conn_release(m.conn, key_row(m, i, p.conn_zone[line], p.conn_key[line]))


@handler
def ask_next(m: Model, q: Any, i: int, b: int, outcome: int, now: float) -> None:
    """Choose again, when the edge has heard of the failure and the request is there; if there is nobody, it failed."""
    s = m.requests
    network = m.balances.network[b]
    s.back[i] -= network
    s.replica[i] = NONE
    s.outcome[i] = outcome
    s.where[i] = codes.TIMED
    s.pc[i] = m.programs.choose[s.program[i]]
    add_time(m, i, codes.NETWORK, 2.0 * network)
    push(q, now + 2.0 * network, codes.ENTER, s.number[i], i)


@handler
def heir(m: Model, i: int, now: float) -> int:
    """A row that takes a request's place: whoever waits waits for it, and what is held at the edge is its own."""
    s = m.requests
    j = take_request(m, s.kind[i], next_serial(m), s.program[i], now)
    s.key[j] = s.key[i]
    s.population[j] = s.population[i]
    s.client[j] = s.client[i]
    s.back[j] = s.back[i]
    s.gate[j] = s.gate[i]
    s.tries[j] = s.tries[i]
    s.vain[j] = s.vain[i]
    s.group[j] = s.group[i]
    s.sent[j] = s.sent[i]
    words = m.upstream.words[0]
    for word in range(words):
        s.tried[j * words + word] = s.tried[i * words + word]
    copy_draws(m, j, i)
    s.arrived[j] = s.arrived[i]
    add_time(m, j, codes.GIVEN_UP, now - s.arrived[i])
    parent = parent_of(m, i)
    s.parent[j] = parent
    if parent != NONE:
        s.parent_number[j] = s.parent_number[i]
        s.child[parent] = j
    s.parent[i] = NONE
    s.gate[i] = NONE
    return j
