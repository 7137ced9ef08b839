"""From a scenario to the state of its edges: workers, limits, the API gateway and the choice of a replica."""

from __future__ import annotations

from typing import Any

from novamodel.components.gateway.gateway import BUCKET, OFF, WINDOWS, Gateway, gateway_state
from novamodel.components.nginx.limit_req import burst_milli, delay_milli, limit_req_state, rate_milli
from novamodel.components.nginx.upstream.round_robin import Peer, upstream_state
from novamodel.scenario import Scenario
from novamodel.scenario.backend import Edge, RequestLimit
from novamodel.simulation.layout import DIRECT, Layout
from novamodel.simulation.state import Balances, Edges, Places


def edges_state(scenario: Scenario) -> Edges:
    """A row for each edge."""
    scale = 1.0 / scenario.platform.core_speed
    first, rows = 0, []
    for edge in scenario.all_edges.values():
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
            }
        )
        first += edge.workers
    return Edges(**{name: [row[name] for row in rows] for name in Edges._fields})


def limits_of(scenario: Scenario, edge: Edge, route: str) -> list[RequestLimit]:
    """The limit_req lines that a route meets at an edge: its own, or those of its service."""
    limit = edge.limits.get(route) or edge.limits.get(scenario.service_of(route))
    return [limit, *limit.also] if limit is not None else []


def places_state(scenario: Scenario, layout: Layout, clients: int) -> tuple[Places, Any]:
    """Places with their limits, and limit_req with a row for each key of each zone."""
    routes = scenario.entry_routes
    zones: dict[tuple[str, str], int] = {}
    keys = 0
    places: dict[str, list[int]] = {"edge": [], "first_limit": [], "limits": []}
    lines: dict[str, list[int]] = {"zone": [], "key": []}
    limits: list[tuple[int, int, int]] = []
    for name, route in layout.places:
        edge = scenario.all_edges[name]
        found = limits_of(scenario, edge, route)
        places["edge"].append(layout.edges.index(name))
        places["first_limit"].append(len(limits))
        places["limits"].append(len(found))
        owner = route if route in edge.limits else scenario.service_of(route)
        for number, limit in enumerate(found):
            zone = (name, f"zone {limit.zone}" if limit.zone else f"{owner} {number}")
            if zone not in zones:
                zones[zone] = keys
                keys += {"client": clients, "route": len(routes), "server": 1}[limit.key]
            lines["zone"].append(zones[zone])
            lines["key"].append(
                0 if limit.key == "client" else 1 + (routes.index(route) if limit.key == "route" else 0)
            )
            mode = "nodelay" if limit.delay == "nodelay" else f"delay={limit.delay}" if limit.delay else "delay"
            limits.append((rate_milli(limit.rate), burst_milli(limit.burst or None), delay_milli(mode)))
    lines = lines if limits else {"zone": [0], "key": [0]}
    places = places if layout.places else {"edge": [0], "first_limit": [0], "limits": [0]}
    state = Places(**places, **lines, row=[0] * len(lines["zone"]))
    return state, limit_req_state(max(1, keys), limits or [(1, 0, 0)])


def upstreams_state(scenario: Scenario, layout: Layout) -> tuple[Balances, Any]:
    """A balance for each edge and service, and for each service that is called directly; all replicas are down yet."""
    groups: list[tuple[list[Peer], list[Peer]]] = []
    balances = Balances([], [])
    for edge_name, service in layout.balances:
        first, end = layout.rows[service]
        edge = scenario.all_edges.get(edge_name)
        fails, timeout, network = 0, 10, scenario.services[service].network / 2
        weights: tuple[int, ...] = ()
        if edge is not None:
            fails = 0 if edge.kind == "ingress-nginx" else edge.max_fails
            timeout, weights, network = int(edge.fail_timeout), edge.weights.get(service, ()), edge.network / 2
        peer = Peer(max_fails=fails, fail_timeout_s=timeout, down=True)
        own = [peer._replace(weight=w) for w in weights[: end - first]]
        groups.append((own + [peer] * (end - first - len(own)), []))
        balances.first_replica.append(first)
        balances.network.append(network if edge_name != DIRECT else 0.0)
    state = upstream_state(groups)
    return balances, state._replace(single=[0] * len(state.single))


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
