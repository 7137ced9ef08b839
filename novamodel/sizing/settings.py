"""Settings as paths and values of a scenario, and as people write them."""

from __future__ import annotations

import math
from typing import Any

from novamodel import units
from novamodel.scenario import Scenario, Service

SETTINGS = (
    "min_replicas",
    "max_replicas",
    "cpu_target",
    "memory_target",
    "cpu_request",
    "cpu_limit",
    "memory_request",
    "memory_limit",
    "pool_max",
)
"""The decision variables of a service, as columns of a table."""


def current_settings(service: Service) -> dict[str, float]:
    """The decision variables as they are (cores, bytes, shares, counts; nan = no limit, no target, no pool)."""
    scaler, resources = service.autoscaler, service.resources
    return {
        "min_replicas": scaler.min_replicas if scaler else service.replicas,
        "max_replicas": scaler.max_replicas if scaler else service.replicas,
        "cpu_target": _or_nan(scaler.cpu_target if scaler else None),
        "memory_target": _or_nan(scaler.memory_target if scaler else None),
        "cpu_request": resources.cpu_request,
        "cpu_limit": _or_nan(resources.cpu_limit),
        "memory_request": resources.memory_request,
        "memory_limit": _or_nan(resources.memory_limit),
        "pool_max": _or_nan(service.pool.max if service.pool else None),
    }


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else float(value)


def path_of(scenario: Scenario, service: str, setting: str) -> str:
    """The scenario path behind a setting."""
    base = f"services.{service}"
    if setting in ("min_replicas", "max_replicas"):
        return f"{base}.autoscaler.{setting}" if scenario.services[service].autoscaler else f"{base}.replicas"
    if setting in ("cpu_target", "memory_target"):
        return f"{base}.autoscaler.{setting}"
    return f"{base}.pool.max" if setting == "pool_max" else f"{base}.resources.{setting}"


def written(path: str, value: Any) -> Any:
    """A value as a configuration file has it: ``400m``, ``256 MiB``, ``70 %``, 12, None for no limit."""
    if value is None or isinstance(value, str):
        return value
    if math.isnan(value):
        return None
    name = path.rsplit(".", 1)[-1]
    if name.endswith("target"):
        return f"{value * 100:g} %"
    if name.startswith("cpu"):
        return units.format_cores(value)
    if name.startswith("memory"):
        text = units.format_bytes(value)
        return text if units.parse_bytes(text) == value else f"{int(value)} B"
    return int(value)


def shown(path: str, value: Any) -> str:
    """A setting in the words of a configuration file: ``250m``, ``512 MiB``, ``70 %``, ``12``, ``no limit``."""
    if isinstance(value, str):
        return value
    if value is None or math.isnan(value):
        return "no limit"
    name = path.rsplit(".", 1)[-1]
    if name.endswith("target"):
        return f"{float(value) * 100:g} %"
    if name.startswith("cpu"):
        return units.format_cores(float(value))
    if name.startswith("memory"):
        return units.format_bytes(float(value))
    return f"{value:g}"


def overrides_between(
    scenario: Scenario, service: str, now: dict[str, float], then: dict[str, float]
) -> dict[str, Any]:
    """Paths and values that turn ``now`` into ``then``; without a change, nothing."""
    changed = {}
    for setting in SETTINGS:
        same = now[setting] == then[setting] or (math.isnan(now[setting]) and math.isnan(then[setting]))
        if not same:
            path = path_of(scenario, service, setting)
            changed[path] = written(path, then[setting])
    return changed
