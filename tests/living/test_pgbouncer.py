"""PgBouncer and the model decide alike: each timeline is played on a living PgBouncer and through the rules of a run.

Times may differ by what logins, threads and a busy machine take, and what the janitor polls by one of its rounds.
"""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from conftest import program
from wire import Client

from novamodel.components.pgbouncer.state import JANITOR_PERIOD
from novamodel.verify import pgbouncer

LATE_S = 0.25
"""What a busy machine may add."""
POLLED = ("query_wait_timeout", "query_timeout", "query timeout", "idle transaction timeout")
BACKENDS = "select count(*) from pg_stat_activity where datname = 'shop'"
Event = dict[str, Any]


def q(t_s: float, client: int, service_s: float, user: str = "a") -> Event:
    return {"t_s": t_s, "client": client, "do": "query", "service_s": service_s, "user": user}


def play(port: int, events: list[Event], warm: int, snapshots: list[float], postgres: int) -> dict[str, Any]:
    """What PgBouncer does: outcome and time of the answer of each query, and servers open at some times."""
    names = list(dict.fromkeys((event["client"], event["user"]) for event in events))
    watch = Client(postgres, "postgres", "postgres")
    while int(watch.query(BACKENDS)[1][0]) > 0:  # of the test before, whose statements may still run
        time.sleep(0.1)
    at_once(port, warm)
    begin = time.monotonic() + 0.1
    found: dict[int, tuple[str, float, list[str]]] = {}

    def one(name: tuple[int, str]) -> None:
        client = None
        number = -1
        for event in events:
            number += event["do"] == "query"
            if (event["client"], event["user"]) != name:
                continue
            time.sleep(max(0.0, begin + event["t_s"] - time.monotonic()))
            if event["do"] == "disconnect":
                assert client is not None
                client.close()
                client = None
                continue
            try:
                client = client or Client(port, name[1])
                outcome, rows = client.query(f"select pg_backend_pid(), pg_sleep({event['service_s']})")
            except RuntimeError as error:
                outcome, rows = str(error), []
            found[number] = (outcome, time.monotonic() - begin, rows)
            if outcome != "ok":
                client = None
        if client is not None:
            client.close()

    threads = [threading.Thread(target=one, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    counts = []
    for at in snapshots:
        time.sleep(max(0.0, begin + at - time.monotonic()))
        counts.append(int(watch.query(BACKENDS)[1][0]))
    for thread in threads:
        thread.join()
    watch.close()
    ordered = [found[number] for number in range(len(found))]
    return {"outcome": [o for o, _, _ in ordered], "done_s": [t for _, t, _ in ordered],
            "pid": [rows[0] if rows else None for _, _, rows in ordered], "server_connections": counts}  # fmt: skip


def at_once(port: int, count: int) -> None:
    """Open so many server connections: as many clients work at the same time."""
    clients = [Client(port, "a") for _ in range(count)]
    threads = [threading.Thread(target=client.query, args=("select pg_sleep(0.3)",)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for client in clients:
        client.close()


FAST = {"pool_mode": "transaction", "default_pool_size": 2}
TIMELINES: dict[str, dict[str, Any]] = {
    "queue": {"settings": FAST, "open": 2, "events": [q(0.05 * n, n, 0.5) for n in range(6)]},
    "wait timeout": {
        "settings": FAST | {"default_pool_size": 1, "query_wait_timeout_s": 1},
        "open": 1,
        "events": [q(0, 0, 3), *(q(0.2 * n, n, 0.01) for n in range(1, 5))],
    },
    "reserve": {
        "settings": FAST | {"reserve_pool_size": 2, "reserve_pool_timeout_s": 1},
        "open": 2,
        "events": [q(0.05 * n, n, 3) for n in range(5)],
        "snapshots": [0.7, 2.0],
    },
    "session": {
        "settings": {"pool_mode": "session", "default_pool_size": 1},
        "open": 0,
        "events": [q(0, 0, 0.2), q(0.1, 1, 0.2), q(0.6, 0, 0.2), {**q(1.2, 0, 0), "do": "disconnect"}],
    },
    "one login at a time": {
        "settings": FAST | {"default_pool_size": 3},
        "open": 0,
        "login_s": 0.7,
        "events": [q(0.05 * n, n, 5) for n in range(3)],
        "snapshots": [0.35, 1.05, 1.75],
    },
    "limit of a database": {
        "settings": FAST | {"max_db_connections": 2},
        "open": 2,
        "events": [q(0, 0, 1), q(0, 1, 1), q(0.3, 2, 0.1, "b"), q(1.8, 3, 0.1, "b")],
        "snapshots": [0.5, 2.4],
    },
    "limit of a user": {
        "settings": FAST | {"default_pool_size": 4, "max_user_connections": 2},
        "open": 0,
        "events": [*(q(0.05 * n, n, 1) for n in range(4)), *(q(0.05 * n, n, 1, "b") for n in range(4, 8))],
        "snapshots": [0.6],
    },
    "query timeout": {
        "settings": FAST | {"query_timeout_s": 1},
        "open": 2,
        "events": [q(0, 0, 3), q(0, 1, 0.3), q(0.1, 2, 0.3)],
    },
    "servers idle too long": {
        "settings": FAST | {"server_idle_timeout_s": 1},
        "open": 2,
        "events": [q(0, 0, 0.1), q(0, 1, 0.1)],
        "snapshots": [0.5, 2.0],
    },
    "statement by statement": {
        "settings": FAST | {"pool_mode": "statement", "default_pool_size": 1},
        "open": 1,
        "events": [q(0.05 * n, n, 0.3) for n in range(3)],
    },
}


def timeline(case: dict[str, Any]) -> dict[str, Any]:
    """What the model does."""
    server = {"login_s": case.get("login_s", 0.01), "open_at_start": case["open"], "worked_before": case["open"] > 0}
    given = {"settings": case["settings"], "server": server, "events": case["events"]}
    return pgbouncer.answer("outage", given | {"snapshots_s": case.get("snapshots", [])})


@pytest.mark.parametrize("name", TIMELINES)
def test_a_timeline(name: str, bouncer: Callable[..., int], postgres: int) -> None:
    case = TIMELINES[name]
    settings = {word.removesuffix("_s"): value for word, value in case["settings"].items()}
    slow = f"connect_query='select pg_sleep({case['login_s']})'" if "login_s" in case else ""
    port = bouncer(settings, slow)
    living = play(port, case["events"], case["open"], case.get("snapshots", []), postgres)
    model = timeline(case)
    assert living["outcome"] == model["outcome"]
    assert living["server_connections"] == model["server_connections"]
    for outcome, measured, said in zip(living["outcome"], living["done_s"], model["done_s"], strict=True):
        beside = JANITOR_PERIOD if outcome in POLLED or name == "reserve" else 0.0
        assert abs(measured - said) <= beside + LATE_S, (name, living["done_s"], model["done_s"])


@pytest.mark.parametrize("turns", [0, 1])
def test_which_server_serves(turns: int, bouncer: Callable[..., int], postgres: int) -> None:
    settings = {"pool_mode": "transaction", "default_pool_size": 3, "server_round_robin": turns}
    events = [q(0, n, 0.3 + 0.2 * n) for n in range(3)] + [q(1.2 + 0.1 * n, 0, 0.01) for n in range(7)]
    living = play(bouncer(settings), events, 3, [], postgres)
    server = {"login_s": 0.01, "open_at_start": 3}
    model = pgbouncer.answer("server_reuse", {"settings": settings, "server": server, "events": events})
    order = {pid: number for number, pid in enumerate(living["pid"][:3])}
    assert [order[pid] for pid in living["pid"][3:]] == model["server_of_query"][3:]


def test_a_client_too_many(bouncer: Callable[..., int]) -> None:
    port = bouncer({"max_client_conn": 3, "pool_mode": "transaction"})
    answer = pgbouncer.answer("client_limit", {"max_client_conn": 3, "clients": 5})
    clients, refused = [], []
    for _ in range(5):
        try:
            clients.append(Client(port, "a"))
        except RuntimeError as error:
            refused.append(str(error))
    assert (len(clients), len(refused)) == (answer["admitted"], answer["refused"])
    assert set(refused) == {answer["message"]}
    for client in clients:
        client.close()


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
    given = {"settings": FAST | {"client_login_timeout_s": 2}, "server": {"down": down}, "events": [q(0, 0, 0.1)]}
    model = pgbouncer.answer("outage", given)
    assert [str(caught.value)] == model["outcome"]
    assert abs(took - model["wait_s"][0]) <= JANITOR_PERIOD + LATE_S


def test_the_version_is_one_that_the_rules_know() -> None:
    said = subprocess.run([program("pgbouncer"), "--version"], capture_output=True, text=True).stdout
    major, minor = said.split()[1].split(".")[:2]
    assert (int(major), int(minor)) >= (1, 18), f"the rules are those from 1.18 on, this is {said.split()[1]}"
