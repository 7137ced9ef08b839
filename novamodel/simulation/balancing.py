"""A replica is chosen and asked; what an edge does about one that is silent.

Edges choose as nginx is told to. Calls inside are balanced by who offers the service: on EKS kube-proxy draws a ready
endpoint (iptables mode, the default: kubernetes.io, "Virtual IPs and Service Proxies"); on ECS the Service Connect
proxy, and in Compose Docker's DNS, take turns (docs.aws.amazon.com/AmazonECS, "Service Connect": round robin;
docs.docker.com, "Networking": DNS round robin).
"""

from __future__ import annotations

from typing import Any

from novamodel.components.deadlines import deadline_due, deadline_join
from novamodel.components.fifo import fifo_is_idle, fifo_join
from novamodel.components.nginx.upstream.keepalive import keepalive_take
from novamodel.components.nginx.upstream.least_conn import least_conn_pick, round_robin_pick
from novamodel.components.nginx.upstream.numbers import anyone_pick, ip_hash_pick, random_pick, random_two_pick
from novamodel.components.nginx.upstream.round_robin import mark_tried, none_tried
from novamodel.components.philox import philox4x32, uniform
from novamodel.components.rule import handler, rule
from novamodel.simulation import codes
from novamodel.simulation.leaving import ask_next, cache_of, heir, leave_peer, leave_replica, may_ask_next, worker_of
from novamodel.simulation.requests import ADDRESSES, CHOICES, add_time, drawn, fail
from novamodel.simulation.schedule import push
from novamodel.simulation.shared import join_process
from novamodel.simulation.state import Model

NONE = codes.NONE
NEVER = codes.NEVER
_MASK = 0xFFFFFFFF
OCTETS = 3  # of an IPv4 address, that ip_hash looks at


@handler
def network_of(m: Model, client: int) -> int:
    """First three bytes of a client's address: each client is somewhere on the Internet, in a network drawn for it."""
    seed = m.config.seed
    word, _, _, _ = philox4x32(
        client & _MASK, 0, (m.config.stream + ADDRESSES) & _MASK, 0, seed & _MASK, (seed >> 32) & _MASK
    )
    return word & 0xFFFFFF


@handler
def pick_by_number(m: Model, i: int, method: int, now: float) -> int:
    """A replica by ip_hash, random or kube-proxy; its row among the upstream servers, or NO_PEER."""
    s, u = m.requests, m.upstream
    group, at, now_s = s.group[i], i * u.words[0], int(now)
    seed, stream, key = m.config.seed, m.config.stream + CHOICES, s.key[i]
    asked, vain = s.tries[i], s.vain[i]
    if method == codes.ANYONE:
        return anyone_pick(u, group, uniform(seed, stream, key, asked), now_s)
    if method == codes.IP_HASH:
        address = network_of(m, s.client[i])
        peer, group, vain = ip_hash_pick(u, group, s.tried, at, address, OCTETS, asked, vain, now_s)
    elif method == codes.RANDOM:
        peer, group, vain = random_pick(u, group, s.tried, at, seed, stream, key, asked, vain, now_s)
    else:
        peer, group, vain = random_two_pick(u, group, s.tried, at, seed, stream, key, asked, vain, now_s)
    s.group[i] = group
    s.vain[i] = vain
    return int(peer)


@rule
def pick_peer(m: Model, i: int, b: int, now: float) -> int:
    """The replica whose turn it is: its row among the upstream servers, or NO_PEER."""
    s, u = m.requests, m.upstream
    method = m.balances.method[b]
    if method > codes.LEAST_CONN:
        return pick_by_number(m, i, method, now)
    at = i * u.words[0]
    if method == codes.LEAST_CONN:
        peer, group = least_conn_pick(u, s.group[i], s.tried, at, int(now))
    else:
        peer, group = round_robin_pick(u, s.group[i], s.tried, at, int(now))
    s.group[i] = group
    return int(peer)


