"""nginx's rules in a run: what the edge rejects, holds, chooses and gives up on is what the rules say by hand."""

from __future__ import annotations

import numpy as np
import pytest

from novamodel.components.nginx.limit_zone import LimitedLocation
from novamodel.simulation import codes
from novamodel.simulation.replication import replicate


def edge_scenario(plain, edge, steps=None, service=None, peak=100, seconds=20, **changes):
    """One service whose requests take no CPU but what its steps say."""
    api = {"routes": {"read": steps or [{"wait": "50 ms"}]}} | (service or {})
    given = {
        "traffic": {"peak": f"{peak} requests/s"},
        "edge": {"reject_cpu": "0 s", "worker_connections": 10000, **edge},
        "services": {"api": api},
        "run": {"duration": f"{seconds} s"},
    }
    return plain(given | changes)


def by_number(run, before=np.inf):
    """Finished requests in the order in which they came, up to a time."""
    rows = run.requests[np.argsort(run.requests[:, 0])]
    return rows[rows[:, 4] < before]


def shares(rows):
    """Share of the served by replica."""
    replicas = rows[rows[:, 2] == codes.SERVED, 3].astype(int)
    return np.bincount(replicas) / len(replicas)


# --- limit_req ------------------------------------------------------------------------------------------------


def two_services(plain, zone, **limit):
    line = {"rate": "10r/s", "burst": 20, "delay": "nodelay", **limit} | ({"zone": zone} if zone else {})
    own = {"replicas": 1, "readiness": None, "health": "0 s", "runtime": {"scrape": "0 s"}}
    return plain(
        {
            "traffic": {
                "peak": "400 requests/s",
                "mix": {"read": "50 %", "write": "50 %"},
                "populations": {"all": {"share": "100 %", "clients": 20}},
            },
            "edge": {"limits": {"api": line, "office": line}},
            "services": {
                "api": {"routes": {"read": [{"wait": "1 ms"}]}},
                "office": own | {"routes": {"write": [{"wait": "1 ms"}]}},
            },
            "run": {"duration": "200 s", "warm_up": "60 s"},
        }
    )


def test_one_zone_over_two_services_is_one_count(plain, both):
    """10/s to each of two services are 20/s under 10r/s: half is too much. With a zone each, 1 of 42 is."""
    run = both(two_services(plain, "each"))
    rejected = run.outcome[:, codes.REJECTED].sum() / run.outcome.sum()
    assert rejected == pytest.approx(0.498, abs=0.006)
    apart = replicate(two_services(plain, None), 0, "compiled")
    assert apart.outcome[:, codes.REJECTED].sum() / apart.outcome.sum() == pytest.approx(0.024, abs=0.006)
    dry = replicate(two_services(plain, "each", dry_run=True), 0, "compiled")
    assert dry.outcome[:, codes.SERVED].sum() == dry.outcome.sum()


def test_several_lines_decide_together(plain, both):
    lines = [("60r/s", 5, "nodelay"), ("40r/s", 10, "delay=4")]
    first, second = (
        {"rate": rate, "burst": burst, "delay": "nodelay" if mode == "nodelay" else 4, "key": "server"}
        for rate, burst, mode in lines
    )
    run = both(edge_scenario(plain, {"limits": {"api": first | {"also": [second]}}}))
    location = LimitedLocation([(60000, 5000, 1 << 60), (40000, 10000, 4000)], [1 << 20] * 2)
    rows = by_number(run, before=19.5)  # what came later may not have ended
    for row in rows:
        status, delay_ms, _ = location.decide([("k", 1), ("k", 1)], int(row[4] * 1000))
        assert (row[2] == codes.REJECTED) == (status == 3)
        if row[2] == codes.SERVED:
            assert row[5] - row[4] == pytest.approx(0.05 + delay_ms / 1000, abs=1e-9)
    assert 0.3 < (rows[:, 2] == codes.REJECTED).mean() < 0.7


def test_a_rejection_takes_its_worker(plain, both):
    limit = {"limits": {"api": {"rate": "1r/s", "key": "server"}}, "reject_cpu": "4 ms idle 8 ms"}
    rows = by_number(both(edge_scenario(plain, limit)))
    free = 0.0
    for row in rows[rows[:, 2] == codes.REJECTED]:  # one worker, first come first served
        work = 0.008 if free <= row[4] else 0.004
        free = max(free, row[4]) + work
        assert row[5] == pytest.approx(free, abs=1e-9)


