"""Caches whose keys live one by one, in runs: against theory, from every start state, and what follows of itself."""

from __future__ import annotations

import numpy as np
import pytest

from novamodel.analytic import che, hit_ratio
from novamodel.components.redis.memory import entry_bytes, table_bytes
from novamodel.errors import UserError
from novamodel.simulation import codes, simulate
from novamodel.simulation import layout as layout_module
from novamodel.simulation.build import build
from novamodel.simulation.replication import replicate
from novamodel.workload.key_draws import key_drawn, key_draws, key_shares

KEYS, EXPONENT = 10_000, 0.9


def cached(plain, *, keys=KEYS, ttl="0 s", memory="1 GiB", deletes=0.0, start="steady", space=None, **cache):
    """Reads that fill on a miss, and deletes, 200 a second in all: nothing takes time but the cache's thread."""
    fill = {"cache": {"op": "set", "keyspace": "row"}}
    mix = {"read": 1.0 - deletes, "write": deletes} if deletes else {"read": 1.0}
    row = {"keys": keys, "popularity": f"zipf {EXPONENT}", "value_size": "786 B", "ttl": ttl} | (space or {})
    return plain(
        {
            "traffic": {"peak": "200 requests/s", "mix": mix},
            "services": {
                "api": {
                    "routes": {
                        "read": [{"cache": {"op": "get", "keyspace": "row", "on_miss": [{"cpu": "10 us"}, fill]}}],
                        "write": [{"cpu": "10 us"}, {"cache": {"op": "delete", "keyspace": "row"}}],
                    }
                }
            },
            "cache": {"memory": memory, "keyspaces": {"row": row}, "command_cpu": "7 us", **cache},
            "run": {"warm_up": "2 s", "duration": "38 s", "replications": 10, "start_state": start},
        }
    )


def memory_for(keys):
    entries = keys * entry_bytes(18, 786, False)
    return f"{entries + table_bytes(keys, entries, 1e12)} B"


def test_a_cache_that_is_full_at_the_start_forgets_it_key_by_key(plain):
    """Key k is there with probability steady + (1 - steady) exp(-(reads + deletes) t)."""
    scenario = cached(plain, ttl="300 s", deletes=0.15, start="given", space={"start": "full"})
    share, steady = key_shares(KEYS, EXPONENT), 0.85
    rate = 200 * share
    theory = share @ (steady + (1 - steady) * (np.exp(-2 * rate) - np.exp(-40 * rate)) / (38 * rate))
    assert theory == pytest.approx(0.904, abs=0.001)
    run = simulate(scenario)
    assert run.estimate("hit ratio", "row").value == pytest.approx(theory, rel=0.004)
    assert any("depends on what it begins with" in text for text in run.warnings)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"ttl": "300 s", "deletes": 0.15},
        {"ttl": "5000 s", "deletes": 0.02},
        {"memory": memory_for(1500)},
        {"memory": memory_for(1500), "maxmemory_policy": "allkeys-random"},
        {"memory": memory_for(3000), "deletes": 0.1},
    ],
    ids=["endless", "lifetime and deletes", "long lifetime", "LRU", "random", "LRU and deletes"],
)
def test_a_steady_start_has_the_steady_hit_ratio_from_the_beginning(plain, changes):
    scenario = cached(plain, **changes)
    run = simulate(scenario)
    assert run.estimate("hit ratio", "row").value == pytest.approx(hit_ratio(scenario, "row"), rel=0.02)
    assert not any("what it begins with" in text for text in run.warnings)


def test_lru_is_ches_within_a_hundredth(plain):
    """Ten keys sampled for each eviction are true LRU for all that can be seen."""
    scenario = cached(plain, memory=memory_for(1500), maxmemory_samples=10)
    found = simulate(scenario.override({"run.duration": "120 s"})).estimate("hit ratio", "row").value
    assert found == pytest.approx(float(che(KEYS, EXPONENT, 1500).hit_lru), rel=0.01)


def test_cold_begins_with_nothing_and_says_so(plain):
    """Of equal keys without lifetime a share exp(-t / (keys / rate)) is still missing after t."""
    scenario = cached(plain, keys=2000, start="cold", space={"popularity": "uniform"})
    run = simulate(scenario.override({"run.warm_up": "0 s", "run.duration": "10 s"}))
    mean_missing = (1 - np.exp(-1.0)) / 1.0
    assert run.estimate("hit ratio", "row").value == pytest.approx(1 - mean_missing, abs=0.015)
    (row,) = run.caches.itertuples()
    assert row.keys == "one by one"
    assert row.sets == row.gets - row.hits
    assert any("from empty it is steady not within the run" in text for text in run.warnings)


