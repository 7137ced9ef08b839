"""The way from today to the choice in the terms of the user's files."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

import pandas as pd

from novamodel.errors import UserError
from novamodel.scenario import Scenario
from novamodel.sizing.settings import shown
from novamodel.sizing.variables import said

COLUMNS = ["path", "now", "advised", "change", "why", "term", "file", "line"]
_WHY = {
    "min_replicas": "lower bound: what the night needs",
    "max_replicas": "upper bound: room above the count at the peak",
    "replicas": "count that keeps the objectives at the peak",
    "cpu_target": "CPU over request that the autoscaler aims at: how full a replica runs",
    "memory_target": "memory over request that the autoscaler aims at: must not add replicas that CPU does not need",
    "cpu_request": "covers the mean CPU of a replica at the peak; the autoscaler's target is a share of it",
    "cpu_limit": "quota in which bursts (password hashing, garbage collection) are not stopped too long",
    "memory_request": "covers the mean working set",
    "memory_limit": "peak working set with 25 % to spare",
    "max": "connections that the queue for them needs; all pools together within what is accepted",
    "default_pool_size": "server connections that transactions hardly wait for",
    "instance_class": "cores that the statements need, at least today's memory",
    "cache.node_type": "memory that the keys need",
    "platform.node_type": "the cheapest that holds what the pods request; a vCPU is taken to be as fast as today's",
}
ARM = "; images must be built for arm64"


def advice(scenario: Scenario, overrides: dict[str, Any]) -> pd.DataFrame:
    """One row a change.

    ``path``, ``now``, ``advised``, ``change`` ('250m -> 400m (+150m)'), ``why``, and where the user's files say it:
    ``term``, ``file``, ``line`` (empty and 0 where no file does).
    """
    paths = scenario.paths()
    rows = []
    for path, value in overrides.items():
        now, then = shown(path, paths[path]), shown(path, value)
        origin = scenario.origin(path)
        rows.append(
            {
                "path": path,
                "now": now,
                "advised": then,
                "change": f"{now} -> {then}{_by(scenario, path, value)}",
                "why": _why(path, then),
                "term": said(scenario, path),
                "file": origin.file or "",
                "line": origin.line or 0,
            }
        )
    return pd.DataFrame(rows, columns=COLUMNS)


def _why(path: str, then: str) -> str:
    found = _WHY.get(path) or _WHY.get(path.rsplit(".", 1)[-1], "")
    return found + ARM if path == "platform.node_type" and then.partition(".")[0].endswith("g") else found


def held(scenario: Scenario, tried: Container[str] = ()) -> str:
    """What no candidate changes, in a sentence: the user may try it with `diff`; ``tried``: paths that were varied."""
    database, cache = scenario.database, scenario.cache
    parts = []
    if database.instance_class is not None:
        parts.append(
            f"database classes with less memory than {database.instance_class}, for what memory answers today would be "
            "read from storage"
        )
    kinds = [name for name in (database.instance_class, cache.node_type) if name is not None and ".t" not in name]
    if kinds:
        parts.append(f"burstable machines (CPU credits are not modelled) in place of {' and '.join(kinds)}")
    if not (scenario.platform.compute == "fargate" and scenario.platform.kind != "compose"):
        parts.append("requests below what a replica uses at the peak by the closed forms")
    parts.append("memory limits below 1.25 times the largest working set by the closed forms")
    parts += _further(scenario)
    nodes = "" if "platform.node_type" in tried else ", node types (--nodes tries them)"
    parts.append(f"storage, read replicas, nodes of the cache{nodes} and zones")
    return f"Not tried: {'; '.join(parts)}."


def _further(scenario: Scenario) -> list[str]:
    """Further parts of a graph, which stay as they are."""
    kinds = (
        ("databases", scenario.databases),
        ("caches", scenario.caches),
        ("edges", scenario.edges),
        ("queues", scenario.queues),
        ("externals", scenario.externals),
    )
    found = [f"the {kind} {' and '.join(parts)}" for kind, parts in kinds if parts]
    pools = [f"{name}'s" for name, service in scenario.services.items() if service.pools]
    consumers = [f"{name}'s" for name, service in scenario.services.items() if service.consumers]
    found += [f"{' and '.join(pools)} pools to further databases"] if pools else []
    return found + ([f"{' and '.join(consumers)} consumers"] if consumers else [])


def _by(scenario: Scenario, path: str, value: Any) -> str:
    """`` (+150m)``: by how much a number moves; nothing for names and where there is no limit."""
    now = scenario.paths()[path]
    then = scenario.override({path: value}).paths()[path] if _alone(scenario, path, value) else None
    if not isinstance(now, int | float) or not isinstance(then, int | float):
        return ""
    size = shown(path, abs(then - now))
    return f" ({'+' if then > now else '-'}{size})"


def _alone(scenario: Scenario, path: str, value: Any) -> bool:
    try:
        scenario.override({path: value})
    except UserError:
        return False
    return True


def changes_text(scenario: Scenario, overrides: dict[str, Any]) -> str:
    """All changes in one line: ``core-api cpu_request 250m -> 400m; core-api pool max 20 -> 8``."""
    paths, parts = scenario.paths(), []
    for path, value in overrides.items():
        words = path.removeprefix("services.").replace(".autoscaler.", ".").replace(".resources.", ".")
        parts.append(f"{words.replace('.', ' ')} {shown(path, paths[path])} -> {shown(path, value)}")
    return "; ".join(parts) or "as today"
