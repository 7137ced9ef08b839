"""Closed forms of retries: attempts, layers, load with retries in M/M/c/K, and where overload sustains itself.

Retries at once, failures independent. Arguments may be numbers or arrays that broadcast; answers have the
broadcast shape.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from novamodel.analytic.limited import mmck

STATES = ("stable", "metastable-prone", "overloaded")


class Attempts(NamedTuple):
    """Attempts a call, and the share of calls of which the last attempt fails, too."""

    mean_attempts: np.ndarray
    final_failure_probability: np.ndarray


class RetryLoad(NamedTuple):
    """M/M/c/K under first attempts and retries; rates a second."""

    attempt_rate_per_s: np.ndarray
    blocking_probability: np.ndarray
    final_failure_probability: np.ndarray
    goodput_per_s: np.ndarray


class Metastable(NamedTuple):
    """Where a service with retries stands; `state` holds words of STATES."""

    vulnerable_above_rps: np.ndarray
    state: np.ndarray


def attempts(failure_probability: ArrayLike, max_attempts: ArrayLike) -> Attempts:
    """Each attempt fails with that probability, whatever happened before: (1 - p^n) / (1 - p) attempts on average."""
    failing, most = np.broadcast_arrays(np.asarray(failure_probability, dtype=float), np.asarray(max_attempts))
    if np.any((failing < 0) | (failing > 1)):
        raise ValueError("a probability is between 0 and 1")
    _whole(most)
    passing = 1 - failing
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(passing == 0, most, -np.expm1(most * np.log1p(-passing)) / passing)
    return Attempts(mean, failing**most)


def amplification(attempts_per_layer: ArrayLike, layers: ArrayLike) -> np.ndarray:
    """Attempts at the bottom for one call at the top, when everything fails and each layer makes so many attempts."""
    each, count = np.broadcast_arrays(np.asarray(attempts_per_layer), np.asarray(layers))
    _whole(each)
    _whole(count)
    return np.asarray(each.astype(float) ** count)


def retry_load(
    servers: ArrayLike,
    places_total: ArrayLike,
    mean_service_s: ArrayLike,
    first_attempt_rate_per_s: ArrayLike,
    max_attempts: ArrayLike,
) -> RetryLoad:
    """Load of M/M/c/K whose blocked attempts are repeated at once, up to `max_attempts` in all.

    All attempts together are taken as a Poisson stream, which holds less well the more of them are retries. What is
    accepted, rate * (1 - B), rises with the rate of attempts and what is successful, first * (1 - B^n), falls, so
    there is one rate at which they are equal: bisection between first and n * first.
    """
    count, places, service, first, most = np.broadcast_arrays(
        *(
            np.asarray(v, dtype=float)
            for v in (servers, places_total, mean_service_s, first_attempt_rate_per_s, max_attempts)
        )
    )
    _whole(most)
    if np.any((first <= 0) | (service <= 0)):
        raise ValueError("rates and service times are above 0")
    low, high = first, first * most
    for _ in range(200):
        middle = (low + high) / 2
        if np.all((middle == low) | (middle == high)):
            break
        found = mmck(count, places, middle, 1 / service)
        below = found.throughput_per_s < first * (1 - found.blocking_probability**most)
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    rate = (low + high) / 2
    blocked = mmck(count, places, rate, 1 / service).blocking_probability
    lost = blocked**most
    return RetryLoad(rate, blocked, lost, first * (1 - lost))


def metastable_region(capacity_rps: ArrayLike, steady_rps: ArrayLike, max_attempts: ArrayLike) -> Metastable:
    """Whether an overload ends on its own once its cause is gone, when failed attempts use capacity, too.

    Then all attempts fail together and load is steady * attempts: below capacity / attempts it always recovers
    (stable), up to capacity it may not (metastable-prone), above capacity it cannot (overloaded). Bronson et al.,
    "Metastable Failures in Distributed Systems", HotOS 2021.
    """
    capacity, steady, most = np.broadcast_arrays(
        np.asarray(capacity_rps, dtype=float), np.asarray(steady_rps, dtype=float), np.asarray(max_attempts)
    )
    _whole(most)
    if np.any((capacity <= 0) | (steady < 0)):
        raise ValueError("a capacity is above 0 and a load not negative")
    bound = capacity / most
    index = np.where(steady < bound, 0, np.where(steady <= capacity, 1, 2))
    return Metastable(bound, np.array(STATES)[index])


def _whole(values: np.ndarray) -> None:
    if np.any((values < 1) | (values != np.floor(values))):
        raise ValueError("attempts and layers are whole numbers of at least 1")
