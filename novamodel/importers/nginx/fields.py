"""From nginx.conf to the scenario's edge, and what is odd about it."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from novamodel.importers.nginx.limits import say_limits
from novamodel.importers.nginx.read import Nginx, Target, not_modelled
from novamodel.importers.nginx.upstreams import say_next_upstream, say_upstreams
from novamodel.importers.quantity import whole
from novamodel.importers.report import Draft, Said


def say_edge(nginx: Nginx, services: Collection[str], draft: Draft) -> None:
    """Write workers, connections, and of every known service its limits and how its replicas are chosen."""
    for name, path in (
        ("worker_processes", "edge.workers"),
        ("worker_connections", "edge.worker_connections"),
    ):
        for found in nginx.find(name)[:1]:
            if isinstance(whole(found.args[0]), int):
                draft.say(Said(path, whole(found.args[0]), found.file, found.line))
            else:
                draft.leave(found.file, found.line, f"{name} {found.args[0]}", "not a number: the default is taken")
    targets = [target for target in nginx.targets if target.service in services]
    say_limits(nginx, targets, draft)
    say_upstreams(nginx, targets, draft)
    say_next_upstream(targets, draft)
    for found, times in not_modelled(nginx):
        often = f" ({times} times)" if times > 1 else ""
        why = "read, not modelled"
        if found.name == "ssl_certificate":
            why += ": handshakes cost no CPU unless edge.tls says what kind of certificate this is"
        draft.leave(found.file, found.line, f"{found.name} {' '.join(found.args)[:80]}".strip() + often, why)
    _list_unused(nginx, targets, draft)


def _list_unused(nginx: Nginx, targets: Sequence[Target], draft: Draft) -> None:
    """Zones and limits that hold for no service here."""
    used = [line for target in targets for line in (*target.scope.limits, *target.scope.connection_limits)]
    zones = {line.option("zone") or (line.args[0] if line.args else "") for line in used}
    why = "no location that passes requests to a service here uses it"
    for name, zone in (*nginx.zones.items(), *nginx.connection_zones.items()):
        if name not in zones:
            place = zone.place
            draft.leave(place.file, place.line, f"{place.name} {' '.join(place.args)[:80]}", why)
    for line in (*nginx.find("limit_req"), *nginx.find("limit_conn")):
        if line not in used:
            draft.leave(line.file, line.line, f"{line.name} {' '.join(line.args)[:80]}", why)


def find_faults(nginx: Nginx, behind_balancer: bool, draft: Draft) -> None:
    """Note what nginx would refuse or what quietly hurts."""
    first = nginx.root
    for found in nginx.find("ssl_ciphers"):
        suites = ":".join(found.args).split(":")
        if suites and all(re.search(r"-GCM-SHA512$|-CBC-SHA512$", suite) for suite in suites):
            draft.find(
                "error",
                "ssl-ciphers-unknown",
                found.file,
                found.line,
                "no cipher suite of this list exists (GCM suites end in SHA256 or SHA384): nginx does not start",
                "write ECDHE-RSA-AES256-GCM-SHA384, or leave ssl_ciphers out",
            )
    if not nginx.find("worker_processes"):
        places = nginx.find("worker_connections") or [first]
        draft.find(
            "warning",
            "worker-processes-unset",
            places[0].file,
            places[0].line,
            "worker_processes is not set: one worker, so about half of worker_connections proxied requests at once",
            "add: worker_processes auto;",
        )
    limits = nginx.find("limit_req")
    if limits and not nginx.find("limit_req_status"):
        draft.find(
            "warning",
            "limit-req-status-unset",
            limits[0].file,
            limits[0].line,
            "limit_req_status is not set: rejections are 503 and count as server errors in dashboards and alerts",
            "add: limit_req_status 429;",
        )
    if limits and behind_balancer and not nginx.find("set_real_ip_from"):
        draft.find(
            "warning",
            "real-ip-unset",
            limits[0].file,
            limits[0].line,
            "behind a load balancer every client has the balancer's address, so all share one limit",
            "add set_real_ip_from and real_ip_header (or the PROXY protocol)",
        )
    for name, upstream in nginx.upstreams.items():
        if not upstream.inner("keepalive"):
            draft.find(
                "warning",
                "upstream-without-keepalive",
                upstream.file,
                upstream.line,
                f"upstream {name} keeps no connections: every request opens one to the service",
                "add keepalive 64; with proxy_http_version 1.1 and an empty Connection header",
            )
        if len(upstream.inner("server")) == 1:
            draft.find(
                "note",
                "upstream-single-server",
                upstream.file,
                upstream.line,
                f"upstream {name} has a single server: nginx never takes it out and has nowhere to fail over to",
                "list a second server, or let a load balancer choose",
            )
        elif not any("max_fails=" in arg for server in upstream.inner("server") for arg in server.args):
            draft.find(
                "note",
                "upstream-failure-defaults",
                upstream.file,
                upstream.line,
                f"upstream {name} has no max_fails or fail_timeout: one refused connection takes a server out for 10 s",
                "set max_fails and fail_timeout on each server",
            )
    for listen in nginx.find("listen"):
        if "http2" in listen.args:
            draft.find(
                "note",
                "listen-http2-deprecated",
                listen.file,
                listen.line,
                "the http2 parameter of listen is deprecated since nginx 1.25.1",
                "write: http2 on;",
            )
            break
    if nginx.targets and not (nginx.find("proxy_read_timeout") or nginx.find("proxy_next_upstream_timeout")):
        passed = nginx.targets[0].passed
        draft.find(
            "note",
            "proxy-timeouts-default",
            passed.file,
            passed.line,
            "no proxy timeouts: a hung replica holds a request for 60 s on each server it is tried on",
            "set proxy_connect_timeout, proxy_read_timeout and proxy_next_upstream_tries",
        )
