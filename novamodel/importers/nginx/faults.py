"""What nginx would refuse in its limits and upstreams, and server lines that are read otherwise than meant."""

from __future__ import annotations

from novamodel.importers.nginx.read import Directive, Nginx
from novamodel.importers.quantity import whole
from novamodel.importers.report import Draft

_REFUSED = ": nginx does not start"


def find_limit_and_upstream_faults(nginx: Nginx, draft: Draft) -> None:
    """Zones that nobody makes, rates that are none, upstreams without servers, and servers apart from the others."""

    def refuse(code: str, place: Directive, message: str, fix: str) -> None:
        draft.find("error", code, place.file, place.line, message + _REFUSED, fix)

    for limit in nginx.find("limit_req"):
        zone = limit.option("zone")
        if zone not in nginx.zones:
            message = f"limit_req names zone {zone!r}, which no limit_req_zone makes"
            refuse("limit-zone-unknown", limit, message, "add the limit_req_zone, or correct the name")
    for limit in nginx.find("limit_conn"):
        if limit.args and limit.args[0] not in nginx.connection_zones:
            message = f"limit_conn names zone {limit.args[0]!r}, which no limit_conn_zone makes"
            refuse("limit-zone-unknown", limit, message, "add the limit_conn_zone, or correct the name")
    for found in nginx.zones.values():
        if not _is_rate(found.rate):
            message = f"rate={found.rate} of limit_req_zone is no rate"
            refuse("limit-rate-invalid", found.place, message, "write a whole number like 10r/s or 100r/m")
    for name, upstream in nginx.upstreams.items():
        servers = upstream.inner("server")
        if not servers:
            refuse("upstream-empty", upstream, f"upstream {name} has no server", "add a server line")
        for server in servers:
            _server(name, server, draft)
            weight = whole(server.option("weight") or "1")
            if not isinstance(weight, int) or weight < 1:
                message = f"weight={server.option('weight')} is no weight"
                refuse("upstream-weight-invalid", server, message, "write a whole number from 1")


def _is_rate(rate: str) -> bool:
    number, _, per = rate.partition("r/")
    amount = whole(number)
    return isinstance(amount, int) and amount >= 1 and per in ("s", "m")


def _server(upstream: str, server: Directive, draft: Draft) -> None:
    """A server that is ``down`` is no replica."""
    host = server.args[0] if server.args else ""
    if "down" in server.args:
        message = f"server {host} of upstream {upstream} is marked down: it gets no request and counts as no replica"
        draft.find("note", "upstream-server-down", server.file, server.line, message, "take the line out")
