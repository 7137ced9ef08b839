"""The state of a run: one NamedTuple of components, lists in the reference and arrays in the compiled engine."""

from __future__ import annotations

from typing import NamedTuple

from novamodel.components.callers.backoff import Backoff
from novamodel.components.callers.breaker import Breaker
from novamodel.components.callers.budget import Budget
from novamodel.components.callers.retry import Retries
from novamodel.components.columns import Column
from novamodel.components.cpu.cpu_gate import CpuGate
from novamodel.components.cpu.host_state import Host
from novamodel.components.cpu.utilisation import CoreUse
from novamodel.components.deadlines import Deadlines
from novamodel.components.external.external import External
from novamodel.components.fifo import Fifo
from novamodel.components.gateway.gateway import Gateway
from novamodel.components.nginx.limit_conn import LimitConn
from novamodel.components.nginx.limit_req import LimitReq
from novamodel.components.nginx.upstream.keepalive import Keepalive
from novamodel.components.nginx.upstream.round_robin import Upstream
from novamodel.components.node.node import Node
from novamodel.components.pg_pool.state import PgPool
from novamodel.components.pgbouncer.state import PgBouncer
from novamodel.components.postgres.cores import SharedCores
from novamodel.components.queue.consumers import Consumers
from novamodel.components.queue.messages import Messages
from novamodel.components.redis.persistence import AppendOnly
from novamodel.components.redis.state import Keys
from novamodel.components.runtime.state import Runtime
from novamodel.components.tokens import Tokens
from novamodel.simulation.programs import Programs
from novamodel.simulation.recorder import Recorder
from novamodel.simulation.state_edge import Balances, Edges, Places
from novamodel.simulation.state_links import Bouncers, Doors, Links
from novamodel.workload.key_draws import KeyDraws
from novamodel.workload.laws import Laws

BLOCK = 8192
"""Arrivals of one source drawn at a time."""


class Config(NamedTuple):
    """What does not change during a run."""

    seed: int
    stream: int  # of the draws of requests that no source made
    most_draws: int
    room: int  # free rows that must be there before requests go on (`growing.room_needed`)
    shared: int  # 1 = threads of some replica run on a machine
    midnight: float  # time of day at time 0
    gateway: int  # which rule of components.gateway
    gateway_by_client: int  # 1 = a counter for each client, 0 = one for each service
    gateway_limit: int  # of a window
    gateway_window: float
    gateway_rate: float  # of the bucket
    gateway_burst: float
    gateway_latency: float


class Stream(NamedTuple):
    """Blocks of arrivals, columns by source * BLOCK + place, and columns by source."""

    time: Column
    program: Column
    population: Column
    client: Column
    draw: Column  # arrival * most_draws + draw
    at: Column  # by source: next arrival of the block
    count: Column  # by source: arrivals in the block
    number: Column  # by source: request number of the block's first arrival
    used_up: Column  # one entry: source that has no arrival left in its block, or NONE


class Sites(NamedTuple):
    """Columns by call site; its policies have the same row in `retries`, `backoff`, `budget`, `breaker`, `waiting`."""

    program: Column  # what is called
    start: Column  # operation that it begins with
    network: Column  # one way
    optional: Column  # 1 = goes on without the answer
    repeats: Column  # 1 = the caller holds the draws of the request, which are the same in each attempt
    sent: Column  # attempts so far
    retried: Column  # of these beyond the first
    failed: Column  # calls given up
    armed: Column  # time of its pending CALL_TIMER event


class Requests(NamedTuple):
    """Columns by request; `spent` by request * places + place, `draw` by request * most_draws + draw, `tried` by
    request * words + word."""

    kind: Column  # ROOT, CALLER, CHILD, ...
    number: Column  # orders the events of one instant; NONE = nobody's
    key: Column  # what its draws, and those of its calls, are made from
    program: Column
    population: Column
    client: Column
    replica: Column
    balance: Column  # through which it came to its replica, or NONE
    peer: Column  # row of the upstream server, when it came through a balance
    gate: Column  # place of an edge where it holds connections, or NONE
    tries: Column  # replicas asked; of a CALLER attempts of its last call
    vain: Column  # numbers of ip_hash or random that fell on a replica that could not be asked
    group: Column  # of upstream servers
    tried: Column  # bits of those asked
    sent: Column  # when the first was asked
    back: Column  # time of the way back to who waits for the answer
    pc: Column  # operation it is at
    link: Column  # of its transaction
    database: Column  # server of its (last) transaction, or NONE
    hit: Column  # whether its last get of a cache found all its keys: 1, 0, or NONE before any
    place: Column  # its connection
    server: Column  # PgBouncer's server connection that it holds + 1, 0 = none, BROKEN = it was closed meanwhile
    where: Column
    dead: Column  # 1 = ended by the death of its replica; only what it still holds is to be given back
    parent: Column  # who waits for it, or NONE
    parent_number: Column  # number of that one then
    child: Column  # whom it waits for, or NONE
    pending: Column  # branches that have not ended
    outcome: Column  # of its last call, or of its branches
    answered_by: Column  # replica of the last answer
    attempt: Column  # attempts of the present call so far
    waited: Column  # back-off before the last of them
    generation: Column  # of the circuit breaker when it was sent
    serial: Column  # of the connection that it sets up; receipt of the message that it works on
    member: Column  # consumer that works
    held: Column  # work on the next message of the same batch, or NONE
    arrived: Column
    since: Column  # when its present wait or work began
    stalled: Column  # of its container, when its burst began
    hold: Column  # how long the edge keeps it
    owed: Column  # worker CPU of its handshake
    spent: Column
    draw: Column
    next_free: Column
    free: Column  # one entry: first free row
    free_count: Column  # one entry
    in_flight: Column  # one entry: requests from outside that have no answer yet
    serials: Column  # one entry: requests made so far that no source made


