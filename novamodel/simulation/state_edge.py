"""The state of edges, of their places, and of the choice of a replica."""

from __future__ import annotations

from typing import NamedTuple

from novamodel.components.columns import Column


class Edges(NamedTuple):
    """Columns by edge: configuration; and what changes, last."""

    idle: Column  # worker CPU of a request that finds its worker idle
    busy: Column
    first_worker: Column
    workers: Column
    network: Column  # one way, to a replica
    new: Column  # share of requests that begin a TLS connection; 0 = handshakes cost nothing
    resumed: Column  # share of requests that begin one and resume a session
    full_work: Column  # worker CPU of a full handshake
    resumed_work: Column
    reject_idle: Column  # worker CPU of a rejection; 0 = it costs nothing
    reject_busy: Column
    timed: Column  # 1 = some of its places give up on a silent replica
    most: Column  # connections of one worker for requests
    armed: Column  # time of its pending EDGE_TIMER event
    used: Column  # by worker: connections held by requests


class Places(NamedTuple):
    """Columns by place (a location of an edge), by limit_req line and by limit_conn line."""

    edge: Column
    first_limit: Column
    limits: Column  # how many limit_req lines
    dry_run: Column  # 1 = they count, and reject and delay nothing
    first_conn: Column
    conns: Column  # how many limit_conn lines
    timed: Column  # 1 = the edge may give up on a replica before its caller does
    zone: Column  # by limit: first key row of its zone
    key: Column  # by limit: 0 = by client, else the row behind `zone` is key - 1
    conn_zone: Column  # the same by limit_conn line
    conn_key: Column
    row: Column  # by limit: scratch, the row of the request's key


class Balances(NamedTuple):
    """Columns by balance (a choice among the replicas of a service, by an edge or by its callers), and by peer."""

    network: Column  # one way
    edge: Column  # or NONE
    method: Column  # ROUND_ROBIN, ...
    next_on: Column  # bits of failures after which another replica is asked
    next_tries: Column  # replicas asked at most; 0 = every one
    next_timeout: Column  # none is asked after this; 0 = no limit
    cache: Column  # its connection cache in the edge's first worker, NONE where connections cost nothing
    connect_idle: Column  # worker CPU of a new connection to a replica
    connect_busy: Column
    replica: Column  # by peer
    count: Column  # one entry: balances