# --- limit_conn and worker_connections ------------------------------------------------------------------------


def lost_calls(rows, most, delay=lambda row: 0.0):
    """Which requests find ``most`` in progress, each held from its decision to its end."""
    busy: list[float] = []
    found = []
    for row in sorted(rows, key=lambda row: row[4] + delay(row)):
        now = row[4] + delay(row)
        busy = [end for end in busy if end > now]
        found.append((row[0], len(busy) >= most))
        if len(busy) < most:
            busy.append(row[5])
    return dict(found)


def test_limit_conn_counts_requests_in_progress(plain, both):
    run = both(edge_scenario(plain, {"connection_limits": {"api": {"limit": 4, "key": "server"}}}))
    rows = by_number(run, before=19.8)  # later ones may meet what has not ended
    lost = lost_calls(rows, 4)
    assert [lost[row[0]] for row in rows] == [row[2] == codes.REJECTED for row in rows]
    assert 0.1 < np.mean(list(lost.values())) < 0.5
    by_client = replicate(edge_scenario(plain, {"connection_limits": {"api": {"limit": 4}}}), 0, "compiled")
    assert by_client.outcome[:, codes.REJECTED].sum() == 0  # 50 clients, one-tenth of a request each at once


def test_limit_conn_comes_after_the_delay_of_limit_req(plain, both):
    """One at a time, 40 ms: what limit_req spaces by 50 ms never meets another."""
    limits = {"limits": {"api": {"rate": "20r/s", "burst": 1000, "key": "server"}}}
    conns = {"connection_limits": {"api": {"limit": 1, "key": "server"}}}
    steps = [{"wait": "40 ms"}]
    run = both(edge_scenario(plain, limits | conns, steps, peak=50))
    assert run.outcome[:, codes.REJECTED].sum() == 0
    assert run.outcome[:, codes.SERVED].sum() == pytest.approx(20 * 20, abs=3)
    alone = replicate(edge_scenario(plain, conns, steps, peak=50), 0, "compiled")
    assert alone.outcome[:, codes.REJECTED].sum() > 500


def test_connections_are_two_a_request(plain, both):
    """16 connections, one listener, one channel: 7 proxied requests at once, as recorded; the rest gets no answer."""
    run = both(edge_scenario(plain, {"worker_connections": 16}, peak=200))
    rows = by_number(run, before=19.8)  # later ones may meet what has not ended
    lost = lost_calls(rows, 7)
    assert [lost[row[0]] for row in rows] == [row[2] == codes.NO_CONNECTION for row in rows]
    assert 0.1 < np.mean(list(lost.values())) < 0.6
    two = replicate(edge_scenario(plain, {"worker_connections": 16, "workers": 2}, peak=200), 0, "compiled")
    assert two.outcome[:, codes.NO_CONNECTION].sum() < run.outcome[:, codes.NO_CONNECTION].sum()


# --- how a replica is chosen ----------------------------------------------------------------------------------

RANDOM_TIMES = [{"wait": "60 ms exponential"}]


def upstream(plain, replicas=3, steps=None, edge=None, **settings):
    given = {"upstreams": {"api": settings}} | (edge or {})
    return edge_scenario(plain, given, steps or RANDOM_TIMES, {"replicas": replicas})


def in_progress(rows, now, replicas):
    here = (rows[:, 4] < now) & (rows[:, 5] > now)
    return np.bincount(rows[here, 3].astype(int), minlength=replicas)


def test_least_conn_asks_the_least_busy(plain, both):
    rows = by_number(both(upstream(plain, method="least_conn")))
    for row in rows[-500:]:
        held = in_progress(rows, row[4], 3)
        assert held[int(row[3])] == held.min()


def test_ip_hash_keeps_a_client_at_its_replica(plain, both):
    one = upstream(plain, method="ip_hash")
    assert max(shares(both(plain_with_clients(one, 1)).requests)) == 1.0
    many = both(plain_with_clients(one, 5000))
    assert shares(many.requests) == pytest.approx([1 / 3] * 3, abs=0.05)


def plain_with_clients(scenario, clients):
    return scenario.override({"traffic.populations.all.clients": clients})


def test_random_follows_the_weights_and_remembers_nothing(plain, both):
    rows = by_number(both(upstream(plain, edge={"weights": {"api": [3, 1, 1]}}, method="random")))
    assert shares(rows) == pytest.approx([0.6, 0.2, 0.2], abs=0.04)
    same = rows[1:, 3] == rows[:-1, 3]
    assert same.mean() == pytest.approx(0.36 + 0.04 + 0.04, abs=0.04)


