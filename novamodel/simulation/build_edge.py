"""From a scenario to the state of its edges: workers, limits and the API gateway."""

from __future__ import annotations

from typing import Any

from novamodel.components.deadlines import Deadlines, deadlines_state
from novamodel.components.gateway.gateway import BUCKET, OFF, WINDOWS, Gateway, gateway_state
from novamodel.components.nginx.connections import request_connections
from novamodel.components.nginx.limit_conn import LimitConn, limit_conn_state
from novamodel.components.nginx.limit_req import LimitReq, burst_milli, delay_milli, limit_req_state, rate_milli
from novamodel.scenario import Scenario
from novamodel.scenario.backend import ConnectionLimit, Edge, RequestLimit
from novamodel.simulation.codes import NEVER
from novamodel.simulation.layout import Layout
from novamodel.simulation.program_book import limits_at
from novamodel.simulation.state_edge import Edges, Places


def edges_state(scenario: Scenario) -> Edges:
    """A row for each edge."""
    scale = 1.0 / scenario.platform.core_speed
    first, rows = 0, []
    for name, edge in scenario.all_edges.items():
        tls, per_connection = edge.tls, edge.requests_per_connection
        rows.append(
            {
                "idle": edge.request_cpu.idle * scale,
                "busy": edge.request_cpu.busy * scale,
                "first_worker": first,
                "workers": edge.workers,
                "network": edge.network / 2,
                "new": 1.0 / per_connection if tls else 0.0,
                "resumed": tls.resumed / per_connection if tls else 0.0,
                "full_work": tls.full_s * scale if tls else 0.0,
                "resumed_work": tls.resumed_s * scale if tls else 0.0,
                "reject_idle": edge.reject_cpu.idle * scale,
                "reject_busy": edge.reject_cpu.busy * scale,
                "timed": int(any(gives_up_first(scenario, name, route) for route in scenario.entry_routes)),
                "most": request_connections(edge.worker_connections, 2 if tls else 1),
                "armed": NEVER,
            }
        )
        first += edge.workers
    columns = {name: [row[name] for row in rows] for name in Edges._fields if name != "used"}
    return Edges(**columns, used=[0] * first)


def gives_up_first(scenario: Scenario, edge: str, route: str) -> bool:
    """Whether the edge's read_timeout is over before the patience of some caller."""
    timeout = scenario.all_edges[edge].read_timeout
    patience = [
        source.caller.timeout
        for source in scenario.traffic.sources.values()
        if source.via == edge and (route in source.routes or not source.routes)
    ]
    return timeout > 0 and any(one == 0 or timeout < one for one in patience)


def silent_state(scenario: Scenario, requests: int) -> Deadlines:
    """Requests that an edge may give up on; time-outs (s) as they are at the replica, a way from the edge and back."""
    edges = scenario.all_edges.values()
    return deadlines_state([max(0.0, float(edge.read_timeout - edge.network)) for edge in edges], requests)


def limits_of(scenario: Scenario, edge: Edge, route: str) -> list[RequestLimit]:
    """The limit_req lines that a route meets at an edge: its own, or those of its service."""
    limit = limits_at(scenario, edge.limits, route)
    return [limit, *limit.also] if limit is not None else []


def conn_limits_of(scenario: Scenario, edge: Edge, route: str) -> list[ConnectionLimit]:
    """The limit_conn lines, likewise."""
    limit = limits_at(scenario, edge.connection_limits, route)
    return [limit, *limit.also] if limit is not None else []


class Zones:
    """Rows for the keys of every zone: lines that name the same zone share them."""

    def __init__(self, scenario: Scenario, clients: int) -> None:
        self.routes = scenario.entry_routes
        self.clients = clients
        self.first: dict[tuple[str, str], int] = {}
        self.rows = 0

    def line(self, edge: str, owner: str, limit: RequestLimit | ConnectionLimit, route: str) -> tuple[int, int]:
        """First row of a line's zone, and its key: 0 = by client, else 1 + the row behind the first."""
        zone = (edge, f"zone {limit.zone}" if limit.zone else owner)
        if zone not in self.first:
            self.first[zone] = self.rows
            self.rows += {"client": self.clients, "route": len(self.routes), "server": 1}[limit.key]
        place = self.routes.index(route) if limit.key == "route" else 0
        return self.first[zone], 0 if limit.key == "client" else 1 + place


