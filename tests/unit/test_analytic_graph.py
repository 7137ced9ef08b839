"""Closed forms of a graph: visits by hand, every tier by name, and refusals of what they do not describe."""

import copy
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from novamodel.analytic import (
    beside,
    every_hit_ratio,
    external_rates,
    hit_ratio,
    hit_ratios,
    key_rates,
    latency_quantile,
    mean_latency,
    queue_rates,
    route_means,
    route_rates,
    steady_replicas,
    system_load,
    tier_demands,
    uncovered,
    warming,
)
from novamodel.analytic.demand import route_demands
from novamodel.analytic.latency import error_share
from novamodel.analytic.moments import longest
from novamodel.analytic.steady import moving, steady_of
from novamodel.errors import UserError
from novamodel.scenario import Scenario, build
from novamodel.scenario.graph import RouteOf
from novamodel.scenario.origin import Tree

SERVICE = {"resources": {"cpu_request": "500m", "cpu_limit": None, "memory_limit": None}, "readiness": None}
GRAPH = {
    "name": "graph",
    "traffic": {
        "peak": "100 requests/s",
        "shape": "constant",
        "mix": {"buy": "40 %", "look": "60 %"},
        "also": {"jobs": {"loop": "periodic", "every": "1 s", "mix": {"look": "100 %"}, "via": "direct",
                          "populations": {"robots": {"share": "100 %", "clients": 1}}}},
    },
    "services": {
        "shop": {
            **SERVICE,
            "pool": {"max": 10},
            "routes": {
                "buy": [
                    {"cpu": "1 ms"},
                    {"call": "pay.charge"},
                    {"call": {"to": "rates"}, "chance": "50 %"},
                    {"publish": "mail"},
                ],
                "look": [
                    {"cpu": "1 ms"},
                    {"cache": {"op": "get", "keyspace": "item", "store": "near", "on_miss": [
                        {"sql": ["load"]},
                        {"cache": {"op": "set", "keyspace": "item", "store": "near"}},
                    ]}},
                ],
            },
        },
        "pay": {
            **SERVICE,
            "pools": {"ledger": {"max": 5}},
            "routes": {"charge": [{"cpu": "2 ms"}, {"sql": ["book"], "database": "ledger"}, {"call": "bank"}]},
        },
        "post": {
            **SERVICE,
            "autoscaler": {"min_replicas": 1, "max_replicas": 9, "cpu_target": "50 %"},
            "consumers": {"mails": {"queue": "mail", "route": "send", "concurrency": 4}},
            "routes": {"send": [{"cpu": "10 ms"}, {"wait": "40 ms"}]},
        },
    },
    "database": {"statements": {"load": {"cpu": "1 ms"}}},
    "databases": {"ledger": {"cores": 1, "pgbouncer": {}, "statements": {"book": {"cpu": "2 ms", "writes": 1}}}},
    "caches": {"near": {"keyspaces": {"item": {"keys": 1000, "hit_ratio": "75 %"}}}},
    "queues": {"mail": {"latency": "5 ms"}},
    "externals": {
        "bank": {"latency": "50 ms exponential", "concurrency": 8, "over_limit": "wait"},
        "rates": {"latency": "20 ms"},
    },
    "slo": ["p99 < 500 ms", "mean < 200 ms"],
}  # fmt: skip


def graph(**changes: object) -> Scenario:
    return build(Tree(copy.deepcopy(GRAPH))).override({k.replace("__", "."): v for k, v in changes.items()})


def loaded(scenario: Scenario, **counts: int):
    return system_load(
        scenario,
        scenario.traffic.most_per_s,
        {name: np.asarray(float(counts.get(name, 1))) for name in scenario.services},
    )


