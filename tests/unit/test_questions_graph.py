"""Questions, recovery and figures of a graph: every source counts, every database is named, the rest is said."""

import pytest

import novamodel as nm
from novamodel.errors import UserError
from novamodel.figures import pool_chain
from novamodel.questions.edge_limits.answer import _check
from novamodel.questions.replica_count.trials import _on_ramp
from novamodel.questions.shared import at_peak, main_only, most_per_s, need_open, service_asked
from novamodel.questions.sweep.own import _grid, _spans
from novamodel.recovery import recovery_plan
from novamodel.scenario import may_read_elsewhere
from novamodel.workflows.plan.fixes import fixes_of
from tests.graph_fixture import graph


def closed():
    traffic = {
        "loop": "closed",
        "users": 200,
        "think": "2 s exponential",
        "mix": {"browse": "80 %", "buy": "20 %"},
        "populations": {"people": {"share": "100 %", "clients": 200}},
    }
    return graph(traffic=traffic)


def test_the_service_asked_is_the_one_with_most_requests_calls_among_them():
    assert service_asked(graph(), None) == "shop"  # 100 requests/s
    calls = [{"call": "orders.place"}, {"call": "orders.place"}]
    busy = graph(services__shop__routes__browse=calls)
    assert service_asked(busy, None) == "orders"  # asked 10 times a second from outside, 180 times by calls
    assert service_asked(nm.load("novabank"), None) == "core-api"


def test_the_peak_is_that_of_all_sources():
    assert most_per_s(graph()) == pytest.approx(110.1)
    held = at_peak(graph(traffic__also__partners__peak="30 requests/s"), replications=2)
    assert held.traffic.also["partners"].rate_at(3600.0) == 30
    assert held.run.duration == pytest.approx(14_000 / 130.1)
    users = at_peak(closed(), replications=2)
    assert (users.traffic.users, users.run.duration) == (200, pytest.approx(140))  # 200 users / 2 s


def test_questions_that_set_a_rate_need_an_open_source():
    need_open(graph())
    for refused in (lambda: need_open(closed()), lambda: _on_ramp(closed(), 60, 60, 2)):
        with pytest.raises(UserError, match="main source is closed"):
            refused()


def test_limits_are_asked_of_the_main_edge():
    with pytest.raises(UserError, match="comes by 'office'"):
        _check(graph(traffic__via="office"), 10, 1.0, 0.001, None)
    others = {"traffic__also__partners__populations": {"flood": {"share": "100 %", "clients": 3}}}
    with pytest.raises(UserError, match="flood"):
        _check(graph(**others), 10, 1.0, 0.001, None)


def test_what_an_answer_leaves_out_is_named():
    assert main_only(graph(), "databases") == "This is about the main database only; not looked at: databases ledger."
    assert main_only(graph(), "edges", "sources") == (
        "This is about the main edge and source of traffic only; "
        "not looked at: edges office; sources partners, nightly."
    )
    assert main_only(nm.load("novabank"), "databases", "caches", "edges", "sources") == ""


def test_a_sweep_varies_what_says_the_load():
    assert "traffic.peak" in _grid(graph(), quick=True)
    grid = _grid(closed(), quick=True)
    assert "traffic.peak" not in grid
    assert all(isinstance(users, int) for users in grid["traffic.users"])
    for name, spans in (("closed", _spans(closed())), ("open", _spans(graph()))):
        assert ("traffic.peak" in spans) == (name == "open")
    for path, values in grid.items():
        for value in values:
            closed().override({path: value})  # every value is one that the scenario takes


def test_fixes_of_every_store_by_name():
    fixes = {fix.name: fix.overrides for fix in fixes_of(graph(), "shop cpu")}
    expected = {
        "database: the next class",
        "database: one more read replica",
        "database ledger: the next class",
        "PgBouncer ledger: four times the clients",
        "cache: the next node",
        "cache lists: the next node",
    }
    assert expected <= fixes.keys()
    assert "database ledger: one more read replica" not in fixes  # nothing only reads there
    for name, overrides in fixes.items():
        if "ledger" in name or "lists" in name:
            assert all(path.startswith(("databases.ledger.", "caches.lists.")) for path in overrides)


def test_read_replicas_of_one_database_do_not_see_the_statements_of_another():
    scenario = graph()
    steps = scenario.services["orders"].routes["place"]
    assert not may_read_elsewhere(scenario.database.statements, steps)


def test_ways_to_recover_every_database():
    said = {"backup.every": "24 h", "database.backup_retention_days": 7, "databases.ledger.backup_retention_days": 7}
    plan = recovery_plan(graph().override(said))
    what = list(plan["what"])
    assert what[:3] == [
        "point-in-time recovery",
        "standby in another zone of ledger",
        "point-in-time recovery of ledger",
    ]
    assert sum("dump" in one for one in what) == 2  # of the main database and the main cache
    silent = recovery_plan(graph()).set_index("what")
    assert silent.index[silent["works"]].to_list() == ["standby in another zone of ledger"]
    assert "no backup found" in silent.index


def test_pools_to_further_databases_are_said():
    assert "Not drawn: pools to ledger." in pool_chain(graph()).layout.title.text
    assert "Not drawn" not in pool_chain(nm.load("novabank")).layout.title.text