def test_random_two_asks_the_less_busy_of_two(plain, both):
    two, one = both(upstream(plain, 6, method="random_two")), both(upstream(plain, 6, method="random"))
    spread = [
        np.mean([in_progress(by_number(run), t, 6).std() for t in np.arange(2.0, 19.0, 0.1)]) for run in (two, one)
    ]
    assert spread[0] < 0.8 * spread[1]
    assert shares(two.requests) == pytest.approx([1 / 6] * 6, abs=0.04)


def test_backups_serve_what_the_others_have_no_room_for(plain, both):
    run = both(upstream(plain, 3, [{"wait": "30 ms"}], max_conns=1, backup=1))
    rows = by_number(run, before=19.9)
    ends = np.full(3, -1.0)
    for row in rows:
        free = ends <= row[4]
        if free[:2].any():
            assert row[3] in np.flatnonzero(free[:2])
        elif free[2]:
            assert row[3] == 2
        else:
            assert row[2] == codes.NO_REPLICA
            continue
        ends[int(row[3])] = row[5]
    assert (rows[:, 2] == codes.NO_REPLICA).any()


@pytest.mark.parametrize(("kind", "same"), [("eks", 1 / 3), ("ecs", 0.0), ("compose", 0.0)])
def test_calls_inside_are_drawn_on_eks_and_take_turns_elsewhere(plain, both, kind, same):
    scenario = edge_scenario(plain, {}, service={"replicas": 3}).override(
        {"traffic.via": "direct", "platform.kind": kind}
    )
    rows = by_number(both(scenario))
    assert shares(rows) == pytest.approx([1 / 3] * 3, abs=0.04)
    assert (rows[1:, 3] == rows[:-1, 3]).mean() == pytest.approx(same, abs=0.04)


# --- another replica, silent replicas -------------------------------------------------------------------------


def struck(plain, edge=None, repeatable=(), replicas=4, operations=None, **changes):
    """A replica is lost 10 s into the run; the platform does not notice within it."""
    lost = {"service": "api", "noticed_after": "60 s", "replaced_after": "60 s"}
    service = {"replicas": replicas, "repeatable": list(repeatable)}
    return edge_scenario(
        plain,
        edge or {},
        [{"wait": "100 ms"}],
        service,
        peak=200,
        seconds=30,
        operations=operations or [{"at": "12:00:10", "lost_replica": lost}],
        **changes,
    )


def test_what_a_lost_replica_cannot_take_another_one_does(plain, both):
    """Only what was in flight fails (5 expected), unless it may be repeated; a peer is tried again after 10 s."""
    run = both(struck(plain))
    assert set(run.requests[:, 2]) == {codes.SERVED, codes.KILLED}
    killed = run.requests[run.requests[:, 2] == codes.KILLED]
    assert 1 <= len(killed) <= 12
    assert np.all(killed[:, 5] == 10.0)
    repeated = both(struck(plain, repeatable=["read"]))
    assert set(repeated.requests[:, 2]) == {codes.SERVED}
    late = by_number(repeated)[:, 5] - by_number(repeated)[:, 4] > 0.1001
    assert late.sum() == len(killed)
    off = both(struck(plain, {"next_upstream": {"on": []}}))
    assert (off.requests[:, 2] == codes.KILLED).sum() > len(killed)  # one more each 10 s
    assert (off.requests[:, 2] == codes.KILLED).sum() <= len(killed) + 2
    never = both(struck(plain, {"next_upstream": {"on": []}, "max_fails": 0}))
    after = never.requests[never.requests[:, 4] > 10.0]
    assert (after[:, 2] == codes.KILLED).mean() == pytest.approx(0.25, abs=0.01)


def test_the_number_of_tries_is_bounded(plain, both):
    """Three of four replicas gone and never marked: a request that may ask two finds none with 3/4 * 2/3."""
    lost = {"service": "api", "noticed_after": "60 s", "replaced_after": "60 s"}
    three = [{"at": "12:00:10", "lost_replica": lost}] * 3
    edge = {"max_fails": 0, "next_upstream": {"tries": 2}}
    settings = {"upstreams": {"api": {"method": "random"}}}
    run = both(struck(plain, edge | settings, operations=three))
    after = run.requests[run.requests[:, 4] > 10.0]
    assert (after[:, 2] == codes.KILLED).mean() == pytest.approx(0.5, abs=0.03)
    every = both(struck(plain, settings | {"max_fails": 0}, operations=three))
    after = every.requests[every.requests[:, 4] > 10.0]
    assert set(after[:, 2]) == {codes.SERVED}


