"""Answers to the recorded questions about PgBouncer, by the rules of `components.pgbouncer`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from novamodel.components.pgbouncer.janitor import round_after
from novamodel.components.pgbouncer.state import BouncerPool
from novamodel.components.postgres.admission import slot_free
from novamodel.scenario.check_connections import NO_MORE_CLIENTS, NO_TRANSACTIONS, first_refusing
from novamodel.verify.fields import check_fields
from novamodel.verify.pg_pool import answer as pg_pool
from novamodel.verify.pgbouncer_replay import Query, Replay, pool_settings

FIELDS = {
    "": {"server", "events"},
    "server": {"login_s", "open_at_start", "worked_before", "down", "free_slots"},
    "server.down[]": {"from_s", "to_s"},
    "server.free_slots[]": {"from_s", "slots"},
    "events[]": {"t_s", "client", "do", "service_s", "user"},
}
"""What a timeline may say of the server and of its events."""
FAILED = "08P01"
"""SQLSTATE of every error that PgBouncer makes itself."""


def answer(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to one case, key by key. Raises ``KeyError`` for a kind that has no rule here."""
    return _KINDS[kind](**given)


def kinds() -> tuple[str, ...]:
    """The kinds that have an answer."""
    return tuple(_KINDS)


def _timeline(settings: Mapping[str, Any], server: Mapping[str, Any], events: Sequence[Mapping[str, Any]],
              snapshots_s: Sequence[float] = ()) -> dict[str, Any]:  # fmt: skip
    check_fields({"server": server, "events": events}, FIELDS)
    users = list(dict.fromkeys(event.get("user", "") for event in events)) or [""]
    pools = [pool_settings(settings, user=number) for number in range(len(users))]
    replay = Replay(pools, len({(event["client"], event.get("user", "")) for event in events}), settings, server)
    for event in events:
        client = replay.client((event["client"], event.get("user", "")), users.index(event.get("user", "")))
        if event["do"] == "connect":
            replay.at(event["t_s"], partial(replay.connect, client, len(replay.connects)))
            replay.connects.append(None)
        elif event["do"] == "query":
            query = Query(len(replay.queries), event["t_s"], event["service_s"])
            replay.at(event["t_s"], partial(replay.query, client, query))
            replay.queries.append({})
        elif event["do"] == "disconnect":
            replay.at(event["t_s"], partial(replay.disconnect, client))
        else:
            raise KeyError(event["do"])
    for at in snapshots_s:
        replay.at(at, replay.snap)
    replay.run(_last(events, settings, server))
    numbers = [replay.numbers.get(query["server"]) if "server" in query else None for query in replay.queries]
    return {
        "outcome": [query.get("outcome", "unanswered") for query in replay.queries],
        "wait_s": [query.get("wait_s") for query in replay.queries],
        "done_s": [query.get("done_s") for query in replay.queries],
        "connect_s": replay.connects,
        "server_of_query": numbers,
        "server_connections": replay.snapshots,
        "close_s": replay.closed,
    }


def _last(events: Sequence[Mapping[str, Any]], settings: Mapping[str, Any], server: Mapping[str, Any]) -> float:
    """A time by which every query has ended or never will."""
    waits = sum(float(settings.get(name) or 0) for name in ("query_wait_timeout_s", "client_login_timeout_s"))
    work = sum(event["service_s"] + server.get("login_s", 0.0) for event in events)
    down = max((each["to_s"] for each in server.get("down") or []), default=0.0)
    return max(event["t_s"] for event in events) + waits + work + down + 200.0


def _server_count(settings: Mapping[str, Any], users: int, databases: int, clients_per_pool: int,
                  service_s: float) -> dict[str, Any]:  # fmt: skip
    pairs = [(user, database) for user in range(users) for database in range(databases)]
    pools = [pool_settings(settings, user=user, database=database) for user, database in pairs]
    replay = Replay(pools, len(pairs) * clients_per_pool, settings, {})
    for b in range(len(pairs)):
        for number in range(clients_per_pool):
            query = Query(len(replay.queries), 0.0, service_s)
            replay.queries.append({})
            replay.at(0.0, partial(replay.query, replay.client((b, number), b), query))
    replay.run(clients_per_pool * len(pairs) * (service_s + 1.0) + 10.0)
    return {"server_connections": replay.most}


