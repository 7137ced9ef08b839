"""From a scenario to the state of its edge: request limits, the API gateway and the choice of a replica."""

from __future__ import annotations

from typing import Any

from novamodel.components.gateway.gateway import BUCKET, OFF, WINDOWS, Gateway, gateway_state
from novamodel.components.nginx.limit_req import burst_milli, delay_milli, limit_req_state, rate_milli
from novamodel.components.nginx.upstream.round_robin import Peer, upstream_state
from novamodel.scenario import Scenario
from novamodel.simulation import codes


def limit_columns(scenario: Scenario, clients: int) -> dict[str, list[int]]:
    """By service: its limit, and the first row of its keys."""
    numbers = {name: i for i, name in enumerate(scenario.edge.limits)}
    limit = [numbers.get(name, codes.NONE) for name in scenario.services]
    return {"limit": limit, "keys": [max(number, 0) * clients for number in limit]}


def limit_state(scenario: Scenario, clients: int) -> Any:
    """Every limit_req with a row for each client, and none used yet."""
    limits = [
        (rate_milli(limit.rate), burst_milli(limit.burst or None), delay_milli(_delay_mode(limit.delay)))
        for limit in scenario.edge.limits.values()
    ]
    return limit_req_state(max(1, clients * len(limits)), limits or [(1, 0, 0)])


def _delay_mode(delay: int | str) -> str:
    return "nodelay" if delay == "nodelay" else f"delay={delay}" if delay else "delay"


def edge_upstream(scenario: Scenario, rows: dict[str, tuple[int, int]]) -> Any:
    """A group of peers for each service, all down until their replicas are ready."""
    edge = scenario.edge
    fails = 0 if edge.kind == "ingress-nginx" else edge.max_fails
    peer = Peer(max_fails=fails, fail_timeout_s=int(edge.fail_timeout), down=True)
    groups: list[tuple[list[Peer], list[Peer]]] = []
    for name, (first, end) in rows.items():
        weights = edge.weights.get(name, ())[: end - first]
        groups.append(([peer._replace(weight=w) for w in weights] + [peer] * (end - first - len(weights)), []))
    state = upstream_state(groups)
    return state._replace(single=[0] * len(state.single))


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
