"""What a run begins with: pools, PgBouncer's servers, limits and replicas as after a long time, or as is said."""

from __future__ import annotations

import numpy as np
import pytest

import novamodel
from novamodel.simulation import codes
from novamodel.simulation.layout import layout_of
from novamodel.simulation.replication import replicate
from novamodel.simulation.start_state import held_at_start, levels

QUERY = {"read": [{"sql": ["select"]}]}


@pytest.fixture(scope="module")
def made(plain):
    """Two hundred transactions a second of 20 ms, connections idle for 5 s at most."""

    def make(state="steady", rate=200, pgbouncer=None, seconds=60, **pool):
        database = {"cores": 64, "network": "0 s", "connect": "100 ms", "max_connections": 500}
        database |= {"statements": {"select": {"cpu": "20 ms exponential"}}}
        database |= {"pgbouncer": {"query_cpu": "0 us", "login_cpu": "0 us", **pgbouncer}} if pgbouncer else {}
        return plain(
            {
                "traffic": {"peak": f"{rate} requests/s"},
                "services": {"api": {"pool": {"max": 30, "idle_timeout": "5 s", **pool}, "routes": QUERY}},
                "database": database,
                "run": {"start_state": state, "duration": f"{seconds} s", "interval": "1 s"},
            }
        )

    return make


def held(run, tier="postgres connections"):
    return np.array([row["busy"] for row in run.tiers if row["tier"] == tier])


def test_a_steady_pool_begins_as_it_goes_on(made, both):
    steady, cold = both(made()), both(made("cold"))
    late = held(steady)[20:]
    assert held(steady)[0] == pytest.approx(late.mean(), abs=1.5)
    connect = 6 + codes.PLACES.index("connect")
    begun = steady.requests[steady.requests[:, 4] < 5.0]
    assert (begun[:, connect] > 0).mean() < 0.01
    assert (cold.requests[cold.requests[:, 4] < 1.0][:, connect] > 0).mean() > 0.02


@pytest.mark.parametrize(("rate", "idle"), [(20, "1 s"), (200, "30 s"), (800, "10 s")])
def test_a_steady_pool_holds_what_it_will_hold_on_average(made, rate, idle):
    scenario = made(rate=rate, idle_timeout=idle, seconds=200)
    begun = held_at_start(scenario, layout_of(scenario), {"api": 1}).pools
    late = held(replicate(scenario, 0, "compiled"))[60:].mean()
    assert [*begun.values()] == pytest.approx([late], abs=1.6)


def test_pgbouncer_begins_with_the_servers_that_it_will_need(made, both):
    scenario = made(pgbouncer={"default_pool_size": 30, "server_idle_timeout": "5 s"})
    run = both(scenario)
    servers = held(run)
    assert servers[0] == pytest.approx(servers[20:].mean(), abs=1.6)
    assert held_at_start(scenario, layout_of(scenario), {"api": 1}).servers[0] == pytest.approx(servers[0], abs=1)


def test_a_pool_without_a_steady_state_is_full(made):
    full = made(rate=5000)
    assert [*held_at_start(full, layout_of(full), {"api": 1}).pools.values()] == [30]


def test_ages_are_spread_over_the_lifetime(made, both):
    """Thirty connections that live for 60 s are not all closed at once: some every second."""
    run = both(made(rate=1200, max_lifetime="60 s", seconds=60))
    reconnected = run.requests[run.requests[:, 6 + codes.PLACES.index("connect")] > 0][:, 4]
    seconds = np.bincount(reconnected.astype(int), minlength=60)
    assert seconds.max() <= 0.4 * seconds.sum()


def test_levels_of_use():
    assert levels(0.0, 0.0, 10, 60.0) == 0
    assert levels(10.0, 12.0, 10, 60.0) == 10
    assert levels(0.001, 0.001, 10, 10.0) == 0  # less than once in the time-out
    assert levels(100.0, 2.0, 50, 10.0) < levels(100.0, 2.0, 50, 1000.0) < 15


def test_who_asks_too_much_has_used_up_its_burst(plain, both):
    """One client of 50 a second under 10 a second and a burst of 200: at first nothing is left of it."""
    scenario = {
        "traffic": {"peak": "50 requests/s", "populations": {"all": {"share": "100 %", "clients": 1}}},
        "edge": {"limits": {"api": {"rate": "10r/s", "burst": 200, "delay": "nodelay"}}},
        "run": {"duration": "60 s"},
    }
    shares = {}
    for state in ("steady", "cold"):
        run = both(plain(scenario | {"run": {"duration": "60 s", "start_state": state}}))
        first = run.requests[run.requests[:, 4] < 4.0]
        shares[state] = (first[:, 2] == codes.REJECTED).mean()
    assert shares["cold"] == 0.0
    assert shares["steady"] == pytest.approx(0.8, abs=0.1)


def test_replicas_begin_where_they_rest_or_as_said(plain):
    scaler = {"min_replicas": 2, "max_replicas": 20, "cpu_target": "50 %"}
    service = {"autoscaler": scaler, "replicas": 4, "routes": {"read": [{"cpu": "10 ms"}]}}
    scenario = {
        "traffic": {"peak": "100 requests/s"},
        "services": {"api": service | {"resources": {"cpu_request": "250m"}}},
    }
    begins = {}
    for state in ("steady", "cold", "given"):
        run = replicate(
            plain(scenario | {"run": {"duration": "2 s", "interval": "1 s", "start_state": state}}), 0, "simpy"
        )
        begins[state] = run.replicas[0]["ready"]
    assert begins == {"steady": 8, "cold": 2, "given": 4}


def test_a_run_says_what_its_warm_up_cannot_wash_out(made, plain):
    long = {"run.warm_up": "2 s", "run.duration": "20 s"}
    text = "how many connections it holds"
    for state, said in (("steady", False), ("cold", True), ("given", False)):
        warnings = novamodel.simulate(made(state).override(long), engine="simpy").warnings
        assert any(text in one for one in warnings) == said, state
    warm = made("given", start="warm").override(long)
    assert any(text in one for one in novamodel.simulate(warm, engine="simpy").warnings)
    enough = made("cold").override({"run.warm_up": "10 s", "run.duration": "20 s"})
    assert not any(text in one for one in novamodel.simulate(enough, engine="simpy").warnings)


def test_two_services_that_fight_for_connections_are_told(plain):
    service = {"pool": {"max": 30}, "routes": {"one": [{"sql": ["select"]}]}}
    scenario = plain(
        {
            "traffic": {"peak": "400 requests/s", "mix": {"one": "50 %", "two": "50 %"}},
            "services": {"a": service, "b": service | {"routes": {"two": [{"sql": ["select"]}]}}},
            "database": {"cores": 1, "max_connections": 40, "reserved_connections": 0},
            "run": {"start_state": "steady", "duration": "5 s"},
        }
    )
    warnings = novamodel.simulate(scenario, engine="simpy").warnings
    assert any("which accepts 40" in text for text in warnings)
