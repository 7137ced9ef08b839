"""Small inputs with right answers known by hand: a pulse, each part of a demand, idle connections, scaling down."""

from __future__ import annotations

import math

import pytest

from novamodel.errors import UserError
from novamodel.simulation import codes
from novamodel.simulation.replication import replicate
from novamodel.simulation.run import simulate

NOON = 12 * 3600


def requests_of(run, place):
    """Seconds that each served request spent at a place."""
    served = run.requests[run.requests[:, 2] == codes.SERVED]
    return served[:, 6 + codes.PLACES.index(place)]


# --- a pulse ---------------------------------------------------------------------------------------------

PULSE = [
    ["12:00:00", "187.79 requests/s"],
    ["12:00:05", "187.79 requests/s"],
    ["12:00:06", "469.48 requests/s"],
    ["12:00:10", "469.48 requests/s"],
    ["12:00:11", "187.79 requests/s"],
    ["12:30", "187.79 requests/s"],
]
INTEGRAL = 187.79 * 30 + (469.48 - 187.79) * 5
"""Arrivals of 30 s: the base, and a pulse of 4 s with a second's ramp on either side."""


def test_a_pulse_of_seconds_comes_whole_and_costs_what_a_real_one_did(plain):
    """The stack of the recorded pulse (E7-pulse_noretry) answered 70 % of its callers within 1 s."""
    scenario = plain(
        {
            "traffic": {"shape": PULSE, "caller": {"timeout": "1 s"}},
            "edge": {"worker_connections": 512},
            "services": {
                "api": {
                    "pool": {"max": 5, "connection_timeout": "2 s", "idle_timeout": "30 s"},
                    "routes": {"read": [{"sql": ["select"]}]},
                }
            },
            "database": {"cores": 64, "statements": {"select": {"cpu": "21.05 ms exponential"}}},
            "run": {"duration": "30 s", "replications": 8},
        }
    )
    runs = [replicate(scenario, number, "compiled") for number in range(8)]
    arrived = [int(run.arrived.sum()) for run in runs]
    assert pytest.approx(7042, abs=1) == INTEGRAL
    assert sum(arrived) / 8 == pytest.approx(INTEGRAL, abs=4 * math.sqrt(INTEGRAL / 8))
    shares = [run.outcome[:, codes.SERVED].sum() / run.arrived.sum() for run in runs]
    assert sum(shares) / 8 == pytest.approx(0.70, abs=0.06)
    outcomes = sum(run.outcome.sum(axis=0) for run in runs)
    assert outcomes[codes.ABANDONED] > 8 * 500  # the caller leaves after 1 s, before the pool's 2 s are over
    lost = outcomes.sum() - outcomes[codes.SERVED] - outcomes[codes.ABANDONED]
    assert lost == outcomes[codes.NO_CONNECTION]  # nginx has 512 connections


# --- each part of a demand acts, or is refused -------------------------------------------------------------

QUERY = [{"sql": ["select"]}]
BOUNCER = {"default_pool_size": 10, "login_cpu": "0 us", "query_cpu": "0 us"}
QUIET = "2 requests/s"
CACHED = {"keyspaces": {"k": {"keys": 10, "hit_ratio": 1.0}}}


@pytest.fixture
def quiet(plain):
    """A run with so little to do that every core is found idle, by its changes; a connection lives for one use."""

    def make(steps, rate=QUIET, **changes):
        scenario = plain(
            {
                "traffic": {"peak": rate, "caller": {"timeout": "60 s"}},
                "services": {"api": {"pool": {"max": 50, "max_uses": 1}, "routes": {"read": steps}}},
                "run": {"duration": "2000 s", "interval": "1000 s"},
                **changes,
            }
        )
        return replicate(scenario, 0, "compiled", keep_requests=True)

    return make


