"""Records a PgBouncer: timelines of clients and queries, with the outcome and the time of each answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from novamodel.recording.form import Case, case
from novamodel.recording.postgres import pgbouncer_before, postgres_server
from novamodel.recording.programs import version_of
from novamodel.recording.wire import Client

FILE, WHAT = "pgbouncer", "PgBouncer: timelines of clients and queries, with the outcome for each"
LATE_S = 0.25
"""What a busy machine may add to a time."""
POLL_S = 1 / 3
"""PgBouncer looks at its time-outs this often."""
POLLED = ("query_wait_timeout", "query_timeout", "query timeout", "idle transaction timeout")
BACKENDS = "select count(*) from pg_stat_activity where datname = 'shop'"
Event = dict[str, Any]


def query(t_s: float, client: int, service_s: float, user: str = "a") -> Event:
    """A client asks for something that takes so long."""
    return {"t_s": t_s, "client": client, "do": "query", "service_s": service_s, "user": user}


FAST = {"pool_mode": "transaction", "default_pool_size": 2}
TIMELINES: dict[str, dict[str, Any]] = {
    "queue": {"settings": FAST, "open": 2, "events": [query(0.15 * n, n, 0.5) for n in range(6)]},
    "wait timeout": {
        "settings": FAST | {"default_pool_size": 1, "query_wait_timeout_s": 1},
        "open": 1,
        "events": [query(0, 0, 3), *(query(0.2 * n, n, 0.01) for n in range(1, 5))],
    },
    "reserve": {
        "kind": "reserve_pool",
        "settings": FAST | {"reserve_pool_size": 2, "reserve_pool_timeout_s": 1},
        "open": 2,
        "events": [query(0.15 * n, n, 3) for n in range(5)],
        "snapshots": [0.7, 2.0],
    },
    "session": {
        "kind": "session_pooling",
        "settings": {"pool_mode": "session", "default_pool_size": 1},
        "open": 0,
        "events": [query(0, 0, 0.2), query(0.1, 1, 0.2), query(0.6, 0, 0.2), {**query(1.2, 0, 0), "do": "disconnect"}],
    },
    "one login at a time": {
        "kind": "server_login",
        "settings": FAST | {"default_pool_size": 3},
        "open": 0,
        "login_s": 0.7,
        "events": [query(0.15 * n, n, 5) for n in range(3)],
        "snapshots": [0.35, 1.05, 1.75],
    },
    "limit of a database": {
        "kind": "server_eviction",
        "settings": FAST | {"max_db_connections": 2},
        "open": 2,
        "events": [query(0, 0, 1), query(0, 1, 1), query(0.3, 2, 0.1, "b"), query(1.8, 3, 0.1, "b")],
        "snapshots": [0.5, 2.4],
    },
    "limit of a user": {
        "settings": FAST | {"default_pool_size": 4, "max_user_connections": 2},
        "open": 0,
        "events": [*(query(0.15 * n, n, 1) for n in range(4)), *(query(0.15 * n, n, 1, "b") for n in range(4, 8))],
        "snapshots": [1.3],
    },
    "query timeout": {
        "settings": FAST | {"query_timeout_s": 1},
        "open": 2,
        "events": [query(0, 0, 3), query(0, 1, 0.3), query(0.1, 2, 0.3)],
    },
    "servers idle too long": {
        "settings": FAST | {"server_idle_timeout_s": 1},
        "open": 2,
        "events": [query(0, 0, 0.1), query(0, 1, 0.1)],
        "snapshots": [0.5, 2.0],
    },
    "statement by statement": {
        "settings": FAST | {"pool_mode": "statement", "default_pool_size": 1},
        "open": 1,
        "events": [query(0.15 * n, n, 0.3) for n in range(3)],
    },
}
MOST_CLIENTS = ((3, 5), (4, 4))
"""max_client_conn, and clients that come."""


def given_of(timeline: Mapping[str, Any]) -> Case:
    """A timeline as a recorded case gives it."""
    opened = timeline["open"]
    server = {"login_s": timeline.get("login_s", 0.01), "open_at_start": opened, "worked_before": opened > 0}
    given = {"settings": timeline["settings"], "server": server, "events": timeline["events"]}
    return given | {"snapshots_s": timeline.get("snapshots", [])}


def play_timeline(folder: Path, postgres: int, timeline: Mapping[str, Any]) -> Case:
    """A timeline on a PgBouncer of its own: `outcome` and `done_s` of each query, `server_connections`, `pid`."""
    settings = {word.removesuffix("_s"): value for word, value in timeline["settings"].items()}
    slow = f"connect_query='select pg_sleep({timeline['login_s']})'" if "login_s" in timeline else ""
    with pgbouncer_before(folder, postgres, settings, slow) as port:
        return play(port, timeline["events"], timeline["open"], timeline.get("snapshots", []), postgres)


def play(port: int, events: Sequence[Event], warm: int, snapshots: Sequence[float], postgres: int) -> Case:
    """What PgBouncer does with some events, ``warm`` server connections being open; counts of servers at some times."""
    names = list(dict.fromkeys((event["client"], event["user"]) for event in events))
    watch = Client(postgres, "postgres", "postgres")
    while int(watch.query(BACKENDS)[1][0]) > 0:  # of what was played before, whose statements may still run
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
                if client is not None:
                    client.close()
                client = None
                continue
            try:
                client = client or Client(port, name[1])
                outcome, rows = client.query(f"select pg_backend_pid(), pg_sleep({event['service_s']})")
            except RuntimeError as error:
                outcome, rows = str(error), []
            found[number] = (outcome, time.monotonic() - begin, rows)
            if outcome != "ok" and client is not None:
                client.close()
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
    return {
        "outcome": [outcome for outcome, _, _ in ordered],
        "done_s": [round(took, 3) for _, took, _ in ordered],
        "pid": [rows[0] if rows else None for _, _, rows in ordered],
        "server_connections": counts,
    }


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


def admitted(folder: Path, postgres: int, most: int, come: int) -> Case:
    """How many clients a PgBouncer lets in, and its words for the others."""
    with pgbouncer_before(folder, postgres, {"max_client_conn": most, "pool_mode": "transaction"}) as port:
        clients, refused = [], []
        for _ in range(come):
            try:
                clients.append(Client(port, "a"))
            except RuntimeError as error:
                refused.append(str(error))
        for client in clients:
            client.close()
    words = {"message": refused[0]} if refused else {}
    return {"admitted": len(clients), "refused": len(refused)} | words


def record(folder: Path) -> tuple[str, list[Case]]:
    """(version, cases) of the PgBouncer and PostgreSQL that are installed; ``folder`` is for their files."""
    cases: list[Case] = []
    with postgres_server(folder) as postgres:
        for timeline in TIMELINES.values():
            found = play_timeline(folder, postgres, timeline)
            kind = timeline.get("kind", "transaction_queue")
            polled = kind == "reserve_pool" or any(outcome in POLLED for outcome in found["outcome"])
            expected = {name: found[name] for name in ("outcome", "done_s", "server_connections") if found[name]}
            near = {"abs": LATE_S + (POLL_S if polled else 0.0), "rel": 0.0}
            cases.append(case(FILE, len(cases) + 1, kind, given_of(timeline), expected, {"done_s": near}))
        for most, come in MOST_CLIENTS:
            given = {"max_client_conn": most, "clients": come}
            found = admitted(folder, postgres, most, come)
            cases.append(case(FILE, len(cases) + 1, "client_limit", given, found))
    return f"PgBouncer {version_of('pgbouncer', '--version')}", cases