def test_a_share_given_is_there_at_the_start_and_nothing_else(plain):
    plan = build(cached(plain, start="given", space={"start": "30 %"}), arrays=True)
    assert plan.model.keys.entries[0] == pytest.approx(0.3 * KEYS, abs=5 * np.sqrt(0.21 * KEYS))
    assert build(cached(plain, start="given", space={"start": "empty"}), arrays=True).model.keys.entries[0] == 0
    full = build(cached(plain, start="given", space={"start": "full"}, memory=memory_for(500)), arrays=True)
    assert full.model.keys.entries[0] == pytest.approx(500, rel=0.02)
    assert (full.model.keys.place[:400] >= 0).all()  # the most asked for
    with pytest.raises(UserError, match="given only"):
        cached(plain, space={"start": "full"})


def test_a_stampede_follows_from_a_slow_fill(plain, both):
    """One key, 100 reads a second, gone at 10 s; its fill takes 200 ms: some twenty callers miss it meanwhile."""
    get = {"op": "get", "keyspace": "k", "on_miss": [{"wait": "200 ms"}, {"cache": {"op": "set", "keyspace": "k"}}]}
    run = both(
        plain(
            {
                "services": {"api": {"routes": {"read": [{"cache": get}]}}},
                "cache": {"keyspaces": {"k": {"keys": 1, "ttl": "0 s"}}},
                "operations": [{"at": "12:00:10", "cache_emptied": {}}],
                "run": {"start_state": "steady"},
            }
        )
    )
    arrived = run.requests[:, 4]
    missed = arrived[run.requests[:, 5] - arrived > 0.1]
    assert 8 <= len(missed) <= 40
    assert missed.min() > 10.0
    assert missed.max() < 10.0 + 0.2 + 0.01
    (row,) = run.caches
    assert row["gets"] - row["hits"] == row["sets"] == len(missed)
    assert row["entries"] == 1


def test_several_keys_in_one_command_are_all_needed(plain):
    """Each of three keys is there with the same probability: a miss leads on when any is missing."""
    scenario = cached(plain, deletes=0.3, space={"popularity": "uniform"})
    count = {"services.api.routes.read.0.cache.count": 3, "services.api.routes.read.0.cache.on_miss.1.cache.count": 3}
    scenario = scenario.override(count | {"cache.keyspaces.row.keys": 300})
    run = simulate(scenario)
    ratio = run.estimate("hit ratio", "row").value
    assert ratio == pytest.approx(hit_ratio(scenario, "row"), abs=0.02)
    (row,) = run.caches.itertuples()
    assert row.gets == 3 * int(run.routes.set_index("route").at["read", "served"])
    assert row.sets / row.gets == pytest.approx(1 - ratio**3, abs=0.02)


def test_where_memory_is_full_and_nothing_may_go_sets_are_refused(plain):
    scenario = cached(plain, memory=memory_for(100), start="cold", maxmemory_policy="noeviction")
    (row,) = simulate(scenario).caches.itertuples()
    assert row.evicted == 0
    assert row.refused > 0
    assert row.entries <= 101


def test_without_the_cache_every_get_misses_and_nothing_is_stored(plain, both):
    changes = [{"at": "12:00:00", "cache_failover": {"commands": "miss", "duration": "500 s"}}]
    run = both(cached(plain, start="cold").override({"operations": changes, "run.warm_up": "0 s"}))
    (row,) = run.caches
    assert row["hits"] == row["entries"] == 0
    assert row["gets"] > 5000


def test_too_many_keys_follow_the_closed_form_and_the_result_says_so(plain, monkeypatch):
    monkeypatch.setattr(layout_module, "MOST_KEYS", KEYS - 1)
    scenario = cached(plain, ttl="300 s", deletes=0.15)
    run = simulate(scenario)
    assert any("10,000 keys of row are not kept one by one" in text for text in run.warnings)
    assert run.caches["keys"].tolist() == ["closed form"]
    assert run.estimate("hit ratio", "row").value == pytest.approx(hit_ratio(scenario, "row"), abs=0.01)


