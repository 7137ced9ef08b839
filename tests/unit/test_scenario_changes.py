"""Single values set, and variants laid over a scenario: what merges, what is restated, what no longer holds."""

import pytest

from novamodel.errors import UserError
from novamodel.scenario import load_scenario
from tests.unit.test_scenario_graph import GRAPH, written


@pytest.fixture
def graph(tmp_path):
    return load_scenario(written(tmp_path, GRAPH))


@pytest.mark.parametrize(
    ("path", "value", "read"),
    [
        ("externals.payments.failures", "5 %", lambda s: s.externals["payments"].failures == 0.05),
        ("traffic.also.office.users", 50, lambda s: s.traffic.also["office"].users == 50),
        (
            "traffic.also.office.populations.office.clients",
            5,
            lambda s: s.traffic.also["office"].populations["office"].clients == 5,
        ),
        ("traffic.populations.customers.clients", 5, lambda s: s.traffic.populations["customers"].clients == 5),
        (
            "services.api.routes.get.1.call.caller.retries",
            2,
            lambda s: s.services["api"].routes["get"][1].call.caller.retries == 2,
        ),
        (
            "services.api.routes.get.1.call.caller.breaker.failures",
            3,
            lambda s: s.services["api"].routes["get"][1].call.caller.breaker.failures == 3,
        ),
        (
            "services.api.routes.get.0.cpu.busy",
            "200 us",
            lambda s: s.services["api"].routes["get"][0].cpu.idle == 305e-6,
        ),
        ("services.api.readiness.period", "3 s", lambda s: s.services["api"].readiness.initial_delay == 5),
        ("databases.main.cores", 8, lambda s: s.database.cores == 8),
        ("databases.ledger.cores", 8, lambda s: s.databases["ledger"].cores == 8),
        ("edges.main.workers", 8, lambda s: s.edge.workers == 8),
        (
            "databases",
            {
                "main": {"statements": {"read": {"cpu": "1 ms"}}},
                "ledger": {"cores": 4, "statements": {"book": {"cpu": "1 ms"}}},
            },
            lambda s: s.databases["ledger"].cores == 4 and s.database.cores == 2,
        ),
        ("traffic.also.office.loop", "open", lambda s: None),
        ("slo.0", "p99 < 1 s", lambda s: s.slo[0].limit == 1 and len(s.slo) == 2),
        ("traffic.bursts.dispersion", 5, lambda s: s.traffic.bursts.dispersion == 5),
        ("queues.mails.delay", "5 s", lambda s: s.queues["mails"].delay == 5),
        ("services.mailer.consumers.mails.batch", 4, lambda s: s.services["mailer"].consumers["mails"].batch == 4),
        (
            "services.stock.routes.level.0.cpu.mixture.1.1",
            "40 ms",
            lambda s: s.services["stock"].routes["level"][0].cpu.busy == pytest.approx(4.9e-3),
        ),
    ],
)
def test_single_values_can_be_set(graph, path, value, read):
    changes = {path: value}
    if value == "open":  # what belonged to users is gone with them
        changed = graph.override(changes | {"traffic.also.office.mix": {"get": 1}})
        assert changed.traffic.also["office"].routes == ("get",)
        return
    changed = graph.override(changes)
    assert read(changed)
    assert changed.origin(path).kind == "override"
    graph.require_path(path)


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("externals.paymnts.failures", "5 %", "nearest: externals.payments.failures"),
        ("externals.payments.failures", "500 %", "externals.payments.failures: Input should be less than or equal"),
        ("services.api.routes.get.1.call.to", "nope", "services.api.routes.get.1.call: 'nope' is no route"),
        ("services.api.routes.get.1.call.caller.retris", 3, "nearest: services.api.routes.get.1.call.caller.retries"),
        ("services.api.routes.get.9.call", "x", "does not exist"),
        ("traffic.also.ofice.users", 3, "nearest: traffic.also.office.users"),
        ("traffic.also.jobs.via", "nowhere", "traffic.also.jobs.via: 'nowhere' is no edge"),
        ("databases.main.coress", 3, "nearest: database.cores"),
        ("services.stock.routes.level.0.cpu", {"file": "x.txt"}, "a file of samples is read beside a scenario file"),
    ],
)
def test_wrong_changes_are_one_line(graph, path, value, says):
    with pytest.raises(UserError) as caught:
        graph.override({path: value})
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_main_database_merges_with_the_one_that_stands_by_itself(graph, tmp_path):
    above = written(
        tmp_path,
        "extends: graph.yaml\ndatabases:\n  main: {cores: 8}\nsources: {databases.main.cores: 'measured: by hand'}\n",
        "above.yaml",
    )
    found = load_scenario(above)
    assert (found.database.cores, list(found.databases)) == (8, ["ledger"])
    assert found.origin("database.cores") == ("measured", "measured: by hand", "above.yaml", 3)
    assert found.origin("databases.main.cores") == found.origin("database.cores")
    below = GRAPH.replace("database: {", "databases:\n  main: {", 1).replace("databases: {ledger: {i", "  ledger: {i")
    below = below.replace("{book: {cpu: 2 ms}}}}", "{book: {cpu: 2 ms}}}")
    written(tmp_path, below, "below.yaml")
    top = load_scenario(written(tmp_path, "extends: below.yaml\ndatabase: {cores: 4}\n", "top.yaml"))
    assert (top.database.cores, list(top.databases)) == (4, ["ledger"])
    assert top.database.statements == graph.database.statements
    assert load_scenario(tmp_path / "below.yaml").content_hash() == graph.content_hash()


@pytest.mark.parametrize(
    ("more", "read", "expected"),
    [
        ("traffic: {mix: {put: 100 %}}", lambda s: dict(s.traffic.mix), {"put": 1}),
        ("traffic: {populations: {bots: {share: 1, clients: 3}}}", lambda s: list(s.traffic.populations), ["bots"]),
        (
            "traffic: {also: {office: {sessions: {only: {routes: [put]}}}}}",
            lambda s: s.traffic.also["office"].routes,
            ("put",),
        ),
        ("traffic: {also: {office: {mix: {put: 1}}}}", lambda s: s.traffic.also["office"].routes, ("put",)),
        (
            "traffic: {loop: closed, users: 5}",
            lambda s: (s.traffic.loop, s.traffic.users, s.traffic.routes),
            ("closed", 5, ("get", "put")),
        ),
        ("traffic: {loop: closed, sessions: {only: {routes: [put]}}}", lambda s: s.traffic.routes, ("put",)),
        ("traffic: {also: {jobs: {loop: open, peak: 30/s}}}", lambda s: s.traffic.also["jobs"].most_per_s, 30),
        (
            "services: {stock: {routes: {level: [{cpu: 3 ms}]}}}",
            lambda s: s.services["stock"].routes["level"][0].cpu.busy,
            3e-3,
        ),
    ],
)
def test_a_variant_restates_mix_populations_sessions_and_steps_whole(graph, tmp_path, more, read, expected):
    found = load_scenario(written(tmp_path, f"extends: graph.yaml\n{more}\n", "more.yaml"))
    assert read(found) == expected
    assert found.traffic.also["jobs"].mix == {"put": 1}


def test_one_share_can_still_be_set_alone(graph):
    changed = graph.override({"traffic.mix.get": "70 %", "traffic.mix.put": "30 %"})
    assert changed.traffic.mix == {"get": 0.7, "put": 0.3}
    assert changed.origin("traffic.mix.put").kind == "override"
