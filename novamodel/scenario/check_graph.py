"""Parts that nothing asks, messages that nobody takes, and rules of edges that nobody meets."""

from __future__ import annotations

from collections.abc import Iterator

from novamodel.scenario.backend import Edge
from novamodel.scenario.demand import MAIN, walk_steps
from novamodel.scenario.finding import Finding, Whole, found, most_replicas, place_of
from novamodel.scenario.graph import DIRECT, unused_parts


def graph_findings(scenario: Whole) -> Iterator[Finding]:
    """What is written down and does nothing."""
    yield from _unused(scenario)
    yield from _direct(scenario)
    yield from _weights(scenario)


def _unused(scenario: Whole) -> Iterator[Finding]:
    routes = [steps for service in scenario.services.values() for steps in service.routes.values()]
    published = {step.publish for steps in routes for step in walk_steps(steps) if step.publish is not None}
    for path in dict.fromkeys(unused_parts(scenario)):
        kind, _, name = path.partition(".")
        if kind == "edges":
            message, fix = f"no source comes through edge {name}", "say via in a source of traffic, or leave it out"
            yield found(scenario, "edge-unused", path, message, fix)
        elif kind == "queues" and name in published:
            message = f"nobody consumes queue {name}: its messages pile up"
            yield found(scenario, "queue-not-consumed", path, message, "name it in the consumers of a service")
        elif kind == "queues":
            message = f"no route publishes to queue {name}"
            yield found(scenario, "queue-unused", path, message, "publish to it in a route, or leave it out")
        else:
            message = f"no route names {kind.removesuffix('s')} {name}: it is never asked"
            yield found(scenario, "part-unused", path, message, "name it in a route, or leave it out")
    come = {source.via for source in scenario.traffic.sources.values()}
    if MAIN not in come and scenario.all_edges[MAIN] != Edge():  # type: ignore[call-arg]
        message, fix = "no source comes through edge", "say via: main in a source of traffic, or leave it out"
        yield found(scenario, "edge-unused", "edge", message, fix)


def _direct(scenario: Whole) -> Iterator[Finding]:
    """Sources that go straight to services which some edge limits."""
    for name, source in scenario.traffic.sources.items():
        if source.via != DIRECT:
            continue
        asked = dict.fromkeys([*(scenario.service_of(route) for route in source.routes), *source.routes])
        limits = [
            f"{place_of('edge', edge_name)}.{part}.{place}"
            for edge_name, edge in scenario.all_edges.items()
            for part in ("limits", "connection_limits")
            for place in getattr(edge, part)
            if place in asked
        ]
        if limits:
            path = "traffic.via" if name == MAIN else f"traffic.also.{name}.via"
            message = f"source {name} comes straight to the services: {', '.join(limits)} counts none of its requests"
            yield found(scenario, "direct-beside-limits", path, message, "say via: main, if it is limited", "note")


def _weights(scenario: Whole) -> Iterator[Finding]:
    """Weights of server lines that no replica is behind."""
    for edge_name, edge in scenario.all_edges.items():
        for name, weights in edge.weights.items():
            most = most_replicas(scenario.services[name])
            if len(weights) != most:
                path = f"{place_of('edge', edge_name)}.weights.{name}"
                message = f"{path} has {len(weights)} weights for up to {most} replicas: the others weigh 1"
                yield found(scenario, "weights-and-replicas", path, message, "one server line a replica")
