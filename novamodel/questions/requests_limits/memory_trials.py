"""Memory limits tried under stress: who is killed, and how much memory the requests in flight hold."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from novamodel import units
from novamodel.cost import fargate_sizes
from novamodel.questions.shared import Tell, at_peak, trial
from novamodel.scenario import Scenario
from novamodel.simulation import Result, simulate
from novamodel.statistics import mean_interval

MIB = 1024.0**2
GIB = 1024.0**3
LADDER_MIB = (128, 192, 256, 384, 512, 768)
SPARE = 1.25
"""A limit holds so many times the peak working set."""
STEP_BYTES = 32 * MIB
STRESS_S = 20.0
"""Stress lasts so long: about twice as long as a caller waits, when requests in flight no longer grow."""
STRESS_REQUESTS = 30_000
KILLED = "out of memory"


def stressed(scenario: Scenario, name: str, stress: float, *, replications: int, quick: bool) -> Scenario:
    """``stress`` times the peak meets the replicas of the lower bound: long enough for queues to fill."""
    scaler = scenario.services[name].autoscaler
    count = scaler.min_replicas if scaler else scenario.services[name].replicas
    rate = max(scenario.traffic.most_per_s * stress, 1e-9)
    window_s = min(STRESS_S, max(STRESS_REQUESTS / rate, 5.0)) / (2 if quick else 1)
    changes = {
        f"services.{name}.autoscaler": None,
        f"services.{name}.replicas": count,
        "run.duration": f"{window_s!r} s",
        "run.interval": "1 s",
    }
    peak = at_peak(scenario, replications=replications, quick=quick, warm_up_s=1.0)
    return peak.with_load(stress, said_by="stress").override(changes, said_by="stress")


def limits_to_try(scenario: Scenario, name: str) -> list[float]:
    """Memory limits (bytes) from the resting memory up, today's among them; Fargate's sizes on ECS."""
    resources, resting = scenario.services[name].resources, scenario.services[name].runtime.resting
    if _sold(scenario):
        sizes = [s.memory_gib * GIB for s in fargate_sizes() if abs(s.vcpu - (resources.cpu_limit or 0)) < 1e-9]
        return [size for size in sizes if size > resting][:4]
    now = [resources.memory_limit] if resources.memory_limit else []
    return sorted({*now, *(size * MIB for size in LADDER_MIB if size * MIB > resting)})


def _sold(scenario: Scenario) -> bool:
    """Whether memory comes with the size of a task."""
    return scenario.platform.kind == "ecs" and scenario.platform.compute == "fargate"


def with_memory(scenario: Scenario, name: str, limit: float) -> dict[str, str]:
    """Changes that set a memory limit, and a request that fits below it (equal to it on ECS Fargate)."""
    resources, path = scenario.services[name].resources, f"services.{name}.resources"
    request = limit if _sold(scenario) else min(resources.memory_request, limit)
    return {f"{path}.memory_limit": f"{limit:.0f} B", f"{path}.memory_request": f"{request:.0f} B"}


def roomy(scenario: Scenario, name: str) -> Scenario:
    """A variant with the largest memory limit tried: its working set is what the load needs."""
    return scenario.override(with_memory(scenario, name, limits_to_try(scenario, name)[-1]), said_by="trial")


def largest_set(result: Result, name: str) -> float:
    """Largest mean working set (bytes) of a replica at any row of the run; nan without a memory limit."""
    return float(_sets(result, name).max())


def _sets(result: Result, name: str) -> pd.Series:
    """Largest mean working set (bytes) of a replica by replication; nan without a memory limit."""
    tiers = result.tiers[result.tiers["tier"] == f"{name} memory"]
    limit = result.scenario.services[name].resources.memory_limit
    return (tiers["utilisation"] * (limit or math.nan)).groupby(tiers["replication"]).max()


def try_memory(
    scenario: Scenario,
    name: str,
    stress: float,
    *,
    replications: int,
    engine: str,
    quick: bool,
    tell: Tell,
    planned: float | None = None,
) -> pd.DataFrame:
    """A row a memory limit under stress: ``killed`` containers, share of ``runs_killed``, ``working_set`` (bytes).

    ``killed`` is a mean over the runs with its interval ``killed_low`` to ``killed_high``; ``working_set`` the largest
    of all runs, ``working_set_low`` that of the calmest. ``planned``: a limit (bytes) that is tried as well.
    """
    base = stressed(scenario, name, stress, replications=replications, quick=quick)
    now = scenario.services[name].resources.memory_limit
    limits = limits_to_try(scenario, name)
    if quick:
        limits = sorted({limits[0], now or limits[-1], limits[-1]})
    if planned is not None and not _sold(scenario):
        limits = sorted({*limits, planned})
    rows: list[dict[str, Any]] = []
    for number, limit in enumerate(limits):
        if rows and rows[-1]["killed"] == 0:  # a larger limit cannot bind either: the same run
            rows.append(rows[-1] | {"memory_limit": limit, "now": limit == now})
            continue
        tell(0.55 + 0.25 * number / len(limits), f"memory limit {number + 1} of {len(limits)}")
        result = simulate(base.override(with_memory(scenario, name, limit), said_by="trial"), engine=engine)
        sets = _sets(result, name)
        kills = _kills(result, name).reindex(sets.index, fill_value=0)
        mean = mean_interval(kills.to_numpy(float))
        rows.append(
            {
                "memory_limit": limit,
                "now": limit == now,
                "killed": mean.value,
                "killed_low": max(mean.low, 0.0),
                "killed_high": mean.high,
                "runs_killed": float((kills > 0).sum()) / result.replications,
                "working_set": float(sets.max()),
                "working_set_low": float(sets.min()),
                **trial(result)._asdict(),
            }
        )
    return pd.DataFrame(rows)


def least_safe(memory: pd.DataFrame, needed: float) -> float:
    """The smallest limit tried that lost no container and has room for ``needed`` bytes; the largest without one."""
    safe = memory[(memory["killed"] == 0) & (memory["memory_limit"] >= SPARE * needed)]
    return float((safe if len(safe) else memory.tail(1))["memory_limit"].iloc[0])


def request_for(scenario: Scenario, name: str, working: float, limit: float) -> float:
    """A memory request (bytes) that covers the working set, and keeps the autoscaler's memory target quiet."""
    service = scenario.services[name]
    now, scaler = service.resources.memory_request, service.autoscaler
    target = scaler.memory_target * (1 - scaler.tolerance) if scaler and scaler.memory_target else 1.0
    needed = min(working * 1.1 / min(target, 1.0), limit)
    if needed <= now <= min(2 * needed, limit):
        return now
    return min(-(-needed // STEP_BYTES) * STEP_BYTES, limit)


def bytes_text(size: float) -> str:
    """``512 MiB``; three digits, a dash where there is none."""
    if size != size:
        return "-"
    return units.format_bytes(size if size % MIB == 0 else float(f"{size / MIB:.3g}") * MIB)


def _kills(result: Result, name: str) -> pd.Series:
    """Containers killed for memory, by replication."""
    events = result.events
    ours = events[(events["service"] == name) & (events["kind"] == "killed")]
    ours = ours[ours["message"].astype(str).str.contains(KILLED)]
    return ours.groupby("replication").size()
