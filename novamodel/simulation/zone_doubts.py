"""Zones of nginx limits that hold fewer clients than come: nginx forgets those seen longest ago, a run nobody."""

from __future__ import annotations

from collections.abc import Iterator

from novamodel.components.nginx.limit_zone import zone_capacity
from novamodel.scenario import Scenario
from novamodel.units import format_bytes

ADDRESS_BYTES = 4
"""Of $binary_remote_addr, IPv4."""


def zone_doubts(scenario: Scenario) -> Iterator[str]:
    """Sentences, one a zone."""
    for edge_name, edge in scenario.all_edges.items():
        clients = sum(
            population.clients
            for source in scenario.traffic.sources.values()
            if source.via == edge_name
            for population in source.populations.values()
        )
        zones: dict[str, float] = {}
        for place, limit in edge.limits.items():
            for number, one in enumerate((limit, *limit.also)):
                if one.key == "client":
                    zones[one.zone or f"{place}{f' {number + 1}' if number else ''}"] = one.zone_size
        for zone, size in zones.items():
            held = zone_capacity(int(size), ADDRESS_BYTES)
            if clients > held:
                yield (
                    f"zone {zone} of {format_bytes(size)} holds {held:,} clients and {clients:,} come: nginx forgets "
                    "the one that it has seen longest ago and lets its next burst in, a run forgets none"
                )
