"""nginx: what it would refuse, and what quietly hurts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from novamodel.audit.form import NotChecked, fault, open_question
from novamodel.audit.names import is_elsewhere
from novamodel.audit.seen import Seen
from novamodel.importers.nginx.read import Directive, Nginx, server_hosts
from novamodel.importers.quantity import whole
from novamodel.scenario import Finding

_REFUSED = ": nginx does not start"


def find(seen: Seen) -> Iterator[Finding | NotChecked]:
    """Every fault of the nginx configuration that is taken."""
    nginx = seen.sources.nginx
    if nginx is None:
        return
    yield from _refused(nginx)
    yield from _upstreams(nginx, seen)
    yield from _limits(nginx, seen)
    yield from _tls(nginx)
    yield from _hosts(nginx, seen)
    if nginx.find("events") and not nginx.find("worker_processes"):
        place = (nginx.find("worker_connections") or nginx.find("events"))[0]
        message = (
            "worker_processes is not set: one worker, so about half of worker_connections proxied requests at once"
        )
        yield fault("worker-processes-unset", place, message, "add: worker_processes auto;")
    if nginx.targets and not (nginx.find("proxy_read_timeout") or nginx.find("proxy_next_upstream_timeout")):
        proxied = [target for target in nginx.targets if target.passed.name == "proxy_pass"]
        for target in proxied[:1]:
            message = "no proxy timeouts: a hung replica holds a request for 60 s on each server it is tried on"
            fix = "set proxy_connect_timeout, proxy_read_timeout and proxy_next_upstream_tries"
            yield fault("proxy-timeouts-default", target.passed, message, fix)


def _refused(nginx: Nginx) -> Iterator[Finding]:
    """Zones that nobody makes, rates that are none, upstreams without servers."""
    for limit in nginx.find("limit_req"):
        if limit.option("zone") not in nginx.zones:
            message = f"limit_req names zone {limit.option('zone')!r}, which no limit_req_zone makes{_REFUSED}"
            yield fault("limit-zone-unknown", limit, message, "add the limit_req_zone, or correct the name")
    for limit in nginx.find("limit_conn"):
        if limit.args and limit.args[0] not in nginx.connection_zones:
            message = f"limit_conn names zone {limit.args[0]!r}, which no limit_conn_zone makes{_REFUSED}"
            yield fault("limit-zone-unknown", limit, message, "add the limit_conn_zone, or correct the name")
    for zone in nginx.zones.values():
        number, _, per = zone.rate.partition("r/")
        amount = whole(number)
        if not (isinstance(amount, int) and amount >= 1 and per in ("s", "m")):
            message = f"rate={zone.rate} of limit_req_zone is no rate{_REFUSED}"
            yield fault("limit-rate-invalid", zone.place, message, "write a whole number like 10r/s or 100r/m")
    for name, upstream in nginx.upstreams.items():
        if not upstream.inner("server"):
            message = f"upstream {name} has no server{_REFUSED}"
            yield fault("upstream-empty", upstream, message, "add a server line")
        for server in upstream.inner("server"):
            weight = whole(server.option("weight") or "1")
            if not isinstance(weight, int) or weight < 1:
                message = f"weight={server.option('weight')} is no weight{_REFUSED}"
                yield fault("upstream-weight-invalid", server, message, "write a whole number from 1")
            if "down" in server.args:
                message = f"server {server.args[0]} of upstream {name} is marked down: it gets no request and counts "
                yield fault("upstream-server-down", server, f"{message}as no replica", "take the line out")


def _upstreams(nginx: Nginx, seen: Seen) -> Iterator[Finding]:
    passed = {target.host for target in nginx.targets if target.passed.name in ("proxy_pass", "grpc_pass")}
    for name, upstream in nginx.upstreams.items():
        servers = upstream.inner("server")
        if name in passed and not upstream.inner("keepalive"):
            message = f"upstream {name} keeps no connections: every request opens one to the service"
            fix = "add keepalive 64; with proxy_http_version 1.1 and an empty Connection header"
            yield fault("upstream-without-keepalive", upstream, message, fix)
        hosts = {server.args[0].rpartition(":")[0].lower() for server in servers if server.args}
        if len(servers) == 1 and not hosts & seen.cluster_hosts:
            message = f"upstream {name} has a single server: nginx never takes it out and has nowhere to fail over to"
            fix = "list a second server, or let a load balancer choose"
            yield fault("upstream-single-server", upstream, message, fix)
        elif len(servers) > 1 and not any("max_fails=" in arg for server in servers for arg in server.args):
            message = f"upstream {name} has no max_fails or fail_timeout: "
            message += "one refused connection takes a server out for 10 s"
            yield fault("upstream-failure-defaults", upstream, message, "set max_fails and fail_timeout on each server")


def _limits(nginx: Nginx, seen: Seen) -> Iterator[Finding | NotChecked]:
    limits = nginx.find("limit_req")
    if limits and not nginx.find("limit_req_status"):
        message = "limit_req_status is not set: rejections are 503 and count as server errors in dashboards and alerts"
        yield fault("limit-req-status-unset", limits[0], message, "add: limit_req_status 429;")
    by_address = [
        limit for limit in limits if (zone := nginx.zones.get(limit.option("zone") or "")) and "remote_addr" in zone.key
    ]
    known = nginx.find("set_real_ip_from") or any("proxy_protocol" in one.args for one in nginx.find("listen"))
    if by_address and seen.kind != "compose" and not known:
        message = "behind a load balancer every client has the balancer's address, so all share one limit"
        fix = "add set_real_ip_from and real_ip_header (or the PROXY protocol)"
        yield fault("real-ip-unset", by_address[0], message, fix)


def _tls(nginx: Nginx) -> Iterator[Finding]:
    for found in nginx.find("ssl_ciphers"):
        suites = ":".join(found.args).split(":")
        if suites and all(re.search(r"-GCM-SHA512$|-CBC-SHA512$", suite) for suite in suites):
            message = "no cipher suite of this list exists (GCM suites end in SHA256 or SHA384): nginx does not start"
            fix = "write ECDHE-RSA-AES256-GCM-SHA384, or leave ssl_ciphers out"
            yield fault("ssl-ciphers-unknown", found, message, fix)
    for found in nginx.find("ssl_protocols"):
        old = [arg for arg in found.args if arg in ("SSLv2", "SSLv3", "TLSv1", "TLSv1.1")]
        if old:
            message = f"{', '.join(old)} is broken and refused by browsers"
            yield fault("tls-version-old", found, message, "write ssl_protocols TLSv1.2 TLSv1.3;")
    for listen in nginx.find("listen"):
        if "http2" in listen.args:
            message = "the http2 parameter of listen is deprecated since nginx 1.25.1"
            yield fault("listen-http2-deprecated", listen, message, "write: http2 on;")
    secure = [one for server in _servers(nginx) for one in server.inner("listen") if "ssl" in one.args]
    if nginx.find("include"):
        return  # what is included may say it
    if secure and not nginx.find("ssl_certificate") and not nginx.find("ssl_reject_handshake"):
        message = f"nginx listens with TLS and has no ssl_certificate{_REFUSED}"
        yield fault("certificate-unset", secure[0], message, "add ssl_certificate and ssl_certificate_key")
    if nginx.targets and not any("Strict-Transport-Security" in one.args for one in nginx.find("add_header")):
        for listen in secure:
            message = "no Strict-Transport-Security header: a browser's first request may still go in the clear"
            fix = 'add_header Strict-Transport-Security "max-age=31536000" always;'
            yield fault("hsts-missing", listen, message, fix)


def _servers(nginx: Nginx) -> list[Directive]:
    """Virtual servers: blocks called server, not lines of upstreams."""
    return [found for found in nginx.find("server") if found.block]


def _hosts(nginx: Nginx, seen: Seen) -> Iterator[Finding | NotChecked]:
    """Redirects to another name than was asked for; upstream servers that no container answers to."""
    for server in _servers(nginx):
        names = [name for one in server.inner("server_name") for name in one.args]
        for found in server.walk():
            target = next((arg for arg in found.args if "$server_name" in arg), "")
            if found.name in ("return", "rewrite") and target and len(names) > 1:
                message = f"$server_name is always {names[0]}: whoever asks for {', '.join(names[1:])} is sent there"
                yield fault("redirect-to-first-name", found, message, "write $host instead of $server_name")
    if seen.sources.compose is None or not _in_compose(nginx, seen):
        return
    file = seen.sources.compose.file
    for host, server in server_hosts(nginx):
        if host.lower() in seen.compose_hosts or is_elsewhere(host):
            continue
        if seen.compose_open:
            yield open_question("upstream-host-unknown", server, f"who answers to {host}: {seen.compose_open}")
            continue
        message = f"upstream server {host} is no service of {file}: host not found, nginx does not start "
        fix = f"name a service of {file}: {', '.join(sorted(seen.compose_services))}"
        yield fault("upstream-host-unknown", server, f"{message}(read as a replica of the same service)", fix)


def _in_compose(nginx: Nginx, seen: Seen) -> bool:
    """Whether a container of the project reads this configuration: it is mounted, or built by a service beside it."""
    files = {one.file for one in nginx.root.walk()}
    if any(path in files or any(file.startswith(f"{path}/") for file in files) for _, _, path, _ in seen.volumes):
        return True
    contexts = {box.context for box in seen.sources.boxes.get("compose", []) if box.context not in ("", ".")}
    return any(file.startswith(f"{context}/") for file in files for context in contexts)
