"""Records an nginx as a proxy: what it asks of whom after a failure, and how many requests a worker holds."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from novamodel.recording.form import Case, case
from novamodel.recording.programs import find_program, running, version_of

FILE, WHAT = "nginx_proxy", "nginx as a proxy: tries after a failure, requests a worker holds"
TIMEOUT_S = 1.0
BOTH = ("error", "timeout")
LATE_S = 0.25
"""What a busy machine may add to a time."""
PLAIN: dict[str, Any] = {
    "behaviour": "ok", "status": 200, "service_s": 0.0, "drip_bytes": 0, "drip_interval_s": 0, "max_fails": 1,
    "fail_timeout_s": 10,
}  # fmt: skip


def server(**facts: Any) -> dict[str, Any]:
    """One server line: behaviour ok, refused, close or hang, status, service_s."""
    return PLAIN | facts


REFUSED, CLOSES, HANGS = (server(behaviour=word) for word in ("refused", "close", "hang"))
RETRIES: tuple[dict[str, Any], ...] = (
    {"servers": [REFUSED, PLAIN], "requests": 3},
    {"servers": [REFUSED], "requests": 3},
    {"servers": [CLOSES, PLAIN], "requests": 3},
    {"servers": [CLOSES, PLAIN], "requests": 2, "method": "POST"},
    {"servers": [HANGS, PLAIN], "requests": 3},
    {"servers": [HANGS] * 3, "requests": 2},
    {"servers": [HANGS] * 3, "requests": 1, "next_upstream_tries": 2},
    {"servers": [HANGS] * 3, "requests": 1, "next_upstream_timeout_s": 1.5},
    {"servers": [REFUSED, PLAIN], "requests": 3, "next_upstream": []},
    {"servers": [server(status=503), PLAIN], "requests": 3},
    {"servers": [server(status=503), PLAIN], "requests": 3, "next_upstream": [*BOTH, "http_503"]},
    {"servers": [server(status=503)] * 2, "requests": 3, "next_upstream": [*BOTH, "http_503"]},
    {"servers": [CLOSES, PLAIN], "requests": 2, "method": "POST", "next_upstream": [*BOTH, "non_idempotent"]},
)
CLIENTS = (7, 10)
"""That come at once to a worker with 16 connections."""


class Backend(threading.Thread):
    """One server of an upstream: answers, closes, or never answers."""

    def __init__(self, behaviour: str, status: int = 200, service_s: float = 0.0) -> None:
        super().__init__(daemon=True)
        self.behaviour, self.status, self.service_s = behaviour, status, service_s
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.socket.getsockname()[1])
        if behaviour == "refused":
            self.socket.close()
        else:
            self.start()

    def run(self) -> None:
        """Take connections until the socket is closed."""
        held = []
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            if self.behaviour == "hang":
                held.append(client)
                continue
            threading.Thread(target=self._answer, args=(client,), daemon=True).start()

    def _answer(self, client: socket.socket) -> None:
        with client:
            client.recv(65536)
            if self.behaviour == "ok":
                time.sleep(self.service_s)
                client.sendall(f"HTTP/1.1 {self.status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())


@contextmanager
def nginx(folder: Path, servers: list[str], location: str = "", connections: int = 64) -> Iterator[tuple[int, Path]]:
    """One worker in front of some servers: (its port, its log of tries)."""
    place = folder / f"nginx{len(list(folder.iterdir()))}"
    place.mkdir(mode=0o777)
    place.chmod(0o777)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {place}/{kind};\n" for kind in kinds)
    upstream = "".join(f"server {one};\n" for one in servers)
    program = find_program("nginx")

    def words_for(port: int) -> list[Any]:
        conf = place / "nginx.conf"
        conf.write_text(
            f"daemon off; pid {place}/pid; error_log {place}/error.log; worker_processes 1;\n"
            f"events {{ worker_connections {connections}; }}\n"
            f"http {{ {temporary} upstream u {{ {upstream} }}\n"
            f"log_format tries '$status|$upstream_addr|$upstream_status'; access_log {place}/access.log tries;\n"
            f"server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://u; {location} }} }} }}\n",
            encoding="utf-8",
        )
        return [program, "-c", conf, "-p", place]

    with running(words_for, place) as port:
        yield port, place / "access.log"


def ask(port: int, method: str = "GET") -> tuple[int, float]:
    """(status, seconds) of one request; 0 where the connection is reset without an answer."""
    begin = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, "/", body=b"x" if method == "POST" else None)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException):
        status = 0
    connection.close()
    return status, time.monotonic() - begin


def record(folder: Path) -> tuple[str, list[Case]]:
    """(version, cases) of the nginx that is installed; ``folder`` is for its files."""
    cases: list[Case] = []
    near = {"abs": LATE_S, "rel": 0.0}
    for one in RETRIES:
        given = {
            "method": "GET", "gap_s": 0, "proxy_connect_timeout_s": 60, "proxy_read_timeout_s": TIMEOUT_S,
            "next_upstream": list(BOTH), "next_upstream_tries": 0, "next_upstream_timeout_s": 0,
            "client_leaves_after_s": None, "ignore_client_abort": False,
        } | one  # fmt: skip
        found = retries(folder, given)
        cases.append(case(FILE, len(cases) + 1, "retries", given, found, {"request_times_s": near}))
    for clients in CLIENTS:
        given = {"worker_connections": 16, "workers": 1, "listeners": 1, "clients": clients, "service_s": 0.6}
        found = {"answered_200": held_at_once(folder, given)}
        cases.append(case(FILE, len(cases) + 1, "worker_connections", given, found))
    return f"nginx {version_of('nginx', '-v')}", cases


def retries(folder: Path, given: Case) -> Case:
    """Requests one after the other: their statuses and times, which servers were asked, and what each said."""
    backends = [Backend(one["behaviour"], one["status"], one["service_s"]) for one in given["servers"]]
    location = (
        f"proxy_read_timeout {given['proxy_read_timeout_s']:g}s; "
        f"proxy_next_upstream {' '.join(given['next_upstream']) or 'off'}; "
        f"proxy_next_upstream_tries {given['next_upstream_tries']}; "
        f"proxy_next_upstream_timeout {int(1000 * given['next_upstream_timeout_s'])}ms;"
    )
    with nginx(folder, [f"127.0.0.1:{one.port}" for one in backends], location) as (port, log):
        answers = [ask(port, given["method"]) for _ in range(given["requests"])]
        time.sleep(0.1)
        lines = log.read_text(encoding="utf-8").splitlines()
    ports = {f"127.0.0.1:{one.port}": number for number, one in enumerate(backends)}
    asked, told = [], []
    for line in lines:
        _, addresses, statuses = line.split("|")
        known = [address.strip() for address in addresses.split(",") if address.strip() in ports]
        asked.append([ports[address] for address in known])
        told.append([int(status) for status in statuses.split(",")][: len(known)])
    return {
        "statuses": [status for status, _ in answers],
        "attempt_servers": asked,
        "attempt_statuses": told,
        "request_times_s": [round(took, 3) for _, took in answers],
    }


def held_at_once(folder: Path, given: Case) -> int:
    """How many of the clients that come at once are answered."""
    slow = f"127.0.0.1:{Backend('ok', service_s=given['service_s']).port}"
    with nginx(folder, [slow], connections=given["worker_connections"]) as (port, _log):
        time.sleep(0.3)  # the probe that waited for it is gone
        found: list[int] = []
        threads = [threading.Thread(target=lambda: found.append(ask(port)[0])) for _ in range(given["clients"])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return found.count(200)
