"""The state of a run: one NamedTuple of components, lists in the reference and arrays in the compiled twin."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from novamodel.components.columns import Column
from novamodel.components.cpu.cpu_gate import CpuGate
from novamodel.components.fifo import Fifo
from novamodel.components.gateway.gateway import Gateway
from novamodel.components.nginx.limit_req import LimitReq
from novamodel.components.nginx.upstream.round_robin import Upstream
from novamodel.components.node.node import Node
from novamodel.components.pg_pool.connections import Connections
from novamodel.components.postgres.cores import SharedCores
from novamodel.components.tokens import Tokens
from novamodel.simulation import codes
from novamodel.simulation.recorder import Recorder
from novamodel.simulation.routes import Routes


class Config(NamedTuple):
    """What does not change during a run."""

    edge_mean: float  # worker CPU of a request
    edge_workers: int
    tls_new: float  # share of requests that begin a TLS connection; 0 = handshakes cost nothing
    tls_resumed: float  # share of requests that begin one and resume a session
    tls_full_work: float  # worker CPU of a full handshake
    tls_resumed_work: float  # of a resumed one
    gateway: int  # which rule of components.gateway
    gateway_by_client: int  # 1 = a counter for each client, 0 = one for each service
    gateway_limit: int  # of a window
    gateway_window: float
    gateway_rate: float  # of the bucket
    gateway_burst: float
    gateway_latency: float
    midnight: float  # time of day at time 0
    edge_network: float  # one way, edge to replica
    database_network: float  # one way
    cache_network: float  # one way
    connect_idle: float  # server CPU of a connection set-up
    connect_busy: float
    connect_login: float  # PgBouncer CPU of a client login
    has_bouncer: int
    bouncer_query: float  # PgBouncer CPU of a query
    most_connections: int  # accepted by the primary, or by PgBouncer from its clients
    most_reading: int  # accepted by the read replicas together
    readers: int  # read replicas
    lag: float  # of the read replicas
    own_door: int  # 1 = each side counts its connections, 0 = PgBouncer counts all of its clients
    replica_rows: int  # rows of services' replicas; those of their pools to the read replicas follow
    pool_rows: int  # rows of pools
    io_time: float  # 1 / IOPS
    io_latency: float
    patience: float  # of the caller
    most_draws: int
    public_routes: int


class Services(NamedTuple):
    """Columns by service."""

    limit: Column  # number of its request limit, or NONE
    keys: Column  # first row of its keys in the limit
    first: Column  # first replica row
    end: Column


class Stream(NamedTuple):
    """A block of arrivals, and one-entry columns."""

    time: Column
    route: Column
    population: Column
    client: Column
    draw: Column  # arrival * most_draws + draw
    at: Column  # next arrival of the block
    count: Column  # arrivals in the block
    number: Column  # request number of the block's first arrival


class Slots(NamedTuple):
    """Columns by request slot; `spent` by slot * places + place, `draw` by slot * most_draws + draw."""

    number: Column
    route: Column
    population: Column
    client: Column
    replica: Column
    pc: Column  # operation it is at
    database: Column  # server of its transaction: 0 = the primary, then the read replicas
    side: Column  # 0 = the primary, 1 = a read replica: PgBouncer has a pool for each
    pool: Column  # row of its replica's pool to that side
    where: Column
    dead: Column  # 1 = finished by the death of its replica; only what it still holds is to be given back
    token: Column  # 1 = it may use a connection, and has to open it
    server: Column  # 1 = it holds a PgBouncer server connection
    connecting: Column  # CONNECTING or WILL_BE_REFUSED while its connection is set up, else 0
    arrived: Column
    since: Column  # when its present wait or work began
    spent: Column
    draw: Column
    next_free: Column
    free: Column  # one entry: first free slot
    free_count: Column  # one entry
    in_flight: Column  # one entry: requests in the system


class Ready(NamedTuple):
    """Slots that go on within this instant, first in, first out."""

    ring: Column
    first: Column  # one entry
    count: Column  # one entry
    size: Column  # one entry: places of the ring, one for each slot


class Replicas(NamedTuple):
    """Columns by replica row, and `done` by replica * internal kinds + kind."""

    in_flight: Column
    most_in_flight: Column  # since it was last read
    armed: Column  # time of its pending BURST_DUE event
    pool_armed: Column  # by pool: time of its pending POOL_TIMER event
    done: Column  # serial number of the last internal job done
    lost: Column  # 1 = it is gone, and the edge does not know yet


class Timers(NamedTuple):
    """Times of pending events and counts shared by all replicas; one entry each where nothing else is said."""

    cores: Column  # by database server
    server: Column  # by pool of PgBouncer
    connections: Column  # open at the primary (or at PgBouncer), and at the read replicas
    dying: Column  # replica that was killed last
    outage: Column  # > 0 = the primary takes nothing
    victim: Column  # next slot to look at for its requests, NONE = its death is done with


class Reading(NamedTuple):
    """What is read from read replicas. ``wrote`` by client; the others have one entry."""

    wrote: Column  # when a transaction that writes was last committed for it
    reads: Column  # transactions sent to a read replica
    stale: Column  # of these within the lag of a write by the same client


class Model(NamedTuple):
    """Everything a handler may touch."""

    config: Config
    routes: Routes
    services: Services
    stream: Stream
    slots: Slots
    ready: Ready
    replicas: Replicas
    timers: Timers
    limit: LimitReq
    gateway: Gateway
    edge: Fifo
    upstream: Upstream
    gate: CpuGate
    node: Node
    pool: Tokens
    connections: Connections
    bouncer: Tokens
    bouncer_cpu: Fifo
    cores: SharedCores
    volume: Fifo
    redis: Fifo
    reading: Reading
    record: Recorder


def new_slots(count: int, draws: int) -> Slots:
    """Free slots, in lists."""
    zeros, floats = [0] * count, [0.0] * count
    columns: dict[str, list[Any]] = {name: list(zeros) for name in Slots._fields}
    columns |= {"number": [codes.NONE] * count, "replica": [codes.NONE] * count}  # nobody's
    columns |= {"arrived": list(floats), "since": list(floats)}
    columns |= {"spent": [0.0] * (count * len(codes.PLACES)), "draw": [1.0] * (count * draws)}
    columns |= {"next_free": [*range(1, count), codes.NONE], "free": [0], "free_count": [count], "in_flight": [0]}
    return Slots(**columns)


SLOT_COLUMNS: dict[str, tuple[str, ...]] = {
    "node": ("next", "work"),
    "pool": ("next", "entered"),
    "bouncer": ("next", "entered"),
}


def grow(model: Model) -> Model:
    """Twice as many slots; lists grow in place, arrays are replaced."""
    old = len(model.slots.number)
    draws = model.config.most_draws
    wide = {"spent": len(codes.PLACES), "draw": draws}
    slots = {}
    for name in Slots._fields:
        if name in ("free", "free_count", "in_flight"):
            continue
        slots[name] = _longer(getattr(model.slots, name), old * wide.get(name, 1))
    for name in ("number", "replica"):
        slots[name][old:] = [codes.NONE] * old
    slots["next_free"][old:] = [*range(old + 1, 2 * old), model.slots.free[0]]
    model.slots.free[0] = old
    model.slots.free_count[0] += old
    parts: dict[str, Any] = {"slots": model.slots._replace(**slots)}
    for part in ("node", "pool", "bouncer"):
        state = getattr(model, part)
        parts[part] = state._replace(**{name: _longer(getattr(state, name), old) for name in SLOT_COLUMNS[part]})
    parts["cores"] = _larger_heaps(model.cores, old)
    waiting = [model.ready.ring[(model.ready.first[0] + i) % old] for i in range(model.ready.count[0])]
    ring = _longer(model.ready.ring, old)
    ring[: len(waiting)] = waiting if isinstance(ring, list) else np.array(waiting, dtype=np.int64)
    model.ready.first[0] = 0
    model.ready.size[0] = 2 * old
    parts["ready"] = model.ready._replace(ring=ring)
    return model._replace(**parts)


def _larger_heaps(cores: SharedCores, old: int) -> SharedCores:
    """Each server's heap with ``old`` rows more; the last is moved first, so that lists need no copy."""
    servers = len(cores.cores)
    columns = {name: _longer(getattr(cores, name), old * servers) for name in ("tag", "number", "job")}
    for column in columns.values():
        for d in range(servers - 1, 0, -1):
            column[2 * old * d : 2 * old * d + old] = column[old * d : old * d + old]
    cores.size[0] = 2 * old
    return cores._replace(**columns)


def _longer(column: Column, more: int) -> Column:
    if isinstance(column, list):
        column.extend([type(column[0])(0)] * more)
        return column
    return np.concatenate([column, np.zeros(more, dtype=column.dtype)])
