"""A public incident out of its published settings: pools of 5 in 160 pods, with PgBouncer and the database idle.

Source: github.com/n8n-io/terraform-aws-n8n pull request 106 (load test of examples/large, August 2026): 160 webhook
pods, `db_postgresdb_pool_size` 5, about 900 requests/s in all; 33 to 54 callers pending a pod, acquires of 2 to 14 s;
n8n's own ping of the database goes through the same pool, gives up after DB_PING_TIMEOUT_MS (5 s unless said), and the
pod then answers 503 to everybody: 91 of 160 pods. Pools of 20 ended it. A review of it: 460 pods x 20 = 9,200 clients
meet PgBouncer's MAX_CLIENT_CONN of 3,000 in each of 2 replicas.

Not published: how long a connection is held. 160 x 5 connections at 900/s are just full at 0.89 s; 0.94 s makes pending
callers grow to the published figures within a minute. It is set as time on the way, so that the database idles as it
did, and the server pool as large as is needed, so that nobody waits at PgBouncer, as nobody did.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from novamodel.simulation import codes
from novamodel.simulation.replication import replicate

PODS, RATE, HELD, PING_TIMEOUT = 160, "900 requests/s", "0.94 s", "5 s"
AT_S = 60.0


def incident(plain: Any, pool: int, pods: int = PODS, rate: str = RATE, **pgbouncer: Any) -> Any:
    """A minute of it; the pings go around the pods by a door of their own, each pod about every other 2 s."""
    pings = {
        "loop": "closed", "users": pods, "think": "2 s", "via": "inside", "mix": {"ping": "100 %"},
        "caller": {"timeout": PING_TIMEOUT}, "populations": {"pings": {"share": "100 %", "clients": pods}},
    }  # fmt: skip
    api = {
        "replicas": pods,
        "pool": {"max": pool, "connection_timeout": "20 s", "idle_timeout": "0 s", "start": "warm"},
        "routes": {"read": [{"cpu": "2 ms"}, {"sql": ["select"]}], "ping": [{"sql": ["select"]}]},
    }
    return plain(
        {
            "traffic": {"peak": rate, "caller": {"timeout": "60 s"}, "also": {"pings": pings}},
            "edge": {"upstreams": {"api": {"method": "random"}}},  # kube-proxy takes any pod
            "edges": {"inside": {"request_cpu": "0 s", "network": "0 s", "worker_connections": 100_000}},
            "services": {"api": api},
            "database": {
                "cores": 64,
                "max_connections": 10_000,
                "connect": "0 s",
                "network": HELD,
                "statements": {"select": {"cpu": "1 ms"}},
                "pgbouncer": {"default_pool_size": 1500, "max_client_conn": 6000, "query_cpu": "0 s",
                              "login_cpu": "0 s"} | pgbouncer,
            },
            "run": {"duration": f"{AT_S:.0f} s", "interval": "10 s", "start_state": "given"},
        }
    )  # fmt: skip


def answering_503(scenario: Any, run: Any) -> int:
    """Pods whose last ping was given up."""
    pings = run.requests[run.requests[:, 1] == scenario.entry_routes.index("ping")]
    last = {int(row[3]): row[2] for row in pings[np.argsort(pings[:, 5], kind="stable")]}
    assert len(last) == scenario.services["api"].replicas  # everyone was asked
    return sum(outcome != codes.SERVED for outcome in last.values())


def acquires(run: Any, since_s: float = AT_S - 10) -> np.ndarray:
    late = run.requests[run.requests[:, 5] > since_s]
    return late[:, 6 + codes.PLACES.index("pool wait")]


def tier(run: Any, name: str) -> dict[str, float]:
    return [row for row in run.tiers if row["tier"] == name][-1]


@pytest.fixture(scope="module")
def pools_of_5(plain):
    scenario = incident(plain, 5)
    return scenario, [replicate(scenario, number, "compiled", keep_requests=True) for number in range(3)]


def test_more_than_half_of_the_pods_answer_503_while_the_database_idles(pools_of_5):
    scenario, runs = pools_of_5
    assert np.mean([answering_503(scenario, run) for run in runs]) == pytest.approx(91, abs=14)
    for run in runs:
        assert tier(run, "postgres cpu")["utilisation"] < 0.05
        assert tier(run, "pgbouncer")["queue"] == 0
        assert tier(run, "api cpu")["utilisation"] < 0.05
        assert tier(run, "api pool")["utilisation"] > 0.98


def test_acquires_take_2_to_14_s_with_33_to_54_pending(pools_of_5):
    _, runs = pools_of_5
    waits = np.concatenate([acquires(run) for run in runs])
    assert np.quantile(waits, 0.05) == pytest.approx(2.0, abs=1.0)
    assert np.quantile(waits, 0.999) == pytest.approx(14.0, abs=2.0)
    assert 28 <= np.mean([tier(run, "api pool")["queue"] / PODS for run in runs]) <= 54


def test_pools_of_20_cure_it(plain):
    scenario = incident(plain, 20)
    run = replicate(scenario, 0, "compiled", keep_requests=True)
    assert answering_503(scenario, run) == 0
    assert acquires(run).max() < 0.1
    assert run.outcome[:, list(codes.FAILED)].sum() == 0


@pytest.mark.parametrize(("pods", "overflow"), [(300, 0), (460, 460 * 20 - 6000)])
def test_460_pods_overflow_6000_client_slots(plain, pods, overflow):
    """Pools that are full of connections: those beyond PgBouncer's slots are refused, and their callers with them."""
    rate = f"{15 * pods} requests/s"  # 14 of 20 connections in use, the others idle and open
    scenario = incident(plain, 20, pods, rate, default_pool_size=9500)
    run = replicate(scenario, 0, "compiled", keep_requests=True)
    clients, refused = tier(run, "pgbouncer clients"), run.outcome[:, codes.REFUSED].sum()
    assert clients["limit"] == 6000
    assert clients["busy"] == 6000  # who is refused holds no place
    assert (refused > 1000) == bool(overflow)
    assert (answering_503(scenario, run) > 0) == bool(overflow)
