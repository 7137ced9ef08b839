"""Closed networks (mean-value analysis, convolution, bounds) and small laws of scale.

Exact for exponential service (or processor sharing) and callers that wait for their answer before they ask again;
an open stream of requests is no closed network. Arguments may be numbers or arrays that broadcast.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike


class ClosedMva(NamedTuple):
    """A closed network of single servers; ``response_per_visit_s`` and after have a last axis of stations."""

    throughput_per_s: np.ndarray
    response_s: np.ndarray
    response_per_visit_s: np.ndarray
    queue_lengths: np.ndarray
    utilisations: np.ndarray


class ClosedMultiserver(NamedTuple):
    """A closed network of multi-server stations; ``residence_s`` has a last axis of stations."""

    throughput_per_s: np.ndarray
    response_s: np.ndarray
    residence_s: np.ndarray


def closed_mva(think_s: ArrayLike, service_s: ArrayLike, visits: ArrayLike, customers: ArrayLike) -> ClosedMva:
    """Exact mean-value analysis (Reiser and Lavenberg 1980) of single-server stations.

    Exponential service, first come first served (or any law with processor sharing). The last axis of
    ``service_s`` and ``visits`` is the stations; the axes before it broadcast with ``think_s`` and ``customers``.
    """
    service, count = np.asarray(service_s, dtype=float), np.asarray(visits, dtype=float)
    think, many = np.asarray(think_s, dtype=float), np.asarray(customers)
    if np.any(many < 1) or np.any(think < 0) or np.any(service < 0) or service.shape[-1:] != count.shape[-1:]:
        raise ValueError("needs a customer, times that are not negative and one visit count a station")
    shape = np.broadcast_shapes(think.shape, many.shape, service.shape[:-1], count.shape[:-1])
    response = np.broadcast_to(service, (*shape, service.shape[-1]))
    queue, rate = np.zeros(response.shape), np.zeros(shape)
    for number in range(1, int(many.max()) + 1):
        inside = number <= many
        response = np.where(inside[..., None], service * (1 + queue), response)
        rate = np.where(inside, number / (think + (count * response).sum(axis=-1)), rate)
        queue = rate[..., None] * count * response
    return ClosedMva(rate, (count * response).sum(axis=-1), response, queue, rate[..., None] * count * service)


def closed_bounds(think_s: ArrayLike, service_s: ArrayLike, visits: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """(largest throughput per s, customers at the knee): asymptotic bounds of a closed network.

    The last axis of ``service_s`` and ``visits`` is the stations.
    """
    demand = np.asarray(service_s, dtype=float) * np.asarray(visits, dtype=float)
    think = np.asarray(think_s, dtype=float)
    if np.any(think < 0) or not np.all((demand > 0).any(axis=-1)):
        raise ValueError("needs a think time that is not negative and a station with demand")
    return 1 / demand.max(axis=-1), (demand.sum(axis=-1) + think) / demand.max(axis=-1)


def closed_mva_multiserver(
    think_s: ArrayLike, demands_s: ArrayLike, servers: ArrayLike, customers: ArrayLike
) -> ClosedMultiserver:
    """A closed network of stations with several exponential servers each; exact.

    By convolution in logarithms: all terms are positive, so it is stable where the recursion of mean-value
    analysis over marginal probabilities is not. The last axis of ``demands_s`` and ``servers`` is the stations; the
    axes before it broadcast with ``think_s`` and ``customers``.
    """
    demand, many = np.asarray(demands_s, dtype=float), np.asarray(servers)
    think, group = np.asarray(think_s, dtype=float), np.asarray(customers)
    if np.any(group < 1) or np.any(think < 0) or np.any(demand <= 0) or np.any(many < 1):
        raise ValueError("needs a customer, demands above 0 and at least one server a station")
    if demand.shape[-1:] != many.shape[-1:]:
        raise ValueError("needs as many demands as servers")
    shape = np.broadcast_shapes(think.shape, group.shape, demand.shape[:-1], many.shape[:-1])
    think, group = np.broadcast_to(think, shape), np.broadcast_to(group, shape)
    jobs = np.arange(1, int(group.max()) + 1)
    with np.errstate(divide="ignore"):
        thinking = _logs(np.log(think)[..., None] - np.log(jobs))
    steps = np.log(demand)[..., None] - np.log(np.minimum(jobs, many[..., None]))
    stations = [_logs(np.broadcast_to(steps[..., i, :], (*shape, jobs.size))) for i in range(demand.shape[-1])]
    others = [_convolved([thinking, *stations[:i], *stations[i + 1 :]]) for i in range(demand.shape[-1])]
    whole = _convolved([others[0], stations[0]])
    total = np.take_along_axis(whole, group[..., None], axis=-1)
    rate = np.exp(np.take_along_axis(whole, group[..., None] - 1, axis=-1) - total)[..., 0]
    here = np.arange(jobs.size + 1)
    elsewhere = group[..., None] - here
    inside = []
    for own, rest in zip(stations, others, strict=True):
        away = np.take_along_axis(rest, np.maximum(elsewhere, 0), axis=-1)
        inside.append(np.where(elsewhere >= 0, np.exp(own + away - total), 0.0) @ here)
    residence = np.stack(inside, axis=-1) / rate[..., None]
    return ClosedMultiserver(rate, residence.sum(axis=-1), residence)


def usl(throughput_at_1_per_s: ArrayLike, contention: ArrayLike, coherency: ArrayLike, load: ArrayLike) -> np.ndarray:
    """Throughput at ``load`` by Gunther's universal scalability law; a fit, not a queueing model."""
    first, alpha, beta, many = (np.asarray(v, float) for v in (throughput_at_1_per_s, contention, coherency, load))
    if np.any(many < 0) or np.any(alpha < 0) or np.any(beta < 0):
        raise ValueError("load and coefficients are not negative")
    return np.asarray(first * many / (1 + alpha * (many - 1) + beta * many * (many - 1)))