class Ready(NamedTuple):
    """Requests that go on within this instant, first in, first out."""

    ring: Column
    first: Column  # one entry
    count: Column  # one entry
    size: Column  # one entry: places of the ring, one for each request


class Replicas(NamedTuple):
    """Columns by replica row, and `done` by replica * internal kinds + kind."""

    in_flight: Column
    most_in_flight: Column  # since it was last read
    begun: Column  # requests and messages that came to it so far
    armed: Column  # time of its pending BURST_DUE event
    done: Column  # serial number of the last internal job done
    lost: Column  # 1 = it is gone, and the edge does not know yet
    way: Column  # what runs its bursts: `codes.BY_QUOTA`, ON_MACHINE, BY_RUNTIME
    member: Column  # its first consumer, or NONE
    members: Column  # how many consumers it has


class Timers(NamedTuple):
    """Times of pending events."""

    pool: Column  # by pool
    cores: Column  # by database server
    server: Column  # by pool of PgBouncer
    queue: Column  # by queue
    outage: Column  # by database server: > 0 = it takes nothing
    dying: Column  # one entry: replica that was killed last
    now: Column  # one entry: time of the event that the compiled engine is at, while Python makes room
    victim: Column  # one entry: next request to look at for its death, NONE = it is done with


class Queues(NamedTuple):
    """Columns by queue, and by consumer group."""

    group: Column  # first consumer group, or NONE
    groups: Column  # how many
    turn: Column  # group whose turn it is
    message: Column  # by queue: program of a message, for the counts
    program: Column  # by group: what a message takes
    batch: Column  # by group
    queue: Column  # by group
    first_replica: Column  # by group: replica of its first member
    member: Column  # members of all groups by replica; a replica's are neighbours


class Reading(NamedTuple):
    """What is read from read replicas. ``wrote`` by database and client; the others have one entry."""

    wrote: Column  # when a transaction that writes was last committed for a client
    reads: Column  # transactions sent to a read replica
    stale: Column  # of these within the lag of a write by the same client


class Disks(NamedTuple):
    """Columns by database server."""

    io_time: Column  # 1 / IOPS
    latency: Column
    commit: Column  # what a commit that writes waits beyond them, for a standby


class Caches(NamedTuple):
    """Columns by cache."""

    network: Column  # one way
    first: Column  # its first server; the masters of a cluster are servers one behind the other
    shards: Column  # how many
    gone: Column  # > 0 = commands get an error: every get misses, nothing is stored


class Shared(NamedTuple):
    """What stands on machines that containers share."""

    armed: Column  # by machine: time of its pending HOST_DUE event
    worker: Column  # by worker of an edge: its process (a row of `node`), or NONE
    bouncer: Column  # by PgBouncer, likewise
    cache: Column  # by cache, likewise
    server: Column  # by database server: its first backend, or NONE
    server_end: Column  # by database server: one past its last backend
    backend: Column  # by backend: its job, or NONE
    thread: Column  # one entry: thread of the first backend


class Callers(NamedTuple):
    """Columns by population."""

    patience: Column  # of who asks once, s


class Model(NamedTuple):
    """Everything a handler may touch."""

    config: Config
    programs: Programs
    laws: Laws
    stream: Stream
    callers: Callers
    requests: Requests
    ready: Ready
    replicas: Replicas
    timers: Timers
    edges: Edges
    places: Places
    limit: LimitReq
    conn: LimitConn
    silent: Deadlines
    gateway: Gateway
    workers: Fifo
    balances: Balances
    upstream: Upstream
    kept: Keepalive
    gate: CpuGate
    node: Node
    links: Links
    doors: Doors
    pool: PgPool
    bouncer: PgBouncer
    bouncers: Bouncers
    bouncer_cpu: Fifo
    cores: SharedCores
    volume: Fifo
    disks: Disks
    redis: Fifo
    append_only: AppendOnly
    caches: Caches
    keys: Keys
    key_draws: KeyDraws
    host: Host
    shared: Shared
    runtime: Runtime
    core_use: CoreUse
    sites: Sites
    retries: Retries
    backoff: Backoff
    budget: Budget
    breaker: Breaker
    waiting: Deadlines
    external: External
    room: Tokens
    queues: Queues
    messages: Messages
    consumers: Consumers
    delays: Deadlines
    visibility: Deadlines
    reading: Reading
    record: Recorder