@handler
def do_choose(m: Model, q: Any, i: int, pc: int, now: float) -> bool:
    """A replica is chosen and the request is there; true if it goes on."""
    s = m.requests
    b = m.programs.station[pc]
    again = s.tries[i] > 0
    if not again:
        s.group[i] = 2 * b
        s.vain[i] = 0
        s.sent[i] = now
        none_tried(m.upstream, s.tried, i * m.upstream.words[0])
    peer = pick_peer(m, i, b, now)
    if peer < 0:
        fail(m, i, s.outcome[i] if again else codes.NO_REPLICA)
        return False
    r = m.balances.replica[peer]
    s.replica[i] = r
    s.balance[i] = b
    s.peer[i] = peer
    s.tries[i] += 1
    s.back[i] += m.balances.network[b]
    n = m.replicas.in_flight[r] + 1
    m.replicas.in_flight[r] = n
    m.replicas.begun[r] += 1
    if n > m.replicas.most_in_flight[r]:
        m.replicas.most_in_flight[r] = n
    edge = m.balances.edge[b]
    if m.balances.next_on[b] != 0:
        mark_tried(m.upstream, s.group[i], peer, s.tried, i * m.upstream.words[0])
    if m.replicas.lost[r] != 0:
        if may_ask_next(m, i, codes.KILLED, False, now):
            leave_replica(m, i, codes.KILLED, now)
            ask_next(m, q, i, b, codes.KILLED, now)
        else:
            fail(m, i, codes.KILLED)
        return False
    s.pc[i] = pc + 1
    if edge == NONE:
        return True
    if m.places.timed[s.gate[i]] != 0:
        deadline_join(m.silent, edge, i, now)
        arm_edge(m, q, edge)
    return m.balances.cache[b] == NONE or connected(m, q, i, pc, b, now)


@handler
def connected(m: Model, q: Any, i: int, pc: int, b: int, now: float) -> bool:
    """Whether the edge has an idle connection to the replica; else its worker makes one first."""
    s = m.requests
    if keepalive_take(m.kept, cache_of(m, i, b), s.peer[i]):
        return True
    worker = worker_of(m, i, m.balances.edge[b])
    x = drawn(m, i, m.programs.draw[pc])
    if m.shared.worker[worker] != NONE:
        s.since[i] = now
        idle_work, busy_work = m.balances.connect_idle[b] * x, m.balances.connect_busy[b] * x
        join_process(m, q, i, m.shared.worker[worker], idle_work, busy_work, codes.AT_EDGE_CONNECT, now)
        return False
    idle = fifo_is_idle(m.workers, worker, now)
    work = (m.balances.connect_idle[b] if idle else m.balances.connect_busy[b]) * x
    done = fifo_join(m.workers, worker, work, now)
    add_time(m, i, codes.EDGE_TIME, done - now)
    push(q, done, codes.STEP_DONE, s.number[i], i)
    return False


@rule
def arm_edge(m: Model, q: Any, edge: int) -> None:
    """See to it that the calendar has an event when an edge gives up on the first silent replica."""
    due = deadline_due(m.silent, edge)
    if due < m.edges.armed[edge]:
        m.edges.armed[edge] = due
        push(q, due, codes.EDGE_TIMER, edge, edge)


@handler
def on_edge_timer(m: Model, q: Any, edge: int, now: float) -> None:
    """The edge gives up on a silent replica, which works on: it asks another one, or answers 504."""
    if now != m.edges.armed[edge]:
        return
    m.edges.armed[edge] = NEVER
    if deadline_due(m.silent, edge) <= now:
        s = m.requests
        i = m.silent.first[edge]
        b = s.balance[i]
        again = may_ask_next(m, i, codes.GATEWAY_TIMEOUT, True, now)
        leave_peer(m, i, codes.GATEWAY_TIMEOUT, now)
        j = heir(m, i, now)
        s.kind[i] = codes.CHILD  # of nobody
        if again:
            ask_next(m, q, j, b, codes.GATEWAY_TIMEOUT, now)
        else:
            fail(m, j, codes.GATEWAY_TIMEOUT)
    arm_edge(m, q, edge)
