"""Lost replicas and zones, failovers of database and cache: what fails meanwhile is counted, and both engines agree."""

from __future__ import annotations

import numpy as np
import pytest

from novamodel.simulation import codes
from novamodel.simulation.replication import replicate

AT, LENGTH = 10.0, 40.0


def struck(plain, operations, **changes):
    """Four replicas in two zones at 200 requests/s, no second try; the fault comes after 10 s of 40."""
    api = {
        "replicas": 4,
        "runtime": {"start_delay": "2 s", "boot": "500 ms"},
        "readiness": {"initial_delay": "1 s", "period": "1 s"},
        "routes": {"read": [{"cpu": "1 ms"}, {"wait": "100 ms"}]},
    }
    given = {
        "traffic": {"peak": "200 requests/s"},
        "services": {"api": api | changes.pop("service", {})},
        "edge": {"kind": "ingress-nginx", "next_upstream": {"on": []}},
        "operations": operations,
        "run": {"duration": f"{LENGTH:g} s", "interval": "1 s", "start_state": "steady"},
    }
    return plain(given | changes)


def outcomes(run, begin=0.0, end=LENGTH):
    """Outcome codes of the requests that came in a span."""
    arrived = run.requests[:, 4]
    return run.requests[(arrived >= begin) & (arrived < end), 2].astype(int)


def ready(run):
    return np.array([row["ready"] for row in run.replicas])


def kinds(run):
    return [(event["kind"], event["time_s"]) for event in run.events if event["kind"] != "ready"]


def test_a_lost_replica_fails_what_it_did_and_what_is_still_sent_there(plain, both):
    lost = {"service": "api", "noticed_after": "3 s", "replaced_after": "5 s"}
    run = both(struck(plain, [{"at": "12:00:10", "lost_replica": lost}]))
    assert kinds(run) == [("lost", 10.0), ("unready", 13.0), ("replaced", 15.0)]
    assert run.events[0]["message"] == "replica lost: api-1"
    assert (run.events[0]["before"], run.events[0]["after"]) == (4, 3)
    # a quarter of 3 s x 200/s goes nowhere; a quarter of the 0.1 s before was in flight there
    killed = outcomes(run) == codes.KILLED
    assert killed.sum() == pytest.approx(150 + 5, abs=25)
    assert not (outcomes(run, 0.0, AT - 0.2) == codes.KILLED).any()
    assert not (outcomes(run, AT + 3.0) == codes.KILLED).any()
    assert set(outcomes(run)) == {codes.SERVED, codes.KILLED}
    assert ready(run)[13:16].max() == 3
    assert ready(run)[-1] == 4


def test_nginx_takes_a_server_out_after_one_failure(plain, both):
    """Passive checks (max_fails 1, fail_timeout 10 s): what was in flight (5 of 100 ms) is all that fails."""
    lost = {"service": "api", "noticed_after": "9 s", "replaced_after": "9 s"}
    run = both(struck(plain, [{"at": "12:00:10", "lost_replica": lost}], edge={"kind": "nginx"}))
    assert 1 <= (outcomes(run) == codes.KILLED).sum() <= 12


def test_a_lost_zone_takes_its_share_and_is_replaced_elsewhere(plain, both):
    lost = {"zone": 2, "noticed_after": "2 s", "replaced_after": "6 s"}
    run = both(struck(plain, [{"at": "12:00:10", "lost_zone": lost}]))
    assert run.events[0]["message"] == "zone 2 lost: api-2, api-4"
    failed = outcomes(run, AT + 0.1, AT + 2.0)
    assert np.mean(failed == codes.KILLED) == pytest.approx(0.5, abs=0.1)
    assert ready(run)[13:17].max() == 2
    assert ready(run)[-1] == 4
    twice = struck(plain, [{"at": "12:00:10", "lost_zone": lost}, {"at": "12:00:30", "lost_zone": lost}])
    second = [e for e in replicate(twice, 0, "compiled").events if e["kind"] == "lost"][1]
    assert second["message"] == "zone 2 lost: nothing here"  # the new ones are in zone 1


