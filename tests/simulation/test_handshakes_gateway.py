"""Parts of the path that are off by default: TLS handshakes and the API gateway, on both engines."""

from __future__ import annotations

import numpy as np
import pytest

from novamodel.analytic import tier_demands
from novamodel.simulation import codes
from novamodel.simulation.recorder import WORDS
from novamodel.simulation.replication import replicate

RSA = {"requests_per_connection": 4, "tls": {"certificate": "rsa-2048", "resumed": "50 %"}}


def columns(run):
    """Arrival, end, seconds at the edge and outcome of every finished request, by number."""
    rows = run.requests[np.argsort(run.requests[:, 0])]
    return rows[:, WORDS], rows[:, WORDS + 1], rows[:, WORDS + 2 + codes.EDGE_TIME], rows[:, 2]


def test_handshakes_cost_their_cpu_and_leave_every_other_draw_alone(plain, both):
    without = both(plain({"run": {"duration": "10 s"}}))
    with_tls = both(plain({"run": {"duration": "10 s"}, "edge": {**RSA, "workers": 64}}))
    arrived, _, spent, _ = columns(with_tls)
    first = columns(without)[0]
    both_have = min(len(arrived), len(first)) - 10  # those in flight at the end are missing
    assert np.array_equal(arrived[:both_have], first[:both_have])
    kinds = {cost: np.isclose(spent, cost, rtol=0, atol=1e-9).mean() for cost in (0.0, 210e-6, 436e-6)}
    assert sum(kinds.values()) == pytest.approx(1.0)
    # about 1,000 requests: four standard errors
    assert kinds[210e-6] == pytest.approx(0.125, abs=0.042)
    assert kinds[436e-6] == pytest.approx(0.125, abs=0.042)


def test_a_rejected_request_has_paid_for_its_handshake(plain, both):
    limit = {"api": {"rate": "1r/m", "burst": 0, "delay": "nodelay"}}
    edge = {"requests_per_connection": 1, "tls": {"certificate": "ecdsa-p256", "resumed": "0 %"}, "workers": 64}
    run = both(plain({"run": {"duration": "4 s"}, "edge": {**edge, "limits": limit}}))
    arrived, ended, spent, outcome = columns(run)
    rejected = outcome == codes.REJECTED
    assert rejected.sum() > 300
    assert np.allclose(spent[rejected], 251e-6, atol=1e-9)
    assert np.allclose((ended - arrived)[rejected], 251e-6, atol=1e-9)


def test_simulated_and_analytic_edge_agree(plain):
    changes = {"traffic": {"peak": "500 requests/s"}, "edge": {**RSA, "request_cpu": "100 us"}}
    changes |= {"services": {"api": {"routes": {"read": [{"cpu": "1 us"}]}}}, "run": {"duration": "60 s"}}
    scenario = plain(changes)
    edge = tier_demands(scenario).set_index("tier").loc["edge"]
    assert edge["demand_per_request"] == pytest.approx(100e-6 + (210e-6 + 436e-6) / 2 / 4)
    run = replicate(scenario, 0)
    busy = np.mean([row["busy"] for row in run.tiers if row["tier"] == "edge"])
    assert busy == pytest.approx(edge["busy"], rel=0.03)


def test_core_speed_scales_a_handshake(plain):
    half = plain({"edge": RSA, "platform": {"core_speed": 0.5}})
    edge = tier_demands(half).set_index("tier").loc["edge"]
    assert edge["demand_per_request"] == pytest.approx(2 * (210e-6 + 436e-6) / 2 / 4)


def test_kong_counts_each_client_in_calendar_minutes(plain, both):
    """From 12:00:00 two clients ask 100/s for 70 s: each gets 200 a minute, in two minutes."""
    populations = {"all": {"share": "100 %", "clients": 2, "popularity": "uniform"}}
    gateway = {"kind": "kong", "limit": 200, "window": "60 s", "by": "client", "latency": "3 ms"}
    run = both(
        plain({"traffic": {"populations": populations}, "gateway": gateway, "run": {"duration": "70 s"}}),
    )
    arrived, ended, spent, outcome = columns(run)
    rejected = outcome == codes.REJECTED
    minute = (arrived + 3e-3) // 60
    assert (~rejected & (minute == 0)).sum() == 400
    assert (~rejected & (minute == 1)).sum() == pytest.approx(400, abs=15)  # some are still in flight at the end
    assert np.allclose((ended - arrived)[rejected], 3e-3)
    assert np.allclose(spent, 3e-3)
    assert run.population[0, codes.REJECTED] == rejected.sum()


def test_aws_bucket_is_shared_by_all(plain, both):
    gateway = {"kind": "aws", "rate": "20 requests/s", "burst": 50}
    run = both(plain({"gateway": gateway, "run": {"duration": "20 s"}}))
    outcome = columns(run)[3]
    assert (outcome != codes.REJECTED).sum() == pytest.approx(50 + 20 * 20, abs=8)
