"""From rows of settings to scenarios, and the way from today to the choice in the user's own terms."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from novamodel import units
from novamodel.scenario import Scenario
from novamodel.sizing.answers import SETTINGS, shown

_WHY = {
    "min_replicas": "lower bound: what the night needs, one a zone at least",
    "max_replicas": "upper bound: room above the count at the peak",
    "replicas": "count that keeps the objectives at the peak",
    "cpu_request": "covers the mean CPU of a replica at the peak; the autoscaler's target is a share of it",
    "cpu_limit": "quota in which bursts (password hashing, garbage collection) are not stopped too long",
    "memory_request": "covers the mean working set",
    "memory_limit": "peak working set with 25 % to spare",
    "max": "connections that the queue for them needs, within what the database accepts",
}


def path_of(scenario: Scenario, service: str, setting: str) -> str:
    """The scenario path behind a setting."""
    base = f"services.{service}"
    if setting in ("min_replicas", "max_replicas"):
        return f"{base}.autoscaler.{setting}" if scenario.services[service].autoscaler else f"{base}.replicas"
    return f"{base}.pool.max" if setting == "pool_max" else f"{base}.resources.{setting}"


def written(setting: str, value: float) -> Any:
    """A setting as a configuration file has it: ``400m``, ``256 MiB``, 12, None for no limit."""
    if math.isnan(value):
        return None
    if setting.startswith("cpu"):
        return units.format_cores(value)
    if setting.startswith("memory"):
        text = units.format_bytes(value)
        return text if units.parse_bytes(text) == value else f"{int(value)} B"
    return int(value)


def overrides_between(
    scenario: Scenario, service: str, now: dict[str, float], then: dict[str, float]
) -> dict[str, Any]:
    """Paths and values that turn ``now`` into ``then``; without a change, nothing."""
    changed = {}
    for setting in SETTINGS:
        same = now[setting] == then[setting] or (math.isnan(now[setting]) and math.isnan(then[setting]))
        if not same:
            changed[path_of(scenario, service, setting)] = written(setting, then[setting])
    return changed


def advice(scenario: Scenario, overrides: dict[str, Any]) -> pd.DataFrame:
    """One row a change: ``path``, ``now``, ``advised``, ``change`` ('250m -> 400m'), ``why``."""
    paths = scenario.paths()
    rows = []
    for path, value in overrides.items():
        now = shown(path, paths[path])
        then = shown(path, value)
        why = _WHY.get(path.rsplit(".", 1)[-1], "")
        rows.append({"path": path, "now": now, "advised": then, "change": f"{now} -> {then}", "why": why})
    return pd.DataFrame(rows, columns=["path", "now", "advised", "change", "why"])


def changes_text(scenario: Scenario, overrides: dict[str, Any]) -> str:
    """All changes in one line: ``core-api cpu_request 250m -> 400m; core-api pool max 20 -> 8``."""
    parts = []
    for _, row in advice(scenario, overrides).iterrows():
        words = str(row["path"]).removeprefix("services.").replace(".autoscaler.", ".").replace(".resources.", ".")
        parts.append(f"{words.replace('.', ' ')} {row['change']}")
    return "; ".join(parts) or "as today"
