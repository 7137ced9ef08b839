"""Nothing gets lost: requests, tokens, connections, cores, and the seconds of every request."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest
import simpy

from novamodel.components.pgbouncer.state import JANITOR_PERIOD
from novamodel.simulation import codes
from novamodel.simulation.build import build
from novamodel.simulation.compiled import CompiledEngine
from novamodel.simulation.control.world import World
from novamodel.simulation.environment import EngineEnvironment
from novamodel.simulation.reference import ReferenceEngine
from novamodel.simulation.replication import replicate

OUTCOME, REPLICA, ARRIVED, ENDED, PLACES = 2, 3, 4, 5, slice(6, 6 + len(codes.PLACES))

FILL = {"cache": {"op": "set", "keyspace": "keys"}}
LIMIT = {"rate": "3r/s", "burst": 3, "delay": "nodelay"}
EVERYTHING = {
    "traffic": {
        "peak": "140 requests/s",
        "mix": {"read": "80 %", "write": "20 %"},
        "caller": {"timeout": "100 ms"},
    },
    "edge": {
        "request_cpu": "1 ms exponential",
        "network": "2 ms",
        "limits": {"api": {"rate": "3r/s", "burst": 3, "delay": "nodelay"}},
    },
    "services": {
        "api": {
            "replicas": 2,
            "resources": {"cpu_request": "200m", "cpu_limit": "1200m"},
            "pool": {"max": 4, "connection_timeout": "30 ms", "idle_timeout": "50 ms"},
            "routes": {
                "read": [
                    {"cpu": "1 ms idle 2 ms exponential"},
                    {
                        "cache": {
                            "op": "get",
                            "keyspace": "keys",
                            "on_miss": [{"sql": ["select"]}, {"cpu": "1 ms"}, FILL],
                        }
                    },
                    {"thread": "8 ms exponential"},
                    {"wait": "3 ms exponential"},
                ],
                "write": [{"sql": ["select", {"cpu": "1 ms"}, "commit"]}, {"cpu": "500 us lognormal 0.5"}],
            },
        }
    },
    "database": {
        "cores": 2,
        "connect": "2 ms",
        "network": "1 ms",
        "statements": {"select": {"cpu": "12 ms exponential", "reads": 1}, "commit": {"cpu": "1 ms", "writes": 1}},
        "pgbouncer": {
            "default_pool_size": 2,
            "max_client_conn": 7,
            "query_wait_timeout": "10 ms",
            "server_idle_timeout": "20 s",
        },
    },
    "cache": {"network": "1 ms", "keyspaces": {"keys": {"keys": 1000, "ttl": "5 s"}}},
    "run": {"duration": "20 s", "warm_up": "5 s", "interval": "1 s"},
}


@pytest.fixture(scope="module")
def busy(plain, both):
    """A run in which requests end in every way but the death of a replica."""
    return both(plain(EVERYTHING))


def test_every_outcome_happens(busy):
    counts = np.bincount(busy.requests[:, OUTCOME].astype(int), minlength=len(codes.OUTCOMES))
    ways = {name for name, count in zip(codes.OUTCOMES, counts, strict=True) if count}
    assert ways == {"served", "rejected", "pool timeout", "refused", "server timeout", "abandoned"}


def test_arrived_is_served_rejected_failed_abandoned_or_in_flight(busy):
    assert busy.carried_in + busy.arrived.sum() == busy.outcome.sum() + busy.in_flight
    assert busy.carried_in > 0
    assert busy.in_flight > 0
    assert busy.population.sum() == busy.outcome.sum()
    assert sum(row["arrived"] for row in busy.intervals) == busy.arrived.sum()
    ended = sum(row[name] for row in busy.intervals for name in ("served", "rejected", "failed", "abandoned"))
    assert ended == busy.outcome.sum()


def test_every_request_is_recorded_once(busy):
    numbers = busy.requests[:, 0]
    assert len(np.unique(numbers)) == len(numbers)
    assert numbers.max() < len(numbers) + busy.in_flight  # each that came is there or still under way


def test_places_add_up_to_the_latency(busy):
    served = busy.requests[busy.requests[:, OUTCOME] == codes.SERVED]
    latency = served[:, ENDED] - served[:, ARRIVED]
    assert len(served) > 1000
    assert np.abs(served[:, PLACES].sum(axis=1) - latency).max() < 1e-9


def test_every_place_is_visited_and_none_is_negative(busy):
    spent = busy.requests[:, PLACES]
    assert spent.min() >= 0.0
    nowhere = {codes.PLACES[place] for place in np.flatnonzero(spent.sum(axis=0) == 0.0)}
    assert nowhere == {
        "external",
        "retry wait",
        "given up",
        "core wait",
        "worker wait",
    }  # no call, no shared core or lock


def test_nobody_waits_longer_than_allowed(busy):
    table = busy.requests
    assert table[:, 6 + codes.POOL_WAIT].max() <= 0.03 + 1e-9
    assert table[:, 6 + codes.SERVER_WAIT].max() <= 0.01 + JANITOR_PERIOD + 1e-9
    assert (table[:, ENDED] - table[:, ARRIVED])[table[:, OUTCOME] == codes.ABANDONED] == pytest.approx(0.1)


@pytest.mark.parametrize("name", ["novabank", "novabank-compose"])
def test_places_add_up_in_params(name, params):
    run = replicate(params[name].override({"run.duration": "20 s", "run.warm_up": "0 s"}), 0, keep_requests=True)
    served = run.requests[run.requests[:, OUTCOME] == codes.SERVED]
    assert np.abs(served[:, PLACES].sum(axis=1) - (served[:, ENDED] - served[:, ARRIVED])).max() < 1e-9
    assert run.requests[:, PLACES].min() >= 0.0


def test_summary_sums_agree_with_the_requests(busy):
    """Histogram and sums are those of the requests that ended after the warm-up."""
    counted = busy.requests[busy.requests[:, ENDED] > 5.0]
    counted = counted[counted[:, OUTCOME] == codes.SERVED]
    assert abs(busy.histogram.sum() - len(counted)) <= 3  # an answer on its way at the border
    assert busy.spent.sum() == pytest.approx(counted[:, PLACES].sum(), rel=0.005)


# --- after the traffic ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("arrays", [False, True])
@pytest.mark.parametrize("with_bouncer", [False, True])
def test_all_is_given_back_when_traffic_stops(plain, arrays, with_bouncer):
    changes = dict(EVERYTHING)
    if not with_bouncer:
        changes["database"] = {k: v for k, v in EVERYTHING["database"].items() if k != "pgbouncer"}
    # requests until 12:01, then none; a replica dies at 12:00:40
    changes["traffic"] = EVERYTHING["traffic"] | {"shape": [["12:00", "150/s"], ["12:01", "150/s"], ["12:02", "0/s"]]}
    changes["run"] = {"duration": "60 s"}
    scenario = plain(changes)
    plan = build(scenario, arrays=arrays)
    env = simpy.Environment() if arrays else EngineEnvironment()
    engine = (CompiledEngine if arrays else ReferenceEngine)(plan, env, 1, 0, True)
    first = plan.rows["api"][0]
    world = World(env, engine, plan, 1, 0, 2)
    for row in (first, first + 1):
        world.list_replica("api", row, True)
    run_until(env, engine, 40.0)
    engine.kill(first)
    run_until(env, engine, 200.0)
    engine.finish_digest()
    model = engine.model
    assert len(engine.kept()) == sum(model.record.arrived)
    assert model.requests.in_flight[0] == 0
    assert model.requests.free_count[0] == len(model.requests.number)
    assert model.ready.count[0] == 0
    assert sum(model.replicas.in_flight) == 0
    assert list(model.pool.open) == list(model.pool.idle) == [0] * len(model.pool.open)  # closed when idle for long
    assert sum(model.pool.waiting) == sum(model.doors.open) == 0
    assert sum(model.bouncer.open) == sum(model.bouncer.waiting) == sum(model.bouncer.active) == 0
    assert sum(model.bouncer.clients) == sum(model.bouncer.database_open) == sum(model.bouncer.user_open) == 0
    assert model.cores.jobs[0] == 0
    assert sum(model.gate.running) == sum(model.node.loop_waiting) == sum(model.node.pool_waiting) == 0
    assert sum(model.upstream.conns) == 0


def run_until(env, engine, until):
    """Run the engine alone, without a control plane."""
    env.process(wait(env, until))
    engine.run(until)


def wait(env, until):
    """Something on SimPy's calendar at that time."""
    yield env.timeout(until - env.now)


