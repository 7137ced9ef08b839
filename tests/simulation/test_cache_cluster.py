"""A Redis cluster in runs: keys lie at the master of their hash slot; each has a thread and a memory of its own."""

from __future__ import annotations

import numpy as np
import pytest

from novamodel.analytic import hit_ratio, mg1, tier_demands
from novamodel.analytic.shards import master_shares
from novamodel.components.redis.memory import entry_bytes
from novamodel.components.redis.slots import SLOTS, hash_slot, key_shards, shard_of
from novamodel.errors import UserError
from novamodel.simulation import simulate
from novamodel.simulation.build import build

KEYS = 3000


def clustered(plain, *, shards=3, rate=300, keys=KEYS, space=None, **cache):
    get = {"op": "get", "keyspace": "row", "on_miss": [{"cache": {"op": "set", "keyspace": "row"}}]}
    row = {"keys": keys, "popularity": "zipf 0.9", "value_size": "786 B", "ttl": "0 s"} | (space or {})
    return plain(
        {
            "traffic": {"peak": f"{rate} requests/s", "mix": {"read": 1.0}},
            "services": {"api": {"routes": {"read": [{"cache": get}]}}},
            "cache": {"keyspaces": {"row": row}, "cluster": {"shards": shards}, "network": "0 s", **cache},
            "run": {"warm_up": "2 s", "duration": "38 s", "replications": 10, "start_state": "steady"},
        }
    )


def test_slots_are_dealt_as_redis_cli_deals_them():
    """`redis-cli --cluster create` prints "Master[0] -> Slots 0 - 5460", "5461 - 10922" and "10923 - 16383"."""
    owners = [shard_of(slot, 3) for slot in range(SLOTS)]
    assert [owners.index(shard) for shard in range(3)] == [0, 5461, 10923]
    for shards in (1, 2, 5, 7, 90, 500):
        owners = np.array([shard_of(slot, shards) for slot in range(SLOTS)])
        assert (np.diff(owners) >= 0).all()
        counts = np.bincount(owners, minlength=shards)
        assert counts.max() - counts.min() <= 1


def test_keys_lie_where_their_names_say():
    found = key_shards("row", 1234, 7)
    assert [shard_of(hash_slot(f"row:{n + 1}".encode()), 7) for n in range(1234)] == found.tolist()


def test_each_master_evicts_for_itself(plain):
    """Three masters with room for 400 of 1,000 keys each hold about 1,200; the hit ratio is that of the closed form."""
    room = f"{400 * entry_bytes(18, 786, False) + 512 * 8} B"
    scenario = clustered(plain, memory=room, maxmemory_samples=10)
    keys = build(scenario, arrays=True).model.keys
    assert (keys.used <= keys.memory + 4096).all()
    assert (keys.mortal + keys.lasting).tolist() == pytest.approx([400] * 3, abs=10)
    whole = np.bincount(np.asarray(keys.shard), minlength=3)
    assert (keys.end_place - keys.first_place).tolist() == whole.tolist()
    run = simulate(scenario)
    assert run.estimate("hit ratio", "row").value == pytest.approx(hit_ratio(scenario, "row"), abs=0.015)
    one = hit_ratio(clustered(plain, shards=1, memory=room), "row")
    assert hit_ratio(scenario, "row") > one + 0.1


def test_masters_work_side_by_side_and_the_busiest_is_full_first(plain):
    """Each master is an M/D/1 queue with its share of the commands; the tier is full when the busiest one is."""
    scenario = clustered(plain, rate=1400, keys=50, command_cpu="1 ms")
    shares = master_shares(scenario, "main")
    assert shares.sum() == pytest.approx(1.0)
    assert 0.36 < shares.max() < 0.6
    stays = [float(mg1(1400 * share, 0.001, 0.0).mean_time_in_system_s) for share in shares]
    run = simulate(scenario)
    found = run.estimate("mean").value
    assert found == pytest.approx(float(shares @ stays), rel=0.04)
    redis = run.tiers[run.tiers["tier"] == "redis"]
    assert set(redis["limit"]) == {3}
    assert redis["busy"].mean() == pytest.approx(1.4, rel=0.05)
    full = tier_demands(scenario).set_index("tier").at["redis", "saturation_multiple"]
    assert 1400 * full == pytest.approx(1000 / shares.max(), rel=0.01)


@pytest.mark.parametrize(
    "changes",
    [
        {"cluster": {"shards": 2}, "memory": "30 KiB", "appendfsync": "always", "space": {"ttl": "2 s"}},
        {"cluster": {"shards": 5}, "engine": "valkey", "memory": "20 KiB"},
        {"space": {"hit_ratio": 0.5}},
    ],
)
def test_both_engines_agree(plain, both, changes):
    scenario = clustered(plain, **changes).override({"run.duration": "10 s"})
    run = both(scenario)
    assert len(run.requests) > 2500


def test_a_cluster_that_loses_every_entry_fills_again(plain, both):
    scenario = clustered(plain).override({"run.duration": "20 s"})
    operations = [{"at": "12:00:05", "cache_emptied": {}}, {"at": "12:00:12", "cache_failover": {"duration": "3 s"}}]
    run = both(scenario.override({"operations": operations}))
    assert any(row["kind"] == "emptied" for row in run.events)


def test_keys_whose_outcome_is_known_are_spread_evenly(plain):
    run = simulate(clustered(plain, rate=1400, command_cpu="1 ms", space={"hit_ratio": 1.0}))
    assert run.estimate("mean").value == pytest.approx(0.001 * (1 + 0.4667 / (2 * (1 - 0.4667))), rel=0.05)


def test_valkey_holds_more_keys_in_the_same_memory(plain):
    """An entry of 12 bytes of name and 100 of value takes 184 bytes in Redis 7, and Valkey 8.0 spares a class of 16."""
    redis, valkey = (build(clustered(plain, engine=engine), arrays=True).model.keys for engine in ("redis", "valkey"))
    assert (redis.bytes[0], valkey.bytes[0]) == (entry_bytes(18, 786, False), entry_bytes(18, 786, False, valkey=True))
    assert valkey.bytes[0] == redis.bytes[0] - 16
    small = clustered(plain, memory="300 KiB")
    assert hit_ratio(small.override({"cache.engine": "valkey"}), "row") > hit_ratio(small, "row") + 0.002


def test_nodes_are_as_many_for_each_master(plain):
    assert clustered(plain).cache.nodes == 3
    assert clustered(plain, nodes=6).cache.nodes == 6
    with pytest.raises(UserError, match="4 nodes are not 3 masters"):
        clustered(plain, nodes=4)