def test_rates_of_visits_by_hand():
    rates = route_rates(graph())
    assert rates[RouteOf("shop", "buy")] == pytest.approx(40.0)
    assert rates[RouteOf("shop", "look")] == pytest.approx(61.0)  # 60 from people, 1 from jobs
    assert rates[RouteOf("pay", "charge")] == pytest.approx(40.0)
    assert rates[RouteOf("post", "send")] == pytest.approx(40.0)
    assert external_rates(graph()) == pytest.approx({"bank": 40.0, "rates": 20.0})
    assert queue_rates(graph()) == pytest.approx({"mail": 40.0})
    # the rate given is the main source's: jobs by the clock do not grow
    assert route_rates(graph(), 200.0)[RouteOf("shop", "look")] == pytest.approx(121.0)


def test_misses_branches_and_shared_queues_send_their_part():
    steps = [
        {"parallel": [[{"call": "rates"}], [{"then": [{"call": "pay.charge"}, {"call": "bank"}], "chance": 0.5}]]},
        {"cache": {"op": "get", "keyspace": "item", "store": "near", "on_miss": [{"call": "rates"}]}},
    ]
    changed = graph(services__shop__routes={"buy": steps, "look": [{"publish": "mail"}]})
    changed = changed.override({"services.pay.consumers": {"c": {"queue": "mail", "route": "charge"}}})
    rates, calls = route_rates(changed), external_rates(changed)
    by_mail = 61.0 / 5  # one of five places is pay's
    assert rates[RouteOf("pay", "charge")] == pytest.approx(20.0 + by_mail)
    assert rates[RouteOf("post", "send")] == pytest.approx(61.0 - by_mail)
    assert calls["rates"] == pytest.approx(40.0 + 0.25 * 40.0)
    assert calls["bank"] == pytest.approx(20.0 + 20.0 + by_mail)


def test_calls_that_lead_back_are_a_linear_system():
    back = {"charge": [{"cpu": "1 ms"}, {"call": "shop.buy", "chance": "30 %"}]}
    rates = route_rates(graph(services__pay__routes=back))
    assert rates[RouteOf("shop", "buy")] == pytest.approx(40 / 0.7)
    assert rates[RouteOf("pay", "charge")] == pytest.approx(40 / 0.7)
    twice = {"charge": [{"call": "shop.buy", "chance": "50 %"}, {"call": "shop.buy", "chance": "50 %"}]}
    with pytest.raises(UserError, match="without an exit"):  # the scenario itself refuses what never ends on average
        graph(services__pay__routes=twice)


def test_sessions_and_replays_have_their_routes():
    closed = graph(traffic__also={}).override(
        {
            "traffic.loop": "closed",
            "traffic.users": 50,
            "traffic.think": "1 s",
            "traffic.mix": {},
            "traffic.sessions": {
                "a": {"share": 0.5, "routes": ["look", "look", "buy"]},
                "b": {"share": 0.5, "routes": ["look"]},
            },
        }
    )
    rates = route_rates(closed)
    assert rates[RouteOf("shop", "look")] == pytest.approx(50 * 3 / 4)
    assert rates[RouteOf("shop", "buy")] == pytest.approx(50 / 4)


def test_caches_have_hit_ratios_of_their_own():
    free = graph(caches__near__keyspaces__item__hit_ratio=None)
    assert hit_ratios(free) == {}
    ratio = hit_ratio(free, "item", store="near")
    assert hit_ratios(free, store="near") == {"item": ratio} == every_hit_ratio(free)["near"]
    assert key_rates(free, "item", 100.0, {"item": ratio}, store="near") == pytest.approx((61.0, 61.0, 0.0, 0.0))
    # the same keyspace of the main cache, asked as often, has the same ratio
    alone = {
        "cache.keyspaces": {"item": {"keys": 1000}},
        "services.shop.routes.look": [
            {"cache": {"op": "get", "keyspace": "item", "on_miss": [{"cache": {"op": "set", "keyspace": "item"}}]}}
        ],
    }
    assert hit_ratio(free.override(alone), "item") == pytest.approx(ratio, abs=1e-12)
    with pytest.raises(ValueError, match="no cache"):
        hit_ratio(free, "item", store="far")


