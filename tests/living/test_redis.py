"""Redis and the model decide alike: slots, memory a key, LFU's counter, eviction, expiry, what INFO counts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from judged import disagreements, skipped_where_missing

from novamodel.components.redis.commands import key_get, key_set
from novamodel.components.redis.memory import entry_bytes
from novamodel.components.redis.state import NEVER, Keyspace, Server, in_lists, keys_state
from novamodel.recording.redis import KEYS, memory_of, redis_server, settled_memory
from novamodel.recording.resp import Redis

VALUE = 500


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Redis]:
    with ExitStack() as stack:
        with skipped_where_missing():
            client = stack.enter_context(redis_server(tmp_path))
        yield client


def test_slots_memory_counters_and_who_goes(replayed: Any) -> None:
    found = replayed("redis")
    assert not disagreements(found)
    assert len(found.verdicts) >= 30


def test_lifetimes_end_and_info_counts_alike(server: Redis) -> None:
    """Half of 200 keys live for a quarter of a second; all are read before and after."""
    keys = 100
    model = in_lists(keys_state([Keyspace(keys, 0, 600, 0.25), Keyspace(keys, 0, 600, NEVER)], [Server(1 << 30)], 1, 0))
    begin = time.monotonic()
    for space, life in ((0, ("PX", 250)), (1, ())):
        for number in range(keys):
            assert server.ask("SET", f"{space}:{number}", "v" * VALUE, *life) == "OK"
            key_set(model, space, space * keys + number, time.monotonic() - begin)
    for pause in (0.05, 0.4):
        time.sleep(pause)
        for space in (0, 1):
            for number in range(keys):
                there = server.ask("GET", f"{space}:{number}") is not None
                assert key_get(model, space, space * keys + number, time.monotonic() - begin) == there
    assert server.info("keyspace_hits") == sum(model.hits) == 3 * keys
    assert server.info("keyspace_misses") == sum(model.gets) - sum(model.hits) == keys
    assert server.info("expired_keys") == sum(model.expired) == keys
    assert server.ask("DBSIZE") == sum(model.entries) == keys


def test_reads_do_not_renew_a_lifetime_and_a_set_without_one_ends_it(server: Redis) -> None:
    model = in_lists(keys_state([Keyspace(1, 0, 600, 0.3)], [Server(1 << 30)], 1, 0))
    server.ask("SET", "k", "v", "PX", 300)
    key_set(model, 0, 0, 0.0)
    for now in (0.1, 0.2, 0.35):
        time.sleep(0.1 if now < 0.3 else 0.2)
        assert (server.ask("GET", "k") is not None) == bool(key_get(model, 0, 0, now)) == (now < 0.3)
    server.ask("SET", "k", "v", "PX", 100)
    server.ask("SET", "k", "v")
    time.sleep(0.2)
    assert server.ask("GET", "k") == "v"


@pytest.mark.parametrize("policy", ["allkeys-lru", "allkeys-lfu", "allkeys-random"])
def test_a_full_server_holds_as_many_keys(server: Redis, policy: str) -> None:
    """Twice as many keys as fit are set once: entries at the end, and evictions, within what buffers take."""
    _, each = memory_of(server, 12, VALUE, False)
    empty = server.info("used_memory")
    fit = 8000
    room = round(fit * entry_bytes(12, VALUE, False)) + 8 * 8192
    for name, value in (("maxmemory", empty + room), ("maxmemory-policy", policy)):
        server.ask("CONFIG", "SET", name, value)
    server.ask_all(("SET", f"{number:012d}", "v" * VALUE) for number in range(2 * fit))
    model = in_lists(
        keys_state([Keyspace(2 * fit, 0, entry_bytes(12, VALUE, False), NEVER)], [Server(room, policy)], 1, 0)
    )
    for number in range(2 * fit):
        key_set(model, 0, number, number * 1e-5)
    assert server.ask("DBSIZE") == pytest.approx(sum(model.entries), rel=0.02)
    assert server.info("evicted_keys") == pytest.approx(sum(model.evicted), rel=0.03)
    assert abs(each - entry_bytes(12, VALUE, False) - 8 * 131_072 / KEYS) < 0.5


def test_the_least_recently_used_tenth_goes_first(server: Redis) -> None:
    """Keys 0 to 999 were used again after a pause: nearly all that goes is of the others, in both."""
    keys, spare = 5000, 400  # a table of 8,192 buckets before and after
    server.ask("CONFIG", "SET", "maxmemory-samples", 10)
    server.ask_all(("SET", f"{number:012d}", "v" * VALUE) for number in range(keys))
    size = entry_bytes(12, VALUE, False)
    model = in_lists(keys_state([Keyspace(keys + spare, 0, size, NEVER)], [Server(1 << 30, "allkeys-lru", 10)], 1, 0))
    for number in range(keys):
        key_set(model, 0, number, 0.0)
    time.sleep(3.1)  # the clock of LRU is in seconds
    server.ask_all(("GET", f"{number:012d}") for number in range(1000))
    for number in range(1000):
        key_get(model, 0, number, 3.1)
    server.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    server.ask("CONFIG", "SET", "maxmemory", settled_memory(server))
    model.memory[0] = model.used[0]
    for number in range(keys, keys + spare):  # one by one: a buffer of many commands would count as memory
        server.ask("SET", f"{number:012d}", "v" * VALUE)
        key_set(model, 0, number, 3.2)
    left = server.ask_all(("EXISTS", f"{number:012d}") for number in range(keys))
    gone = {number for number, there in enumerate(left) if not there}
    lost = {number for number in range(keys) if model.place[number] < 0}
    assert len(gone) == pytest.approx(len(lost), rel=0.25)
    for of in (gone, lost):
        assert sum(number < 1000 for number in of) <= 0.02 * len(of)