def test_a_hundred_replicas(plain, both):
    """More than the bits of one integer: all take turns, and half of them are passed over when they are gone."""
    zone = {"zone": 2, "noticed_after": "60 s", "replaced_after": "60 s"}
    run = both(struck(plain, repeatable=["read"], replicas=100, operations=[{"at": "12:00:10", "lost_zone": zone}]))
    rows = by_number(run)
    assert set(rows[:, 2]) == {codes.SERVED}
    before = rows[rows[:, 4] < 9.8]
    assert list(before[:100, 3]) == list(range(100))
    assert list(before[100:200, 3]) == list(range(100))
    last = rows[(rows[:, 4] > 12.0) & (rows[:, 4] < 19.5), 3]
    assert len(set(last)) == 50


@pytest.mark.parametrize(
    ("edge", "repeatable", "outcome", "seconds"),
    [
        ({}, [], codes.GATEWAY_TIMEOUT, 1.0),
        ({}, ["read"], codes.GATEWAY_TIMEOUT, 3.0),
        ({"next_upstream": {"timeout": "1.5 s"}}, ["read"], codes.GATEWAY_TIMEOUT, 2.0),
        ({"next_upstream": {"tries": 2}}, ["read"], codes.GATEWAY_TIMEOUT, 2.0),
        ({"next_upstream": {"on": ["error"]}}, ["read"], codes.GATEWAY_TIMEOUT, 1.0),
    ],
    ids=["once", "all three", "timeout 1.5 s", "tries 2", "errors only"],
)
def test_a_silent_replica_is_given_up_as_recorded(plain, both, edge, repeatable, outcome, seconds):
    """data/conformance/nginx.md: 3 servers hang, read time-out 1 s: 504 after 3 s, 2 s with a bound; network apart."""
    service = {"replicas": 3, "repeatable": repeatable}
    given = {"read_timeout": "1 s", "network": "10 ms", "max_fails": 0, **edge}
    run = both(edge_scenario(plain, given, [{"wait": "30 s"}], service, peak=5, seconds=10))
    rows = run.requests
    assert set(rows[:, 2]) == {outcome}
    asked = round(seconds)  # each further try begins when the edge has heard nothing for 1 s
    assert rows[:, 5] - rows[:, 4] == pytest.approx(np.full(len(rows), asked * 1.0), abs=1e-9)
    spent = rows[:, 6 : 6 + len(codes.PLACES)].sum(axis=1)
    assert spent == pytest.approx(rows[:, 5] - rows[:, 4], abs=1e-9)


def test_when_all_are_out_nobody_waits(plain, both):
    """All three hang: the first request takes 3 s, and whoever comes then has 502 at once for 10 s."""
    service = {"replicas": 3, "repeatable": ["read"]}
    given = {"read_timeout": "1 s"}
    rows = by_number(both(edge_scenario(plain, given, [{"wait": "100 s"}], service, peak=2, seconds=12)))
    assert rows[0, 2] == codes.GATEWAY_TIMEOUT
    out = rows[0, 5]
    later = rows[(rows[:, 4] > out) & (rows[:, 4] < out + 7.0)]
    assert len(later) > 3
    assert set(later[:, 2]) == {codes.NO_REPLICA}
    assert np.all(later[:, 5] == later[:, 4])


def test_the_replica_works_on(plain, both):
    """5 ms of CPU after 4 s, although the edge gives up after 1 s: 50/s are a quarter of a core."""
    steps = [{"wait": "4 s"}, {"cpu": "5 ms"}]
    run = both(edge_scenario(plain, {"read_timeout": "1 s"}, steps, peak=50, seconds=60))
    assert set(run.requests[:, 2]) == {codes.GATEWAY_TIMEOUT}
    busy = [row["busy"] for row in run.tiers if row["tier"] == "api cpu" and row["time_s"] >= 10]
    assert np.mean(busy) == pytest.approx(0.25, rel=0.1)


