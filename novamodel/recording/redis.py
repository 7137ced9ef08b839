"""Records a Redis: hash slots, memory a key, the counter of LFU, and who goes when memory is full."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from novamodel.recording.form import Case, case
from novamodel.recording.programs import find_program, running, version_of
from novamodel.recording.resp import Redis

FILE, WHAT = "redis", "Redis: hash slots, memory per key, LFU counter, eviction decisions"
SLOTS = ("a", "user:1000", "{user1000}.followers", "foo{}{bar}", "foo{{bar}}zap", "foo{bar}{zap}", "{}", "äöü")
KEYS = 131_072
"""So many keys fill a table of a power of two."""
SIZES: tuple[tuple[int, int | None, bool], ...] = (
    (12, 1, False), (12, None, False), (18, 44, False), (18, 45, False), (24, 300, True), (33, 1000, False),
)  # fmt: skip
"""Bytes of the key, of the value (None: a whole number), and whether it has a lifetime."""
LFU = ((0, 100), (1, 300), (10, 100), (10, 1000), (100, 1000))
"""lfu-log-factor, and uses of a key."""
LFU_KEYS = 100
FILLED, VALUE, OVER = 6000, 500, 1_000_000
"""Keys and bytes of a full server, and bytes over its limit: more than the buffers that it may give back meanwhile."""
POLICIES = (
    "noeviction", "allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru", "volatile-lfu", "volatile-random",
    "volatile-ttl",
)  # fmt: skip


@contextmanager
def redis_server(folder: Path, *settings: str) -> Iterator[Redis]:
    """A connection to a Redis that keeps nothing."""
    program = find_program("redis-server")
    words = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder, *settings]
    with running(lambda port: [program, "--port", port, *words], folder) as port:
        client = Redis(port)
        try:
            yield client
        finally:
            client.close()


def record(folder: Path) -> tuple[str, list[Case]]:
    """(version, cases) of the Redis that is installed; ``folder`` is for its files."""
    cases: list[Case] = []

    def add(kind: str, given: Case, expected: Case, **tolerance: Any) -> None:
        cases.append(case(FILE, len(cases) + 1, kind, given, expected, tolerance))

    with redis_server(folder, "--cluster-enabled", "yes") as clustered:
        for key in SLOTS:
            part = key.partition("{")[2].partition("}") if "{" in key else ("", "", "")
            hashed = part[0] if part[0] and part[1] else key
            slot = int(clustered.ask("CLUSTER", "KEYSLOT", key))
            if slot == int(clustered.ask("CLUSTER", "KEYSLOT", hashed)):
                add("hash_slot", {"key": key}, {"slot": slot, "hashed_part": hashed})
    with redis_server(folder) as client:
        for key_bytes, value_bytes, mortal in SIZES:
            usage, each = memory_of(client, key_bytes, value_bytes, mortal)
            given = {
                "type": "string", "key_bytes": key_bytes, "value_bytes": value_bytes or 6,
                "value_is_integer": value_bytes is None, "has_ttl": mortal, "keys": KEYS,
            }  # fmt: skip
            expected = {"memory_usage_bytes": usage, "used_memory_per_key_bytes": round(each, 2)}
            add("memory_per_key", given, expected, used_memory_per_key_bytes={"abs": 0.5, "rel": 0.0})
        for factor, hits in LFU:
            given = {"log_factor": factor, "initial_counter": 5, "hits": hits}
            add("lfu_counter", given, {"mean_counter": counter_of(client, factor, hits)},
                mean_counter={"abs": 1.5, "rel": 0.1})  # fmt: skip
        for policy in POLICIES:
            for mortal in (True, False):
                for operation in ("write", "read") if mortal and policy == "noeviction" else ("write",):
                    given = {"policy": policy, "over_maxmemory": True, "operation": operation,
                             "keys_with_ttl_left": mortal}  # fmt: skip
                    add("eviction_decision", given, {"result": decision(client, policy, operation, mortal)})
    return f"Redis {version_of('redis-server', '--version')}", cases


def memory_of(client: Redis, key_bytes: int, value_bytes: int | None, mortal: bool) -> tuple[int, float]:
    """(MEMORY USAGE of a key, growth of used_memory by key) in bytes, with a full table of keys."""
    client.ask("FLUSHALL")
    client.ask("CONFIG", "SET", "maxmemory", 0)
    value = 123_456 if value_bytes is None else "v" * value_bytes
    life = ("EX", 100_000) if mortal else ()
    before = settled_memory(client)
    client.ask_all(("SET", f"{number:0{key_bytes}d}", value, *life) for number in range(KEYS))
    each = (settled_memory(client) - before) / KEYS
    usage = int(client.ask("MEMORY", "USAGE", f"{0:0{key_bytes}d}"))
    client.ask("FLUSHALL")
    return usage, each


def settled_memory(client: Redis) -> int:
    """used_memory, once the buffers of many commands are gone and tables are moved."""
    before = -1
    while (now := client.info("used_memory")) != before:
        before = now
        time.sleep(0.25)
    return now


def counter_of(client: Redis, factor: int, hits: int) -> float:
    """Mean counter of keys that were set and then read so many times at once."""
    client.ask("FLUSHALL")
    for name, value in (("maxmemory", 0), ("maxmemory-policy", "allkeys-lfu"), ("lfu-log-factor", factor)):
        client.ask("CONFIG", "SET", name, value)
    client.ask_all(("SET", f"k{number}", "v") for number in range(LFU_KEYS))
    client.ask_all(("GET", f"k{number}") for _ in range(hits) for number in range(LFU_KEYS))
    counters = client.ask_all(("OBJECT", "FREQ", f"k{number}") for number in range(LFU_KEYS))
    return round(sum(counters) / LFU_KEYS, 2)


def decision(client: Redis, policy: str, operation: str, mortal: bool) -> str:
    """What a server over its limit does with a command; ``mortal``: half of its keys have a lifetime."""
    client.ask("CONFIG", "SET", "maxmemory", 0)
    client.ask("CONFIG", "SET", "maxmemory-policy", "noeviction")
    client.ask("FLUSHALL")
    lives = (("EX", 100_000) if mortal and number % 2 else () for number in range(FILLED))
    client.ask_all(("SET", f"k{number}", "v" * VALUE, *life) for number, life in enumerate(lives))
    client.ask("CONFIG", "SET", "maxmemory", client.info("used_memory") - OVER)
    client.ask("CONFIG", "SET", "maxmemory-policy", policy)  # after the limit, which would evict at once
    before = client.info("evicted_keys")
    answer = client.ask("GET", "k1") if operation == "read" else client.ask("SET", "new", "v" * VALUE)
    evicted = client.info("evicted_keys") - before
    if str(answer).startswith("-OOM"):
        return "oom_error"
    return "evict_then_write" if evicted and operation == "write" else "served"