def test_a_stated_hit_ratio_needs_no_keys(plain):
    run = simulate(cached(plain, space={"hit_ratio": 0.25}))
    assert run.estimate("hit ratio", "row").value == pytest.approx(0.25, abs=0.01)
    assert run.caches["keys"].tolist() == ["stated"]


def test_a_recorded_hit_or_miss_leaves_the_keys_alone(plain, tmp_path):
    (tmp_path / "log.csv").write_text(
        "time,route,client,hit\n" + "".join(f"{n / 10},read,a,{n % 2}\n" for n in range(100))
    )
    fill = {"cache": {"op": "set", "keyspace": "row"}}
    replayed = plain(
        {
            "traffic": {"loop": "replay", "replay": {"files": [str(tmp_path / "log.csv")]}},
            "services": {"api": {"routes": {"read": [{"cache": {"op": "get", "keyspace": "row", "on_miss": [fill]}}]}}},
            "cache": {"keyspaces": {"row": {"keys": 100}}},
            "run": {"start_state": "cold"},
        }
    )
    (row,) = replicate(replayed, 0).caches
    assert (row["gets"], row["hits"], row["sets"], row["entries"]) == (100, 50, 50, 0)


def test_both_engines_begin_with_the_same_keys(plain):
    scenario = cached(plain, ttl="300 s", deletes=0.15, memory=memory_for(900))
    one, other = (build(scenario, arrays=arrays).model.keys for arrays in (True, False))
    for name, column in one._asdict().items():
        assert column.tolist() == getattr(other, name), name
    assert build(scenario, arrays=True, replication=1).model.keys.place.tolist() != one.place.tolist()


def test_keys_are_drawn_by_their_popularity():
    draws = key_draws([(50, 1.1), None, (7, 0.0)], np.array([0, 50, 50]))
    u = (np.arange(200_000) + 0.5) / 200_000
    many = np.bincount([key_drawn(draws, 0, x) for x in u], minlength=50) / len(u)
    assert many == pytest.approx(np.arange(1, 51) ** -1.1 / (np.arange(1, 51) ** -1.1).sum(), abs=1e-5)
    assert {key_drawn(draws, 2, x) for x in u[::100]} == set(range(50, 57))


def test_a_get_that_hits_skips_its_steps(plain):
    run = replicate(cached(plain, start="given", space={"start": "full"}), 0, keep_requests=True)
    assert (run.requests[:, 2] == codes.SERVED).all()
    assert run.caches[0]["hits"] == run.caches[0]["gets"]


@pytest.mark.parametrize(("when", "least", "most"), [("off", 0.0, 0.0), ("always", 0.002, 0.002), ("everysec", 0, 0)])
def test_an_append_only_file_costs_each_write_what_its_setting_says(plain, when, least, most):
    """One write a second: no two share a turn of the event loop."""
    set_row = {"routes": {"read": [{"cache": {"op": "set", "keyspace": "row"}}]}}
    cache = {"keyspaces": {"row": {"keys": 5}}, "command_cpu": "1 ms", "appendfsync": when, "fsync": "2 ms"}
    source = {"loop": "periodic", "every": "1 s"}
    run = replicate(plain({"traffic": source, "services": {"api": set_row}, "cache": cache}), 0, keep_requests=True)
    took = run.requests[:, 5] - run.requests[:, 4]
    assert took.min() == pytest.approx(0.001 + least)
    assert took.max() == pytest.approx(0.001 + most)


@pytest.mark.parametrize(
    ("fault", "low", "high"),
    [
        ({"noticed_by": "sentinel", "detect_after": "5 s"}, 5.3, 5.4),
        ({"noticed_by": "cluster", "detect_after": "5 s"}, 5.5, 8.5),
        ({}, 15.0, 15.0),
        ({"noticed_by": "sentinel", "duration": "3 s"}, 3.0, 3.0),
    ],
)
def test_a_failover_takes_as_long_as_who_notices_it_needs(plain, fault, low, high):
    scenario = cached(plain, nodes=2).override({"operations": [{"at": "12:00:02", "cache_failover": fault}]})
    gone = []
    for number in range(3):
        begin, end = (event["time_s"] for event in replicate(scenario, number).events)
        gone.append(end - begin)
    assert low - 1e-9 <= min(gone) <= max(gone) <= high + 1e-9
    assert (len({round(one, 6) for one in gone}) == 1) == (low == high)
