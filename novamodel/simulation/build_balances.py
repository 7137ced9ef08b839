"""From a scenario to how replicas are chosen: by its edges, and by those who call a service directly."""

from __future__ import annotations

from typing import Any

from novamodel.components.nginx.upstream.keepalive import keepalive_state
from novamodel.components.nginx.upstream.round_robin import Peer, upstream_state
from novamodel.scenario import Scenario
from novamodel.scenario.backend import Edge
from novamodel.scenario.service import Service
from novamodel.simulation import codes
from novamodel.simulation.layout import DIRECT, Layout, most_replicas
from novamodel.simulation.state_edge import Balances


def balances_state(scenario: Scenario, layout: Layout) -> dict[str, Any]:
    """A balance for each edge and service, and for each service that is called directly; no replica is there yet."""
    scale = 1.0 / scenario.platform.core_speed
    groups: list[tuple[list[Peer], list[Peer]]] = []
    rows: list[dict[str, Any]] = []
    replica: list[int] = []
    sizes: list[int] = []
    for edge_name, service_name in layout.balances:
        service = scenario.services[service_name]
        first, end = layout.rows[service_name]
        if edge_name == DIRECT:
            anyone = scenario.platform.kind == "eks"
            method = codes.ANYONE if anyone else codes.ROUND_ROBIN
            rows.append(_row(method, 0.0))
            groups.append(([Peer(max_fails=0, absent=True)] * (end - first), []))
            replica += range(first, end)
            continue
        edge = scenario.all_edges[edge_name]
        connects = edge.connect_cpu.busy > 0
        method, backups = _method(edge, service_name), _backups(edge, service_name, service, first)
        rows.append(
            _row(method, edge.network / 2)
            | {
                "edge": layout.edges.index(edge_name),
                "next_on": sum(codes.NEXT_ON[word] for word in edge.next_upstream.on),
                "next_tries": edge.next_upstream.tries,
                "next_timeout": float(edge.next_upstream.timeout),
                "cache": len(sizes) if connects else codes.NONE,
                "connect_idle": edge.connect_cpu.idle * scale,
                "connect_busy": edge.connect_cpu.busy * scale,
            }
        )
        sizes += [edge.keepalive] * (edge.workers if connects else 0)
        primaries = [row for row in range(first, end) if row not in backups]
        groups.append(
            (
                [_peer(edge, service_name, service, row - first) for row in primaries],
                [_peer(edge, service_name, service, row - first) for row in backups],
            )
        )
        replica += [*primaries, *backups]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    upstream = upstream_state(groups)
    return {
        "balances": Balances(**columns, replica=replica, count=[len(rows)]),
        "upstream": upstream._replace(single=[0] * len(upstream.single)),
        "kept": keepalive_state(sizes or [0]),
    }


def _row(method: int, network: float) -> dict[str, Any]:
    return {
        "network": network,
        "edge": codes.NONE,
        "method": method,
        "next_on": 0,
        "next_tries": 0,
        "next_timeout": 0.0,
        "cache": codes.NONE,
        "connect_idle": 0.0,
        "connect_busy": 0.0,
    }


def _method(edge: Edge, service: str) -> int:
    upstream = edge.upstreams.get(service)
    return codes.METHODS.index(upstream.method) if upstream is not None else codes.ROUND_ROBIN


def _backups(edge: Edge, name: str, service: Service, first: int) -> range:
    """Rows of the backup replicas: the last ones of those that are always there."""
    upstream = edge.upstreams.get(name)
    count = upstream.backup if upstream is not None else 0
    always = service.autoscaler.min_replicas if service.autoscaler is not None else service.replicas
    return range(first + max(0, always - count), first + always)


def _peer(edge: Edge, name: str, service: Service, number: int) -> Peer:
    """The server line of a replica.

    ingress-nginx balances without max_fails, and a lone server's failures are ignored (nginx: `single`).
    """
    upstream, weights = edge.upstreams.get(name), edge.weights.get(name, ())
    fails, timeout, most = edge.max_fails, edge.fail_timeout, 0
    if upstream is not None:
        fails = fails if upstream.max_fails is None else upstream.max_fails
        timeout = timeout if upstream.fail_timeout is None else upstream.fail_timeout
        most = upstream.max_conns
    if edge.kind == "ingress-nginx" or most_replicas(service) == 1:
        fails = 0
    weight = weights[number] if number < len(weights) else 1
    return Peer(weight, fails, int(timeout), most, absent=True)