def test_a_further_cache_warms_up_on_its_own():
    free = graph(caches__near__keyspaces__item__hit_ratio=None)
    curve = warming(free, 1200.0, store="near")
    assert curve["hit_ratio"].iloc[0] == 0.0
    assert curve["hit_ratio"].iloc[-1] == pytest.approx(hit_ratio(free, "item", store="near"), rel=0.01)
    assert warming(free, 120.0).empty


def test_demands_stand_at_their_own_database_and_cache():
    demands = route_demands(graph())
    assert set(demands) == {"buy", "look", "pay.charge", "post.send"}
    charge = demands["pay.charge"]
    assert (charge.statements, charge.transactions) == (0.0, 0.0)
    assert charge.databases["ledger"].database_busy == pytest.approx(2e-3)
    assert demands["look"].caches["near"].cache_trips == pytest.approx(1.25)
    assert demands["look"].statements == pytest.approx(0.25)
    assert charge.share == pytest.approx(0.4)
    assert (charge.entry, demands["buy"].entry) == (0.0, pytest.approx(40 / 101))


def test_every_tier_has_its_name_and_utilisation():
    table = tier_demands(graph(), {"shop": 1, "pay": 1, "post": 2}).set_index("tier")
    assert set(table.index) == {
        "edge", "postgres cpu", "postgres storage", "postgres connections", "redis", "near redis",
        "ledger postgres cpu", "ledger postgres storage", "ledger postgres connections", "ledger pgbouncer",
        "ledger pgbouncer cpu", "ledger pgbouncer clients", "shop cpu", "shop event loop", "shop pool", "pay cpu",
        "pay event loop", "pay ledger pool", "post cpu", "post event loop", "external bank", "queue mail consumers",
    }  # fmt: skip
    assert table.loc["ledger postgres cpu", "utilisation"] == pytest.approx(40 * 2e-3, rel=1e-6)
    assert table.loc["ledger postgres storage", "busy"] == pytest.approx(40.0)
    assert table.loc["pay event loop", "utilisation"] == pytest.approx(40 * 2e-3, rel=1e-6)
    assert table.loc["shop event loop", "utilisation"] == pytest.approx(101 * 1e-3, rel=1e-6)
    assert table.loc["external bank", "busy"] == pytest.approx(2.0)
    assert table.loc["external bank", "saturation_multiple"] == pytest.approx(4.0)
    assert table.loc["edge", "busy"] == pytest.approx(100 * 70e-6, rel=1e-6)  # jobs come directly
    consumers = table.loc["queue mail consumers"]
    assert consumers["limit"] == 8
    assert consumers["busy"] == pytest.approx(40 * 0.05, rel=0.1)  # 10 ms of CPU at 20 % use, 40 ms of waiting
    assert consumers["busy"] > 40 * 0.05


def test_latency_is_the_sum_over_the_calls():
    quiet = graph(traffic__peak="0.001 requests/s", traffic__also={})
    means = route_means(quiet, loaded(quiet))
    book = 0.5e-3 + 15e-6 + 2e-3 + 1e-3 + 1 / 3000  # network, PgBouncer, CPU, storage
    front = 70e-6 + 0.3e-3
    charge = 2e-3 + book + 50e-3
    buy = front + 1e-3 + 0.5e-3 + charge + 0.5 * 20e-3 + 5e-3  # sending is not waited for
    assert float(means["pay.charge"]) == pytest.approx(charge, rel=1e-3)
    assert float(means["buy"]) == pytest.approx(buy, rel=1e-3)
    look = float(means["look"])
    assert float(mean_latency(quiet, loaded(quiet))) == pytest.approx(0.4 * buy + 0.6 * look, rel=1e-3)
    # an exponential 50 ms beyond some 16 ms: the tail is the external's
    tail = float(latency_quantile(quiet, loaded(quiet), 0.99, "buy"))
    assert tail == pytest.approx(buy - 50e-3 + 50e-3 * np.log(100), rel=0.15)


