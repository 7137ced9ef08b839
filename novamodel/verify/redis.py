"""Answers to the recorded questions about Redis and its hit ratios, by the rules that runs call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from novamodel.analytic.popularity import zipf
from novamodel.components.redis.commands import key_get, key_set
from novamodel.components.redis.lfu import MOST, lfu_chance
from novamodel.components.redis.memory import POINTER, buckets_of, memory_usage, used_per_key
from novamodel.components.redis.replication import (
    cluster_served_s,
    rdb_pull,
    replica_link,
    sentinel_promotion_s,
)
from novamodel.components.redis.slots import hash_slot, hashed_part
from novamodel.components.redis.state import NEVER, Keys, Keyspace, Server, in_lists, keys_state
from novamodel.components.rule import entry

SERVERS = 6
"""One run scatters by 0.002 to 0.003: so many are averaged."""
VALUE_BYTES = 500


def answer(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to one case, key by key. Raises ``KeyError`` for a kind that has no rule here."""
    return _KINDS[kind](**given)


def kinds() -> tuple[str, ...]:
    """The kinds that have an answer."""
    return tuple(_KINDS)


def _hash_slot(key: str) -> dict[str, Any]:
    name = key.encode()
    return {"slot": hash_slot(name), "hashed_part": hashed_part(name).decode()}


def _memory(
    type: str, key_bytes: int, value_bytes: int | None, value_is_integer: bool, has_ttl: bool, keys: int
) -> dict[str, Any]:
    if type != "string":
        return {}
    value = None if value_is_integer else value_bytes
    used = used_per_key(key_bytes, value, has_ttl, keys)
    return {"memory_usage_bytes": memory_usage(key_bytes, value), "used_memory_per_key_bytes": used}


def _lfu(log_factor: int, initial_counter: int, hits: int) -> dict[str, Any]:
    """The counter's distribution after so many uses, step by step doubled."""
    step = np.zeros((MOST + 1, MOST + 1))
    for counter in range(MOST + 1):
        chance = lfu_chance(counter, log_factor)
        step[counter, counter] = 1.0 - chance
        step[counter, min(counter + 1, MOST)] += chance
    after = np.linalg.matrix_power(step, hits)[initial_counter]
    return {"mean_counter": float(after @ np.arange(MOST + 1))}


def _eviction(policy: str, over_maxmemory: bool, operation: str, keys_with_ttl_left: bool) -> dict[str, Any]:
    """A server with a key of each kind, or without any that has a lifetime, meets the command."""
    spaces = [Keyspace(2, 0, 100, 1e6), Keyspace(2, 0, 100, NEVER)]
    s = in_lists(keys_state(spaces, [Server(1 << 30, policy)], 0, 0))
    key_set(s, 1, 2, 0.0)
    if keys_with_ttl_left:
        key_set(s, 0, 0, 0.0)
    s.memory[0] = s.used[0] - 1 if over_maxmemory else 1 << 30
    if operation == "read":
        key_get(s, 1, 2, 1.0)
        return {"result": "served"}
    stored = key_set(s, 1, 3, 1.0)
    evicted = sum(s.evicted) > 0
    return {"result": "evict_then_write" if evicted and stored else "served" if stored else "oom_error"}


def _sentinel(
    masters: int, replicas: int, sentinels: int, quorum: int, down_after_ms: float, failover_timeout_ms: float
) -> dict[str, Any]:
    """One of the masters dies; the others, and the time to a second try, change nothing."""
    found = sentinel_promotion_s(
        replicas=replicas, sentinels=sentinels, quorum=quorum, down_after_s=down_after_ms / 1000
    )
    return {"promoted_s": found}


def _cluster(masters: int, replicas_per_master: int, masters_killed: int, node_timeout_ms: float) -> dict[str, Any]:
    found = cluster_served_s(
        masters=masters, replicas=replicas_per_master, killed=masters_killed, node_timeout_s=node_timeout_ms / 1000
    )
    return {"slots_served_again_s": found}


def _replica(
    master_requires_password: bool, replica_masterauth_set: bool, replica_serves_stale_data: bool
) -> dict[str, Any]:
    link = replica_link(
        master_has_password=master_requires_password,
        replica_has_it=replica_masterauth_set,
        serves_stale_data=replica_serves_stale_data,
    )
    return {"link_up": link.up, "replica_has_data": link.has_data, "retry_period_s": link.retry_s}


def _rdb_pull(master_requires_password: bool, password_given: bool) -> dict[str, Any]:
    code, made = rdb_pull(master_has_password=master_requires_password, password_given=password_given)
    return {"exit_code": code, "file_created": made}


def _measured(
    policy: str,
    samples: int,
    catalog: int,
    zipf_exponent: float,
    capacity: float,
    rate_rps: float,
    requests: int,
    counted_from_request: int,
) -> dict[str, Any]:
    """GET, then SET on a miss, at an even pace; memory for ``capacity`` keys."""
    shares = np.cumsum(zipf(catalog, zipf_exponent).probability)
    memory = round(capacity * VALUE_BYTES) + POINTER * buckets_of(round(capacity))
    hits = 0
    for number in range(SERVERS):
        s = keys_state(
            [Keyspace(catalog, 0, VALUE_BYTES, NEVER)],
            [Server(memory, policy, samples)],
            number,
            0,
        )
        keys = np.minimum(np.searchsorted(shares, np.random.default_rng(number).random(requests)), catalog - 1)
        hits += _play(s, keys, rate_rps, counted_from_request)
    return {"hit_ratio": hits / SERVERS / (requests - counted_from_request)}


@entry
def _play(s: Keys, keys: Any, rate: float, counted_from: int) -> int:
    """Hits among the requests from number ``counted_from`` on."""
    hits = 0
    for n in range(len(keys)):
        now = n / rate
        key = keys[n]
        if key_get(s, 0, key, now):
            hits += 1 if n >= counted_from else 0
        else:
            key_set(s, 0, key, now)
    return hits


_KINDS: dict[str, Callable[..., dict[str, Any]]] = {
    "hash_slot": _hash_slot,
    "memory_per_key": _memory,
    "lfu_counter": _lfu,
    "eviction_decision": _eviction,
    "sentinel_failover": _sentinel,
    "cluster_failover": _cluster,
    "replica_without_password": _replica,
    "rdb_pull": _rdb_pull,
    "redis_measured": _measured,
}
