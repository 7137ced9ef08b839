"""PgBouncer and the model decide alike: each timeline is played on a living PgBouncer and through the rules of a run.

Times may differ by what logins, threads and a busy machine take, and what the janitor polls by one of its rounds.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from judged import disagreements, skipped_where_missing

from novamodel.components.pgbouncer.state import JANITOR_PERIOD
from novamodel.recording.pgbouncer import FAST, LATE_S, TIMELINES, given_of, play, query
from novamodel.recording.programs import version_of
from novamodel.recording.wire import Client
from novamodel.verify import pgbouncer


def test_timelines_and_a_client_too_many(replayed: Any) -> None:
    found = replayed("pgbouncer")
    assert not disagreements(found)
    assert len(found.verdicts) >= 12


@pytest.mark.parametrize("turns", [0, 1])
def test_which_server_serves(turns: int, bouncer: Callable[..., int], postgres: int) -> None:
    settings = {"pool_mode": "transaction", "default_pool_size": 3, "server_round_robin": turns}
    events = [query(0, n, 0.3 + 0.2 * n) for n in range(3)] + [query(1.2 + 0.1 * n, 0, 0.01) for n in range(7)]
    living = play(bouncer(settings), events, 3, [], postgres)
    server = {"login_s": 0.01, "open_at_start": 3}
    model = pgbouncer.answer("server_reuse", {"settings": settings, "server": server, "events": events})
    order = {pid: number for number, pid in enumerate(living["pid"][:3])}
    assert [order[pid] for pid in living["pid"][3:]] == model["server_of_query"][3:]


def test_statement_mode_refuses_a_transaction(bouncer: Callable[..., int]) -> None:
    client = Client(bouncer({"pool_mode": "statement"}), "a")
    said = pgbouncer.answer("statement_mode", {"pool_mode": "statement", "sql": "BEGIN"})
    assert client.query("BEGIN")[0] == said["message"]


def test_a_transaction_idles_too_long(bouncer: Callable[..., int]) -> None:
    client = Client(bouncer({"pool_mode": "transaction", "idle_transaction_timeout": 1}), "a")
    assert client.query("BEGIN")[0] == "ok"
    time.sleep(2)
    given = {"idle_transaction_timeout_s": 1, "idle_in_transaction_s": 2}
    assert client.query("select 1")[0] == pgbouncer.answer("idle_transaction_timeout", given)["outcome"]


def test_an_outage(bouncer: Callable[..., int], postgres: int) -> None:
    """A server where nothing listens: who comes first waits for the query wait time-out; none was ever logged in."""
    port = bouncer({"pool_mode": "transaction", "client_login_timeout": 2}, f"host=127.0.0.1 port={postgres + 1}")
    begin = time.monotonic()
    with pytest.raises(RuntimeError) as caught:
        Client(port, "a")
    took = time.monotonic() - begin
    down = [{"from_s": 0, "to_s": 100}]
    given = {"settings": FAST | {"client_login_timeout_s": 2}, "server": {"down": down}, "events": [query(0, 0, 0.1)]}
    model = pgbouncer.answer("outage", given)
    assert [str(caught.value)] == model["outcome"]
    assert abs(took - model["wait_s"][0]) <= JANITOR_PERIOD + LATE_S


def test_the_version_is_one_that_the_rules_know() -> None:
    with skipped_where_missing():
        said = version_of("pgbouncer", "--version")
    major, minor = said.split(".")[:2]
    assert (int(major), int(minor)) >= (1, 18), f"the rules are those from 1.18 on, this is {said}"


@pytest.mark.parametrize("name", [name for name, timeline in TIMELINES.items() if "snapshots" in timeline])
def test_no_timeline_looks_while_something_changes(name: str) -> None:
    """A count taken at the instant of an arrival would be a matter of luck."""

    def counted(later_s: float) -> Any:
        given = given_of(TIMELINES[name])
        moved = {"snapshots_s": [at + later_s for at in given["snapshots_s"]]}
        return pgbouncer.answer(TIMELINES[name].get("kind", "transaction_queue"), given | moved)["server_connections"]

    assert counted(-0.15) == counted(0.0) == counted(0.15)