def test_calls_that_lead_back_add_their_time_each_turn():
    back = {"charge": [{"wait": "10 ms"}, {"call": "shop.buy", "chance": "30 %"}]}
    steps = {"buy": [{"wait": "20 ms"}, {"call": "pay.charge"}], "look": [{"wait": "1 ms"}]}
    scenario = graph(services__pay__routes=back, services__shop__routes=steps, traffic__via="direct")
    turn = 20e-3 + 0.5e-3 + 10e-3
    found = float(route_means(scenario, loaded(scenario))["buy"]) - 0.5e-3
    assert found == pytest.approx((turn + 0.3 * 0.5e-3) / 0.7, rel=1e-9)


def test_branches_take_as_long_as_the_longest():
    branches = [[{"wait": "30 ms"}], [{"call": "rates"}], [{"call": "rates", "chance": 0.5}]]
    routes = {"buy": [{"wait": "1 ms"}, {"parallel": branches}], "look": [{"wait": "1 ms"}]}
    scenario = graph(services__shop__routes=routes)
    means = route_means(scenario, loaded(scenario))
    assert float(means["buy"] - means["look"]) == pytest.approx(30e-3, rel=0.02)
    one = np.asarray(1.0)
    for count, exact in ((2, 1.5), (4, 25 / 12), (8, 761 / 280)):  # exponential: the harmonic numbers
        assert float(longest([(one, one)] * count)[0]) == pytest.approx(exact, rel=0.12)
    assert [float(v) for v in longest([(one, 0 * one), (3 * one, 0 * one)])] == [3.0, 0.0]


def test_a_full_part_deep_in_the_graph_fills_the_route_above():
    slow = graph(externals__bank__concurrency=1)
    means = route_means(slow, loaded(slow))
    assert np.isinf(means["buy"])
    assert np.isinf(means["pay.charge"])
    assert np.isfinite(means["look"])
    assert tier_demands(slow, {"shop": 1, "pay": 1, "post": 2}).iloc[0]["tier"] == "external bank"


def test_refusals_of_an_external_are_errors_of_the_route():
    refusing = graph(externals__bank__over_limit="reject", externals__bank__concurrency=2)
    lost = float(error_share(loaded(refusing), "buy"))
    assert lost == pytest.approx(2.0 / 5.0, rel=1e-6)  # Erlang B of two places and two erlangs
    steps = [{"call": {"to": "bank", "optional": True}}]
    optional = refusing.override({"services.pay.routes": {"charge": steps}})
    assert float(error_share(loaded(optional), "buy")) == pytest.approx(0.0, abs=1e-9)


def test_services_that_only_consume_or_are_only_called_scale():
    counts = steady_replicas(graph(), 100.0)
    assert counts["shop"] == counts["pay"] == 1
    assert counts["post"] == 2  # 40 messages/s of 10 ms on half a core each, at half of it
    assert steady_replicas(graph(), 400.0)["post"] == 7


def result_of(scenario: Scenario) -> SimpleNamespace:
    estimates = pd.DataFrame(
        [
            (metric, of, 0.05, 0.04, 0.06)
            for metric in ("mean", "p99", "rejected")
            for of in ("", *scenario.traffic.everyone)
        ]
        + [
            ("hit ratio", space if store == "main" else f"{store} {space}", 0.5, 0.4, 0.6)
            for store, cache in scenario.all_caches.items()
            for space in cache.keyspaces
        ],
        columns=["metric", "of", "value", "low", "high"],
    )
    steady = steady_of(scenario)
    tiers = [row["tier"] for row in steady.tiers]
    frame = pd.DataFrame({"tier": tiers, "replication": 0, "utilisation": 0.1})
    replicas = pd.DataFrame([(0, *one) for one in steady.replicas.items()], columns=["replication", "service", "ready"])
    return SimpleNamespace(scenario=scenario, estimates=estimates, tiers=frame, replicas=replicas)


def test_beside_shows_what_it_describes():
    table = beside(result_of(graph(traffic__also={}, run__duration="60 s"))).set_index(["metric", "of"])
    assert table.loc[("mean", ""), "holds"]
    assert not table.loc[("p99", ""), "holds"]
    assert table.loc[("utilisation", "external bank"), "analytic"] == pytest.approx(0.25)
    assert table.loc[("utilisation", "ledger postgres cpu"), "holds"]