def test_more_requests_in_the_system_than_slots_at_first(plain, both):
    """The tables grow, on both engines alike, and a replica that dies then takes all with it."""
    run = both(
        plain(
            {
                "traffic": {"peak": "2500 requests/s"},
                "services": {
                    "api": {
                        "liveness": {"initial_delay": "0 s", "period": "5 s", "timeout": "1 s", "failures": 1},
                        "routes": {"read": [{"cpu": "50 ms"}]},
                    }
                },
                "run": {"duration": "8 s"},
            }
        )
    )
    killed = (run.requests[:, OUTCOME] == codes.KILLED).sum()
    assert killed > 4096
    assert "killed" in {event["kind"] for event in run.events}


def test_tables_grow_at_the_same_request_on_both_engines(plain, both):
    """Some 4,000 in the system, now above and now below the size of the tables; then all die, in the same order."""
    run = both(
        plain(
            {
                "traffic": {"peak": "2000 requests/s"},
                "services": {
                    "api": {
                        "runtime": {"resting_memory": "0 B", "memory_per_request": "1 MiB"},
                        "resources": {"memory_request": "1 MiB", "memory_limit": "4070 MiB"},
                        "routes": {"read": [{"wait": "2 s exponential"}]},
                    }
                },
                "run": {"duration": "60 s"},
            }
        )
    )
    assert (run.requests[:, OUTCOME] == codes.KILLED).sum() > 3500


