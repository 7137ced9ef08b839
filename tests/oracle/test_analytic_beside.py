"""`analytic.beside`: inside its range both sides agree within the stated bounds, outside it says no and why."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import novamodel as nm
from novamodel.analytic import BOUNDS, beside, leaky_bucket
from novamodel.report import beside_table
from novamodel.scenario import Tree, build

BUSY = {"read": 1.0, "write": 0.0, "login": 0.0}
FILL = {"cache": {"op": "set", "keyspace": "item"}}
STEPS = {
    "read": [
        {"cpu": "1 ms"},
        {"cache": {"op": "get", "keyspace": "item", "on_miss": [{"sql": ["load"]}, {"cpu": "1 ms"}, FILL]}},
        {"cpu": "1 ms"},
    ],
    "write": [{"cpu": "1 ms"}, {"sql": ["load", {"cpu": "2 ms"}, "store"]}, {"cpu": "1 ms"}],
    "login": [{"cpu": "1 ms"}, {"thread": "40 ms"}, {"cpu": "1 ms"}],
}


def system(rate, mix=None, replicas=2, limit="1000m", pool=10, shape="constant", **changes):
    tree = {
        "name": "small",
        "traffic": {
            "shape": shape,
            "peak": f"{rate} requests/s",
            "night": f"{rate / 10} requests/s",
            "mix": mix or {"read": 0.6, "write": 0.3, "login": 0.1},
        },
        "platform": {"kind": "eks", "compute": "ec2", "core_speed": 0.5, "cpu": {"kind": "none"}},
        "services": {
            "api": {
                "replicas": replicas,
                "resources": {"cpu_request": "500m", "cpu_limit": limit},
                "pool": {"max": pool, "connection_timeout": "2 s"},
                "readiness": None,
                "routes": STEPS,
            }
        },
        "database": {"statements": {"load": {"cpu": "1 ms"}, "store": {"cpu": "2 ms", "writes": 2}}},
        "cache": {"keyspaces": {"item": {"keys": 1000, "ttl": "20 s"}}},
        "slo": ["mean < 1 h"],
        "run": {"duration": "90 s", "warm_up": "20 s", "replications": 3},
    }
    return build(Tree(tree)).override({path.replace("__", "."): value for path, value in changes.items()})


def agrees(row):
    """Within the stated bound of the simulated interval."""
    held = row.of == "pgbouncer" or row.of.endswith(" pool")
    bound = BOUNDS["connections" if held else row.metric]
    room = max(bound.relative * abs(row.value), bound.absolute)
    low, high = (row.low, row.high) if row.low == row.low else (row.value, row.value)
    return low - room <= row.analytic <= high + room


@pytest.mark.parametrize(
    "scenario",
    [
        system(40),
        system(140, limit=None),
        system(140, limit=None, pool=2),
        system(250, {"read": 0.7, "write": 0.3, "login": 0.0}),
        system(330, BUSY),
        system(200, {"read": 0.0, "write": 1.0, "login": 0.0}, replicas=4),
        system(60, BUSY, edge__limits={"api": {"rate": "10r/s", "burst": 5, "delay": "nodelay"}}).override(
            {"traffic.populations": {"crowd": {"share": 0.9, "clients": 1000}, "one": {"share": 0.1, "clients": 1}}}
        ),
    ],
    ids=["threads", "no CPU limit", "two connections", "mixed", "busy loop", "busy database", "edge limit"],
)
def test_inside_the_range_both_agree_within_the_bounds(scenario):
    table = beside(nm.simulate(scenario))
    held = table[table["holds"] & table["value"].notna()]
    assert {"mean", "p99"} <= set(held["metric"])
    assert (held["metric"] == "utilisation").sum() >= 6
    assert [
        f"{row.metric} {row.of}: {row.analytic} beside {row.value}" for row in held.itertuples() if not agrees(row)
    ] == []
    assert table.loc[~table["holds"], "analytic"].isna().all()


def test_novabank_at_its_peak():
    scenario = nm.load("novabank").override({"run.duration": "40 s", "run.warm_up": "30 s", "run.replications": 2})
    scenario = scenario.override(
        {"platform.cpu.kind": "none"}
    )  # else threads wait for cores, which no closed form says
    table = beside(nm.simulate(scenario)).set_index(["metric", "of"])
    held = table[table["holds"] & table["value"].notna()].reset_index()
    assert all(agrees(row) for row in held.itertuples())
    for figure in ("mean", "p99", "rejected"):
        assert table.loc[(figure, ""), "holds"]
    assert table.loc[("replicas", "core-api"), "analytic"] == 7
    assert not table.loc[("hit ratio", "account"), "holds"]  # what the edge rejects reads nothing
    assert not table.loc[("utilisation", "postgres connections"), "holds"]


CROWD = {"crowd": {"share": 0.9, "clients": 1000}, "one": {"share": 0.1, "clients": 1}}


@pytest.mark.parametrize(
    ("gateway", "peak", "latency_holds"),
    [
        ({"kind": "aws", "rate": "40 requests/s", "burst": 20, "latency": "5 ms"}, 42, True),
        ({"kind": "aws", "rate": "40 requests/s", "burst": 5}, 60, False),
        ({"kind": "kong", "limit": 5, "window": "1 s", "by": "client", "latency": "5 ms"}, 60, False),
        ({"kind": "kong", "limit": 2400, "window": "60 s", "by": "service"}, 60, False),
        ({"kind": "kong", "limit": 60, "window": "1 s", "by": "service"}, 40, True),
    ],
    ids=["AWS near its rate", "AWS beyond it", "Kong by client", "Kong by service", "Kong with room"],
)
def test_a_gateways_rejections(gateway, peak, latency_holds):
    """Windows of a minute: the run begins and ends in the middle of one."""
    limits = {"api": {"rate": "20r/s", "burst": 5, "delay": "nodelay"}}
    scenario = system(peak, BUSY, edge__limits=limits, run__warm_up="40 s").override(
        {
            "traffic.populations": CROWD,
            "gateway": gateway,
            "edge.reject_cpu": "0 us",
        }  # rejections cost the edge nothing
    )
    table = beside(nm.simulate(scenario))
    held = table[table["holds"] & table["value"].notna()]
    assert [
        f"{row.metric} {row.of}: {row.analytic} beside {row.value}" for row in held.itertuples() if not agrees(row)
    ] == []
    known = table.set_index(["metric", "of"])
    assert all(known.loc[("rejected", who), "holds"] for who in ("", "crowd", "one"))
    assert known.loc[("utilisation", "edge"), "holds"]
    assert known.loc[("mean", ""), "holds"] == latency_holds


def test_a_bucket_that_is_still_full_is_no_steady_state():
    scenario = system(60, BUSY, run__duration="20 s", gateway={"kind": "aws", "rate": "50 requests/s", "burst": 5000})
    table = beside(nm.simulate(scenario)).set_index(["metric", "of"])
    assert not table.loc[("rejected", ""), "holds"]
    assert "the gateway's bucket of 5,000 takes longer than the warm-up" in table.loc[("rejected", ""), "why"]


@pytest.mark.parametrize(
    ("scenario", "why"),
    [
        (system(600, BUSY), "is full"),
        (system(120), "stands at its CPU limit"),
        (system(100, {"read": 0.0, "write": 1.0, "login": 0.0}, limit=None, pool=1), "api pool is"),
        (system(160, limit=None, pool=1, services__api__pool__connection_timeout="1 ms"), "no pool connection in time"),
        (system(100, limit=None, traffic__caller__timeout="80 ms"), "callers give up"),
        (system(100, limit=None, shape="weekday", run__start="06:00", run__duration="40 min"), "the rate moves"),
        (system(2, services__api__pool__idle_timeout="1 s"), "reconnect"),
        (
            system(60, BUSY, edge__limits={"api": {"rate": "10r/s", "burst": 2, "delay": 0}}).override(
                {"traffic.populations": {"few": {"share": 1.0, "clients": 8}}}
            ),
            "the edge",
        ),
    ],
    ids=[
        "saturated",
        "throttled",
        "busy pool",
        "pool time-outs",
        "impatient callers",
        "moving",
        "reconnects",
        "delayed",
    ],
)
def test_outside_the_range_it_says_no_and_why(scenario, why):
    scenario = scenario.override(
        {"run.replications": 1, "run.duration": "30 s" if why != "the rate moves" else "40 min"}
    )
    table = beside(nm.simulate(scenario)).set_index(["metric", "of"])
    for figure in ("mean", "p99"):
        assert not table.loc[(figure, ""), "holds"]
        assert math.isnan(table.loc[(figure, ""), "analytic"])
        assert why in table.loc[(figure, ""), "why"]


def test_a_stated_hit_ratio_has_no_closed_form_and_the_table_says_so():
    scenario = system(40, cache__keyspaces__item__hit_ratio=0.75, run__duration="20 s")
    table = beside(nm.simulate(scenario))
    (row,) = table[table["metric"] == "hit ratio"].itertuples()
    assert not row.holds
    text = str(beside_table(table))
    assert f"hold for {table['holds'].sum()} of {len(table)} figures" in text
    assert "stated in the scenario" in " ".join(text.split())


@given(st.floats(0.01, 40), st.integers(0, 30), st.integers(0, 30))
def test_a_bucket_conserves_and_never_passes_more_than_its_rate(rate, burst, more):
    small, large = (leaky_bucket(rate, 10.0, size, 0) for size in (burst, burst + more))
    assert 0 <= small.rejected <= 1
    assert small.rejected + small.delayed <= 1 + 1e-12
    assert large.rejected <= small.rejected + 1e-9
    assert rate * (1 - small.rejected) <= 10.0 * (1 + 1e-9)


def test_a_bucket_without_burst_is_erlangs_and_swamped_it_passes_its_rate():
    assert leaky_bucket([1.0, 5.0], 10.0, 0).rejected == pytest.approx([1 / 11, 5 / 15])
    assert leaky_bucket(1e5, 10.0, 20).rejected == pytest.approx(1 - 1e-4, rel=1e-6)
    assert np.all(leaky_bucket([0.0], 10.0, 5).rejected == 0)
    with pytest.raises(ValueError, match="limit above 0"):
        leaky_bucket(1.0, 0.0, 5)


def test_the_full_tier_is_named_and_not_one_that_waits_for_it():
    table = beside(nm.simulate(system(600)))
    reasons = " ".join(table["why"])
    assert "api cpu is full" in reasons
    assert "inf %" not in reasons
