"""The cache key by key against its closed forms: steady state under memory and lifetimes, filling from empty."""

import numpy as np
import pytest

import novamodel as nm
from novamodel.analytic import che, hit_ratio, warming
from novamodel.components.redis.memory import entry_bytes, table_bytes
from novamodel.errors import UserError
from novamodel.scenario import Tree, build
from novamodel.simulation import POLICIES, replay_cache

FILL = {"cache": {"op": "set", "keyspace": "item"}}
READ = [{"cache": {"op": "get", "keyspace": "item", "on_miss": [FILL]}}]


def memory_for(keys, ttl):
    """Bytes for so many entries and their tables."""
    entries = keys * entry_bytes(18, 1024, ttl != "0 s")
    return entries + (2 if ttl != "0 s" else 1) * table_bytes(keys, entries, 1e12)


def cached(keys=2000, ttl="0 s", room=None, popularity="zipf 0.8", write=0.0, **changes):
    tree = {
        "name": "cached",
        "traffic": {"shape": "constant", "peak": "200 requests/s", "mix": {"read": 1 - write, "write": write}},
        "services": {
            "api": {
                "routes": {"read": READ, "write": [{"cache": {"op": "delete", "keyspace": "item"}}]},
            }
        },
        "cache": {
            "keyspaces": {"item": {"keys": keys, "ttl": ttl, "popularity": popularity}},
            "memory": f"{memory_for(room or 10 * keys, ttl)} B",
        },
        "run": {"seed": 3},
    }
    return build(Tree(tree)).override(changes)


def replayed(scenario, duration=240.0, **more):
    """Hit ratio over the second half of a replay."""
    rows = replay_cache(scenario, duration, step_s=duration / 2, **more)
    late = rows[rows["time_s"] > duration * 0.75]
    return late["hits"].sum() / late["reads"].sum()


@pytest.mark.parametrize(
    "scenario",
    [
        cached(room=200),
        cached(room=800, popularity="zipf 1.1"),
        cached(ttl="20 s"),
        cached(ttl="30 s", room=400),
        cached(room=400, write=0.3),
    ],
    ids=["LRU", "LRU, steep", "lifetime", "lifetime and memory", "deletes"],
)
def test_the_closed_hit_ratio_is_the_replayed_one(scenario):
    assert replayed(scenario) == pytest.approx(hit_ratio(scenario, "item"), abs=0.015)


def test_random_eviction_is_ches_second_form_and_worse_than_lru():
    scenario = cached(room=200)
    random = replayed(scenario, policy="allkeys-random")
    assert random == pytest.approx(float(che(2000, 0.8, 200).hit_random_or_fifo), abs=0.015)
    assert random < replayed(scenario)


def test_policies_keep_within_memory_and_without_eviction_nothing_new_gets_in():
    scenario = cached(room=100, ttl="1000 s")
    for policy in POLICIES:
        rows = replay_cache(scenario, 60.0, policy=policy, replications=1, step_s=10.0)
        assert rows["entries"].max() <= 101  # memory is looked at before a command
        assert (rows["evicted"].sum() > 0) == (policy != "noeviction")
    with pytest.raises(UserError, match="no policy"):
        replay_cache(scenario, 1.0, policy="lru")
    with pytest.raises(UserError, match="too many"):
        replay_cache(scenario, 1e6)


@pytest.mark.parametrize(
    "scenario",
    [cached(ttl="0 s"), cached(ttl="20 s"), cached(room=400), cached(ttl="20 s", write=0.3)],
    ids=["endless", "lifetime", "memory", "deletes"],
)
def test_an_empty_cache_fills_as_it_is_replayed(scenario):
    rows = replay_cache(scenario, 60.0, step_s=3.0, replications=4)
    found = rows.groupby("time_s")[["reads", "hits"]].sum()
    curve = warming(scenario, 60.0)
    middle = np.interp(found.index - 1.5, curve["time_s"], curve["hit_ratio"])
    assert np.abs(found["hits"] / found["reads"] - middle).max() < 0.05
    assert curve["hit_ratio"].iloc[0] == 0.0


def test_a_warm_cache_has_its_steady_ratio():
    for scenario in (cached(ttl="20 s"), cached(room=300), cached(ttl="30 s", room=400, write=0.2)):
        curve = warming(scenario, 1000.0)
        assert curve["hit_ratio"].iloc[-1] == pytest.approx(hit_ratio(scenario, "item"), rel=0.01)
    with pytest.raises(ValueError, match="above 0"):
        warming(cached(), 0.0)


def test_novabank_warms_within_its_lifetime():
    scenario = nm.load("novabank")
    curve = warming(scenario, 900.0)
    steady = hit_ratio(scenario, "account")
    assert curve["hit_ratio"].max() < 1.1 * steady
    assert np.interp(300.0, curve["time_s"], curve["hit_ratio"]) > 0.9 * steady