def _min_pool_size(settings: Mapping[str, Any], clients_connected: int, snapshot_s: float) -> dict[str, Any]:
    replay = Replay([pool_settings(settings)], clients_connected, settings, {})
    for number in range(clients_connected):
        replay.connects.append(None)
        replay.at(0.0, partial(replay.connect, replay.client(number, 0), number))
    replay.at(snapshot_s, replay.snap)
    replay.run(snapshot_s)
    return {"server_connections": replay.snapshots[0]}


def _one_query(service_s: float, dawdles_s: float = 0.0, **settings: Any) -> Mapping[str, Any]:
    replay = Replay([pool_settings(settings)], 1, settings, {"open_at_start": 1})
    replay.queries.append({})
    replay.at(0.0, partial(replay.query, replay.client(0, 0), Query(0, 0.0, service_s, dawdles_s)))
    replay.run(service_s + dawdles_s + 1.0)
    return replay.queries[0]


def _query_timeout(query_timeout_s: float, service_s: float) -> dict[str, Any]:
    return dict(_one_query(service_s, query_timeout_s=query_timeout_s))


def _idle_transaction(idle_transaction_timeout_s: float, idle_in_transaction_s: float) -> dict[str, Any]:
    return dict(_one_query(0.001, idle_in_transaction_s, idle_transaction_timeout_s=idle_transaction_timeout_s))


def _client_idle(client_idle_timeout_s: float, idle_s: float) -> dict[str, Any]:
    return {"closed": client_idle_timeout_s > 0 and round_after(client_idle_timeout_s, 0.0) <= idle_s}


def _server_expiry(server_lifetime_s: float, server_idle_timeout_s: float, default_pool_size: int,
                   servers_open_idle: int, snapshots_s: Sequence[float]) -> dict[str, Any]:  # fmt: skip
    pool = BouncerPool(
        size=default_pool_size, server_lifetime=server_lifetime_s, server_idle_timeout=server_idle_timeout_s
    )
    replay = Replay([pool], 1, {}, {"open_at_start": servers_open_idle})
    for at in snapshots_s:
        replay.at(at, replay.snap)
    replay.run()
    return {"close_s": replay.closed, "server_connections": replay.snapshots}


def _client_limit(max_client_conn: int, clients: int) -> dict[str, Any]:
    admitted = sum(slot_free(open_now, max_client_conn, 0) for open_now in range(clients))
    refused = {"message": NO_MORE_CLIENTS, "sqlstate": FAILED} if admitted < clients else {}
    return {"admitted": admitted, "refused": clients - admitted, **refused}


def _begins_transaction(sql: str) -> bool:
    """Whether a statement leaves a transaction open."""
    words = sql.upper().replace(";", " ").split()
    return words[:1] == ["BEGIN"] or words[:2] == ["START", "TRANSACTION"]


def _statement_mode(pool_mode: str, sql: str) -> dict[str, Any]:
    if pool_mode == "statement" and _begins_transaction(sql):
        return {"message": NO_TRANSACTIONS, "sqlstate": FAILED}
    return {"message": "", "sqlstate": ""}


def _node_pool(pool_max: int, login_s: float, queries: int, service_s: float) -> dict[str, Any]:
    """The contrast: a node-postgres pool without PgBouncer, in milliseconds."""
    ops = [{"op": "query", "id": number, "t": 0.0, "ms": 1000.0 * service_s} for number in range(queries)]
    played = pg_pool({"options": {"max": pool_max}, "connect_ms": 1000.0 * login_s, "ops": ops})
    return {"done_s": sorted(result["t"] / 1000.0 for result in played["results"].values())}


_KINDS: dict[str, Callable[..., dict[str, Any]]] = {
    **dict.fromkeys(
        ("session_pooling", "transaction_queue", "server_reuse", "reserve_pool", "server_login", "outage",
         "server_eviction"), _timeline),
    "server_count": _server_count,
    "min_pool_size": _min_pool_size,
    "query_timeout": _query_timeout,
    "idle_transaction_timeout": _idle_transaction,
    "client_idle_timeout": _client_idle,
    "server_expiry": _server_expiry,
    "client_limit": _client_limit,
    "replicas_before_refusal": lambda max_client_conn, pool_max: {
        "first_refusing_replicas": first_refusing(max_client_conn, pool_max)
    },
    "statement_mode": _statement_mode,
    "node_pool_login": _node_pool,
}  # fmt: skip
