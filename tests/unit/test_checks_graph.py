"""Findings over a graph: each database by itself, a pool of PgBouncer for each user, parts that do nothing."""

import pytest

from novamodel.scenario import load_scenario
from tests.graph_fixture import graph


def found(**changes):
    return {(one["code"], one["message"]): one["level"] for one in graph(**changes).findings}


def codes(**changes):
    return {code for code, _ in found(**changes)}


def test_a_graph_in_which_everything_is_used_has_no_such_finding():
    assert codes() == {"read-replicas-idle"}  # the ledger's only transaction writes
    assert codes(databases__ledger__read_replicas=None) == set()


def test_connections_count_by_database():
    many = found(services__orders__replicas=30)
    assert [message for code, message in many if code == "connections-exceed-limit"] == [
        "all replicas together may open 300 connections (orders 30 x 5, to the primary and as many to the read "
        "replicas), max_client_conn of PgBouncer of ledger is 100"
    ]
    main = found(database__max_connections=12, services__mailer__pool={"max": 3})
    assert [message for code, message in main if code == "connections-exceed-limit"] == [
        "all replicas together may open 13 connections (shop 1 x 10, mailer 1 x 3), "
        "max_connections of PostgreSQL less what it reserves is 9"
    ]
    assert "connections-exceed-limit" not in codes(database__max_connections=16, services__mailer__pool={"max": 3})


def test_pgbouncer_has_a_pool_for_each_user():
    one = {"databases__ledger__max_connections": 23, "services__mailer__pools": {"ledger": {"max": 5}}}
    assert "pgbouncer-exceeds-postgres" not in codes(**one)  # 20 of 20: both services are one user
    two = found(**{**one, "services__mailer__pools": {"ledger": {"max": 5, "user": "mail"}}})
    assert (
        "pgbouncer-exceeds-postgres",
        "PgBouncer of ledger may open 40 connections (2 users x 20), PostgreSQL takes 20",
    ) in two


def test_read_replicas_are_asked_by_their_own_databases_transactions():
    reads = [{"sql": ["read"], "database": "ledger"}]
    assert "read-replicas-idle" not in codes(services__orders__routes__orders=reads)
    assert "read-replicas-idle" in codes(
        services__orders__routes__orders=[*graph().services["orders"].routes["orders"]]
    )
    first_writes = [{"sql": ["write"], "database": "ledger"}, {"sql": ["read"], "database": "ledger"}]
    assert "read-replicas-idle" in codes(services__orders__routes__place=first_writes)
    elsewhere = [{"sql": ["read"]}]  # on the main database
    assert "read-replicas-idle" in codes(services__shop__routes__browse=elsewhere)


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        (
            {"databases": {"ledger": {"statements": {"write": {"cpu": "1 ms"}}}, "old": {}}},
            "part-unused",
            "database old",
        ),
        ({"caches": {"lists": {"keyspaces": {"list": {"keys": 9}}}, "old": {}}}, "part-unused", "cache old"),
        ({"services__mailer__routes__mail": [{"cpu": "1 ms"}]}, "part-unused", "external post"),
        ({"services__mailer__consumers": {}}, "queue-not-consumed", "nobody consumes queue mails"),
        ({"queues": {"mails": {}, "old": {}}}, "queue-unused", "no route publishes to queue old"),
        ({"traffic__also__partners__via": "main"}, "edge-unused", "no source comes through edge office"),
    ],
)
def test_what_nothing_asks(changes, code, words):
    messages = [message for one, message in found(**changes) if one == code]
    assert len(messages) == 1
    assert words in messages[0]


def test_the_main_edge_without_callers():
    through_office = {"traffic__via": "office"}
    assert "edge-unused" in codes(**through_office, edge__workers=2)
    assert "edge-unused" not in codes(**through_office)  # nobody has said anything of it


def test_a_source_that_goes_past_the_limits_is_a_note():
    limits = {"janitor": {"rate": "5r/s"}, "tidy": {"rate": "1r/s"}, "shop": {"rate": "10r/s"}}
    notes = found(edge__limits=limits)
    (code, message), = ((code, text) for (code, text), level in notes.items() if level == "note")  # fmt: skip
    assert code == "direct-beside-limits"
    assert "source nightly comes straight to the services: edge.limits.janitor, edge.limits.tidy counts" in message
    assert "direct-beside-limits" not in codes(edge__limits={"shop": {"rate": "10r/s"}})


def test_weights_of_every_edge():
    weights = found(edges__office__weights={"orders": [3, 1]})
    assert (
        "weights-and-replicas",
        "edges.office.weights.orders has 2 weights for up to 1 replicas: the others weigh 1",
    ) in weights


def test_a_finding_has_the_file_and_line_of_its_part(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(
        "name: mine\n"
        "traffic: {mix: {a: 100 %}}\n"
        "services:\n"
        "  api: {routes: {a: [{cpu: 1 ms}]}}\n"
        "queues:\n"
        "  old: {}\n"
        "databases:\n"
        "  unasked:\n"
        "    cores: 4\n"
    )
    lines = {one["code"]: one["line"] for one in load_scenario(file).findings}
    assert (lines["queue-unused"], lines["part-unused"]) == (6, 8)
