"""Sizing a graph of three services: what is only called is sized by what callers feel, further stores stay."""

import sys
from pathlib import Path

import numpy as np
import pytest

from novamodel.analytic import latency_quantile, peak_rate, steady_replicas, system_load
from novamodel.scenario import Scenario, Tree, build
from novamodel.sizing import knee, size
from novamodel.sizing.joint import space
from novamodel.sizing.variables import variables

sys.path.insert(0, str(Path(__file__).parents[1]))
from sizing_fixture import SHOP, Recorder

FIXED = SHOP["services"]["api"] | {"autoscaler": None, "replicas": 2}


def chain(changes: dict | None = None) -> Scenario:
    """A front door that calls a service with a database of its own, which asks a bank; letters are sent later."""
    parts = {
        "traffic": SHOP["traffic"]
        | {"mix": {"read": "100 %"}, "populations": {"all": {"share": "100 %", "clients": 10_000}}},
        "services": {
            "api": SHOP["services"]["api"]
            | {"routes": {"read": [{"cpu": "1 ms"}, {"call": "pay.charge"}, {"publish": "mail"}]}},
            "pay": FIXED
            | {
                "replicas": 1,
                "pool": None,
                "pools": {"ledger": {"max": 10}},
                "routes": {"charge": [{"cpu": "2 ms"}, {"sql": ["book"], "database": "ledger"}, {"call": "bank"}]},
            },
            "post": FIXED
            | {
                "pool": None,
                "consumers": {"mails": {"queue": "mail", "route": "send", "concurrency": 8}},
                "routes": {"send": [{"cpu": "1 ms"}, {"wait": "20 ms"}]},
            },
        },
        "databases": {"ledger": {"statements": {"book": {"cpu": "1 ms"}}}},
        "queues": {"mail": {}},
        "externals": {"bank": {"latency": "20 ms exponential", "concurrency": 50, "over_limit": "wait"}},
    }
    return build(Tree(SHOP | parts)).override(changes or {})


def p99_s(scenario: Scenario) -> float:
    rate = peak_rate(scenario)
    counts = {name: np.asarray(float(n)) for name, n in steady_replicas(scenario, rate).items()}
    return float(latency_quantile(scenario, system_load(scenario, rate, counts), 0.99))


def test_the_called_service_grows_until_its_callers_are_content():
    scenario = chain()
    assert p99_s(scenario) > 0.2  # one replica of pay stands at its quota
    answer = size(scenario, simulate=Recorder(), budget=8)
    assert answer.met
    assert not answer.now.met
    assert any(path.startswith("services.pay.") for path in answer.chosen.overrides)
    assert p99_s(answer.chosen.scenario) < 0.2


def test_what_is_not_varied_stays_and_is_said():
    scenario = chain()
    chosen = variables(scenario)
    assert not any(path.startswith(("databases", "externals", "queues")) for v in chosen for path in v.paths)
    answer = size(scenario, simulate=Recorder(), budget=3)
    for words in ("the databases ledger", "the queues mail", "the externals bank", "pay's pools", "post's consumers"):
        assert words in answer.held
    assert answer.chosen.scenario.databases == scenario.databases
    assert answer.chosen.scenario.services["pay"].pools == scenario.services["pay"].pools


def test_shares_of_the_services_add_up_to_the_whole_today():
    roomy = chain({"services.pay.resources.cpu_request": "1000m", "services.pay.resources.cpu_limit": "1000m"})
    spot = space(roomy, variables(roomy)[:2])
    now = int(np.flatnonzero(spot.changes == 0)[0])
    assert spot.ratio[now] == pytest.approx(p99_s(roomy) / 0.2, rel=0.1)


def test_the_knee_of_a_graph_names_a_tier_of_it():
    found = knee(chain(), (0.25, 0.5, 1.0), simulate=Recorder())
    assert found.load_multiple_at_breach is not None
    assert {"ledger postgres cpu", "external bank", "queue mail consumers", "pay cpu"} <= set(found.tiers["tier"])