@pytest.mark.parametrize(
    ("place", "steps", "changes", "idle_s"),
    [
        ("edge", [], {"edge": {"request_cpu": "64 us idle 10 ms", "network": "0 s"}}, 0.010),
        ("cache", [{"cache": {"op": "get", "keyspace": "k"}}],
         {"cache": {"network": "0 s", "command_cpu": "1 ms idle 10 ms", **CACHED}}, 0.010),
        ("database", QUERY, {"database": {"network": "0 s", "connect": "0 s",
         "statements": {"select": {"cpu": "0 us"}}, "pgbouncer": {**BOUNCER, "query_cpu": "1 ms idle 20 ms"}}}, 0.020),
        ("connect", QUERY, {"database": {"network": "0 s", "statements": {"select": {"cpu": "0 us"}},
         "pgbouncer": {**BOUNCER, "login_cpu": "1 ms idle 20 ms"}}}, 0.020),
        ("connect", QUERY, {"database": {"network": "0 s", "connect": "1 ms idle 20 ms",
         "statements": {"select": {"cpu": "0 us"}}}}, 0.020),
        ("cpu", [{"cpu": "1 ms idle 20 ms"}], {}, 0.020),
        ("threads", [{"thread": "1 ms idle 20 ms"}], {}, 0.020),
    ],
    ids=["request_cpu", "command_cpu", "query_cpu", "login_cpu", "connect", "cpu", "thread"],
)  # fmt: skip
def test_idle_is_what_a_core_costs_that_is_found_idle(quiet, place, steps, changes, idle_s):
    """PgBouncer's query comes over a network; its time on the way is the statement's."""
    spent = requests_of(quiet(steps, rate="0.5 requests/s", **changes), place)
    if place == "database":  # the thread is found idle, then the answer comes
        assert spent.mean() <= idle_s * 1.02
    assert spent.mean() == pytest.approx(idle_s, rel=0.04)


@pytest.mark.parametrize(
    ("place", "steps", "changes", "mean_s", "variation"),
    [
        ("edge", [], {"edge": {"request_cpu": "5 ms exponential", "network": "0 s"}}, 0.005, 1.0),
        ("cache", [{"cache": {"op": "get", "keyspace": "k"}}],
         {"cache": {"network": "0 s", "command_cpu": "5 ms exponential", **CACHED}}, 0.005, 1.0),
        ("database", QUERY, {"database": {"network": "0 s", "connect": "0 s", "statements": {"select": {"cpu": "0 us"}},
         "pgbouncer": {**BOUNCER, "query_cpu": "5 ms exponential"}}}, 0.005, 1.0),
        ("connect", QUERY, {"database": {"network": "0 s", "statements": {"select": {"cpu": "0 us"}},
         "pgbouncer": {**BOUNCER, "login_cpu": "5 ms exponential"}}}, 0.005, 1.0),
        ("connect", QUERY, {"database": {"network": "0 s", "connect": "5 ms gamma 4",
         "statements": {"select": {"cpu": "0 us"}}}}, 0.005, 0.5),
        ("threads", [{"thread": "5 ms exponential"}], {}, 0.005, 1.0),
        ("other", [{"wait": "5 ms uniform 0.6"}], {}, 0.005, 0.6 / math.sqrt(3)),
    ],
    ids=["request_cpu", "command_cpu", "query_cpu", "login_cpu", "connect", "thread", "wait"],
)  # fmt: skip
def test_a_law_is_the_scatter_of_what_is_spent(quiet, place, steps, changes, mean_s, variation):
    spent = requests_of(quiet(steps, **changes), place)
    assert len(spent) > 3000
    assert spent.mean() == pytest.approx(mean_s, rel=0.08)
    assert spent.std() / spent.mean() == pytest.approx(variation, rel=0.1)


def test_idle_is_refused_where_no_core_is_asked_for(plain):
    with pytest.raises(UserError, match="idle"):
        plain({"services": {"api": {"routes": {"read": [{"wait": "1 ms idle 10 ms"}]}}}})