def test_without_a_zone_left_everything_waits_until_it_is_back(plain, both):
    both_zones = [
        {"at": "12:00:10", "lost_zone": {"zone": z, "noticed_after": "1 s", "replaced_after": "2 s", "duration": "9 s"}}
        for z in (1, 2)
    ]
    run = both(struck(plain, both_zones))
    assert set(outcomes(run, AT + 1.0, AT + 9.0)) == {codes.NO_REPLICA}
    assert ready(run)[11:19].max() == 0
    assert ready(run)[-1] == 4
    assert set(outcomes(run, AT + 20.0, LENGTH - 1)) == {codes.SERVED}


def test_a_zone_is_noticed_and_replaced_as_the_platform_does(plain):
    eks = struck(plain, [{"at": "12:00:10", "lost_zone": {}}], run={"duration": "400 s", "interval": "10 s"})
    run = replicate(eks, 0, "compiled")
    assert kinds(run) == [("lost", 10.0), ("unready", 50.0), ("replaced", 350.0)]


def failover(plain, both, bouncer):
    return both(
        struck(
            plain,
            [{"at": "12:00:10", "database_failover": {"duration": "5 s"}}],
            service={"routes": {"read": [{"cpu": "1 ms"}, {"sql": ["select", {"cpu": "1 ms"}, "select"]}]}},
            database={
                "cores": 8,
                "connect": "2 ms",
                "pgbouncer": bouncer,
                "statements": {"select": {"cpu": "3 ms"}},
            },
        )
    )


def test_a_database_failover_fails_statements_and_connections(plain, both):
    run = failover(plain, both, None)
    assert kinds(run) == [("failover", 10.0), ("restored", 15.0)]
    assert int(run.events[0]["message"].split("; ")[1].split()[0]) > 0
    assert set(outcomes(run, 0.0, AT - 0.1)) == {codes.SERVED}
    assert set(outcomes(run, AT, AT + 4.9)) == {codes.NO_DATABASE}
    assert set(outcomes(run, AT + 5.1)) == {codes.SERVED}
    open_at = {row["time_s"]: row["busy"] for row in run.tiers if row["tier"] == "postgres connections"}
    assert open_at[12.0] <= 2
    assert run.in_flight < 10


@pytest.mark.parametrize(("retry", "back"), [("1 s", 5.0), ("12 s", 12.0)])
def test_pgbouncer_lengthens_an_outage_until_it_tries_to_log_in_again(plain, both, retry, back):
    """Who asks before the first login has failed waits; all others fail at once, until a login succeeds."""
    run = failover(plain, both, {"default_pool_size": 5, "server_login_retry": retry})
    assert kinds(run) == [("failover", 10.0), ("restored", 15.0)]
    assert set(outcomes(run, 0.0, AT - 0.1)) == {codes.SERVED}
    assert set(outcomes(run, AT, AT + back - 0.1)) == {codes.NO_DATABASE}
    waited = run.requests[(run.requests[:, 2] == codes.SERVED) & (run.requests[:, 5] - run.requests[:, 4] > 4.0)]
    assert 0 < len(waited) < 5
    assert set(outcomes(run, AT + back + 1.4)) == {codes.SERVED}
    open_at = {row["time_s"]: row["busy"] for row in run.tiers if row["tier"] == "postgres connections"}
    assert open_at[12.0] == 0
    assert run.in_flight < 10


def test_a_slow_database_costs_more_while_it_lasts_and_then_exactly_what_it_did(plain, both):
    slow = {"at": "12:00:10", "slow_database": {"factor": 3.0, "duration": "5 s"}}
    run = both(
        struck(
            plain,
            [slow, slow | {"at": "12:00:20"}],
            service={"routes": {"read": [{"sql": ["select"]}]}},
            database={"cores": 64, "statements": {"select": {"cpu": "7 ms"}}},
        )
    )
    served = run.requests[run.requests[:, 2] == codes.SERVED]
    took = served[:, 5] - served[:, 4]
    inside = (served[:, 4] % 10 < 4.9) & (served[:, 4] > 10) & (served[:, 4] < 30)
    outside = (served[:, 4] < 9.9) | ((served[:, 4] > 15.1) & (served[:, 4] < 19.9)) | (served[:, 4] > 25.1)
    assert np.median(took[outside]) == pytest.approx(0.007, abs=1e-9)
    assert np.median(took[inside]) == pytest.approx(0.021, abs=1e-9)


