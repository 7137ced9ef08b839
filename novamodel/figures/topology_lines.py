"""What the boxes of a topology say: sizes and limits as read, and how busy each part was."""

from __future__ import annotations

import math
from typing import Any

from novamodel import units
from novamodel.figures.house import escape
from novamodel.figures.reshape import over_time
from novamodel.figures.words import number_text, part_text

LEAST_PIXELS = 176
"""Width of a column below which the lines of a box leave it."""


def replica_text(service: Any) -> str:
    """``"3 to 10"``."""
    scaler = service.autoscaler
    return f"{service.replicas}" if scaler is None else f"{scaler.min_replicas} to {scaler.max_replicas}"


def peaks_of(result: Any) -> dict[str, str]:
    """The highest mean use of each tier in a run, as text by tier."""
    if result is None:
        return {}
    peaks = {
        str(tier): float(over_time(part, "utilisation")["mean"].max()) for tier, part in result.tiers.groupby("tier")
    }
    return {tier: part_text(peak) for tier, peak in peaks.items() if math.isfinite(peak)}


def present(*texts: str) -> tuple[str, ...]:
    """Those of the texts that say something."""
    return tuple(text for text in texts if text)


def said(busy: dict[str, str], *tiers: tuple[str, str]) -> str:
    """Use of the tiers (name, word in front), in bold; nothing where a run does not say."""
    parts = [f"{word}{busy[tier]}" for tier, word in tiers if tier in busy]
    return f"<b>{', '.join(parts)}{' busy' if len(parts) == 1 else ''}</b>" if parts else ""


def edge_lines(edge: Any, busy: dict[str, str], front: str = "") -> tuple[str, ...]:
    """Workers, the first limits, use. ``front`` stands before the names of a further part's tiers."""
    limits = [f"{escape(cut(name, 15))}: {limit.rate}" for name, limit in edge.limits.items()][:2]
    workers = "1 worker" if edge.workers == 1 else f"{edge.workers} workers"
    return present(f"{workers} x {edge.worker_connections:,} conn.", *limits, said(busy, (f"{front}edge", "")))


def gateway_name(gateway: Any) -> str:
    """Its product."""
    return "Kong" if gateway.kind == "kong" else "API Gateway"


def gateway_lines(gateway: Any) -> tuple[str, ...]:
    """Limits and latency."""
    if gateway.kind == "kong":
        limits = (f"at most {gateway.limit:,} in {units.format_time(gateway.window)}", f"for each {gateway.by}")
    else:
        limits = (f"{number_text(gateway.rate)} requests/s", f"bursts of {gateway.burst:,}")
    return present(*limits, f"adds {units.format_time(gateway.latency)}" if gateway.latency else "")


def service_lines(service: Any, name: str, busy: dict[str, str]) -> tuple[str, ...]:
    """Replicas, CPU and memory of one, use."""
    size, scaler = service.resources, service.autoscaler
    cpu = units.format_cores(size.cpu_request)
    if size.cpu_limit == size.cpu_request:
        cpu += " CPU"
    else:
        cpu += f" to {units.format_cores(size.cpu_limit)} CPU" if size.cpu_limit else " CPU, no limit"
    memory = units.format_bytes(size.memory_limit or size.memory_request)
    replicas = f"{service.replicas} replica{'s' if service.replicas != 1 else ''}"
    if scaler is not None:
        kind = "HPA" if scaler.kind == "hpa" else "target tracking"
        replicas = f"{kind} {scaler.min_replicas} to {scaler.max_replicas} replicas"
    takers = service.runtime.takers
    return present(
        replicas, cpu, memory, said(busy, (f"{name} cpu", "CPU "), (f"{name} {takers}", f"{takers.split()[-1]} "))
    )


def pool_lines(service: Any, key: str, busy: dict[str, str]) -> tuple[str, ...]:
    """The pool to the main database."""
    wait = service.pool.connection_timeout
    return present(
        f"{service.pool.max} a replica",
        f"waits {units.format_time(wait)}" if wait else "waits for ever",
        said(busy, (key, "")),
    )


def bouncer_lines(bouncer: Any, busy: dict[str, str], front: str = "") -> tuple[str, ...]:
    """PgBouncer's connections on both sides, use."""
    return present(
        f"{bouncer.default_pool_size} to PostgreSQL",
        f"{bouncer.max_client_conn} clients at most",
        f"{bouncer.pool_mode} mode",
        said(busy, (f"{front}pgbouncer", "")),
    )


def database_lines(database: Any, busy: dict[str, str], front: str = "") -> tuple[str, ...]:
    """Class, size, connections, read replicas, use."""
    return present(
        database.instance_class or "",
        f"{database.cores:g} cores, {units.format_bytes(database.memory)}",
        f"{database.max_connections} connections",
        copies_text(database),
        said(busy, (f"{front}postgres cpu", "CPU "), (f"{front}postgres connections", "conn. ")),
    )


def copies_text(database: Any) -> str:
    """``"2 read replicas (60 %)"``: how many, and their share of what they may answer."""
    copies = database.read_replicas
    if copies is None:
        return ""
    return f"{copies.count} read replica{'s' if copies.count != 1 else ''} ({units.format_fraction(copies.share)})"


def cache_lines(cache: Any, busy: dict[str, str], front: str = "") -> tuple[str, ...]:
    """Nodes, memory, use."""
    nodes = (
        f"{cache.nodes} x {cache.node_type}"
        if cache.node_type
        else f"{cache.nodes} node{'s' if cache.nodes > 1 else ''}"
    )
    return present(nodes, units.format_bytes(cache.memory), said(busy, (f"{front}redis", "")))


def queue_lines(queue: Any) -> tuple[str, ...]:
    """Visibility timeout and deliveries."""
    return present(f"again after {units.format_time(queue.visibility_timeout)}", f"{queue.most_receives} deliveries")


def external_lines(external: Any, busy: str) -> tuple[str, ...]:
    """Latency and limits."""
    limits = [f"{external.concurrency:,} at once"] if external.concurrency else []
    limits += [f"{number_text(external.rate)} calls/s"] if external.rate else []
    failures = f"{units.format_fraction(external.failures)} fail" if external.failures else ""
    return present(units.format_time(external.latency.busy), *limits, failures, busy)


def source_lines(source: Any) -> tuple[str, ...]:
    """How often it asks."""
    if source.loop == "closed":
        return present(f"{source.users:,} users", f"think {units.format_time(source.think.busy)}")
    if source.loop == "periodic":
        return present("by the clock", f"every {units.format_time(source.every)}")
    word = "recorded" if source.loop == "replay" else "peak"
    return present(word, f"<b>{number_text(source.most_per_s)}</b> requests/s")


def cut(text: str, most: int) -> str:
    """A text with an ellipsis where it is longer than ``most``."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
