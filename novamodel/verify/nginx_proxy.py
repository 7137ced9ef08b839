"""Answers to the recorded questions about nginx as a proxy, by the rules of `components.nginx`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from novamodel.components.nginx.connections import (
    PROXIED,
    connected_at_once,
    drained,
    request_connections,
)
from novamodel.components.nginx.next_upstream import may_ask_another, most_tries_of
from novamodel.components.nginx.upstream.least_conn import round_robin_pick, upstream_release
from novamodel.components.nginx.upstream.round_robin import Peer, mark_tried, upstream_state
from novamodel.errors import UserError
from novamodel.verify.fields import check_names

BAD_GATEWAY, TIMED_OUT, CLIENT_LEFT = 502, 504, 499
NEVER = float("inf")
ONE_SHOT = ("POST", "LOCK", "PATCH")
SERVER = (
    "behaviour", "status", "service_s", "drip_bytes", "drip_interval_s", "max_fails", "fail_timeout_s",
)  # fmt: skip
CONDITIONS = {
    "error", "timeout", "non_idempotent", *(f"http_{status}" for status in (403, 404, 429, 500, 502, 503, 504)),
}  # fmt: skip
"""Words of proxy_next_upstream that a behaviour can lead to."""


def answer(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to one case, key by key. Raises ``KeyError`` for a kind that has no rule here."""
    return _KINDS[kind](**given)


def kinds() -> tuple[str, ...]:
    """The kinds that have an answer."""
    return tuple(_KINDS)


def _worker_connections(worker_connections: int, workers: int, listeners: int, clients: int,
                        service_s: float) -> dict[str, Any]:  # fmt: skip
    return {"answered_200": min(clients, workers * (request_connections(worker_connections, listeners) // PROXIED))}


def _idle_keepalive(worker_connections: int, workers: int, listeners: int, idle_clients: int,
                    then_static_requests: int, then_proxied_requests: int, proxied_service_s: float
                    ) -> dict[str, Any]:  # fmt: skip
    """One worker; clients come one after the other, the later ones close their connections when they are answered."""
    free, idle, closed, answered = request_connections(worker_connections, listeners), 0, 0, [0, 0]

    def take() -> bool:
        nonlocal free, idle, closed
        gone = drained(free, worker_connections, idle)
        free, idle, closed = free + gone, idle - gone, closed + gone
        if free == 0:
            return False
        free -= 1
        return True

    for _ in range(idle_clients):
        if take():
            idle += 1
            answered[0] += 1
    for connections in [1] * then_static_requests + [PROXIED] * then_proxied_requests:
        taken = [take() for _ in range(connections)]
        answered[1] += all(taken)
        free += sum(taken)
    return {
        "idle_clients_answered_200": answered[0],
        "later_answered_200": answered[1],
        "idle_closed": closed,
    }


class Try(NamedTuple):
    """How a server treats a request: status (as logged), seconds, which word of next_upstream lists it (None: it is an
    answer for the client), and whether the request was sent before it failed."""

    status: int
    seconds: float
    word: str | None
    sent: bool = True


def _try(server: Mapping[str, Any], connect_timeout: float, read_timeout: float) -> Try:
    behaviour = server["behaviour"]
    if behaviour == "refused":
        return Try(BAD_GATEWAY, 0.0, "error", sent=False)
    if behaviour == "close":
        return Try(BAD_GATEWAY, 0.0, "error")
    if behaviour == "no_accept":
        return Try(TIMED_OUT, connect_timeout, "timeout", sent=False)
    if behaviour == "hang" or server["service_s"] > read_timeout:
        return Try(TIMED_OUT, read_timeout, "timeout")
    took = server["service_s"]
    if behaviour == "drip":  # a silence in the answer ends it: its status has gone out already
        silent = server["drip_interval_s"] > read_timeout
        return Try(server["status"], read_timeout if silent else server["drip_bytes"] * server["drip_interval_s"], None)
    if behaviour != "ok":
        raise KeyError(behaviour)
    return Try(server["status"], took, f"http_{server['status']}")


def _retries(
    servers: Sequence[Mapping[str, Any]],
    method: str,
    requests: int,
    gap_s: float,
    proxy_connect_timeout_s: float,
    proxy_read_timeout_s: float,
    next_upstream: Sequence[str],
    next_upstream_tries: int,
    next_upstream_timeout_s: float,
    client_leaves_after_s: float | None,
    ignore_client_abort: bool,
) -> dict[str, Any]:
    for server in servers:
        check_names("servers[]", server, SERVER)
    if unknown := set(next_upstream) - CONDITIONS:
        raise UserError(f"no rule for next_upstream {', '.join(sorted(unknown))}")
    peers = [Peer(max_fails=one["max_fails"], fail_timeout_s=int(one["fail_timeout_s"])) for one in servers]
    state = upstream_state([(peers, [])])
    repeatable = method not in ONE_SHOT or "non_idempotent" in next_upstream
    most = most_tries_of(len(servers), next_upstream_tries)
    leaves = NEVER if client_leaves_after_s is None or ignore_client_abort else client_leaves_after_s
    now, statuses, times, asked, told = 0.0, [], [], [], []
    for _ in range(requests):
        began, tried, status = now, [0] * state.words[0], BAD_GATEWAY
        went: list[int] = []
        answers: list[int | None] = []
        while True:
            peer, group = round_robin_pick(state, 0, tried, 0, int(now))
            if peer < 0:
                status = BAD_GATEWAY
                break
            mark_tried(state, group, peer, tried, 0)
            went.append(peer)
            one = _try(servers[peer], proxy_connect_timeout_s, proxy_read_timeout_s)
            if now + one.seconds - began > leaves:
                now, status = began + leaves, CLIENT_LEFT
                answers.append(None)
                upstream_release(state, group, peer, False, int(now))
                break
            now += one.seconds
            status = one.status
            answers.append(status)
            again = may_ask_another(
                one.word in next_upstream, one.sent, repeatable, len(went), most, now - began, next_upstream_timeout_s
            )
            upstream_release(state, group, peer, one.word in ("error", "timeout") or again, int(now))
            if not again:
                break
        statuses.append(status)
        times.append(now - began)
        asked.append(went)
        told.append(answers)
        now += gap_s
    return {
        "statuses": statuses,
        "attempt_servers": asked,
        "attempt_statuses": told,
        "request_times_s": times,
    }


def _listen_backlog(listen_backlog: int, clients: int, worker_stopped_s: float, syn_repeats_at_s: Sequence[float]
                    ) -> dict[str, Any]:  # fmt: skip
    """Who found no room sends its SYN again at fixed times; the first after the worker has resumed is answered."""
    at_once = connected_at_once(listen_backlog, clients)
    later = next((t for t in syn_repeats_at_s if t >= worker_stopped_s), NEVER)
    times = [worker_stopped_s] * at_once + [later] * (clients - at_once)
    answered = [t for t in times if t < NEVER]
    return {"connected_at_once": at_once, "answered_200": len(answered), "answer_times_s": answered}


_KINDS: dict[str, Callable[..., dict[str, Any]]] = {
    "worker_connections": _worker_connections,
    "idle_keepalive": _idle_keepalive,
    "retries": _retries,
    "listen_backlog": _listen_backlog,
}
