"""The edge's ``limit_req`` and ``limit_conn``: zones by name, so that one zone stays one count."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from novamodel.importers.nginx.read import Directive, Nginx, Scope, Target, Zone, generality
from novamodel.importers.quantity import whole
from novamodel.importers.report import Draft, Said
from novamodel.scenario import Origin

_SIZES = {"": "B", "k": "KiB", "m": "MiB", "g": "GiB"}
_CLIENT = ("$binary_remote_addr", "$remote_addr", "$http_x_forwarded_for", "$proxy_protocol_addr")
_SERVER = ("$server_name", "$host", "$http_host")
_ROUTE = ("$uri", "$request_uri", "$document_uri")


def say_limits(nginx: Nginx, targets: Sequence[Target], draft: Draft) -> None:
    """Write the limits of every service: those of its most general location, which holds for all its routes."""
    by_service: dict[str, list[Target]] = defaultdict(list)
    for target in targets:
        by_service[target.service].append(target)
    shared = _servers_of_zones(targets)
    for service, locations in by_service.items():
        locations.sort(key=generality)
        first = locations[0]
        requests = [_request_limit(nginx, limit, first.scope, shared, draft) for limit in first.scope.limits]
        if known := [limit for limit in requests if limit is not None]:
            say_limit(f"edge.limits.{service}", known, draft)
        inside = [
            _connection_limit(nginx, limit, first.scope, shared, draft) for limit in first.scope.connection_limits
        ]
        if known := [limit for limit in inside if limit is not None]:
            say_limit(f"edge.connection_limits.{service}", known, draft)
        for other in locations[1:]:
            _say_other(first, other, draft)


def _servers_of_zones(targets: Sequence[Target]) -> dict[str, int]:
    """Number of ``server`` blocks by zone: a key that names the server makes a count in each."""
    found: dict[str, set[str]] = defaultdict(set)
    for target in targets:
        for limit in (*target.scope.limits, *target.scope.connection_limits):
            found[_zone_name(limit)].add(target.scope.server)
    return {zone: len(servers) for zone, servers in found.items()}


def _zone_name(limit: Directive) -> str:
    return (limit.option("zone") or "") if limit.name == "limit_req" else (limit.args[0] if limit.args else "")


def _say_other(first: Target, other: Target, draft: Draft) -> None:
    """Further locations of a service: which of its routes come through them no file says."""
    for what in ("limits", "connection_limits"):
        mine, theirs = getattr(other.scope, what), getattr(first.scope, what)
        if [line.args for line in mine] != [line.args for line in theirs]:
            place = mine[0] if mine else other.location
            written = "; ".join(f"{line.name} {' '.join(line.args)}" for line in mine)
            name = written or f"no {'limit_req' if what == 'limits' else 'limit_conn'}"
            name = f"{name[:80]} of location {other.path}"
            why = (
                f"{other.service} has the lines of location {first.path}; which routes come through here is not known: "
            )
            draft.leave(place.file, place.line, name, f"{why}write edge.{what}.ROUTE")


def say_limit(below: str, limits: Sequence[list[Said]], draft: Draft) -> None:
    """Write the limits of one place: the first as the part itself, the others as its ``also``."""
    first = limits[0]
    place = next(said for said in first if said.path == "zone")  # where the limit stands, not its zone
    draft.say(Said("", None, place.file, place.line), below)
    for said in first:
        draft.say(said, below)
    if len(limits) < 2 or f"{below}.also" in draft.origins:
        return
    values = [{said.path: said.value for said in limit} for limit in limits[1:]]
    draft.say(Said("also", values, limits[1][0].file, limits[1][0].line), below)
    for number, limit in enumerate(limits[1:]):
        for said in limit:
            draft.origins[f"{below}.also.{number}.{said.path}"] = Origin(said.kind, said.sentence, said.file, said.line)


def _counted(zone: Zone, name: str, limit: Directive, scope: Scope, shared: dict[str, int], draft: Draft) -> list[Said]:
    """Zone and key of a limit; nothing where the key is none that is modelled."""
    key, place = zone.key, zone.place
    kind = next(
        (kind for kind, keys in (("client", _CLIENT), ("server", _SERVER), ("route", _ROUTE)) if key in keys), ""
    )
    if not kind and "$" not in key:
        kind = "server"  # one constant key
    if not kind:
        draft.leave(limit.file, limit.line, f"{limit.name} by {key}", "counted by client, route or server only")
        return []
    if key in _SERVER and shared.get(name, 0) > 1:
        name = f"{name} of {scope.server or 'the default server'}"
    said = [Said("zone", name, limit.file, limit.line)]
    return said if kind == "client" else [*said, Said("key", kind, place.file, place.line)]


def _on(scope: Scope, name: str) -> Directive | None:
    found = scope.setting(name)
    return found if found is not None and found.args[0] == "on" else None


def _status(scope: Scope, name: str) -> list[Said]:
    found = scope.setting(name)
    return [] if found is None else [Said("status", whole(found.args[0]), found.file, found.line)]


def _request_limit(
    nginx: Nginx, limit: Directive, scope: Scope, shared: dict[str, int], draft: Draft
) -> list[Said] | None:
    name = _zone_name(limit)
    zone = nginx.zones.get(name)
    if zone is None:
        return None  # a finding
    counted = _counted(zone, name, limit, scope, shared, draft)
    if not counted:
        return None
    place = zone.place
    said = [Said("rate", zone.rate, place.file, place.line), *counted]
    burst, delay = limit.option("burst"), limit.option("delay")
    if burst is not None:
        said.append(Said("burst", whole(burst), limit.file, limit.line))
    if "nodelay" in limit.args:
        said.append(Said("delay", "nodelay", limit.file, limit.line))
    elif delay is not None:
        said.append(Said("delay", whole(delay), limit.file, limit.line))
    size = re.fullmatch(r"(\d+)([kmg]?)", zone.size, re.I)
    if size:
        said.append(Said("zone_size", f"{size[1]} {_SIZES[size[2].lower()]}", place.file, place.line))
    dry = _on(scope, "limit_req_dry_run")
    if dry is not None:
        said.append(Said("dry_run", True, dry.file, dry.line))
    return [*said, *_status(scope, "limit_req_status")]


def _connection_limit(
    nginx: Nginx, limit: Directive, scope: Scope, shared: dict[str, int], draft: Draft
) -> list[Said] | None:
    zone = nginx.connection_zones.get(_zone_name(limit))
    if zone is None or len(limit.args) < 2:
        return None  # a finding
    counted = _counted(zone, limit.args[0], limit, scope, shared, draft)
    dry = _on(scope, "limit_conn_dry_run")
    if dry is not None:
        draft.leave(dry.file, dry.line, "limit_conn in a dry run", "it refuses nothing, so it changes nothing")
        return None
    if not counted:
        return None
    most = Said("limit", whole(limit.args[1]), limit.file, limit.line)
    return [most, *counted, *_status(scope, "limit_conn_status")]
