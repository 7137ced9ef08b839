"""Redis's keys by themselves: against a dictionary, their books, who goes when memory is full, and what expires."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from novamodel.components.fifo import fifo_state
from novamodel.components.redis.commands import CYCLE_S, flush, key_delete, key_get, key_set
from novamodel.components.redis.lfu import lfu_chance, lfu_decayed
from novamodel.components.redis.memory import (
    buckets_after_insert,
    buckets_after_remove,
    buckets_of,
    entry_bytes,
    memory_usage,
    size_class,
    table_bytes,
    used_per_key,
)
from novamodel.components.redis.persistence import append_only_state, command_join
from novamodel.components.redis.replication import cluster_served_s, replica_link, sentinel_promotion_s
from novamodel.components.redis.slots import SLOTS, crc16, hash_slot
from novamodel.components.redis.state import ABSENT, NEVER, POLICIES, Keyspace, Server, in_lists, keys_state

MORTAL, LASTING = 0, 1
KEYS = 20


def servers(policy="allkeys-lru", memory=1 << 30, ttl=5.0, samples=5):
    """A server with a keyspace of 20 keys with a lifetime, and one of 20 without; 100 and 60 bytes an entry."""
    spaces = [Keyspace(KEYS, 0, 100, ttl), Keyspace(KEYS, 0, 60, NEVER)]
    return in_lists(keys_state(spaces, [Server(memory, policy, samples)], 5, 9))


def there(s):
    """The keys that are in the tables, ended or not."""
    return {key for key in range(2 * KEYS) if s.place[key] != ABSENT}


def check_books(s):
    """Places, counts and bytes agree with each other."""
    held = there(s)
    mortal = {key for key in held if key < KEYS}
    assert (s.mortal[0], s.lasting[0]) == (len(mortal), len(held) - len(mortal))
    assert s.entries == [len(mortal), len(held) - len(mortal)]
    for key in held:
        assert s.key[s.place[key]] == key
        inside = s.place[key] < s.mortal[0] if key < KEYS else s.place[key] >= s.end_place[0] - s.lasting[0]
        assert inside
    tables = 8 * (s.buckets[0] + s.mortal_buckets[0])
    assert s.used[0] == 100 * s.entries[0] + 60 * s.entries[1] + tables


COMMANDS = st.lists(
    st.tuples(
        st.sampled_from(["get", "set", "delete"]), st.integers(0, 2 * KEYS - 1), st.sampled_from([0, 0.01, 0.4, 3])
    ),
    max_size=120,
)


@given(COMMANDS)
def test_without_a_limit_it_is_a_dictionary_with_lifetimes(commands):
    s, model, now = servers(), {}, 0.0
    for what, key, pause in commands:
        now += pause
        space = MORTAL if key < KEYS else LASTING
        if what == "get":
            assert key_get(s, space, key, now) == (model.get(key, -1.0) > now)
        elif what == "set":
            assert key_set(s, space, key, now)
            model[key] = now + 5.0 if space == MORTAL else NEVER
        else:
            key_delete(s, space, key, now)
            model.pop(key, None)
        check_books(s)
        assert {key for key, end in model.items() if end > now} <= there(s)
    assert s.evicted == [0, 0]
    assert sum(s.gets) + sum(s.sets) + sum(s.deletes) == len(commands)


@given(st.sampled_from(sorted(POLICIES)), st.integers(1, 9), st.integers(0, 1500), COMMANDS)
def test_memory_is_kept_by_evictions_that_the_policy_allows(policy, samples, memory, commands):
    s, now = servers(policy, memory, samples=samples), 0.0
    for what, key, pause in commands:
        now += pause
        before, space = there(s), MORTAL if key < KEYS else LASTING
        evicted, refused = list(s.evicted), sum(s.refused)
        if what == "get":
            key_get(s, space, key, now)
        elif what == "set":
            key_set(s, space, key, now)
        else:
            key_delete(s, space, key, now)
        check_books(s)
        if policy.startswith("volatile") or policy == "noeviction":
            assert s.evicted[LASTING] == 0
        if policy == "noeviction":
            assert s.evicted == [0, 0]
        if s.evicted == evicted and what == "set" and sum(s.refused) == refused:
            assert there(s) >= before - {k for k in before if s.expires[k] <= now}
        added = 60 if space else 100
        assert s.used[0] <= memory + added + 16 * 64 or sum(s.refused) > refused or what != "set"
    assert all(s.decides[0] != 0 or s.evicted[space] == 0 for space in (MORTAL, LASTING))


def filled(policy, **more):
    """Twenty keys of either kind, set a second apart, and no room for another."""
    s = servers(policy, ttl=1000.0, samples=64, **more)
    for key in range(KEYS):
        key_set(s, MORTAL, key, float(key))
        key_set(s, LASTING, KEYS + key, float(key))
    key_delete(s, LASTING, 2 * KEYS - 1, 20.0)
    s.memory[0] = s.used[0] - 1  # one has to go
    return s


@pytest.mark.parametrize(
    ("policy", "used", "gone"),
    [
        ("allkeys-lru", {0: 30.0, KEYS: 30.0}, {1, KEYS + 1}),
        ("volatile-lru", {0: 30.0, 1: 31.0}, {2}),
        ("volatile-ttl", {0: 30.0, 1: 31.0}, {0}),
        ("allkeys-lfu", {key: 30.0 for key in range(2 * KEYS - 1) if key != 7}, {7}),
        ("volatile-lfu", {key: 30.0 for key in range(2 * KEYS - 1) if key not in (4, KEYS)}, {4}),
    ],
)
def test_who_goes(policy, used, gone):
    """With so many samples that every key is looked at."""
    s = filled(policy)
    s.memory[0] += 1
    for key, now in used.items():
        assert key_get(s, MORTAL if key < KEYS else LASTING, key, now)
    s.memory[0] -= 1
    before = there(s)
    key_set(s, LASTING, 2 * KEYS - 1, 40.0)
    assert len(before - there(s)) == sum(s.evicted) == 1
    assert before - there(s) <= gone


def test_random_policies_take_any_and_only_what_they_may():
    taken = set()
    for seed in range(300):
        s = filled("volatile-random")
        s.seed[0] = seed
        before = there(s)
        key_set(s, LASTING, 2 * KEYS - 1, 40.0)
        taken |= before - there(s)
    assert taken == set(range(KEYS))


def test_within_a_second_the_oldest_is_not_known():
    """The clock has a resolution of a second: what was used within it goes in any order."""
    taken = set()
    for seed in range(100):
        s = servers("allkeys-lru", ttl=1000.0)
        s.seed[0] = seed
        for key in range(KEYS):
            key_set(s, MORTAL, key, 0.02 * key)
        s.memory[0] = s.used[0] - 1
        before = there(s)
        key_get(s, MORTAL, 0, 0.9)
        taken |= before - there(s)
    assert len(taken) > KEYS / 2


def test_ended_keys_are_freed_without_being_asked():
    s = servers(ttl=1.0)
    for key in range(KEYS):
        key_set(s, MORTAL, key, 0.0)
    key_get(s, LASTING, KEYS, 0.99)
    assert s.entries[MORTAL] == KEYS
    key_get(s, LASTING, KEYS, 1.0 + 2 * CYCLE_S)
    assert (s.entries[MORTAL], s.expired[MORTAL]) == (0, KEYS)
    check_books(s)


def test_a_set_begins_a_new_lifetime_and_a_get_does_not():
    s = servers(ttl=5.0)
    key_set(s, MORTAL, 3, 0.0)
    key_set(s, MORTAL, 3, 4.0)
    assert key_get(s, MORTAL, 3, 8.0)
    assert not key_get(s, MORTAL, 3, 9.0)


def test_flushall_leaves_nothing():
    s = filled("allkeys-lfu")
    flush(s, 0)
    assert there(s) == set()
    check_books(s)
    assert key_set(s, MORTAL, 3, 50.0)


def test_a_frequency_counter_rises_by_the_documented_chance_and_falls_by_the_minute():
    assert [lfu_chance(counter, 10) for counter in (0, 5, 6, 15, 255)] == [1.0, 1.0, 1 / 11, 1 / 101, 0.0]
    assert [lfu_decayed(10, minutes, 1) for minutes in (0, 1, 9, 10, 99)] == [10, 9, 1, 0, 0]
    assert lfu_decayed(10, 99, 0) == 10
    s = servers("allkeys-lfu", ttl=1e6)
    key_set(s, MORTAL, 0, 0.0)
    for _ in range(2000):
        key_get(s, MORTAL, 0, 1.0)
    assert 14 <= s.clock[0] & 255 <= 32  # 5 + sqrt(2 * 2000 / 10) = 25
    risen = s.clock[0] & 255
    key_get(s, MORTAL, 0, 1.0 + 600.0)
    assert risen - 10 <= s.clock[0] & 255 <= risen - 9


# --- memory, slots, failover -----------------------------------------------------------------------------------


@given(st.integers(1, 10**6))
def test_a_size_class_is_the_next_and_wastes_little(size):
    found = size_class(size)
    assert found >= size
    assert size_class(found) == found
    assert found - size < max(16, size / 4 + 1)


def test_size_classes_are_jemallocs():
    assert [size_class(n) for n in (1, 9, 17, 128, 129, 161, 257, 1025)] == [8, 16, 32, 128, 160, 192, 320, 1280]
    assert (memory_usage(12, 100), entry_bytes(12, 100, False), used_per_key(12, 100, False, 131072)) == (168, 176, 184)
    assert used_per_key(12, 100, True, 131072) - used_per_key(12, 100, False, 131072) == 40


@given(st.integers(1, 10**6))
def test_tables_are_powers_of_two(entries):
    buckets = buckets_of(entries)
    assert buckets & (buckets - 1) == 0
    assert max(4, entries) <= buckets < max(5, 2 * entries)
    assert buckets_after_insert(buckets, buckets + 1, 0, 1 << 60) == 2 * buckets
    assert buckets_after_insert(buckets, buckets + 1, 0, 0) == buckets  # no room for a larger one yet
    assert buckets_after_insert(buckets, int(1.62 * buckets) + 1, 0, 0) == 2 * buckets
    assert buckets_after_remove(buckets, entries, 0) == buckets
    assert table_bytes(entries, 0, 1 << 60) == 8 * buckets


def test_slots_are_spread_evenly_and_tags_keep_keys_together():
    assert crc16(b"123456789") == 0x31C3
    slots = np.array([hash_slot(f"account:{n}".encode()) for n in range(20_000)])
    shards = np.bincount(slots * 4 // SLOTS, minlength=4) / len(slots)
    assert shards == pytest.approx(0.25, abs=0.02)
    assert len({hash_slot(f"{{user:7}}:{n}".encode()) for n in range(50)}) == 1


def test_failover_takes_as_long_as_its_settings_say():
    sentinel = {"replicas": 1, "sentinels": 3, "quorum": 2}
    assert sentinel_promotion_s(**sentinel, down_after_s=30.0) == pytest.approx(30.35)
    assert sentinel_promotion_s(**sentinel | {"replicas": 0}, down_after_s=30.0) is None
    cluster = {"masters": 3, "replicas": 1, "killed": 1, "node_timeout_s": 15.0}
    assert (cluster_served_s(**cluster, share=0.0), cluster_served_s(**cluster, share=1.0)) == (15.5, 23.5)
    assert cluster_served_s(**cluster | {"masters": 2}) is None
    link = replica_link(master_has_password=True, replica_has_it=False, serves_stale_data=False)
    assert (link.up, link.answers) == (False, "MASTERDOWN")


# --- the append-only file --------------------------------------------------------------------------------------


def thread(when, fsync):
    return fifo_state(1), append_only_state([(when, fsync)])


def test_always_syncs_before_the_reply_once_for_all_that_were_ready():
    f, a = thread("always", 1.0)
    assert command_join(f, a, 0, 0.01, True, 0.0) == pytest.approx(1.01)
    second = [command_join(f, a, 0, 0.01, True, now) for now in (0.2, 0.3, 0.9)]  # wait for the same turn
    assert second == pytest.approx([2.02, 2.03, 2.04])
    assert command_join(f, a, 0, 0.01, False, 1.5) == pytest.approx(2.05)  # the turn goes on: this is another one
    assert f.used[0] == pytest.approx(2.05)
    assert command_join(f, a, 0, 0.01, False, 9.0) == pytest.approx(9.01)  # reads write nothing


@given(st.lists(st.tuples(st.floats(0.0, 3.0), st.booleans()), max_size=40), st.floats(0.001, 2.0))
def test_always_costs_at_most_one_sync_a_write_and_never_reorders(commands, fsync):
    f, a = thread("always", fsync)
    now, last = 0.0, 0.0
    for pause, writes in commands:
        now += pause
        done = command_join(f, a, 0, 0.001, writes, now)
        assert done >= max(now, last)
        assert not writes or done >= now + 0.001
        last = done
    syncs = (f.used[0] - 0.001 * len(commands)) / fsync
    assert syncs == pytest.approx(round(syncs), abs=1e-6)
    assert round(syncs) <= sum(writes for _, writes in commands)


def test_everysec_costs_nothing_until_a_sync_takes_more_than_two_seconds():
    for fsync, blocked in ((0.5, 0.0), (1.9, 0.0), (3.0, 1.0)):
        f, a = thread("everysec", fsync)
        late = [command_join(f, a, 0, 0.001, True, 0.1 * n) - 0.1 * n - 0.001 for n in range(40)]
        assert max(late) == pytest.approx(blocked, abs=0.11)
    f, a = thread("off", 5.0)
    assert command_join(f, a, 0, 0.001, True, 0.0) == 0.001