RETRIES = {"retries": 2}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"traffic.caller": RETRIES}, "retry"),
        ({"services.pay.routes": {"charge": [{"call": {"to": "bank", "caller": RETRIES}}]}}, "bank are retried"),
        ({"externals.rates.failures": 0.1}, "external rates fails"),
        ({"traffic.loop": "closed", "traffic.users": 5, "traffic.think": "1 s"}, "wait for their answers"),
        ({"edge.limits": {"buy": {"rate": "10r/s"}}}, "limit of route buy"),
        ({"edge.limits": {"shop": {"rate": "10r/s", "key": "server"}}}, "other than each client"),
        ({"edge.connection_limits": {"shop": {"limit": 5}}}, "limit_conn"),
    ],
)
def test_beside_shows_nothing_of_what_it_does_not_describe(changes, why):
    tree = copy.deepcopy(GRAPH)
    for field in ("also", "peak", "shape") if "traffic.loop" in changes else ("also",):
        tree["traffic"].pop(field)
    scenario = build(Tree(tree)).override({"run.duration": "60 s"} | changes)
    assert why in uncovered(scenario)
    table = beside(result_of(scenario))
    assert not table["holds"].any()
    assert table["analytic"].isna().all()
    assert why in table[table["metric"] == "mean"].iloc[0]["why"]


def test_bursts_take_the_rejections_and_hit_ratios_with_them():
    limit = {"edge.limits": {"shop": {"rate": "10r/s", "burst": 5}}, "caches.near.keyspaces.item.hit_ratio": None}
    calm = graph(traffic__also={}, run__duration="60 s").override(limit)
    burst = calm.override({"traffic.bursts": {"dispersion": 20}})
    for scenario, holds in ((calm, True), (burst, False)):
        table = beside(result_of(scenario)).set_index(["metric", "of"])
        assert table.loc[("rejected", ""), "holds"] == holds
        assert table.loc[("hit ratio", "near item"), "holds"] == holds
        assert table.loc[("utilisation", "shop event loop"), "holds"]


def test_what_the_edge_rejects_calls_nobody():
    limit = {"edge.limits": {"shop": {"rate": "1r/s"}}, "traffic.populations": {"one": {"share": 1.0, "clients": 1}}}
    steady = steady_of(graph(traffic__also={}, run__duration="60 s").override(limit))
    assert steady.rejected == pytest.approx(0.99, abs=0.002)  # one client, 100 requests/s, one a second let in
    let_in = 100 * (1 - steady.rejected)
    assert float(steady.load.services["pay"].rate_per_s) == pytest.approx(0.4 * let_in)
    assert float(steady.load.externals["rates"].rate_per_s) == pytest.approx(0.2 * let_in)
    assert sum(demand.entry for demand in steady.load.routes.values()) == pytest.approx(1.0)


def test_several_sources_must_all_stand_still():
    moves = {
        "loop": "open",
        "shape": [["00:00", "1 requests/s"], ["00:10", "100 requests/s"]],
        "mix": {"look": 1.0},
        "via": "direct",
        "populations": {"robots": {"share": 1.0, "clients": 1}},
    }
    scenario = graph(run__duration="300 s", run__start="00:01").override({"traffic.also.jobs": moves})
    assert "the rate moves" in moving(steady_of(scenario))
    assert moving(steady_of(graph(run__duration="60 s"))) == ""
    table = beside(result_of(graph(run__duration="60 s"))).set_index(["metric", "of"])
    assert "jobs by the clock" in table.loc[("mean", ""), "why"]
    assert table.loc[("utilisation", "shop cpu"), "holds"]


def test_unknown_names_are_refused_before_any_closed_form():
    with pytest.raises(UserError, match="nearest"):
        graph(services__shop__routes={"buy": [{"call": "pay.chrge"}], "look": [{"cpu": "1 ms"}]})