@pytest.mark.parametrize(("listed", "outcomes"), [(["error", "http_5xx"], {codes.POOL_TIMEOUT}), (["error"], None)])
def test_an_answer_of_5xx_counts_where_it_is_listed(plain, both, listed, outcomes):
    """One connection for all: time-outs of the pool are 500s, and asking on finds the same everywhere."""
    service = {
        "replicas": 2,
        "repeatable": ["read"],
        "pool": {"max": 1, "connection_timeout": "20 ms", "idle_timeout": "0 s"},
    }
    given = {"next_upstream": {"on": listed}, "max_fails": 0}
    steps = [{"sql": ["select"]}]
    database = {"connect": "0 s", "network": "0 s", "statements": {"select": {"cpu": "30 ms"}}, "cores": 64}
    run = both(edge_scenario(plain, given, steps, service, peak=80, database=database))
    failed = run.requests[run.requests[:, 2] == codes.POOL_TIMEOUT]
    took = failed[:, 5] - failed[:, 4]
    assert took == pytest.approx(np.full(len(took), 0.04 if outcomes else 0.02), abs=1e-6)


# --- connections to replicas ----------------------------------------------------------------------------------


def test_kept_connections_cost_nothing(plain, both):
    """One by one, three replicas: with a cache of four only the first request to each makes a connection."""
    steps = [{"wait": "1 ms"}]
    service = {"replicas": 3}
    given = {"connect_cpu": "5 ms"}
    kept = by_number(both(edge_scenario(plain, given | {"keepalive": 4}, steps, service, peak=5)))
    took = kept[:, 5] - kept[:, 4]
    assert np.flatnonzero(took > 0.0015).tolist() == [0, 1, 2]
    never = by_number(both(edge_scenario(plain, given, steps, service, peak=5)))
    assert never[:, 5] - never[:, 4] == pytest.approx(np.full(len(never), 0.006), abs=0.005)
    assert (never[:, 5] - never[:, 4]).min() == pytest.approx(0.006, abs=1e-9)


# --- everything at once ---------------------------------------------------------------------------------------


def test_everything_at_once(plain, both):
    """Both engines agree where the edge's rules meet losses, an autoscaler, retries of callers and parallel steps."""
    lost = {"service": "api", "noticed_after": "4 s", "replaced_after": "4 s"}
    zone = {"zone": 1, "noticed_after": "2 s", "replaced_after": "4 s"}
    edge = {
        "kind": "nginx",
        "workers": 2,
        "worker_connections": 60,
        "read_timeout": "300 ms",
        "network": "2 ms",
        "keepalive": 3,
        "connect_cpu": "100 us exponential",
        "reject_cpu": "20 us",
        "request_cpu": "100 us exponential",
        "limits": {"api": {"rate": "250r/s", "burst": 20, "delay": 10, "key": "server"}},
        "connection_limits": {"api": {"limit": 50, "key": "server"}},
        "upstreams": {"api": {"method": "least_conn", "backup": 1, "max_conns": 30}},
        "next_upstream": {"on": ["error", "timeout", "http_5xx"], "tries": 3},
    }
    service = {
        "replicas": 4,
        "repeatable": ["read"],
        "termination_grace": "2 s",
        "runtime": {"start_delay": "1 s", "boot": "200 ms", "scrape": "0 s"},
        "autoscaler": {"min_replicas": 3, "max_replicas": 6, "cpu_target": "40 %", "sync_period": "2 s"},
        "pool": {"max": 3, "connection_timeout": "50 ms", "idle_timeout": "1 s"},
    }
    steps = [
        {"cpu": "2 ms exponential"},
        {"parallel": [[{"wait": "30 ms exponential"}], [{"sql": ["select"]}, {"wait": "5 ms"}]]},
        {"wait": "80 ms exponential"},
    ]
    database = {"connect": "2 ms", "cores": 4, "statements": {"select": {"cpu": "8 ms exponential"}}}
    traffic = {
        "peak": "250 requests/s",
        "also": {
            "app": {
                "mix": {"read": "100 %"},
                "peak": "40 requests/s",
                "populations": {"apps": {"share": "100 %", "clients": 9}},
                "caller": {"timeout": "200 ms", "retries": 2, "retry_on": ["errors", "timeout"]},
            }
        },
    }
    operations = [
        {"at": "12:00:05", "lost_replica": lost},
        {"at": "12:00:09", "lost_zone": zone},
        {"at": "12:00:14", "database_failover": {"duration": "3 s"}},
    ]
    run = both(
        edge_scenario(
            plain, edge, steps, service, seconds=25, database=database, operations=operations, traffic=traffic
        )
    )
    assert {codes.SERVED, codes.REJECTED, codes.NO_REPLICA} <= set(run.requests[:, 2].astype(int))
    assert run.in_flight < 100
