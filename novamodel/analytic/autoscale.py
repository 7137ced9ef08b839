"""Where the autoscaler comes to rest at a constant rate, and the replicas of a day from such rests.

The decision is the controller's own (`components.hpa.decide`), fed with the steady state's CPU and memory of
pods that are all ready and old. Stabilisation windows have passed and scaling rates are spent between two passes,
so `behavior` does not change where it rests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from novamodel.analytic.demand import RouteDemand, of_services, route_demands
from novamodel.analytic.latency import route_means
from novamodel.analytic.scalers import MILLI, hpa_spec, metric_names, tracking_spec
from novamodel.analytic.system import SystemLoad, replica_of, system_load
from novamodel.components.hpa import (
    HpaSpec,
    HpaState,
    PodState,
    Reading,
    ResourceMetric,
    Sample,
    as_amount,
    decide,
)
from novamodel.components.target_tracking.target_tracking import resting_capacity
from novamodel.scenario import Scenario
from novamodel.scenario.autoscaler import Autoscaler
from novamodel.scenario.service import Service

IN_CLOSED_FORM = ("cpu", "memory", "requests")
"""What a metric may read for the steady state to have a figure of it; others do not move replicas here."""
HOURS = 24
PASS_S = 7200.0
MOST_PASSES = 200


def steady_replicas(scenario: Scenario, rate: float, *, start: Mapping[str, int] | None = None) -> dict[str, int]:
    """Replicas of each service where its autoscaler rests at ``rate`` requests/s.

    It comes from ``start`` (default: the lower bound; from above it may rest higher, for tolerance holds the
    count). Where it never rests, the highest count of the cycle. Services without autoscaler keep their
    replicas.
    """
    routes = route_demands(scenario)
    return rest(scenario, rate, start or {}, routes)


def most_replicas_from(scenario: Scenario, rate: float, highest: float) -> dict[str, float]:
    """By service whose autoscaler rests at its maximum: from which multiple of ``rate`` on, up to ``highest``."""
    routes, found = route_demands(scenario), {}
    for name, service in scenario.services.items():
        scaler = service.autoscaler
        if scaler is None or scaler.min_replicas == scaler.max_replicas:
            continue
        low, high = 0.0, highest
        if rest(scenario, rate * high, {}, routes)[name] < scaler.max_replicas:
            continue
        while high - low > 0.02 * high:
            middle = (low + high) / 2
            if rest(scenario, rate * middle, {}, routes)[name] < scaler.max_replicas:
                low = middle
            else:
                high = middle
        found[name] = high
    return found


def rest(scenario: Scenario, rate: float, start: Mapping[str, int], routes: dict[str, RouteDemand]) -> dict[str, int]:
    """`steady_replicas` with demands worked out already."""
    found = {}
    for name, service in scenario.services.items():
        scaler = service.autoscaler
        found[name] = service.replicas if scaler is None else start.get(name, _first(scaler, service))
    for name, service in scenario.services.items():
        scaler = service.autoscaler
        if scaler is None:
            continue
        counts = np.arange(1, max(scaler.max_replicas, found[name]) + 1)
        beside = {**found, name: counts}
        cpu, memory, asked = (np.broadcast_to(v, counts.shape) for v in _seen(scenario, name, rate, beside, routes))
        resources = service.resources
        found[name] = settle(
            scaler,
            found[name],
            cpu,
            memory,
            resources.cpu_request,
            resources.memory_request,
            asked,
        )
    return found


def day(scenario: Scenario) -> pd.DataFrame:
    """One row an hour: ``hour``, mean ``rate_per_s`` of the hour, a column of replicas for each service, ``source``.

    Each hour is the autoscaler's rest at the hour's mean rate, coming from the hour before; ``source`` says so
    ('steady state'). Delays, start-up and flapping within an hour are left out.
    """
    return days(scenario, [1.0])[0]


def days(scenario: Scenario, multiples: Sequence[float]) -> list[pd.DataFrame]:
    """`day` with the rates of the whole day times each of ``multiples``, at the hit ratios of today's load."""
    routes = route_demands(scenario)
    hours = np.array([hour_rate(scenario, hour) for hour in range(HOURS)])
    rates = np.outer(multiples, hours)
    tables = [pd.DataFrame({"hour": range(HOURS), "rate_per_s": row}) for row in rates]
    start = {
        name: float(s.autoscaler.min_replicas if s.autoscaler else s.replicas) for name, s in scenario.services.items()
    }
    for name, service in scenario.services.items():
        scaler = service.autoscaler
        if scaler is None:
            for table in tables:
                table[name] = service.replicas
            continue
        counts = np.arange(1, scaler.max_replicas + 1)
        asked = service.resources.cpu_request, service.resources.memory_request
        beside = {**start, name: counts[None, :]}
        cpu, memory, requests = (
            np.broadcast_to(values, (rates.size, counts.size)).reshape(*rates.shape, counts.size)
            for values in _seen(scenario, name, rates.reshape(-1, 1), beside, routes)
        )
        for number, table in enumerate(tables):
            count, rests = _first(scaler, service), []
            for hour in [*range(HOURS), *range(HOURS)]:  # the first round finds where the day before ended
                here = number, hour
                count = settle(scaler, count, cpu[here], memory[here], *asked, requests[here])
                rests.append(count)
            table[name] = rests[HOURS:]
    for table in tables:
        table["source"] = "steady state"
    return tables


