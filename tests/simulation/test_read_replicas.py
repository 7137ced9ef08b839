"""Read replicas: what goes there, what stays on the primary, who is served with old rows, and both engines agree."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

import novamodel as nm
from novamodel.analytic.cache import hit_ratios
from novamodel.analytic.demand import route_demands
from novamodel.analytic.system import system_load
from novamodel.scenario.read_replicas import may_read_elsewhere
from novamodel.simulation import codes, steps
from novamodel.simulation.replication import replicate

READ, WRITE = {"sql": ["select"]}, {"sql": ["update"]}


def replicated(plain, replicas, **changes):
    """Half of 100 requests/s read, half write; each statement takes 5 ms of CPU."""
    given = {
        "traffic": {"mix": {"read": "50 %", "write": "50 %"}},
        "services": {"api": {"routes": {"read": [READ], "write": [WRITE]}, "pool": {"max": 50}}},
        "database": {
            "cores": 2,
            "iops": 1000,
            "statements": {"select": {"cpu": "5 ms"}, "update": {"cpu": "5 ms", "writes": 1}},
            **({"read_replicas": replicas} if replicas else {}),
        },
        "run": {"duration": "60 s"},
    }
    for name, part in changes.items():
        given[name] = given.get(name, {}) | part
    return plain(given)


def busy(run, tier):
    return float(np.mean([row["busy"] for row in run.tiers if row["tier"] == tier]))


def test_reads_load_the_replicas_and_writes_the_primary(plain, both):
    run = both(replicated(plain, {"count": 2, "share": "60 %"}))
    assert busy(run, "read replicas cpu") == pytest.approx(0.6 * 50 * 0.005, rel=0.06)
    assert busy(run, "postgres cpu") == pytest.approx((50 + 0.4 * 50) * 0.005, rel=0.06)
    assert busy(run, "read replicas storage") == 0
    assert busy(run, "postgres storage") == pytest.approx(50 / 1000, rel=0.06)
    assert run.reading[0] == pytest.approx(0.6 * run.arrived[0], rel=0.06)


def test_work_is_the_same_wherever_it_is_done(plain):
    without = replicate(replicated(plain, None), 0)
    split = replicate(replicated(plain, {"share": "100 %"}), 0)
    assert list(without.arrived) == list(split.arrived)
    together = busy(split, "postgres cpu") + busy(split, "read replicas cpu")
    assert together == pytest.approx(busy(without, "postgres cpu"), rel=1e-3)


def test_what_does_not_go_there_meets_the_same_draws(plain):
    """A share of nothing is the run without read replicas, request by request."""
    law = {"select": {"cpu": "5 ms exponential"}, "update": {"cpu": "5 ms lognormal 0.5", "writes": 1}}
    without = replicate(replicated(plain, None, database={"statements": law}), 0, keep_requests=True)
    none = replicate(
        replicated(plain, None, database={"statements": law, "read_replicas": {"share": "0 %"}}), 0, keep_requests=True
    )
    assert without.digest == none.digest
    assert none.reading[0] == 0


@pytest.mark.parametrize(("count", "cores"), [(1, 1), (1, 2), (3, 1)])
def test_a_reader_is_a_processor_sharing_server(plain, count, cores):
    """M/G/1-PS stays s / (1 - rho); M/M/2 for two cores; Poisson splitting over the readers."""
    rate, work = 120.0 * count, 5e-3
    scenario = replicated(
        plain,
        {"count": count, "cores": cores},
        traffic={"peak": f"{rate} requests/s", "mix": {"read": "100 %"}},
        services={"api": {"routes": {"read": [READ]}, "pool": {"max": 1000}}},
        database={
            "max_connections": 5000,
            "read_replicas": {"count": count, "cores": cores},
            "statements": {"select": {"cpu": "5 ms exponential"}, "update": {"cpu": "5 ms", "writes": 1}},
        },
        run={"duration": "400 s", "warm_up": "20 s"},
    )
    runs = [replicate(scenario, number, "compiled") for number in range(4)]
    stays = [run.latency.sum() / run.outcome[:, codes.SERVED].sum() for run in runs]
    load = rate / count * work / cores
    theory = work / (1 - load) if cores == 1 else work / (1 - load**2)
    error = np.std(stays, ddof=1) / math.sqrt(len(stays))
    assert abs(np.mean(stays) - theory) <= min(0.05 * theory, 6 * error)
    assert busy(runs[0], "postgres cpu") == 0


def test_stale_reads_are_those_within_the_lag_of_the_clients_own_write(plain):
    """Writes of a client are Poisson: its read finds one younger than the lag with chance 1 - exp(-rate x lag)."""
    lag, clients = 0.4, 20
    scenario = replicated(
        plain,
        {"lag": "400 ms"},
        traffic={"peak": "100 requests/s", "populations": {"all": {"share": "100 %", "clients": clients}}},
        run={"duration": "300 s", "warm_up": "10 s"},
    )
    run = replicate(scenario, 0)
    reads, stale = run.reading
    expected = 1 - math.exp(-50 / clients * lag)
    assert stale / reads == pytest.approx(expected, abs=0.02)
    assert replicate(replicated(plain, {"lag": "0 s"}), 0).reading[1] == 0


def test_the_primary_may_fail_while_reads_go_on(plain, both):
    agenda = [{"at": "12:00:10", "database_failover": {"duration": "20 s"}}]
    scenario = replicated(plain, {"count": 1}).override({"operations": agenda, "run.duration": "40 s"})
    run = both(scenario)
    while_gone = (run.requests[:, 4] > 11.0) & (run.requests[:, 4] < 29.0)
    of_reads, of_writes = (set(run.requests[while_gone & (run.requests[:, 1] == i), 2]) for i in (0, 1))
    assert of_reads == {codes.SERVED}
    assert of_writes == {codes.NO_DATABASE}


def test_connections_are_counted_on_each_side(plain, both):
    """The readers take 4 - 3 connections each: reads beyond are refused, writes are not."""
    replicas = {"count": 2, "max_connections": 4, "cores": 1}
    slow = {"select": {"cpu": "60 ms"}, "update": {"cpu": "1 ms", "writes": 1}}
    run = both(replicated(plain, replicas, database={"statements": slow, "read_replicas": replicas}))
    assert run.outcome[0, codes.REFUSED] > 0
    assert run.outcome[1, codes.REFUSED] == 0
    assert max(row["busy"] for row in run.tiers if row["tier"] == "read replicas connections") == 2


def test_pgbouncer_has_a_pool_for_each_side(plain, both):
    bouncer = {"default_pool_size": 1, "max_client_conn": 1000, "login_cpu": "0 s", "query_cpu": "0 s"}
    heavy = {"select": {"cpu": "25 ms"}, "update": {"cpu": "1 ms", "writes": 1}}
    part = {"pgbouncer": bouncer, "statements": heavy, "cores": 4, "read_replicas": {"cores": 4}}
    run = both(replicated(plain, None, database=part))
    tiers = {row["tier"]: row for row in run.tiers}
    assert tiers["pgbouncer to read replicas"]["queue"] > 0  # 50/s x 25 ms on one connection
    assert tiers["pgbouncer"]["queue"] == 0


def test_a_request_reads_its_own_writes_on_the_primary(plain):
    statements = replicated(plain, None).database.statements
    scenario = plain(
        {
            "services": {"api": {"routes": {"read": [READ, {"cpu": "1 ms"}, WRITE, READ]}}},
            "database": {"statements": {"select": {"cpu": "5 ms"}, "update": {"cpu": "5 ms", "writes": 1}}},
        }
    )
    steps = scenario.services["api"].routes["read"]
    assert may_read_elsewhere(statements, steps) == {id(steps[0])}
    mixed = plain(
        {
            "services": {"api": {"routes": {"read": [{"sql": ["select", "update"]}, READ]}}},
            "database": {"statements": {"select": {"cpu": "5 ms"}, "update": {"cpu": "5 ms", "writes": 1}}},
        }
    )
    assert may_read_elsewhere(statements, mixed.services["api"].routes["read"]) == frozenset()


def test_a_replica_is_the_primarys_size_unless_told_otherwise(plain):
    same = replicated(plain, {"count": 1}).database
    assert (same.replica_cores, same.replica_connections) == (2, 97)
    large = replicated(plain, {"instance_class": "db.r6g.xlarge"}).database
    assert large.replica_cores == 4
    assert large.replica_connections > 1000


def test_closed_forms_split_the_load_the_same_way(plain):
    scenario = replicated(plain, {"count": 2, "share": "60 %"})
    run = replicate(scenario.override({"run.duration": "200 s"}), 0)
    load = system_load(scenario, 100.0, {"api": np.asarray(1.0)})
    assert 2 * float(load.reading.busy) == pytest.approx(busy(run, "read replicas cpu"), rel=0.05)
    assert float(load.primary.busy) == pytest.approx(busy(run, "postgres cpu"), rel=0.05)
    demand = route_demands(scenario, hit_ratios(scenario, 100.0))["read"]
    assert demand.on_primary == pytest.approx(0.4)


def test_readers_changed_in_one_engine_only_are_seen(plain, differ, monkeypatch):
    scenario = replicated(plain, {"count": 2, "share": "60 %", "lag": "20 ms"})
    fast = replicate(scenario, 0, "compiled", keep_requests=True)
    rule = steps.choose_link

    def always_the_first(m, i, pc, now):
        link = rule(m, i, pc, now)
        m.requests.database[i] = min(1, m.requests.database[i])
        return link

    monkeypatch.setattr(steps, "choose_link", always_the_first)
    assert "digest" in differ(fast, replicate(scenario, 0, "simpy", keep_requests=True))


def test_each_replica_is_a_database_on_the_bill_and_no_backup(plain):
    """A copy costs what a second primary of its class in one zone costs, its storage included."""
    base = nm.load("novabank")
    one = nm.bill(base.override({"database.read_replicas.count": 1})).mid
    without, two = nm.bill(base).mid, nm.bill(base.override({"database.read_replicas.count": 2})).mid
    assert two.total - one.total == one.total - without.total > 0
    more = Counter(line.key for line in one.lines) - Counter(line.key for line in without.lines)
    declared = {"cloudwatch.logs.ingest"}  # of each instance's enhanced monitoring
    assert set(more) - declared == {"rds.gp3.storage.single_az", "rds.postgres.db.r6g.large.single_az"}
    large = nm.bill(
        base.override({"database.read_replicas.count": 1, "database.read_replicas.instance_class": "db.r6g.xlarge"})
    )
    assert large.mid.total > one.total
