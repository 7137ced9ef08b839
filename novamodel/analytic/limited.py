"""Queues that lose or limit jobs: M/M/c/K, patience (fixed or exponential), finite population.

Poisson arrivals (or a finite population), exponential service, first come first served. All of them have a
steady state at any load. Arguments may be numbers or arrays that broadcast; answers have the broadcast shape.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from novamodel.analytic.queues import erlang_b

MOST_KEPT = 4096
"""Single pools whose waits are kept, see `replica`."""


class Mmck(NamedTuple):
    """M/M/c/K; times are of accepted jobs."""

    empty_probability: np.ndarray
    blocking_probability: np.ndarray
    throughput_per_s: np.ndarray
    mean_in_system: np.ndarray
    mean_waiting: np.ndarray
    mean_time_in_system_s: np.ndarray
    mean_wait_s: np.ndarray
    utilisation: np.ndarray


class ErlangA(NamedTuple):
    """M/M/c with exponential patience; ``mean_wait_all_s`` counts served and lost jobs."""

    wait_probability: np.ndarray
    mean_waiting: np.ndarray
    abandon_probability: np.ndarray
    mean_wait_all_s: np.ndarray


class Patience(NamedTuple):
    """M/M/c whose waiters leave after a fixed time; arrays of the broadcast shape."""

    timeout_probability: np.ndarray
    wait_probability: np.ndarray
    mean_wait_served_s: np.ndarray
    throughput_per_s: np.ndarray


class FinitePopulation(NamedTuple):
    """Machine repair: a closed group of callers in front of c servers."""

    throughput_per_s: np.ndarray
    mean_in_system: np.ndarray
    response_s: np.ndarray
    utilisation: np.ndarray


def mmck(
    servers: ArrayLike, places_total: ArrayLike, arrival_rate_per_s: ArrayLike, service_rate_per_s: ArrayLike
) -> Mmck:
    """M/M/c/K with K = ``places_total`` places, those in service included. Needs K >= servers >= 1."""
    count, places, rate, speed = _checked(servers, places_total, arrival_rate_per_s, service_rate_per_s)
    if np.any((places < count) | (places != np.floor(places))):
        raise ValueError("needs whole places, at least one for each server")
    jobs = np.arange(int(places.max()) + 1)
    up = np.where(jobs[:-1] < places, rate, 0.0)
    share = _birth_death(up, speed * np.minimum(jobs[1:], count))
    blocked = np.take_along_axis(share, places.astype(int), axis=-1)[..., 0]
    accepted = rate[..., 0] * np.where(jobs < places, share, 0.0).sum(axis=-1)
    inside, waiting = share @ jobs, (share * np.maximum(jobs - count, 0)).sum(axis=-1)
    busy = (share * np.minimum(jobs, count)).sum(axis=-1) / count[..., 0]
    return Mmck(share[..., 0], blocked, accepted, inside, waiting, inside / accepted, waiting / accepted, busy)


def erlang_a(
    servers: ArrayLike, abandon_rate_per_s: ArrayLike, arrival_rate_per_s: ArrayLike, service_rate_per_s: ArrayLike
) -> ErlangA:
    """M/M/c+M (Erlang A): every waiter gives up at ``abandon_rate_per_s``, which must be above 0."""
    count, leave, rate, speed = _checked(servers, abandon_rate_per_s, arrival_rate_per_s, service_rate_per_s)
    if not np.all(leave > 0):
        raise ValueError("Erlang A needs an abandon rate above 0; without it use M/M/c")
    room, most = 64, 4_000_000
    while True:  # enough waiting places that the last is never reached
        jobs = np.arange(1, int(count.max()) + room + 1)
        down = speed * np.minimum(jobs, count) + leave * np.maximum(jobs - count, 0)
        share = _birth_death(np.broadcast_to(rate, down.shape), down)
        if np.all(share[..., -1] < 1e-18 * share.max(axis=-1)) or room >= most:
            break
        room *= 2
    inside = np.arange(share.shape[-1])
    waiting = (share * np.maximum(inside - count, 0)).sum(axis=-1)
    rate, leave = rate[..., 0], leave[..., 0]
    return ErlangA(np.where(inside >= count, share, 0.0).sum(axis=-1), waiting, leave * waiting / rate, waiting / rate)


def mmc_patience(
    servers: ArrayLike, patience_s: ArrayLike, arrival_rate_per_s: ArrayLike, service_rate_per_s: ArrayLike
) -> Patience:
    """M/M/c whose waiters leave unserved exactly ``patience_s`` after arrival; exact (Barrer 1957).

    The law of a connection pool with a queue time-out, once all its connections exist.
    The density of the offered wait is v(x) = v0 exp((lambda - c mu) x) up to the patience and falls by
    exp(-c mu x) from there on.
    """
    given = servers, patience_s, arrival_rate_per_s, service_rate_per_s
    if all(np.ndim(value) == 0 for value in given):
        return _one_with_patience(*(float(value) for value in given))  # type: ignore[arg-type]
    return _with_patience(*given)


@lru_cache(maxsize=MOST_KEPT)
def _one_with_patience(servers: float, patience_s: float, rate: float, speed: float) -> Patience:
    return _with_patience(*(np.asarray(value) for value in (servers, patience_s, rate, speed)))


def _with_patience(servers: ArrayLike, patience_s: ArrayLike, rate: ArrayLike, speed: ArrayLike) -> Patience:
    count, patience, rate, speed = np.broadcast_arrays(
        *(np.asarray(v, dtype=float) for v in (servers, patience_s, rate, speed))
    )
    if np.any((count < 1) | (count != np.floor(count)) | (patience < 0) | (rate <= 0) | (speed <= 0)):
        raise ValueError("needs at least one server, rates above 0 and a patience of 0 or more")
    capacity = count * speed
    exponent = (rate - capacity) * patience
    down = np.exp(-np.maximum(exponent, 0.0))  # every term is scaled by this, so that nothing overflows
    before = patience * _phi1(exponent)
    after = np.exp(np.minimum(exponent, 0.0)) / capacity
    with np.errstate(divide="ignore"):  # a load so small that nobody ever waits
        free = down / erlang_b((count - 1).astype(int), rate / speed)
    total = free + rate * (before + after)
    timeout = rate * after / total
    moment = rate * patience**2 * _phi2(exponent) / total
    return Patience(timeout, rate * (before + after) / total, moment / (1 - timeout), rate * (1 - timeout))


def finite_population(
    population: ArrayLike, servers: ArrayLike, mean_think_s: ArrayLike, mean_service_s: ArrayLike
) -> FinitePopulation:
    """A closed group of ``population`` callers that think and then queue for ``servers`` servers."""
    count, size, service, think = _checked(servers, population, mean_service_s, mean_think_s)
    if np.any((think <= 0) | (size != np.floor(size))):
        raise ValueError("a finite population needs whole callers and a think time above 0")
    jobs = np.arange(int(size.max()) + 1)
    share = _birth_death(np.maximum(size - jobs[:-1], 0.0) / think, np.minimum(jobs[1:], count) / service)
    busy, inside = (share * np.minimum(jobs, count)).sum(axis=-1), share @ jobs
    rate = busy / service[..., 0]
    return FinitePopulation(rate, inside, inside / rate, busy / count[..., 0])


def _birth_death(up: np.ndarray, down: np.ndarray) -> np.ndarray:
    """Steady state of birth-death chains along the last axis: ``up[i]`` leads from i to i + 1, ``down[i]`` back.

    A chain ends where ``up`` is 0.
    """
    with np.errstate(divide="ignore"):
        steps = np.log(up) - np.log(down)
    weight = np.concatenate((np.zeros((*steps.shape[:-1], 1)), np.cumsum(steps, axis=-1)), axis=-1)
    share = np.exp(weight - weight.max(axis=-1, keepdims=True))
    return share / share.sum(axis=-1, keepdims=True)


def _phi1(z: np.ndarray) -> np.ndarray:
    """exp(-max(z, 0)) times the integral of exp(z t) over t from 0 to 1."""
    size = np.where(z == 0, 1.0, np.abs(z))
    return np.where(z == 0, 1.0, -np.expm1(-size) / size)


def _phi2(z: np.ndarray) -> np.ndarray:
    """exp(-max(z, 0)) times the integral of t exp(z t) over t from 0 to 1."""
    small = np.abs(z) < 0.05
    safe = np.where(small, 1.0, z)
    size = np.abs(safe)
    scaled = np.exp(-size)
    large = np.where(safe > 0, safe - 1 + scaled, 1 - (1 + size) * scaled) / safe**2
    series = sum(z**k / ((k + 2) * _FACTORIAL[k]) for k in range(12))
    return np.where(small, series * np.exp(-np.maximum(z, 0.0)), large)


_FACTORIAL = np.cumprod(np.concatenate(([1.0], np.arange(1.0, 12.0))))


def _checked(servers: ArrayLike, *others: ArrayLike) -> tuple[np.ndarray, ...]:
    """Servers and the rest, broadcast, with a last axis for the jobs; the second and the last are above 0."""
    count, *rest = np.broadcast_arrays(*(np.asarray(v, dtype=float)[..., None] for v in (servers, *others)))
    if np.any((count < 1) | (count != np.floor(count))) or not (np.all(rest[1] > 0) and np.all(rest[-1] > 0)):
        raise ValueError("needs at least one whole server and rates above 0")
    return count, *rest
