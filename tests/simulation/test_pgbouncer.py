"""PgBouncer's settings act in a run as they do in PgBouncer: pools, reserve, limits, time-outs, modes."""

from __future__ import annotations

import numpy as np
import pytest

from novamodel.components.pgbouncer.state import JANITOR_PERIOD
from novamodel.simulation import codes

OUTCOME, ARRIVED, ENDED = 2, 4, 5
QUERY = [{"sql": ["select"]}]
FREE = {"login_cpu": "0 us", "query_cpu": "0 us", "max_client_conn": 1000}


def behind(plain, bouncer, *, statement="20 ms", rate=50, connect="0 s", duration="10 s", routes=None, two=False,
           **more):  # fmt: skip
    """One service (or two, each with a user of its own) behind PgBouncer, and a database with cores for all of it."""
    other = {"readiness": None, "pool": {"max": 60, "idle_timeout": "0 s", "user": "other"}, "routes": {"more": QUERY}}
    mix = {"read": "50 %", "more": "50 %"} if two else {"read": "100 %"}
    return plain(
        {
            "traffic": {"peak": f"{rate} requests/s", "mix": mix},
            "services": {
                "api": {"pool": {"max": 60, "idle_timeout": "0 s"}, "routes": {"read": routes or QUERY}},
                **({"other": other} if two else {}),
            },
            "database": {
                "cores": 64,
                "connect": connect,
                "network": "0 s",
                "statements": {"select": {"cpu": statement}},
                "pgbouncer": FREE | bouncer,
                **more,
            },
            "run": {"duration": duration, "interval": "100 ms"},
        }
    )


def busy(run, tier="postgres connections"):
    """By time: what of a tier is in use."""
    return {round(row["time_s"], 1): row["busy"] for row in run.tiers if row["tier"] == tier}


def outcomes(run):
    return set(run.requests[:, OUTCOME].astype(int))


def test_one_login_at_a_time(plain, both):
    """Each takes a second; the first client's begins with the first request."""
    run = both(behind(plain, {"default_pool_size": 5}, statement="100 s", connect="1 s", rate=100))
    found = busy(run)
    assert [found[t] for t in (0.5, 1.5, 2.5, 3.5, 4.5, 9.0)] == [1, 2, 3, 4, 5, 5]


def test_the_reserve_opens_when_the_first_client_has_waited_long(plain, both):
    bouncer = {"default_pool_size": 2, "reserve_pool_size": 3, "reserve_pool_timeout": "2 s"}
    found = busy(both(behind(plain, bouncer, statement="100 s", rate=100)))
    assert (found[1.9], found[2.4], found[9.0]) == (2, 5, 5)
    none = busy(both(behind(plain, bouncer | {"reserve_pool_timeout": "0 s"}, statement="100 s", rate=100)))
    assert none[9.0] == 2


def test_min_pool_size_opens_servers_while_a_client_is_there(plain, both):
    found = busy(both(behind(plain, {"default_pool_size": 20, "min_pool_size": 6}, statement="1 ms", rate=2)))
    assert found[9.0] == 6
    assert found[1.0] < 6  # one a round of the janitor


@pytest.mark.parametrize(
    ("limits", "most"), [({}, 8), ({"max_db_connections": 3}, 3), ({"max_user_connections": 2}, 4)]
)
def test_limits_hold_for_all_pools_of_a_database_or_user(plain, both, limits, most):
    scenario = behind(plain, {"default_pool_size": 4} | limits, statement="50 ms", rate=300, two=True)
    run = both(scenario)
    assert max(busy(run).values()) == most
    assert outcomes(run) == {codes.SERVED}


def test_an_idle_server_of_another_pool_gives_way(plain, both):
    """One server for two users who take turns: each request waits for a login, none for the other's time-out."""
    scenario = behind(plain, {"max_db_connections": 1}, statement="1 ms", rate=20, connect="2 ms", two=True)
    run = both(scenario)
    assert outcomes(run) == {codes.SERVED}
    assert max(busy(run).values()) == 1
    assert (run.requests[:, ENDED] - run.requests[:, ARRIVED]).max() < 0.2


def test_a_query_times_out_and_its_server_connection_is_closed(plain, both):
    run = both(behind(plain, {"query_timeout": "1 s"}, statement="3 s", rate=3))
    assert outcomes(run) == {codes.SERVER_TIMEOUT}
    took = run.requests[:, ENDED] - run.requests[:, ARRIVED]
    assert took.min() > 1.0
    assert took.max() <= 1.0 + JANITOR_PERIOD + 1e-9


def test_a_transaction_that_idles_too_long_fails_with_its_next_statement(plain, both):
    routes = [{"sql": ["select", {"cpu": "2 s"}, "select"]}]
    run = both(behind(plain, {"idle_transaction_timeout": "1 s"}, statement="1 ms", rate=0.3, routes=routes))
    assert outcomes(run) == {codes.SERVER_TIMEOUT}
    run = both(behind(plain, {"idle_transaction_timeout": "5 s"}, statement="1 ms", rate=0.3, routes=routes))
    assert outcomes(run) == {codes.SERVED}


