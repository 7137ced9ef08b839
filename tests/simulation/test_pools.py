"""Pools that begin warm, PgBouncer's sessions, and counts beside the requests: throttled periods, retries."""

from __future__ import annotations

import pytest

import novamodel
from novamodel.simulation import codes
from novamodel.simulation.replication import replicate

QUERY = {"read": [{"sql": ["select"]}]}


def database(**changes):
    """A database whose statements need no CPU that anybody shares."""
    return {"cores": 64, "network": "0 s", "connect": "100 ms", "statements": {"select": {"cpu": "20 ms"}}, **changes}


def spent(run, place):
    return run.requests[:, 6 + codes.PLACES.index(place)]


# --- warm and cold ---------------------------------------------------------------------------------------


def warm(plain, start, replicas=1, connections=100):
    pool = {"max": 10, "idle_timeout": "5 s", "start": start}
    return plain(
        {
            "traffic": {"peak": "20 requests/s"},
            "services": {"api": {"replicas": replicas, "pool": pool, "routes": QUERY}},
            "database": database(max_connections=connections, reserved_connections=0),
            "run": {"duration": "20 s", "interval": "1 s", "start_state": "given"},
        }
    )


def held(run):
    return [row["busy"] for row in run.tiers if row["tier"] == "postgres connections"]


def test_a_warm_pool_makes_nobody_wait_for_a_connection(plain, both):
    cold, run = both(warm(plain, "cold")), both(warm(plain, "warm"))
    assert spent(cold, "connect").max() == pytest.approx(0.1)
    assert spent(run, "connect").max() == 0.0
    assert spent(run, "database") == pytest.approx(0.02)
    assert held(run)[0] == 10
    assert held(cold)[0] < 10


def test_what_a_warm_pool_does_not_need_is_closed_by_its_idle_timeout(plain, both):
    assert held(both(warm(plain, "warm")))[-1] < 10


@pytest.mark.parametrize(("connections", "opened"), [(100, 30), (30, 30), (17, 17), (1, 1)])
def test_pools_begin_no_warmer_than_the_server_accepts(plain, connections, opened):
    """Three pools of 10: each gets its part, in turn; nobody is refused on that account."""
    scenario = warm(plain, "warm", 3, connections).override({"traffic.peak": "0 requests/s"})
    assert held(replicate(scenario, 0, "simpy"))[0] == opened


# --- sessions --------------------------------------------------------------------------------------------


def session(plain, mode, rate, servers=3, patience="120 s", **pool):
    return plain(
        {
            "traffic": {"peak": f"{rate} requests/s", "caller": {"timeout": "2 s"}},
            "services": {"api": {"pool": {"max": 20, "idle_timeout": "1 s", **pool}, "routes": QUERY}},
            "database": database(
                pgbouncer={
                    "pool_mode": mode,
                    "default_pool_size": servers,
                    "query_wait_timeout": patience,
                    "login_cpu": "0 us",
                    "query_cpu": "0 us",
                }
            ),
            "run": {"duration": "60 s"},
        }
    )


def test_in_session_mode_a_connection_without_a_server_hangs(plain, both):
    """A fourth connection logs in, but its first query waits until another client disconnects: here, never."""
    scenario = session(plain, "session", 60, idle_timeout="0 s")
    run, shared = both(scenario), both(scenario.override({"database.pgbouncer.pool_mode": "transaction"}))
    hung = int(run.arrived.sum() - run.outcome[:, codes.SERVED].sum())
    assert 3 < hung <= 20  # the places of the pool; three of its connections have a server
    assert run.in_flight == hung
    assert shared.outcome[:, codes.SERVED].sum() == shared.arrived.sum() - shared.in_flight
    assert spent(shared, "pgbouncer wait").max() > 0.0


def test_a_session_that_ends_gives_its_server_to_the_first_who_waits(plain, both):
    """A pool that closes its connections after each use is a session a query: as a transaction each."""
    run = both(session(plain, "session", 100, max_uses=1))
    served = run.requests[run.requests[:, 2] == codes.SERVED]
    assert len(served) == run.arrived.sum() - run.in_flight
    assert 0.0 < served[:, 6 + codes.PLACES.index("pgbouncer wait")].max() < 0.5


def test_a_query_that_waits_too_long_for_a_server_closes_its_connection(plain, both):
    run = both(session(plain, "session", 60, patience="1 s", idle_timeout="0 s"))
    timed_out = run.outcome[:, codes.SERVER_TIMEOUT].sum()
    assert timed_out > 5
    assert run.outcome.sum() == run.outcome[:, codes.SERVED].sum() + timed_out


def test_servers_of_a_killed_replica_are_free_again(plain, both):
    """All three servers belong to the first pods; after a rollout the new ones have them."""
    scenario = session(plain, "session", 20).override(
        {
            "services.api.termination_grace": "1 s",
            "services.api.runtime.start_delay": "0 s",
            "operations": [{"at": "12:00:20", "rollout": "api"}],
        }
    )
    run = both(scenario)
    late = run.requests[run.requests[:, 4] > 40.0]
    assert len(late) > 200
    assert (late[:, 2] == codes.SERVED).mean() > 0.95


# --- counts ----------------------------------------------------------------------------------------------


def test_throttled_periods_are_counted_once(plain, both):
    """55 ms of work under 20 ms in 100 ms: throttled in two periods and done in the third, or in one more."""
    scenario = plain(
        {
            "traffic": {"peak": "0.2 requests/s"},
            "services": {
                "api": {
                    "resources": {"cpu_request": "200m", "cpu_limit": "200m"},
                    "routes": {"read": [{"cpu": "55 ms"}]},
                }
            },
            "run": {"duration": "500 s"},
        }
    )
    run = both(scenario)
    counted, asked = sum(row["throttled_periods"] for row in run.replicas), int(run.arrived.sum())
    assert asked > 50
    assert 2 * asked <= counted <= 3 * asked
    assert spent(run, "throttled").mean() > 0.1


def test_no_limit_no_throttling(plain):
    run = replicate(plain({}), 0, "simpy")
    assert {row["throttled_periods"] for row in run.replicas} == {0}


def test_retries_of_callers_are_counted(plain, both):
    scenario = plain(
        {
            "traffic": {"peak": "20 requests/s", "caller": {"timeout": "10 ms", "retries": 2, "retry_on": ["timeout"]}},
            "services": {"api": {"routes": {"read": [{"wait": "50 ms"}]}}},
        }
    )
    run = both(scenario)
    asked = int(run.arrived.sum())
    assert run.outcome[:, codes.SERVED].sum() == 0
    assert sum(row["retried"] for row in run.intervals) == pytest.approx(2 * asked, abs=3)


def test_a_recorded_demand_replaces_a_constant_too(tmp_path):
    (tmp_path / "log.csv").write_text("time,route,client,demand\n0,read,a,0.003\n1,read,a,0.007\n2,read,a,\n")
    file = tmp_path / "scenario.yaml"
    file.write_text(
        "name: recorded\n"
        "traffic: {loop: replay, via: direct, replay: {files: [log.csv], demand: cpu}}\n"
        "services: {api: {readiness: null, runtime: {scrape: 0 s}, routes: {read: [{cpu: 5 ms}]}}}\n"
        "run: {start: '12:00', duration: 5 s, warm_up: 0 s, replications: 1}\n"
    )
    found = novamodel.simulate(novamodel.load(file), engine="simpy", keep_requests=True, workers=1).requests
    assert found["cpu_s"].tolist() == pytest.approx([0.003, 0.007, 0.005])
