"""Closed forms of a deployment: demands add up, tiers saturate where arithmetic says, the autoscaler rests."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from novamodel.analytic import (
    che,
    day,
    gate_wall_s,
    hit_ratio,
    hit_ratios,
    latency_quantile,
    mean_latency,
    peak_rate,
    steady_replicas,
    system_load,
    tier_demands,
    ttl_hit_ratio,
)
from novamodel.analytic.demand import route_demands
from novamodel.components.redis.memory import entry_bytes, table_bytes
from novamodel.scenario import Scenario, Tree, build

SMALL = {
    "name": "small",
    "traffic": {
        "peak": "100 requests/s",
        "night": "10 requests/s",
        "mix": {"read": "60 %", "write": "30 %", "login": "10 %"},
    },
    "platform": {"kind": "eks", "compute": "ec2", "core_speed": 0.5},
    "services": {
        "api": {
            "replicas": 2,
            "resources": {
                "cpu_request": "500m",
                "cpu_limit": "1000m",
                "memory_request": "256 MiB",
                "memory_limit": "512 MiB",
            },
            "autoscaler": {"min_replicas": 2, "max_replicas": 8, "cpu_target": "70 %"},
            "pool": {"max": 10, "connection_timeout": "2 s"},
            "readiness": None,
            "routes": {
                "read": [
                    {"cpu": "1 ms"},
                    {"cache": {"op": "get", "keyspace": "item", "on_miss": [{"sql": ["load"]}, {"cpu": "1 ms"}]}},
                    {"cpu": "1 ms"},
                ],
                "write": [{"cpu": "1 ms"}, {"sql": ["load", {"cpu": "2 ms"}, "store"]}, {"cpu": "1 ms"}],
                "login": [{"cpu": "1 ms"}, {"thread": "40 ms"}, {"cpu": "1 ms"}],
            },
        }
    },
    "database": {"statements": {"load": {"cpu": "1 ms"}, "store": {"cpu": "2 ms", "writes": 2}}},
    "cache": {"keyspaces": {"item": {"keys": 1000, "hit_ratio": "75 %"}}},
}


def small(**changes: object) -> Scenario:
    return build(Tree(SMALL)).override({path.replace("__", "."): value for path, value in changes.items()})


def test_demands_add_up_by_hand():
    demands = route_demands(small(), {"item": 0.75})
    read, write, login = demands["read"], demands["write"], demands["login"]
    assert read.loop_busy == pytest.approx(2 * (1 + 0.25 + 1) * 1e-3)  # half speed
    assert read.loop_bursts == 2.25
    assert read.database_busy == pytest.approx(0.25 * 2e-3)
    assert (read.cache_trips, read.transactions) == (1, 0.25)
    assert (write.statements, write.storage_operations, write.transactions) == (2, 2, 1)
    assert write.held_busy == pytest.approx(2 * (2 + 1) * 1e-3)  # given back after the burst that reads the answer
    assert login.thread_s == pytest.approx(80e-3)


def test_tiers_saturate_where_arithmetic_says():
    scenario = small()
    table = tier_demands(scenario, {"api": 2}).set_index("tier")
    cpu = 0.6 * 4.5e-3 + 0.3 * 8e-3 + 0.1 * (4e-3 + 80e-3)
    assert table.loc["api cpu", "saturation_multiple"] == pytest.approx(2 * 1.0 / (100 * cpu))
    database = 0.6 * 0.5e-3 + 0.3 * 6e-3
    assert table.loc["postgres cpu", "saturation_multiple"] == pytest.approx(2 / (100 * database))
    assert table.loc["postgres cpu", "utilisation"] == pytest.approx(100 * database / 2)
    assert table.loc["postgres storage", "saturation_multiple"] == pytest.approx(3000 / (100 * 0.6))
    assert table.loc["postgres connections", "may_open"] == 20
    assert table["may_open"].count() == 1
    assert list(table.index[table["scales_out"]]) == [tier for tier in table.index if tier.startswith("api ")]
    grown = tier_demands(scenario).set_index("tier")
    assert grown.loc["api cpu", "saturation_multiple"] == pytest.approx(8 / (100 * cpu))


def test_connections_that_may_be_opened_are_no_use_and_never_full_first():
    """How many are open is no closed form; full pools at the most replicas (8 of 20) stand beside what is accepted."""
    scenario = small(services__api__pool__max=20)
    table = tier_demands(scenario)
    row = table.set_index("tier").loc["postgres connections"]
    assert row["may_open"] == 8 * 20
    assert row["limit"] == scenario.database.max_connections - scenario.database.reserved_connections
    assert row[["busy", "utilisation", "saturation_multiple"]].isna().all()
    assert table["tier"].iloc[-1] == "postgres connections"


def test_utilisation_follows_idle_and_busy_demand():
    """u = rate ((1 - u) idle + u busy), solved; measured stacks fit this rule."""
    scenario = small(
        traffic__mix={"read": 1.0},
        services__api__routes={"read": [{"cpu": "1 ms idle 3 ms"}]},
        platform__core_speed=1.0,
    )
    for rate in (20.0, 150.0, 400.0, 900.0):
        load = system_load(scenario, rate, {"api": np.asarray(1.0)}, cpu_limit={"api": np.asarray(10.0)})
        used = float(load.services["api"].replica.loop_utilisation)
        assert used == pytest.approx(rate * ((1 - used) * 3e-3 + used * 1e-3))


def test_the_autoscaler_rests_where_the_controller_would():
    scenario = small()
    cpu = 0.6 * 4.5e-3 + 0.3 * 8e-3 + 0.1 * 84e-3
    for rate in (5.0, 60.0, 100.0, 200.0):
        count = steady_replicas(scenario, rate)["api"]
        percent = math.floor(100 * rate * cpu / count / 0.5 + 1e-6)
        assert percent <= 77 or count == 8
        assert count == 2 or math.ceil(rate * cpu / 0.35) in (count, count + 1)
    assert steady_replicas(scenario, 1.0) == {"api": 2}
    assert steady_replicas(scenario, 5000.0) == {"api": 8}
    low, high = (steady_replicas(scenario, 80.0, start={"api": n})["api"] for n in (2, 8))
    assert low <= high <= low + 1


def test_a_fixed_service_keeps_its_replicas():
    scenario = small(services__api__autoscaler=None, services__api__replicas=3)
    assert steady_replicas(scenario, 5000.0) == {"api": 3}
    assert set(day(scenario)["api"]) == {3}


def test_day_follows_the_load_and_says_what_it_is():
    table = day(small(traffic__peak="300 requests/s"))
    assert list(table["hour"]) == list(range(24))
    assert set(table["source"]) == {"steady state"}
    assert table["api"].min() == 2
    assert table["api"].max() == 8
    assert table.loc[table["rate_per_s"].idxmax(), "api"] == 8
    assert table.loc[table["rate_per_s"].idxmin(), "api"] == 2


def test_peak_rate_of_shapes():
    assert peak_rate(small()) == 100
    assert peak_rate(small(traffic__shape=[["06:00", "20 requests/s"], ["18:00", "250 requests/s"]])) == 250


def test_latency_falls_with_replicas_and_is_infinite_beyond_capacity():
    scenario = small()
    load = system_load(scenario, 100.0, {"api": np.array([1, 2, 3, 4, 8])})
    means, tails = mean_latency(scenario, load), latency_quantile(scenario, load, 0.99)
    assert math.isinf(means[0])
    assert math.isinf(tails[0])
    assert (np.diff(means[1:]) < 0).all()
    assert (np.diff(tails[1:]) <= 1e-9).all()
    assert (tails[1:] >= means[1:]).all()


def test_candidates_do_not_mix():
    scenario = small()
    together = system_load(
        scenario,
        100.0,
        {"api": np.array([2, 4])[:, None, None]},
        cpu_limit={"api": np.array([0.8, 2.0])[None, :, None]},
        pool_max={"api": np.array([1, 10])[None, None, :]},
    )
    tails = latency_quantile(scenario, together, 0.99)
    assert tails.shape == (2, 2, 2)
    for i, count in enumerate((2, 4)):
        for j, limit in enumerate((0.8, 2.0)):
            for k, pool in enumerate((1, 10)):
                alone = system_load(
                    scenario,
                    100.0,
                    {"api": np.asarray(count)},
                    cpu_limit={"api": np.asarray(limit)},
                    pool_max={"api": np.asarray(pool)},
                )
                assert tails[i, j, k] == pytest.approx(float(latency_quantile(scenario, alone, 0.99)))


@given(st.floats(0.001, 0.5), st.floats(0.01, 0.1), st.floats(0, 0.0999))
def test_gate_is_never_faster_than_a_core_nor_slower_than_quota_allows(work, quota, phase):
    wall = float(gate_wall_s(np.asarray(work), np.asarray(quota), 0.1, np.asarray(phase)))
    assert wall >= work - 1e-12
    assert wall <= work * 0.1 / quota + 0.2


def test_gate_cases_of_the_kernel():
    for work, phase, wall in ((0.051, 0.0, 0.101), (0.08, 0.0, 0.13), (0.15, 0.0, 0.25), (0.04, 0.05, 0.04)):
        assert float(gate_wall_s(np.asarray(work), np.asarray(0.05), 0.1, np.asarray(phase))) == pytest.approx(wall)


def test_a_fargate_pod_has_its_size_whatever_its_limit():
    on_nodes = tier_demands(small(), {"api": 2}).set_index("tier")
    on_fargate = tier_demands(small(platform__compute="fargate"), {"api": 2}).set_index("tier")
    assert on_nodes.loc["api cpu", "limit"] == 2.0
    assert on_fargate.loc["api cpu", "limit"] == 1.0


def cached(**changes: object) -> Scenario:
    keyspace = {"cache.keyspaces.item.hit_ratio": None, "cache.keyspaces.item.keys": 10_000}
    steps = [{"cache": {"op": "get", "keyspace": "item", "on_miss": [{"cache": {"op": "set", "keyspace": "item"}}]}}]
    base = small().override({**keyspace, "traffic.mix": {"read": 1.0}, "services.api.routes": {"read": steps}})
    return base.override({path.replace("__", "."): value for path, value in changes.items()})


def test_hit_ratio_is_the_lifetime_formula_without_eviction():
    scenario = cached(cache__keyspaces__item__ttl="20 s", cache__keyspaces__item__popularity="zipf 0.8")
    assert hit_ratio(scenario, "item") == pytest.approx(ttl_hit_ratio(10_000, 0.8, 100, 20).hit_ttl_from_insert)
    assert hit_ratio(scenario, "item", rate=10.0) < hit_ratio(scenario, "item")


def test_hit_ratio_is_ches_without_lifetime():
    entries = 1000 * entry_bytes(18, 1024, False)
    room = entries + table_bytes(1000, entries, 1e9)
    scenario = cached(cache__keyspaces__item__ttl="0 s", cache__memory=f"{room} B")
    assert hit_ratio(scenario, "item") == pytest.approx(che(10_000, 0.9, 1000).hit_lru, rel=1e-6)


def test_deletes_and_missing_refills_lower_the_hit_ratio():
    whole = cached()
    steps = [{"cache": {"op": "get", "keyspace": "item"}}]
    never = whole.override({"services.api.routes": {"read": steps}})
    assert hit_ratios(never) == {"item": 0.0}
    both = [*whole.model_dump(mode="json")["services"]["api"]["routes"]["read"]]
    dropped = whole.override(
        {
            "services.api.routes": {
                "read": [{"cache": both[0]["cache"]}, {"cache": {"op": "delete", "keyspace": "item"}}]
            }
        }
    )
    assert hit_ratio(dropped, "item") < 0.7 * hit_ratio(whole, "item")
    with pytest.raises(ValueError, match="no keyspace"):
        hit_ratio(whole, "nothing")


def test_stated_hit_ratio_stands():
    assert hit_ratio(small(), "item") == 0.75


def test_entry_sizes_are_those_of_redis():
    """redis 7.0.15, MEMORY USAGE and tables (131,072 keys of 12 bytes)."""
    assert [entry_bytes(12, size, False) for size in (20, 256, 512, 1024)] == [96, 384, 704, 1344]
