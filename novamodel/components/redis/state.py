"""Keys of Redis servers one by one: the columns, and how many of what an empty server has.

A key is a number; the keys of a keyspace (same size, same lifetime) are neighbours. A server's present keys stand in
its places: those with a lifetime from the left, those without from the right, so that either kind can be sampled.
The masters of a cluster are servers one behind the other; a key belongs to one of them (`slots`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from novamodel.components.columns import Column
from novamodel.components.redis.lfu import DECAY_MINUTES, LOG_FACTOR

NEVER = 1e300
ABSENT = -1
POOL = 16
"""Candidates that a server remembers from one eviction to the next (EVPOOL_SIZE)."""
EPOCH_S = 16_777_216.0
"""Age of the server at time 0: clocks of keys that were used before are positive numbers."""
CYCLE_S = 0.1
"""Time between two active expire cycles (hz 10)."""

NOTHING, IDLE_TIME, FREQUENCY, CHANCE, LIFETIME = range(5)
"""What decides who goes."""
POLICIES = {
    "noeviction": (NOTHING, 0),
    "allkeys-lru": (IDLE_TIME, 0),
    "allkeys-lfu": (FREQUENCY, 0),
    "allkeys-random": (CHANCE, 0),
    "volatile-lru": (IDLE_TIME, 1),
    "volatile-lfu": (FREQUENCY, 1),
    "volatile-random": (CHANCE, 1),
    "volatile-ttl": (LIFETIME, 1),
}
"""By maxmemory-policy: what decides who goes, and whether only keys with a lifetime may."""


class Keys(NamedTuple):
    """Columns by key, by place, by keyspace and by server; times in seconds."""

    # by key
    expires: Column  # end of its life; NEVER = none
    place: Column  # where it stands, or ABSENT
    shard: Column  # its server, counted from the first one of its keyspace
    clock: Column  # second of its last use; LFU: minute of it << 8 | counter
    # by place
    key: Column  # that stands there
    # by keyspace
    first: Column  # first key
    server: Column  # the first one that has keys of it
    bytes: Column  # of an entry, tables not counted
    ttl: Column  # lifetime; NEVER = none
    entries: Column
    gets: Column
    hits: Column
    sets: Column
    deletes: Column
    evicted: Column
    expired: Column
    refused: Column  # sets for which there was no room
    # by server
    first_place: Column
    end_place: Column
    mortal: Column  # entries with a lifetime
    lasting: Column  # entries without
    used: Column  # bytes, tables included
    memory: Column  # maxmemory
    buckets: Column
    mortal_buckets: Column  # of the table of lifetimes
    decides: Column  # NOTHING, IDLE_TIME, ...
    valkey: Column  # 1 = it keeps names within the entries of its table
    volatile: Column  # 1 = only keys with a lifetime are evicted
    samples: Column
    log_factor: Column
    decay: Column  # minutes
    decided: Column  # random decisions so far
    next_cycle: Column  # when the next active expire cycle is due
    cursor: Column  # place that it goes on at
    candidates: Column  # in the pool
    # by server * POOL + rank, the best candidate last
    score: Column
    candidate: Column
    # one entry
    spaces: Column  # keyspaces
    seed: Column
    stream: Column  # of random decisions


class Keyspace(NamedTuple):
    """What the keys of a keyspace have in common."""

    keys: int
    server: int
    bytes: int  # components.redis.memory.entry_bytes
    ttl: float  # NEVER = none


class Server(NamedTuple):
    """A server's settings (redis.conf)."""

    memory: int
    policy: str = "allkeys-lru"
    samples: int = 5
    log_factor: int = LOG_FACTOR
    decay_minutes: int = DECAY_MINUTES
    valkey: bool = False


def keys_state(
    keyspaces: list[Keyspace], servers: list[Server], seed: int, stream: int, shard: np.ndarray | None = None
) -> Keys:
    """Empty servers, in arrays; they decide by random numbers of ``seed`` and ``stream``.

    ``shard``: by key, its server counted from the first one of its keyspace (left out: that one).
    """
    count, spaces, many = sum(space.keys for space in keyspaces), len(keyspaces), len(servers)
    firsts = np.cumsum([0, *(space.keys for space in keyspaces)])
    shards = np.zeros(max(1, count), dtype=np.int32) if shard is None else shard.astype(np.int32)
    owner = np.repeat([space.server for space in keyspaces], [space.keys for space in keyspaces])
    sizes = np.bincount((owner + shards[:count]).astype(np.int64), minlength=many)
    places = np.cumsum([0, *sizes])

    def none(length: int, kind: type = np.int64) -> np.ndarray:
        return np.zeros(max(1, length), dtype=kind)

    def whole(values: list[int]) -> np.ndarray:
        return np.array(values or [0], dtype=np.int64)

    return Keys(
        expires=none(count, np.float64),
        place=np.full(max(1, count), ABSENT, dtype=np.int32),
        shard=shards,
        clock=none(count, np.int32),
        key=none(count, np.int32),
        first=firsts[:-1].astype(np.int64) if spaces else none(1),
        server=whole([space.server for space in keyspaces]),
        bytes=whole([space.bytes for space in keyspaces]),
        ttl=np.array([float(space.ttl) for space in keyspaces] or [0.0]),
        entries=none(spaces),
        gets=none(spaces),
        hits=none(spaces),
        sets=none(spaces),
        deletes=none(spaces),
        evicted=none(spaces),
        expired=none(spaces),
        refused=none(spaces),
        first_place=places[:-1].astype(np.int64),
        end_place=places[1:].astype(np.int64),
        mortal=none(many),
        lasting=none(many),
        used=none(many),
        memory=whole([int(server.memory) for server in servers]),
        buckets=none(many),
        mortal_buckets=none(many),
        decides=whole([POLICIES[server.policy][0] for server in servers]),
        valkey=whole([int(server.valkey) for server in servers]),
        volatile=whole([POLICIES[server.policy][1] for server in servers]),
        samples=whole([server.samples for server in servers]),
        log_factor=whole([server.log_factor for server in servers]),
        decay=whole([server.decay_minutes for server in servers]),
        decided=none(many),
        next_cycle=np.full(max(1, many), CYCLE_S),
        cursor=none(many),
        candidates=none(many),
        score=none(many * POOL, np.float64),
        candidate=none(many * POOL),
        spaces=whole([spaces]),
        seed=whole([seed]),
        stream=whole([stream]),
    )


def in_lists(state: Keys) -> Keys:
    """The same state in lists, for plain Python."""
    return state._replace(**{name: column.tolist() for name, column in state._asdict().items()})