# --- connections that nobody uses ----------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["simpy", "compiled"])
def test_idle_connections_are_closed_though_nobody_asks_any_more(plain, engine):
    scenario = plain(
        {
            "traffic": {
                "shape": [["12:00", "200/s"], ["12:01", "200/s"], ["12:02", "0/s"], ["23:00", "0/s"]],
            },
            "services": {
                "api": {
                    "replicas": 2,
                    "pool": {"max": 10, "idle_timeout": "1 s"},
                    "routes": {"read": [{"cpu": "100 us"}, {"sql": ["select"]}]},
                }
            },
            "database": {"cores": 8, "statements": {"select": {"cpu": "20 ms"}}},
            "run": {"duration": "3 min"},
        }
    )
    run = replicate(scenario, 0, engine)
    held = {row["time_s"]: row["busy"] for row in run.tiers if row["tier"] == "postgres connections"}
    assert held[60] > 0
    assert {time: busy for time, busy in held.items() if time >= 130} == dict.fromkeys(range(130, 181, 10), 0.0)


def test_what_an_idle_pool_has_closed_others_may_open(plain):
    """Two pools of 10 against 12 connections; the first has been idle for a minute when the second is needed."""
    route = [{"sql": ["select"]}]
    pool = {"max": 10, "idle_timeout": "10 s"}
    later = {"shape": [["12:00", "0/s"], ["12:01:10", "0/s"], ["12:01:11", "60/s"], ["23:00", "60/s"]]}
    scenario = plain(
        {
            "traffic": {
                "shape": [["12:00", "60/s"], ["12:00:09", "60/s"], ["12:00:10", "0/s"], ["23:59", "0/s"]],
                "mix": {"read": "100 %"},
                "also": {
                    "second": later
                    | {"mix": {"write": "100 %"}, "populations": {"others": {"share": "100 %", "clients": 5}}},
                },
            },
            "services": {
                "api": {"pool": pool, "routes": {"read": route}},
                "second": {"pool": pool, "readiness": None, "routes": {"write": route}},
            },
            "database": {"cores": 64, "max_connections": 12, "reserved_connections": 0, "connect": "1 ms",
                         "statements": {"select": {"cpu": "300 ms"}}},
            "run": {"duration": "90 s"},
        }
    )  # fmt: skip
    run = replicate(scenario, 0, "compiled")
    held = [row["busy"] for row in run.tiers if row["tier"] == "postgres connections"]
    assert held[0] == 10  # the first pool was full
    assert held[3] == 0
    assert held[-1] == 10  # now the second is
    assert run.outcome[:, codes.REFUSED].sum() == 0
    assert run.outcome[:, codes.SERVED].sum() > 500


# --- scaling down --------------------------------------------------------------------------------------------


def test_scaling_down_waits_for_the_controllers_five_minutes(plain):
    """The load falls between 12:05 and 12:06; rates without a window of their own have the controller's 300 s."""

    def events(**window):
        scenario = plain(
            {
                "traffic": {"shape": [["00:00", "400/s"], ["12:05", "400/s"], ["12:06", "60/s"], ["23:59", "60/s"]]},
                "services": {
                    "api": {
                        "replicas": 6,
                        "resources": {"cpu_request": "250m"},
                        "autoscaler": {
                            "min_replicas": 2,
                            "max_replicas": 10,
                            "cpu_target": "60 %",
                            "scale_down": {"policies": [["Percent", 10, "60 s"]], **window},
                        },
                        "routes": {"read": [{"cpu": "2 ms"}]},
                    }
                },
                "run": {"start": "12:03", "duration": "12 min", "warm_up": "2 min"},
            }
        )
        found = simulate(scenario, engine="compiled", workers=1).events
        return found[found["kind"] == "scale"]

    by_default = events()
    first = by_default[by_default["after"] < by_default["before"]].iloc[0]
    assert NOON + 9 * 60 + 45 <= first["clock_s"] <= NOON + 11 * 60 + 15
    assert by_default.equals(events(stabilization_window="300 s"))
    assert events(stabilization_window="0 s").iloc[0]["clock_s"] < NOON + 7 * 60
