"""nginx as a proxy and the model decide alike: which server is tried, with which status, how long it takes."""

from __future__ import annotations

import http.client
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import free_port, program, stop, wait_for

from novamodel.verify import nginx_proxy

LATE_S = 0.25
TIMEOUT_S = 1


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
        held = []
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            if self.behaviour == "hang":
                held.append(client)
                continue
            threading.Thread(target=self.answer, args=(client,), daemon=True).start()

    def answer(self, client: socket.socket) -> None:
        with client:
            client.recv(65536)
            if self.behaviour == "ok":
                time.sleep(self.service_s)
                client.sendall(f"HTTP/1.1 {self.status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())


@pytest.fixture
def nginx(folder: Path) -> Iterator[Callable[..., int]]:
    """`nginx(lines_of_upstream, lines_of_location, worker_connections)` starts one worker and gives its port."""
    started: list[subprocess.Popen[bytes]] = []

    def start(servers: list[str], location: str = "", connections: int = 64) -> int:
        port = free_port()
        place = folder / f"nginx{port}"
        place.mkdir(mode=0o777)
        place.chmod(0o777)
        temporary = "".join(f"{kind}_temp_path {place}/{kind};\n" for kind in
                            ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))  # fmt: skip
        upstream = "".join(f"server {server};\n" for server in servers)
        conf = place / "nginx.conf"
        conf.write_text(
            f"daemon off; pid {place}/pid; error_log {place}/error.log; worker_processes 1;\n"
            f"events {{ worker_connections {connections}; }}\n"
            f"http {{ {temporary} upstream u {{ {upstream} }}\n"
            f"log_format tries '$status|$upstream_addr|$upstream_status'; access_log {place}/access.log tries;\n"
            f"server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://u; {location} }} }} }}\n",
            encoding="utf-8",
        )
        process = subprocess.Popen(
            [program("nginx"), "-c", conf, "-p", place], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        started.append(process)
        wait_for(port, process, "nginx")
        return port

    yield start
    for process in started:
        stop(process)


def ask(port: int, method: str) -> tuple[int, float]:
    begin = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, "/", body=b"x" if method == "POST" else None)
    status = connection.getresponse().status
    connection.close()
    return status, time.monotonic() - begin


OK: dict[str, Any] = {"behaviour": "ok", "status": 200, "service_s": 0.0}
BOTH = ["error", "timeout"]
CASES: dict[str, dict[str, Any]] = {
    "refused, then next": {"servers": [{**OK, "behaviour": "refused"}, OK], "requests": 3},
    "refused, nobody else": {"servers": [{**OK, "behaviour": "refused"}], "requests": 3},
    "closed": {"servers": [{**OK, "behaviour": "close"}, OK], "requests": 3},
    "closed under a POST": {"servers": [{**OK, "behaviour": "close"}, OK], "requests": 2, "method": "POST"},
    "hangs, then next": {"servers": [{**OK, "behaviour": "hang"}, OK], "requests": 3},
    "all hang": {"servers": [{**OK, "behaviour": "hang"}] * 3, "requests": 2},
    "all hang, two tries": {"servers": [{**OK, "behaviour": "hang"}] * 3, "requests": 1, "tries": 2},
    "all hang, some time": {"servers": [{**OK, "behaviour": "hang"}] * 3, "requests": 1, "timeout": 1.5},
    "nothing is tried again": {"servers": [{**OK, "behaviour": "refused"}, OK], "requests": 3, "next": []},
    "503 is passed on": {"servers": [{**OK, "status": 503}, OK], "requests": 3},
    "503 listed": {"servers": [{**OK, "status": 503}, OK], "requests": 3, "next": [*BOTH, "http_503"]},
    "503 listed, from all": {"servers": [{**OK, "status": 503}] * 2, "requests": 3, "next": [*BOTH, "http_503"]},
    "POST may be repeated": {
        "servers": [{**OK, "behaviour": "close"}, OK], "requests": 2, "method": "POST",
        "next": [*BOTH, "non_idempotent"],
    },
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_is_tried_after_a_failure(name: str, nginx: Callable[..., int], folder: Path) -> None:
    case = CASES[name]
    backends = [Backend(one["behaviour"], one["status"], one["service_s"]) for one in case["servers"]]
    listed = case.get("next", BOTH)
    location = (
        f"proxy_read_timeout {TIMEOUT_S}s; proxy_next_upstream {' '.join(listed) or 'off'}; "
        f"proxy_next_upstream_tries {case.get('tries', 0)}; "
        f"proxy_next_upstream_timeout {int(1000 * case.get('timeout', 0))}ms;"
    )
    port = nginx([f"127.0.0.1:{one.port}" for one in backends], location)
    method = case.get("method", "GET")
    answers = [ask(port, method) for _ in range(case["requests"])]
    facts = {"drip_bytes": 0, "drip_interval_s": 0, "max_fails": 1, "fail_timeout_s": 10}
    model = nginx_proxy.answer("retries", {
        "servers": [one | facts for one in case["servers"]], "method": method, "requests": case["requests"],
        "gap_s": 0, "proxy_connect_timeout_s": 60, "proxy_read_timeout_s": TIMEOUT_S, "next_upstream": listed,
        "next_upstream_tries": case.get("tries", 0), "next_upstream_timeout_s": case.get("timeout", 0),
        "client_leaves_after_s": None, "ignore_client_abort": False,
    })  # fmt: skip
    assert [status for status, _ in answers] == model["statuses"]
    time.sleep(0.1)
    ports = {f"127.0.0.1:{one.port}": number for number, one in enumerate(backends)}
    for line, tried, told in zip(
        (folder / f"nginx{port}" / "access.log").read_text(encoding="utf-8").splitlines(),
        model["attempt_servers"],
        model["attempt_statuses"],
        strict=True,
    ):
        _, addresses, statuses = line.split("|")
        known = [address.strip() for address in addresses.split(",") if address.strip() in ports]
        assert [ports[address] for address in known] == tried
        assert [int(status) for status in statuses.split(",")][: len(known)] == told
    for (_, took), said in zip(answers, model["request_times_s"], strict=True):
        assert abs(took - said) <= LATE_S


@pytest.mark.parametrize("clients", [7, 10])
def test_a_worker_holds_so_many_proxied_requests(clients: int, nginx: Callable[..., int]) -> None:
    port = nginx([f"127.0.0.1:{Backend('ok', service_s=0.6).port}"], connections=16)
    time.sleep(0.3)  # the probe that waited for it is gone
    answered: list[int] = []

    def one() -> None:
        try:
            answered.append(ask(port, "GET")[0])
        except (OSError, http.client.HTTPException):
            answered.append(0)

    threads = [threading.Thread(target=one) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    given = {"worker_connections": 16, "workers": 1, "listeners": 1, "clients": clients, "service_s": 0.6}
    assert answered.count(200) == nginx_proxy.answer("worker_connections", given)["answered_200"]
