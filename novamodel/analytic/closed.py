"""Closed networks (mean-value analysis, convolution, bounds) and small laws of scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class ClosedMva(NamedTuple):
    """A closed network of single servers: one value a station in the arrays."""

    throughput_per_s: float
    response_s: float
    response_per_visit_s: np.ndarray
    queue_lengths: np.ndarray
    utilisations: np.ndarray


class ClosedMultiserver(NamedTuple):
    """A closed network of multi-server stations; ``residence_s`` is one value a station."""

    throughput_per_s: float
    response_s: float
    residence_s: np.ndarray


def closed_mva(think_s: float, service_s: Sequence[float], visits: Sequence[float], customers: int) -> ClosedMva:
    """Exact mean-value analysis (Reiser and Lavenberg 1980) of single-server stations.

    Exponential service, first come first served (or any law with processor sharing).
    """
    service, count = np.asarray(service_s, dtype=float), np.asarray(visits, dtype=float)
    if customers < 1 or think_s < 0 or (service < 0).any() or service.shape != count.shape:
        raise ValueError("needs a customer, times that are not negative and one visit count a station")
    queue = np.zeros(service.size)
    rate, response = 0.0, service
    for number in range(1, customers + 1):
        response = service * (1 + queue)
        rate = number / (think_s + float(count @ response))
        queue = rate * count * response
    return ClosedMva(rate, float(count @ response), response, queue, rate * count * service)


def closed_bounds(think_s: float, service_s: Sequence[float], visits: Sequence[float]) -> tuple[float, float]:
    """(largest throughput per s, customers at the knee): asymptotic bounds of a closed network."""
    demand = np.asarray(service_s, dtype=float) * np.asarray(visits, dtype=float)
    if think_s < 0 or not (demand > 0).any():
        raise ValueError("needs a think time that is not negative and a station with demand")
    return float(1 / demand.max()), float((demand.sum() + think_s) / demand.max())


def closed_mva_multiserver(
    think_s: float, demands_s: Sequence[float], servers: Sequence[int], customers: int
) -> ClosedMultiserver:
    """A closed network of stations with several exponential servers each; exact.

    By convolution in logarithms: all terms are positive, so it is stable where the recursion of mean-value
    analysis over marginal probabilities is not.
    """
    demand, many = np.asarray(demands_s, dtype=float), np.asarray(servers)
    if customers < 1 or think_s < 0 or (demand <= 0).any() or (many < 1).any() or demand.shape != many.shape:
        raise ValueError("needs a customer, demands above 0 and at least one server a station")
    jobs = np.arange(1, customers + 1)
    stations = [
        np.concatenate(([0.0], np.cumsum(np.log(d) - np.log(np.minimum(jobs, c)))))
        for d, c in zip(demand, many, strict=True)
    ]
    thinking = np.full(customers + 1, -np.inf)
    thinking[0] = 0.0
    if think_s > 0:
        thinking[1:] = np.cumsum(math.log(think_s) - np.log(jobs))
    others = [_convolved([thinking, *stations[:i], *stations[i + 1 :]]) for i in range(demand.size)]
    whole = _convolved([others[0], stations[0]])
    rate = math.exp(whole[customers - 1] - whole[customers])
    inside = np.array(
        [
            np.exp(own + rest[::-1] - whole[customers]) @ np.arange(customers + 1)
            for own, rest in zip(stations, others, strict=True)
        ]
    )
    return ClosedMultiserver(rate, float(inside.sum() / rate), inside / rate)


def usl(throughput_at_1_per_s: float, contention: float, coherency: float, load: float) -> float:
    """Throughput at ``load`` by Gunther's universal scalability law; a fit, not a queueing model."""
    if load < 0 or contention < 0 or coherency < 0:
        raise ValueError("load and coefficients are not negative")
    return throughput_at_1_per_s * load / (1 + contention * (load - 1) + coherency * load * (load - 1))


def usl_peak(throughput_at_1_per_s: float, contention: float, coherency: float) -> tuple[float, float]:
    """(load of the largest throughput before rounding, throughput at its floor). Needs coherency above 0."""
    if not (coherency > 0 and 0 <= contention <= 1):
        raise ValueError("the law has a peak only for a coherency above 0 and a contention of 0 to 1")
    peak = math.sqrt((1 - contention) / coherency)
    return peak, usl(throughput_at_1_per_s, contention, coherency, math.floor(peak))


def fanout_tail(fan_out: float, slow_probability: float) -> float:
    """Probability that any of ``fan_out`` independent calls is slow (Dean and Barroso 2013)."""
    if fan_out < 0 or not 0 <= slow_probability <= 1:
        raise ValueError("a fan-out is not negative and a probability between 0 and 1")
    return -math.expm1(fan_out * math.log1p(-slow_probability)) if slow_probability < 1 else float(fan_out > 0)


def littles_law(arrival_rate_per_s: float, response_s: float) -> float:
    """Mean number inside = arrival rate x mean time inside; holds for any system in steady state."""
    if arrival_rate_per_s < 0 or response_s < 0:
        raise ValueError("a rate and a time are not negative")
    return arrival_rate_per_s * response_s


def _convolved(parts: list[np.ndarray]) -> np.ndarray:
    """Convolution of sequences given as logarithms."""
    total = parts[0]
    for part in parts[1:]:
        total = np.array([np.logaddexp.reduce(total[: n + 1] + part[n::-1]) for n in range(total.size)])
    return total
