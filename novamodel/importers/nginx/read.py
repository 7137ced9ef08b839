"""nginx.conf: upstreams, and what holds at each location that passes requests on ."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from novamodel.importers.names import short_name

_STRUCTURE = {"events", "http", "server", "location", "upstream"}
PASSES = ("proxy_pass", "fastcgi_pass", "uwsgi_pass", "grpc_pass")
"""Directives that pass a request on."""
INHERITED = {
    "limit_req_status",
    "limit_req_dry_run",
    "limit_conn_status",
    "limit_conn_dry_run",
    "proxy_next_upstream",
    "proxy_next_upstream_tries",
    "proxy_next_upstream_timeout",
    "proxy_read_timeout",
    "proxy_http_version",
}
"""Directives of which the innermost level that has one decides."""
_MODELLED = (INHERITED - {"proxy_http_version"}) | {
    "worker_processes",
    "worker_connections",
    "limit_req",
    "limit_req_zone",
    "limit_conn",
    "limit_conn_zone",
    "least_conn",
    "ip_hash",
    "random",
    "keepalive",
    "include",
    "set",
    *PASSES,
}


class Directive(NamedTuple):
    """One directive with its place."""

    name: str
    args: tuple[str, ...]
    file: str
    line: int
    block: tuple[Directive, ...] = ()

    def inner(self, name: str) -> list[Directive]:
        """The directives of a name directly inside this one."""
        return [found for found in self.block if found.name == name]

    def walk(self) -> Iterator[Directive]:
        """This directive and everything inside it."""
        yield self
        for found in self.block:
            yield from found.walk()

    def option(self, key: str) -> str | None:
        """``"20"`` for ``burst=20`` among the arguments."""
        return next((arg.partition("=")[2] for arg in self.args if arg.startswith(key + "=")), None)


class Zone(NamedTuple):
    """A ``limit_req_zone``, or a ``limit_conn_zone``, which has no rate."""

    key: str
    size: str
    rate: str
    place: Directive


class Scope(NamedTuple):
    """What holds at a level of the configuration, that of outer levels included."""

    limits: tuple[Directive, ...] = ()  # limit_req
    connection_limits: tuple[Directive, ...] = ()  # limit_conn
    settings: tuple[tuple[str, Directive], ...] = ()  # by name, see INHERITED
    server: str = ""  # first server_name

    def setting(self, name: str) -> Directive | None:
        """The directive of a name that decides here."""
        return dict(self.settings).get(name)


class Target(NamedTuple):
    """A location that passes requests on: to which service, under which limits and rules."""

    service: str
    host: str
    location: Directive
    passed: Directive
    scope: Scope
    path: str


_BESIDE = re.compile(
    r"ws|socket|stream|events?\b|sse|live|cable|hub|static|assets|media|uploads?|files|health|status|metrics|ping|admin|"
    r"favicon|robots|well-known|websocket|\.(js|css|png|jpe?g|svg|ico)",
    re.I,
)
"""Paths of what stands beside the requests that most clients send: streams, files, probes."""


def generality(target: Target) -> tuple[bool, bool, int]:
    """Sorts locations: those that hold for most requests first, then the longer paths, streams and files last."""
    exact = "=" in target.location.args
    return (bool(_BESIDE.search(target.path)), exact, len(target.path))


@dataclass
class Nginx:
    """What nginx files say together."""

    root: Directive
    upstreams: dict[str, Directive] = field(default_factory=dict)
    zones: dict[str, Zone] = field(default_factory=dict)
    connection_zones: dict[str, Zone] = field(default_factory=dict)
    targets: list[Target] = field(default_factory=list)

    def servers(self, upstream: str) -> list[Directive]:
        """The ``server`` lines of an upstream that may take requests, backup ones last; down ones only if all are."""
        lines = self.upstreams[upstream].inner("server") if upstream in self.upstreams else []
        up = [line for line in lines if "down" not in line.args] or lines
        return sorted(up, key=lambda line: "backup" in line.args)

    def backups(self, upstream: str) -> list[Directive]:
        """Those of the `servers` that are asked only when all others are out; none where there is no other."""
        servers = self.servers(upstream)
        found = [line for line in servers if "backup" in line.args]
        return found if len(found) < len(servers) else []

    def find(self, name: str) -> list[Directive]:
        """All directives of a name, anywhere."""
        return [found for found in self.root.walk() if found.name == name]


def read_nginx(root: Directive) -> Nginx:
    """What the directives of all files say together."""
    result = Nginx(root)
    for found in root.walk():
        if found.name == "upstream" and found.args:
            result.upstreams[found.args[0]] = found
        elif found.name == "limit_req_zone" and found.args:
            name, _, size = (found.option("zone") or "").partition(":")
            result.zones[name] = Zone(found.args[0], size, found.option("rate") or "", found)
        elif found.name == "limit_conn_zone" and found.args:
            name, _, size = (found.option("zone") or "").partition(":")
            result.connection_zones[name] = Zone(found.args[0], size, "", found)
    _targets(root, Scope(), {}, result)
    return result


def _targets(level: Directive, outer: Scope, variables: dict[str, str], result: Nginx) -> None:
    """Collect proxied locations; a directive of an outer level holds where the inner level has none of its name."""
    own = {name: found for found in level.block if (name := found.name) in INHERITED and found.args}
    variables = variables | {found.args[0]: found.args[1] for found in level.inner("set") if len(found.args) == 2}
    names = level.inner("server_name")
    scope = Scope(
        tuple(level.inner("limit_req")) or outer.limits,
        tuple(level.inner("limit_conn")) or outer.connection_limits,
        tuple((dict(outer.settings) | own).items()),
        names[0].args[0] if names and names[0].args else outer.server,
    )
    for passed in (found for name in PASSES for found in level.inner(name)):
        text = passed.args[0] if passed.args else ""
        for name, value in sorted(variables.items(), key=lambda pair: -len(pair[0])):
            text = text.replace(name, value)
        host = re.sub(r"^\w+://", "", text).split("/")[0].rpartition("@")[2]
        host = re.sub(r":(\d+|\$\w+)$", "", host)
        service = _service(host, result)
        if service:
            path = level.args[-1] if level.args else "/"
            result.targets.append(Target(service, host, level, passed, scope, path))
    for inner in level.block:
        if inner.block:
            _targets(inner, scope, variables, result)


def _service(host: str, result: Nginx) -> str | None:
    """The service behind a ``proxy_pass``: the common name of the upstream's servers, else the upstream's name."""
    if "$" in host or not host:
        return None
    servers = result.servers(host)
    names = {short_name(server_host(server)) for server in servers if not _is_address(server_host(server))}
    if len(names) == 1:
        return names.pop()
    return None if _is_address(host) else short_name(host)


def server_host(server: Directive) -> str:
    """The host of a server line, without its port."""
    return re.sub(r":\d+$", "", server.args[0]) if server.args else ""


def _is_address(host: str) -> bool:
    return host in ("localhost", "host.docker.internal", "") or bool(re.fullmatch(r"[\d.:\[\]a-f]+|unix.*", host))


def server_hosts(nginx: Nginx) -> list[tuple[str, Directive]]:
    """(host, server line) of every upstream server that is named rather than an address."""
    found = [(server_host(server), server) for name in nginx.upstreams for server in nginx.servers(name)]
    return [(host, server) for host, server in found if not _is_address(host)]


def not_modelled(nginx: Nginx) -> Iterator[tuple[Directive, int]]:
    """The first directive of every name that is not modelled, with the number of times it stands there."""
    seen: dict[tuple[str, str], list[Directive]] = {}
    for found in nginx.root.walk():
        if found.name not in _STRUCTURE | _MODELLED | {"main"}:
            seen.setdefault((found.file, found.name), []).append(found)
    for group in seen.values():
        yield group[0], len(group)