def usl_peak(
    throughput_at_1_per_s: ArrayLike, contention: ArrayLike, coherency: ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    """(load of the largest throughput before rounding, throughput at its floor). Needs coherency above 0."""
    alpha, beta = np.asarray(contention, dtype=float), np.asarray(coherency, dtype=float)
    if not np.all((beta > 0) & (alpha >= 0) & (alpha <= 1)):
        raise ValueError("the law has a peak only for a coherency above 0 and a contention of 0 to 1")
    peak = np.sqrt((1 - alpha) / beta)
    return peak, usl(throughput_at_1_per_s, alpha, beta, np.floor(peak))


def fanout_tail(fan_out: ArrayLike, slow_probability: ArrayLike) -> np.ndarray:
    """Probability that any of ``fan_out`` independent calls is slow (Dean and Barroso 2013)."""
    many, slow = np.broadcast_arrays(np.asarray(fan_out, dtype=float), np.asarray(slow_probability, dtype=float))
    if np.any(many < 0) or not np.all((slow >= 0) & (slow <= 1)):
        raise ValueError("a fan-out is not negative and a probability between 0 and 1")
    certain = slow == 1
    tail = -np.expm1(many * np.log1p(-np.where(certain, 0.0, slow)))
    return np.where(certain, (many > 0).astype(float), tail)


def littles_law(arrival_rate_per_s: ArrayLike, response_s: ArrayLike) -> np.ndarray:
    """Mean number inside = arrival rate x mean time inside; holds for any system in steady state."""
    rate, response = np.asarray(arrival_rate_per_s, dtype=float), np.asarray(response_s, dtype=float)
    if np.any(rate < 0) or np.any(response < 0):
        raise ValueError("a rate and a time are not negative")
    return np.asarray(rate * response)


def _logs(steps: np.ndarray) -> np.ndarray:
    """Running sums along the last axis, with 0 before the first."""
    return np.concatenate((np.zeros((*steps.shape[:-1], 1)), np.cumsum(steps, axis=-1)), axis=-1)


def _convolved(parts: list[np.ndarray]) -> np.ndarray:
    """Convolution along the last axis of sequences given as logarithms."""
    total = parts[0]
    for part in parts[1:]:
        shape = np.broadcast_shapes(total.shape, part.shape)
        total, part = np.broadcast_to(total, shape), np.broadcast_to(part, shape)
        sums = [np.logaddexp.reduce(total[..., : n + 1] + part[..., n::-1], axis=-1) for n in range(shape[-1])]
        total = np.stack(sums, axis=-1)
    return total
