"""Queues that lose or limit jobs: M/M/c/K, patience (fixed or exponential), finite population.

Poisson arrivals (or a finite population), exponential service, first come first served. All of them have a
steady state at any load.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from novamodel.analytic.queues import erlang_b


class Mmck(NamedTuple):
    """M/M/c/K; times are of accepted jobs."""

    empty_probability: float
    blocking_probability: float
    throughput_per_s: float
    mean_in_system: float
    mean_waiting: float
    mean_time_in_system_s: float
    mean_wait_s: float
    utilisation: float


class ErlangA(NamedTuple):
    """M/M/c with exponential patience; ``mean_wait_all_s`` counts served and lost jobs."""

    wait_probability: float
    mean_waiting: float
    abandon_probability: float
    mean_wait_all_s: float


class Patience(NamedTuple):
    """M/M/c whose waiters leave after a fixed time; arrays of the broadcast shape."""

    timeout_probability: np.ndarray
    wait_probability: np.ndarray
    mean_wait_served_s: np.ndarray
    throughput_per_s: np.ndarray


class FinitePopulation(NamedTuple):
    """Machine repair: a closed group of callers in front of c servers."""

    throughput_per_s: float
    mean_in_system: float
    response_s: float
    utilisation: float


def mmck(servers: int, places_total: int, arrival_rate_per_s: float, service_rate_per_s: float) -> Mmck:
    """M/M/c/K with K = ``places_total`` places, those in service included. Needs K >= servers >= 1."""
    _check(servers, arrival_rate_per_s, service_rate_per_s)
    if places_total < servers:
        raise ValueError(f"{places_total} places cannot hold {servers} servers")
    jobs = np.arange(places_total + 1)
    up = np.full(places_total, arrival_rate_per_s)
    share = _birth_death(up, service_rate_per_s * np.minimum(jobs[1:], servers))
    accepted = arrival_rate_per_s * float(share[:-1].sum())
    inside, waiting = float(share @ jobs), float(share @ np.maximum(jobs - servers, 0))
    busy = float(share @ np.minimum(jobs, servers)) / servers
    return Mmck(
        float(share[0]), float(share[-1]), accepted, inside, waiting, inside / accepted, waiting / accepted, busy
    )


def erlang_a(servers: int, abandon_rate_per_s: float, arrival_rate_per_s: float, service_rate_per_s: float) -> ErlangA:
    """M/M/c+M (Erlang A): every waiter gives up at ``abandon_rate_per_s``, which must be above 0."""
    _check(servers, arrival_rate_per_s, service_rate_per_s)
    if not abandon_rate_per_s > 0:
        raise ValueError("Erlang A needs an abandon rate above 0; without it use M/M/c")
    room, most = 64, 4_000_000
    while True:  # enough waiting places that the last is never reached
        jobs = np.arange(1, servers + room + 1)
        leave = service_rate_per_s * np.minimum(jobs, servers) + abandon_rate_per_s * np.maximum(jobs - servers, 0)
        share = _birth_death(np.full(jobs.size, arrival_rate_per_s), leave)
        if share[-1] < 1e-18 * share.max() or room >= most:
            break
        room *= 2
    waiting = float(share @ np.maximum(np.arange(share.size) - servers, 0))
    return ErlangA(
        float(share[servers:].sum()),
        waiting,
        abandon_rate_per_s * waiting / arrival_rate_per_s,
        waiting / arrival_rate_per_s,
    )


def mmc_patience(
    servers: object, patience_s: object, arrival_rate_per_s: object, service_rate_per_s: object
) -> Patience:
    """M/M/c whose waiters leave unserved exactly ``patience_s`` after arrival; exact (Barrer 1957).

    The law of a connection pool with a queue time-out, once all its connections exist. Arguments may be arrays.
    The density of the offered wait is v(x) = v0 exp((lambda - c mu) x) up to the patience and falls by
    exp(-c mu x) from there on.
    """
    count, patience, rate, speed = np.broadcast_arrays(
        *(np.asarray(v, dtype=float) for v in (servers, patience_s, arrival_rate_per_s, service_rate_per_s))
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


def finite_population(population: int, servers: int, mean_think_s: float, mean_service_s: float) -> FinitePopulation:
    """A closed group of ``population`` callers that think and then queue for ``servers`` servers."""
    _check(servers, population, mean_service_s)
    if not mean_think_s > 0:
        raise ValueError("a finite population needs a think time above 0")
    jobs = np.arange(population + 1)
    share = _birth_death((population - jobs[:-1]) / mean_think_s, np.minimum(jobs[1:], servers) / mean_service_s)
    busy, inside = float(share @ np.minimum(jobs, servers)), float(share @ jobs)
    rate = busy / mean_service_s
    return FinitePopulation(rate, inside, inside / rate, busy / servers)


def _birth_death(up: np.ndarray, down: np.ndarray) -> np.ndarray:
    """Steady state of a birth-death chain: ``up[i]`` leads from i to i + 1, ``down[i]`` back."""
    weight = np.concatenate(([0.0], np.cumsum(np.log(up) - np.log(down))))
    share = np.exp(weight - weight.max())
    return share / share.sum()


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


def _check(servers: int, rate: float, speed: float) -> None:
    if servers < 1 or not (rate > 0 and speed > 0):
        raise ValueError("needs at least one server and rates above 0")
