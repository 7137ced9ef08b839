"""How the edge chooses a replica, keeps connections to it, and what it asks of another one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from novamodel.importers.nginx.read import Directive, Nginx, Target, generality
from novamodel.importers.quantity import milliseconds, whole
from novamodel.importers.report import Draft, Said

_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_METHODS = ("least_conn", "ip_hash", "random")
_ON = {"error": "error", "timeout": "timeout"} | {f"http_{code}": "http_5xx" for code in (500, 502, 503, 504)}
DEFAULTS = {"max_fails": 1, "fail_timeout": "10 s"}


def nginx_time(text: str) -> str:
    """``"1m30s"`` -> ``"90 s"``, ``"500ms"`` as it is meant, a bare number is seconds; else it comes back as it is."""
    parts = re.findall(r"(\d{1,9})(ms|s|m|h|d)?", text)
    if not parts or "".join(number + unit for number, unit in parts) != text.replace(" ", ""):
        return text
    if len(parts) == 1 and parts[0][1] in ("m", "h"):
        return f"{parts[0][0]} {'min' if parts[0][1] == 'm' else 'h'}"
    return milliseconds(sum(int(number) * _MS[unit or "s"] for number, unit in parts))


def say_upstreams(nginx: Nginx, targets: Sequence[Target], draft: Draft) -> None:
    """Write method, weights, limits, backups and failure rules of each service's upstream, and its keepalive."""
    hosts = {target.service: target.host for target in reversed(targets) if target.host in nginx.upstreams}
    for service in dict.fromkeys(target.service for target in targets):
        if service in hosts:
            _say_method(nginx.upstreams[hosts[service]], f"edge.upstreams.{service}", draft)
            _say_servers(nginx, service, hosts[service], draft)
    lone = {service for service, host in hosts.items() if len(nginx.servers(host)) == 1}  # nginx never takes it out
    _say_failures({service: nginx.servers(host) for service, host in hosts.items() if service not in lone}, draft)
    for target in targets:
        _say_keepalive(nginx, target, draft)


def _say_method(upstream: Directive, below: str, draft: Draft) -> None:
    for found in (line for line in upstream.block if line.name in _METHODS):
        method = "random_two" if found.name == "random" and "two" in found.args else found.name
        draft.say(Said("method", method, found.file, found.line), below)
        if "least_time" in " ".join(found.args):
            draft.leave(found.file, found.line, "random two least_time", "the choice of two is by connections")


def _say_servers(nginx: Nginx, service: str, host: str, draft: Draft) -> None:
    """Weights of the server lines, backup ones last; a lone server has all the requests whatever it weighs."""
    servers, backups = nginx.servers(host), nginx.backups(host)
    weights = [whole(server.option("weight") or "1") for server in servers]
    known = all(isinstance(weight, int) and weight >= 1 for weight in weights)  # others: a finding
    if len(servers) > 1 and known and set(weights) != {1}:
        place = next(server for server in servers if server.option("weight"))
        draft.say(Said(f"edge.weights.{service}", weights, place.file, place.line))
    below = f"edge.upstreams.{service}"
    if backups:
        draft.say(Said("backup", len(backups), backups[0].file, backups[0].line), below)
    limited = [server for server in servers if server.option("max_conns")]
    if limited:
        draft.say(Said("max_conns", whole(limited[0].option("max_conns")), limited[0].file, limited[0].line), below)
    for server in servers:
        if limited and server.option("max_conns") != limited[0].option("max_conns"):
            shown = f"max_conns {server.option('max_conns') or 'unlimited'} of a single server"
            draft.leave(server.file, server.line, shown, "one for all replicas is modelled")


def _say_failures(servers: dict[str, list[Directive]], draft: Draft) -> None:
    """``max_fails`` and ``fail_timeout`` of the edge where all upstreams agree, else of each service."""
    for name in DEFAULTS:
        said: dict[str, Directive | None] = {}
        for service, lines in servers.items():
            texts = [line.option(name) for line in lines]
            said[service] = next((line for line in lines if line.option(name) is not None), None)
            if len(set(texts)) > 1:
                first = said[service] or lines[0]
                shown = ", ".join(sorted({text for text in texts if text is not None}))
                draft.leave(
                    first.file, first.line, f"{name} {shown} of single servers", "one for all replicas is modelled"
                )
        agreed = len({place and place.option(name) for place in said.values()}) == 1
        for service, place in said.items():
            if place is not None:
                text = place.option(name) or ""
                value = whole(text) if name == "max_fails" else nginx_time(text)
                path = f"edge.{name}" if agreed else f"edge.upstreams.{service}.{name}"
                draft.say(Said(path, value, place.file, place.line))


def _say_keepalive(nginx: Nginx, target: Target, draft: Draft) -> None:
    for found in nginx.upstreams[target.host].inner("keepalive")[:1] if target.host in nginx.upstreams else []:
        count = whole(found.args[0] if found.args else "")
        _say_once("edge.keepalive", count, found, f"keepalive {count} of upstream {target.host}", draft)
        version = target.scope.setting("proxy_http_version")
        if version is None or version.args[0] != "1.1":
            message = f"upstream {target.host} keeps connections, but location {target.path} speaks HTTP/1.0 to it: "
            message += "before nginx 1.29.7 each request opens a new one (read as meant: they are kept)"
            fix = 'add: proxy_http_version 1.1; proxy_set_header Connection "";'
            draft.find("warning", "upstream-keepalive-unused", target.passed.file, target.passed.line, message, fix)


def say_next_upstream(targets: Sequence[Target], draft: Draft) -> None:
    """Write when another replica is asked, how many, and how long a silent one is waited for.

    The edge has one value of each: that of its most general location, which may be nginx's default.
    """
    targets = sorted(targets, key=generality)
    silent: set[str] = set()
    for target in targets:
        where = f"location {target.path}"
        found = target.scope.setting("proxy_next_upstream")
        if found is not None:
            on = list(dict.fromkeys(_ON[word] for word in found.args if word in _ON))
            _say_once("edge.next_upstream.on", on, found, f"{found.name} {' '.join(found.args)} of {where}", draft)
            for word in found.args:
                if word == "non_idempotent":
                    why = "services.*.repeatable says which routes may be sent again when they were in flight"
                    draft.leave(found.file, found.line, f"{found.name} {word}", why)
                elif word not in _ON and word != "off":
                    why = "error, timeout and http_5xx are modelled"
                    draft.leave(found.file, found.line, f"{found.name} {word}", why)
        for name, path in (
            ("proxy_next_upstream_tries", "edge.next_upstream.tries"),
            ("proxy_next_upstream_timeout", "edge.next_upstream.timeout"),
            ("proxy_read_timeout", "edge.read_timeout"),
        ):
            found = target.scope.setting(name)
            if found is None:
                silent |= {name} if target is targets[0] else set()
                continue
            written = f"{name} {' '.join(found.args)} of {where}"
            if name in silent:
                why = f"one value for the edge is modelled: nginx's default, which location {targets[0].path} has"
                draft.leave(found.file, found.line, written, why)
                continue
            value = whole(found.args[0]) if name.endswith("tries") else nginx_time(" ".join(found.args))
            _say_once(path, value, found, written, draft)


def _say_once(path: str, value: object, found: Directive, what: str, draft: Draft) -> None:
    """Write a value of the whole edge; another one elsewhere is left."""
    before = next((row for row in draft.fields if row["path"] == path), None)
    if before is None:
        draft.say(Said(path, value, found.file, found.line))
    elif before["value"] != value:
        draft.leave(found.file, found.line, what, f"one value for the edge is modelled: that of line {before['line']}")