def test_refused_connections_take_a_chain_of_callers_one_by_one(plain, both):
    """With no room at the database every waiter tries in turn; each attempt takes its round trips."""
    run = both(
        plain(
            {
                "traffic": {"peak": "800 requests/s"},
                "services": {"api": {"pool": {"max": 1}, "routes": {"read": [{"sql": ["select"]}]}}},
                "database": {
                    "network": "10 ms",
                    "max_connections": 4,
                    "reserved_connections": 4,
                    "statements": {"select": {"cpu": "1 ms"}},
                },
                "run": {"duration": "5 s"},
            }
        )
    )
    refused = run.requests[run.requests[:, OUTCOME] == codes.REFUSED]
    assert len(refused) == pytest.approx(5 / 0.02, abs=2)
    assert refused[:, 6 + codes.CONNECT_TIME] == pytest.approx(0.02)
    assert len(refused) == len(run.requests)


# --- by source, route, program and queue --------------------------------------------------------------------------

JOBS = {
    "traffic": {
        "peak": "60 requests/s",
        "caller": {"timeout": "50 ms", "retries": 2},
        "also": {
            "users": {"loop": "closed", "users": 8, "think": "100 ms exponential", "mix": {"read": "100 %"}},
            "clock": {
                "loop": "periodic",
                "every": "100 ms",
                "via": "direct",
                "mix": {"read": "100 %"},
                "populations": {"cron": {"share": "100 %", "clients": 1}},
            },
        },
    },
    "services": {
        "api": {
            "pool": {"max": 2},
            "routes": {
                "read": [{"cpu": "2 ms"}, {"call": "other"}, {"publish": "jobs"}],
                "other": [{"parallel": [[{"sql": ["select"]}], [{"wait": "20 ms exponential"}]]}],
                "work": [{"wait": "30 ms exponential"}],
            },
            "network": "5 ms",
            "consumers": {"jobs": {"queue": "jobs", "route": "work", "concurrency": 3, "batch": 2}},
        }
    },
    "queues": {"jobs": {"visibility_timeout": "50 ms", "most_receives": 2, "delay": "10 ms"}},
    "database": {"statements": {"select": {"cpu": "8 ms exponential"}}},
    "run": {"duration": "10 s", "warm_up": "3 s"},
}


def test_a_graph_loses_nothing(plain, both):
    run = both(plain(JOBS))
    assert run.lost == ()
    assert run.arrived.sum() > 500


def forget(name, rule):
    """A rule that loses count now and then."""
    calls = iter(range(10**9))

    def on_arrive(m, q, who, now):
        rule(m, q, who, now)
        if next(calls) % 100 == 99:
            m.record.arrived[0] -= 1

    def queue_acknowledge(s, q, slot, receipt, now):
        place = rule(s, q, slot, receipt, now)
        if next(calls) % 100 == 99:
            s.acknowledged[q] -= 1
        return place

    def queue_publish(s, q, slot, now):
        if next(calls) % 100 == 99:
            s.published[q] += 1
        return rule(s, q, slot, now)

    def free_request(m, i):
        if m.requests.kind[i] != codes.BRANCH or next(calls) % 100 != 99:
            rule(m, i)

    def record(m, i, route, outcome, ended):
        if next(calls) % 100 != 99:
            rule(m, i, route, outcome, ended)

    return locals()[name]


@pytest.mark.parametrize(
    ("module", "name", "found"),
    [
        ("dispatch", "on_arrive", "route read"),
        ("queueing", "queue_acknowledge", "queue jobs"),
        ("queueing", "queue_publish", "queue jobs"),
        ("finish", "free_request", "program api.other"),
        ("advance", "record", "route read"),
        ("finish", "record", "source clock"),
    ],
)
def test_a_mutation_that_loses_count_is_said(module, name, found, plain, monkeypatch):
    """On the reference: each of these rules, changed, breaks the count that it should and so the run's conservation."""
    scenario = plain(JOBS)
    assert replicate(scenario, 0, "simpy").conserved
    where = import_module(f"novamodel.simulation.{module}")
    monkeypatch.setattr(where, name, forget(name, getattr(where, name)))
    run = replicate(scenario, 0, "simpy")
    assert found in run.lost
    assert not run.conserved
