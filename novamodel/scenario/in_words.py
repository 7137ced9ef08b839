"""What a scenario has, part by part in words: a row a service, store, edge, and what counts as good."""

from __future__ import annotations

from typing import Any

from novamodel.scenario.service import Service
from novamodel.units import format_bytes, format_cores


def parts_in_words(scenario: Any) -> list[tuple[str, str]]:
    """Rows of name and words, objectives first."""
    rows = [("objectives", ", ".join(slo.text for slo in scenario.slo) or "none")]
    rows.append(("platform", f"{scenario.platform.kind} on {scenario.platform.compute}, {scenario.pricing.region}"))
    rows += [(f"service {name}", _service(one)) for name, one in scenario.services.items()]
    for name, database in scenario.all_databases.items():
        rows.append((f"database {name}", database.instance_class or f"{format_cores(database.cores)} cores"))
    for name, cache in scenario.all_caches.items():
        rows.append(
            (f"cache {name}", f"{cache.node_type or format_bytes(cache.memory)}, keyspaces: {len(cache.keyspaces)}")
        )
    for name, edge in scenario.all_edges.items():
        rows.append((f"edge {name}", f"{edge.kind}, request limits: {len(edge.limits)}"))
    for kind, named in (("queues", scenario.queues), ("externals", scenario.externals)):
        if named:
            rows.append((kind, ", ".join(named)))
    return rows


def _service(service: Service) -> str:
    scaler = service.autoscaler
    count = f"{scaler.min_replicas} to {scaler.max_replicas}" if scaler else f"{service.replicas}"
    size = service.resources
    limit = "no limit" if size.cpu_limit is None else format_cores(size.cpu_limit)
    return f"{count} x {format_cores(size.cpu_request)}/{limit}, {format_bytes(size.memory_request)}"