def hour_rate(scenario: Scenario, hour: int) -> float:
    """Mean arrival rate (requests/s) over an hour of the day."""
    return float(np.mean([scenario.traffic.rate_at((hour + (i + 0.5) / 12) * 3600.0) for i in range(12)]))


def settle(
    autoscaler: Autoscaler,
    start: int,
    cpu_cores: np.ndarray,
    memory_bytes: np.ndarray,
    cpu_request: float,
    memory_request: float,
    requests_per_s: np.ndarray,
) -> int:
    """Replicas at rest, given CPU, memory and requests/s of one pod at 1, 2, ... replicas. See `steady_replicas`."""
    if autoscaler.kind != "hpa":
        values = {"cpu %": 100 * cpu_cores / cpu_request, "memory %": 100 * memory_bytes / memory_request}
        values["requests/min"] = 60 * requests_per_s
        spec = tracking_spec(autoscaler)
        return resting_capacity(spec, start, lambda count: [float(values[name][count - 1]) for name, _ in spec.targets])
    hpa, uses = _closed(hpa_spec(autoscaler), autoscaler)
    if not uses:
        return start
    state, count, seen = HpaState(recommendations=()), start, [start]  # a log that holds nothing back
    for turn in range(MOST_PASSES):
        pods = [PodState(f"pod-{i}") for i in range(count)]
        shown = {
            "cpu": (cpu_cores[count - 1] * MILLI, cpu_request * MILLI),
            "memory": (memory_bytes[count - 1], memory_request),
            "requests": (requests_per_s[count - 1] * MILLI, 0.0),
        }
        readings = [_reading(pods, *shown[use]) for use in uses]
        decision = decide(hpa, state, pods, readings, count, count, PASS_S * turn)
        state = decision.state
        if decision.desired == count:
            return count
        count = decision.desired
        if count in seen:
            return max(seen[seen.index(count) :])
        seen.append(count)
    return max(seen)


def open_metrics(autoscaler: Autoscaler) -> str:
    """What its further metrics read that a steady state has no figure of; empty where there is none."""
    return ", ".join(m.reads for m in autoscaler.metrics.values() if m.reads not in IN_CLOSED_FORM)


def _first(scaler: Autoscaler, service: Service) -> int:
    """Where it comes from: the lower bound; the service's own count where no metric has a closed form."""
    if scaler.kind == "hpa" and not _closed(hpa_spec(scaler), scaler)[1]:
        return min(max(service.replicas, scaler.min_replicas), scaler.max_replicas)
    return scaler.min_replicas


def _closed(hpa: HpaSpec, autoscaler: Autoscaler) -> tuple[HpaSpec, list[str]]:
    """(the HPA with those of its metrics that a steady state has a figure of, what each of them reads)."""
    kept, uses = [], []
    for metric, name in zip(hpa.metrics, metric_names(autoscaler), strict=True):
        reads = metric.resource if isinstance(metric, ResourceMetric) else autoscaler.metrics[name or ""].reads
        if reads in IN_CLOSED_FORM:
            kept.append(metric)
            uses.append(reads)
    return replace(hpa, metrics=tuple(kept), behavior=None), uses


def _reading(pods: Sequence[PodState], use: float, ask: float) -> Reading:
    """What a metric shows where every pod uses the same."""
    return Reading(
        samples={pod.name: Sample(as_amount(use)) for pod in pods},
        requests={pod.name: as_amount(ask) for pod in pods},
        values=[as_amount(use * len(pods))],
    )


def _seen(
    scenario: Scenario,
    name: str,
    rate: float | np.ndarray,
    replicas: Mapping[str, Any],
    routes: dict[str, RouteDemand],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(CPU, working set, requests/s) of a pod as its autoscaler reads them; nothing that it does not read.

    Memory follows from the latency of its routes, and so from every service; CPU and requests from its own alone.
    """
    scaler = scenario.services[name].autoscaler
    if scaler is not None and scaler.memory_target is not None:
        counts = {other: np.asarray(count, dtype=float) for other, count in replicas.items()}
        load = system_load(scenario, rate, counts, routes=routes)
        own = load.services[name]
        return own.replica.used_cores, pod_memory(scenario, scenario.services[name], name, load), own.rate_per_s
    demand = of_services(routes, [name])[name]
    _, each, replica = replica_of(scenario, name, demand, np.asarray(rate, dtype=float) * demand.share, replicas[name])
    return replica.used_cores, np.zeros(()), each


def pod_memory(scenario: Scenario, service: Service, name: str, load: SystemLoad, *, capped: bool = True) -> np.ndarray:
    """Mean working set (bytes) of one replica: resting, and what its requests in flight hold (Little's law).

    A request is in flight for the caller's time-out at most; the container's limit caps the sum if ``capped``.
    """
    own = load.services[name]
    share = own.demand.share
    means = route_means(scenario, load, [route for route, d in load.routes.items() if d.service == name])
    stay = sum(
        (load.routes[route].share * np.minimum(mean, scenario.traffic.caller.timeout) for route, mean in means.items()),
        np.zeros(()),
    ) / (share or 1.0)
    memory = service.runtime.resting + service.runtime.memory_per_request * own.rate_per_s * stay
    limit = service.resources.memory_limit
    return np.minimum(memory, limit) if limit and capped else memory