def places_state(scenario: Scenario, layout: Layout, clients: int) -> tuple[Places, LimitReq, LimitConn]:
    """Places with their limits; limit_req and limit_conn with a row for each key of each zone."""
    places: dict[str, list[int]] = {
        name: [] for name in ("edge", "first_limit", "limits", "dry_run", "first_conn", "conns", "timed")
    }
    lines: list[tuple[int, int]] = []
    conn_lines: list[tuple[int, int]] = []
    limits: list[tuple[int, int, int]] = []
    most: list[int] = []
    zones, conn_zones = Zones(scenario, clients), Zones(scenario, clients)
    for name, route in layout.places:
        edge = scenario.all_edges[name]
        found, conns = limits_of(scenario, edge, route), conn_limits_of(scenario, edge, route)
        places["edge"].append(layout.edges.index(name))
        places["first_limit"].append(len(limits))
        places["limits"].append(len(found))
        places["dry_run"].append(int(any(limit.dry_run for limit in found)))  # one setting for a location
        places["first_conn"].append(len(most))
        places["conns"].append(len(conns))
        places["timed"].append(int(gives_up_first(scenario, name, route)))
        for number, limit in enumerate(found):
            owner = route if route in edge.limits else scenario.service_of(route)
            lines.append(zones.line(name, f"{owner} {number}", limit, route))
            mode = "nodelay" if limit.delay == "nodelay" else f"delay={limit.delay}" if limit.delay else "delay"
            limits.append((rate_milli(limit.rate), burst_milli(limit.burst or None), delay_milli(mode)))
        for number, conn in enumerate(conns):
            owner = route if route in edge.connection_limits else scenario.service_of(route)
            conn_lines.append(conn_zones.line(name, f"{owner} {number}", conn, route))
            most.append(conn.limit)
    state = Places(
        **{name: column or [0] for name, column in places.items()},
        zone=[zone for zone, _ in lines] or [0],
        key=[key for _, key in lines] or [0],
        conn_zone=[zone for zone, _ in conn_lines] or [0],
        conn_key=[key for _, key in conn_lines] or [0],
        row=[0] * max(1, len(lines), len(conn_lines)),
    )
    requests = limit_req_state(max(1, zones.rows), limits or [(1, 0, 0)])
    return state, requests, limit_conn_state(max(1, conn_zones.rows), most or [1])


def gateway_config(scenario: Scenario) -> dict[str, Any]:
    """The gateway's part of `state.Config`."""
    gateway, run = scenario.gateway, scenario.run
    kind = OFF if gateway is None else WINDOWS if gateway.kind == "kong" else BUCKET
    return {
        "gateway": kind,
        "gateway_by_client": int(gateway is not None and gateway.by == "client"),
        "gateway_limit": (gateway.limit or 0) if gateway else 0,
        "gateway_window": gateway.window if gateway else 0.0,
        "gateway_rate": gateway.rate if gateway else 0.0,
        "gateway_burst": float(gateway.burst) if gateway else 0.0,
        "gateway_latency": gateway.latency if gateway else 0.0,
        "midnight": run.start - run.warm_up_s,
    }


def empty_gateway(scenario: Scenario, clients: int) -> Gateway:
    """A row for each client or service that has a counter, and a full bucket."""
    gateway = scenario.gateway
    if gateway is None or gateway.kind == "aws":
        return gateway_state(1, float(gateway.burst) if gateway else 1.0)
    return gateway_state(clients if gateway.by == "client" else len(scenario.services), 1.0)
