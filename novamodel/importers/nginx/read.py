"""nginx.conf: upstreams, ``limit_req`` by location, workers (parsed by nginx-crossplane, with lines)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import crossplane

from novamodel.errors import UserError
from novamodel.importers.names import short_name
from novamodel.yamlfile import read_text

_STRUCTURE = {"events", "http", "server", "location", "upstream"}
_MODELLED = {
    "worker_processes",
    "worker_connections",
    "limit_req",
    "limit_req_zone",
    "limit_req_status",
    "proxy_pass",
}
_PER_CLIENT = {"$binary_remote_addr", "$remote_addr"}


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
    """A ``limit_req_zone``."""

    key: str
    size: str
    rate: str
    place: Directive


class Target(NamedTuple):
    """A location that passes requests on: to which service, under which limits."""

    service: str
    host: str
    location: Directive
    passed: Directive
    limits: tuple[Directive, ...]
    status: Directive | None
    path: str


@dataclass
class Nginx:
    """What nginx files say together."""

    root: Directive
    upstreams: dict[str, Directive] = field(default_factory=dict)
    zones: dict[str, Zone] = field(default_factory=dict)
    targets: list[Target] = field(default_factory=list)

    def servers(self, upstream: str) -> list[Directive]:
        """The ``server`` lines of an upstream that take requests: without backup and down ones, if others are there."""
        lines = self.upstreams[upstream].inner("server") if upstream in self.upstreams else []
        return [line for line in lines if not {"backup", "down"} & set(line.args)] or lines

    def find(self, name: str) -> list[Directive]:
        """All directives of a name, anywhere."""
        return [found for found in self.root.walk() if found.name == name]


def read_nginx(paths: list[tuple[Path, str]]) -> Nginx:
    """Read nginx files (path, name shown) as one configuration; broken ones are a ``UserError`` with file and line."""
    parsed = [found for path, shown in paths for found in _parse(path, shown)]
    main = Directive("main", (), paths[0][1], 1, tuple(parsed))
    result = Nginx(main)
    for found in main.walk():
        if found.name == "upstream" and found.args:
            result.upstreams[found.args[0]] = found
        elif found.name == "limit_req_zone" and found.args:
            name, _, size = (found.option("zone") or "").partition(":")
            result.zones[name] = Zone(found.args[0], size, found.option("rate") or "", found)
    _targets(main, (), None, result)
    return result


def _parse(path: Path, shown: str) -> tuple[Directive, ...]:
    read_text(path)
    whole = path.name == "nginx.conf"
    try:
        answer = crossplane.parse(str(path), single=True, check_ctx=whole)
    except (RecursionError, ValueError, OSError) as problem:
        raise UserError(f"not a valid nginx configuration: {problem}", file=path) from None
    for fault in answer["errors"]:
        text = re.sub(r" in \S+:\d+$", "", str(fault["error"])).replace(str(path), path.name)
        raise UserError(f"not a valid nginx configuration: {text}", file=path, line=fault.get("line"))
    return _directives(answer["config"][0]["parsed"], shown)


def _directives(parsed: list[dict[str, Any]], shown: str) -> tuple[Directive, ...]:
    return tuple(
        Directive(
            entry["directive"],
            tuple(entry["args"]),
            shown,
            entry["line"],
            _directives(entry.get("block", []), shown),
        )
        for entry in parsed
    )


def _targets(scope: Directive, limits: tuple[Directive, ...], status: Directive | None, result: Nginx) -> None:
    """Collect proxied locations; ``limit_req`` of an outer level holds where the inner level has none of its own."""
    limits = tuple(scope.inner("limit_req")) or limits
    status = next(iter(scope.inner("limit_req_status")), status)
    for passed in scope.inner("proxy_pass"):
        host = re.sub(r"^\w+://", "", passed.args[0] if passed.args else "").split("/")[0].rpartition("@")[2]
        host = re.sub(r":\d+$", "", host)
        service = _service(host, result)
        if service:
            path = scope.args[-1] if scope.args else "/"
            result.targets.append(Target(service, host, scope, passed, limits, status, path))
    for inner in scope.block:
        if inner.block:
            _targets(inner, limits, status, result)


def _service(host: str, result: Nginx) -> str | None:
    """The service behind a ``proxy_pass``: the common name of the upstream's servers, else the upstream's name."""
    if "$" in host or not host:
        return None
    servers = result.servers(host)
    names = {short_name(_host(server)) for server in servers if not _is_address(_host(server))}
    if len(names) == 1:
        return names.pop()
    return None if _is_address(host) else short_name(host)


def _host(server: Directive) -> str:
    return re.sub(r":\d+$", "", server.args[0]) if server.args else ""


def _is_address(host: str) -> bool:
    return host in ("localhost", "host.docker.internal", "") or bool(re.fullmatch(r"[\d.:\[\]a-f]+|unix.*", host))


def server_hosts(nginx: Nginx) -> list[tuple[str, Directive]]:
    """(host, server line) of every upstream server that is named rather than an address."""
    found = [(_host(server), server) for name in nginx.upstreams for server in nginx.servers(name)]
    return [(host, server) for host, server in found if not _is_address(host)]


def per_client(zone: Zone) -> bool:
    """Whether a zone counts by client address, as the model does."""
    return zone.key in _PER_CLIENT


def not_modelled(nginx: Nginx) -> Iterator[tuple[Directive, int]]:
    """The first directive of every name that is not modelled, with the number of times it stands there."""
    seen: dict[tuple[str, str], list[Directive]] = {}
    for found in nginx.root.walk():
        if found.name not in _STRUCTURE | _MODELLED | {"main"}:
            seen.setdefault((found.file, found.name), []).append(found)
    for group in seen.values():
        yield group[0], len(group)