@pytest.mark.parametrize("commands", ["wait", "miss"])
def test_a_cache_failover_makes_commands_wait_or_miss(plain, both, commands):
    get = {"op": "get", "keyspace": "k", "on_miss": [{"wait": "50 ms"}, {"cache": {"op": "set", "keyspace": "k"}}]}
    run = both(
        struck(
            plain,
            [{"at": "12:00:10", "cache_failover": {"commands": commands, "duration": "5 s"}}],
            service={"routes": {"read": [{"cache": get}]}},
            cache={"keyspaces": {"k": {"keys": 50, "ttl": "1000 s"}}},
        )
    )
    assert kinds(run) == [("failover", 10.0), ("restored", 15.0)]
    served = run.requests[run.requests[:, 2] == codes.SERVED]
    arrived, took = served[:, 4], served[:, 5] - served[:, 4]
    gone = (arrived > AT) & (arrived < AT + 5)
    if commands == "wait":
        assert np.allclose(arrived[gone] + took[gone], AT + 5, atol=0.3)
        busy = {row["time_s"]: row["utilisation"] for row in run.tiers if row["tier"] == "redis"}
        assert busy[13.0] == pytest.approx(1.0)
        assert min(busy.values()) >= 0.0
    else:
        assert took[gone].min() > 0.05
        assert np.median(took[arrived > AT + 5]) < 0.05


def test_an_emptied_cache_fills_again_by_its_reads(plain, both):
    """1,000 equal keys, 100 reads a second that fill: 10 s later 63 % of the final ratio is back."""
    get = {"op": "get", "keyspace": "k", "on_miss": [{"wait": "50 ms"}, {"cache": {"op": "set", "keyspace": "k"}}]}
    scenario = struck(
        plain,
        [{"at": "12:00:10", "cache_emptied": {}}],
        service={"routes": {"read": [{"cache": get}]}},
        cache={"keyspaces": {"k": {"keys": 1000, "popularity": "uniform", "ttl": "0 s"}}},
    )
    run = both(scenario)
    rate = scenario.traffic.peak
    assert kinds(run)[0] == ("emptied", 10.0)
    served = run.requests[run.requests[:, 2] == codes.SERVED]
    since, missed = served[:, 4] - AT, served[:, 5] - served[:, 4] > 0.045
    assert not missed[since < -0.1].any()
    for begin, end in ((0.0, 2.0), (8.0, 10.0), (16.0, 20.0)):
        here = (since > begin) & (since < end)
        expected = np.exp(-rate / 1000 * (begin + end) / 2)
        assert missed[here].mean() == pytest.approx(expected, abs=4 * np.sqrt(0.25 / here.sum()))


def test_everything_at_once_during_a_rollout(plain, both):
    """Conservation and equality where operations meet: an update, a lost zone, a failover, an autoscaler."""
    operations = [
        {"at": "12:00:05", "rollout": "api"},
        {"at": "12:00:08", "lost_zone": {"zone": 1, "noticed_after": "2 s", "replaced_after": "4 s"}},
        {"at": "12:00:09", "lost_replica": "api"},
        {"at": "12:00:12", "database_failover": {"duration": "6 s"}},
        {"at": "12:00:14", "slow_database": {"duration": "9 s"}},
        {"at": "12:00:15", "cache_failover": {"duration": "4 s"}},
        {"at": "12:00:16", "lost_replica": {"service": "api", "noticed_after": "9 s", "replaced_after": "2 s"}},
    ]
    service = {
        "autoscaler": {"min_replicas": 2, "max_replicas": 6, "cpu_target": "40 %", "sync_period": "2 s"},
        "termination_grace": "2 s",
        "liveness": {"period": "1 s", "timeout": "100 ms", "failures": 2},
        "routes": {
            "read": [{"cpu": "3 ms"}, {"sql": ["select"]}, {"cache": {"op": "set", "keyspace": "k"}}, {"cpu": "1 ms"}]
        },
        "pool": {"max": 4, "connection_timeout": "300 ms", "idle_timeout": "1 s"},
    }
    database = {"connect": "2 ms", "statements": {"select": {"cpu": "4 ms exponential"}}}
    run = both(struck(plain, operations, service=service, database=database, cache={"keyspaces": {"k": {"keys": 50}}}))
    assert {codes.KILLED, codes.NO_DATABASE, codes.SERVED} <= set(outcomes(run))
    # what came before the last of it has been decided
    assert run.in_flight < 400
    assert [e["kind"] for e in run.events if e["kind"] == "rollout"] == ["rollout", "rollout"]