def test_statement_mode_refuses_transactions_of_several_statements(plain, both):
    two = [{"sql": ["select", "select"]}]
    assert outcomes(both(behind(plain, {"pool_mode": "statement"}))) == {codes.SERVED}
    assert outcomes(both(behind(plain, {"pool_mode": "statement"}, routes=two))) == {codes.REFUSED}
    assert outcomes(both(behind(plain, {"pool_mode": "transaction"}, routes=two))) == {codes.SERVED}


def test_servers_are_closed_for_being_idle_and_for_their_age(plain, both):
    burst = {"traffic.shape": [["12:00", "200/s"], ["12:00:01", "200/s"], ["12:00:02", "0/s"]]}
    idle = behind(plain, {"server_idle_timeout": "3 s"}, statement="50 ms").override(burst)
    aged = behind(plain, {"server_lifetime": "4 s", "default_pool_size": 8}, statement="50 ms").override(burst)
    found = busy(both(idle))
    assert found[1.5] > 5
    assert found[9.0] == 0
    counts = busy(both(aged))
    assert counts[3.9] == 8
    assert [counts[t] for t in (4.4, 5.2, 6.2)] == sorted((counts[t] for t in (4.4, 5.2, 6.2)), reverse=True)
    assert 0 < counts[6.2] < 8  # one each half second


def test_what_postgres_refuses_reaches_the_client_until_a_login_succeeds(plain, both):
    """Another service holds all slots but one; with one server connection the others wait for it."""
    few = behind(plain, {"default_pool_size": 10}, max_connections=3, reserved_connections=2, rate=20, statement="5 ms")
    run = both(few)
    assert outcomes(run) == {codes.SERVED}
    assert max(busy(run).values()) == 1


@pytest.mark.parametrize(("version", "outcome"), [("1.18", codes.SERVER_TIMEOUT), ("1.25", codes.REFUSED)])
def test_who_waits_when_the_server_refuses_follows_the_version(plain, both, version, outcome):
    """The other user's pool has the only slot at times. 1.18 lets a client wait that is logged in, 1.25 fails it."""
    bouncer = {"version": version, "server_login_retry": "1 s", "query_wait_timeout": "3 s", "server_lifetime": "1 s"}
    scenario = behind(plain, bouncer, max_connections=1, reserved_connections=0, rate=2, statement="1 ms", two=True)
    run = both(scenario)
    assert outcome in outcomes(run)
    assert outcomes(run) <= {codes.SERVED, codes.NO_DATABASE, codes.REFUSED, outcome}
    assert max(busy(run).values()) == 1


def test_pgbouncer_disconnects_idle_clients(plain, both):
    scenario = behind(plain, {"client_idle_timeout": "1 s"}, statement="1 ms", rate=100)
    clients = busy(both(scenario.override({"traffic.shape": [["12:00", "100/s"], ["12:00:01", "0/s"]]})),
                   "pgbouncer clients")  # fmt: skip
    assert clients[0.9] > 0
    assert clients[5.0] == 0


def test_the_last_server_released_serves_first_so_that_others_fall_idle(plain, both):
    """With round robin all are used in turn and none is idle long enough."""
    bouncer = {"server_idle_timeout": "1 s", "default_pool_size": 6}
    burst = {"traffic.shape": [["12:00", "400/s"], ["12:00:01", "400/s"], ["12:00:02", "30/s"], ["12:01", "30/s"]]}
    last = busy(both(behind(plain, bouncer, statement="10 ms").override(burst)))
    turns = busy(both(behind(plain, bouncer | {"server_round_robin": True}, statement="10 ms").override(burst)))
    assert np.mean([last[t] for t in (6.0, 7.0, 8.0, 9.0)]) < 4
    assert turns[9.0] == 6


def test_who_is_refused_on_a_long_way_is_no_client_meanwhile(plain, both):
    """Five places for clients, 200 ms away, and many more who try: never more than five, even as a process dies."""
    scenario = behind(plain, {"default_pool_size": 5, "max_client_conn": 5}, statement="300 ms", rate=40, two=True)
    operations = [{"at": "12:00:04", "lost_replica": {"service": "api"}}]
    run = both(scenario.override({"database.network": "200 ms", "operations": operations}))
    clients = [row["busy"] for row in run.tiers if row["tier"] == "pgbouncer clients"]
    assert codes.REFUSED in outcomes(run)
    assert max(clients) == 5
    assert min(clients) >= 0


def test_the_same_at_the_door_of_postgresql(plain, both):
    scenario = plain(
        {
            "traffic": {"peak": "40 requests/s", "mix": {"read": "100 %"}},
            "services": {"api": {"pool": {"max": 60, "connection_timeout": "150 ms"}, "routes": {"read": QUERY}}},
            "database": {"max_connections": 7, "network": "200 ms", "statements": {"select": {"cpu": "300 ms"}}},
            "run": {"duration": "10 s", "interval": "100 ms"},
        }
    )
    run = both(scenario)
    open_connections = [row["busy"] for row in run.tiers if row["tier"] == "postgres connections"]
    assert outcomes(run) & {codes.REFUSED, codes.POOL_TIMEOUT}
    assert max(open_connections) == 4
    assert min(open_connections) >= 0
