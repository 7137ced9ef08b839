"""Open queues with unlimited room: M/M/1, M/M/c, M/G/1, M/D/1, M/G/c, Erlang B, Allen-Cunneen.

Arguments may be numbers or arrays that broadcast; answers have the broadcast shape. Every formula needs
Poisson arrivals and first come first served; each refuses loads that have no steady state (``ValueError``).
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammainc

Values: TypeAlias = np.ndarray


class Mmc(NamedTuple):
    """M/M/c in steady state; times in seconds, numbers are means of jobs; percentiles of the wait of all jobs."""

    utilisation: Values
    wait_probability: Values
    mean_wait_s: Values
    mean_time_in_system_s: Values
    mean_waiting: Values
    mean_in_system: Values
    wait_p50_s: Values
    wait_p90_s: Values
    wait_p95_s: Values
    wait_p99_s: Values
    wait_p999_s: Values


class Mg1(NamedTuple):
    """M/G/1 in steady state (Pollaczek-Khinchine)."""

    utilisation: Values
    mean_wait_s: Values
    mean_time_in_system_s: Values
    mean_waiting: Values
    mean_in_system: Values


class Mm1(NamedTuple):
    """M/M/1 in steady state; percentiles of the time in system."""

    mean_in_system: Values
    mean_time_in_system_s: Values
    mean_wait_s: Values
    mean_waiting: Values
    time_in_system_p50_s: Values
    time_in_system_p95_s: Values
    time_in_system_p99_s: Values


def erlang_b(servers: ArrayLike, offered_erlangs: ArrayLike) -> Values:
    """Blocking probability of M/G/c/c (Erlang B); holds for any service law and any load."""
    count, load = np.broadcast_arrays(np.asarray(servers), np.asarray(offered_erlangs, dtype=float))
    _require((count == np.floor(count)) & (count >= 0) & (load >= 0), "servers must be whole and loads not negative")
    blocked = np.ones(load.shape)
    for number in range(1, int(count.max(initial=0)) + 1):
        blocked = np.where(count >= number, load * blocked / (number + load * blocked), blocked)
    return blocked


def erlang_b_inverse(servers: ArrayLike, blocking_probability: ArrayLike) -> Values:
    """Offered load (erlangs) at which that share of arrivals is blocked. Needs 0 < probability < 1."""
    count, blocked = np.broadcast_arrays(np.asarray(servers), np.asarray(blocking_probability, dtype=float))
    _require((blocked > 0) & (blocked < 1) & (count >= 1), "needs a server and a probability between 0 and 1")
    low, high = np.zeros(blocked.shape), np.asarray(count, dtype=float)
    while np.any(small := erlang_b(count, high) < blocked):
        high = np.where(small, 2 * high, high)
    for _ in range(200):
        middle = (low + high) / 2
        if np.all((middle == low) | (middle == high)):
            break
        below = erlang_b(count, middle) < blocked
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return (low + high) / 2


def mmc(servers: ArrayLike, arrival_rate_per_s: ArrayLike, service_rate_per_s: ArrayLike) -> Mmc:
    """M/M/c. Exponential service; refuses arrival rates at or above ``servers * service_rate_per_s``."""
    count, rate, speed = np.broadcast_arrays(
        np.asarray(servers),
        np.asarray(arrival_rate_per_s, dtype=float),
        np.asarray(service_rate_per_s, dtype=float),
    )
    _stable(rate, count * speed)
    load = rate / speed
    busy = load / count
    blocked = erlang_b(count, load)
    waits = blocked / (1 - busy * (1 - blocked))
    spare = count * speed - rate
    wait = waits / spare
    return Mmc(
        busy,
        waits,
        wait,
        wait + 1 / speed,
        rate * wait,
        rate * wait + load,
        *(mmc_wait_quantile(waits, spare, q) for q in (0.5, 0.9, 0.95, 0.99, 0.999)),
    )


def mmc_wait_quantile(wait_probability: ArrayLike, spare_rate_per_s: ArrayLike, q: float) -> Values:
    """q-quantile of the M/M/c wait, seconds: 0 when fewer than 1 - q wait; spare rate = c mu - lambda."""
    with np.errstate(divide="ignore"):
        return np.maximum(0.0, np.log(np.asarray(wait_probability) / (1 - q)) / np.asarray(spare_rate_per_s))


def mm1(arrival_rate_per_s: ArrayLike, service_rate_per_s: ArrayLike) -> Mm1:
    """M/M/1. Exponential service; refuses arrival rates at or above the service rate."""
    rate, speed = np.asarray(arrival_rate_per_s, dtype=float), np.asarray(service_rate_per_s, dtype=float)
    _stable(rate, speed)
    busy, total = rate / speed, 1 / (speed - rate)
    wait = busy * total
    quantiles = (-np.log1p(-q) * total for q in (0.5, 0.95, 0.99))
    return Mm1(rate * total, total, wait, rate * wait, *quantiles)


def mg1(arrival_rate_per_s: ArrayLike, mean_service_s: ArrayLike, scv_service: ArrayLike) -> Mg1:
    """M/G/1 by Pollaczek-Khinchine; ``scv_service`` is the squared coefficient of variation of the service time.

    Holds for any service law with that variance; refuses a utilisation of 1 or more.
    """
    rate, mean, scv = (np.asarray(v, dtype=float) for v in (arrival_rate_per_s, mean_service_s, scv_service))
    _require(scv >= 0, "a squared coefficient of variation is not negative")
    busy = rate * mean
    _stable(busy, np.ones_like(busy))
    wait = busy * mean * (1 + scv) / (2 * (1 - busy))
    return Mg1(busy, wait, wait + mean, rate * wait, rate * (wait + mean))


def md1_wait_cdf(arrival_rate_per_s: ArrayLike, service_s: ArrayLike, wait_limit_s: ArrayLike) -> Values:
    """Probability that an M/D/1 wait is at most ``wait_limit_s``.

    Franx (2001): a sum of positive terms, stable where Erlang's alternating sum is not. Refuses a
    utilisation of 1 or more and a negative limit.
    """
    rate, service, limit = np.broadcast_arrays(
        *(np.asarray(v, dtype=float) for v in (arrival_rate_per_s, service_s, wait_limit_s))
    )
    _stable(rate * service, np.ones(rate.shape))
    _require((limit >= 0) & (rate * service > 0), "a wait limit is not negative and a rate above 0")
    found = [_md1_wait_cdf(*row) for row in zip(rate.ravel(), service.ravel(), limit.ravel(), strict=True)]
    return np.array(found).reshape(rate.shape)


def _md1_wait_cdf(rate: float, service_s: float, limit_s: float) -> float:
    busy = rate * service_s
    steps = int(np.floor(limit_s / service_s * (1 + 1e-15))) + 1
    arrives = gammainc(np.arange(1, steps + 2), busy)  # at least k arrivals in one service
    jobs = np.empty(steps + 1)  # probability of i jobs in the system
    jobs[0] = 1 - busy
    for i in range(1, steps + 1):
        crossing = jobs[0] * arrives[i - 1] + jobs[1:i] @ arrives[i - np.arange(1, i)]
        jobs[i] = crossing * np.exp(busy)
    at_most = np.cumsum(np.concatenate(([jobs[0] + jobs[1]], jobs[2:])))
    left = rate * (steps * service_s - limit_s)
    terms = np.exp(-left) * np.cumprod(np.concatenate(([1.0], left / np.arange(1, steps))))
    return float(min(1.0, at_most[::-1] @ terms))


def ggc_allen_cunneen(
    servers: ArrayLike,
    arrival_rate_per_s: ArrayLike,
    mean_service_s: ArrayLike,
    scv_arrival: ArrayLike,
    scv_service: ArrayLike,
) -> Values:
    """Mean wait (s) of G/G/c: the M/M/c wait times half the sum of both squared coefficients of variation.

    An approximation unless both are 1 (or one server and ``scv_arrival`` 1); best above 50 % utilisation.
    """
    spread = (np.asarray(scv_arrival, dtype=float) + np.asarray(scv_service, dtype=float)) / 2
    _require(spread >= 0, "a squared coefficient of variation is not negative")
    return spread * mmc(servers, arrival_rate_per_s, 1 / np.asarray(mean_service_s, dtype=float)).mean_wait_s


def mgc(servers: ArrayLike, arrival_rate_per_s: ArrayLike, mean_service_s: ArrayLike, scv_service: ArrayLike) -> Values:
    """Mean wait (s) of M/G/c by Lee and Longton (1959): the M/M/c wait times (1 + scv of the service) / 2.

    Exact for one server and for exponential service; else an approximation, within a few percent for a squared
    coefficient of variation of 0 to 2. Refuses a utilisation of 1 or more.
    """
    return ggc_allen_cunneen(servers, arrival_rate_per_s, mean_service_s, 1.0, scv_service)


def _require(holds: ArrayLike, otherwise: str) -> None:
    if not np.all(holds):
        raise ValueError(otherwise)


def _stable(rate: Values, capacity: Values) -> None:
    _require((rate >= 0) & (capacity > 0), "rates must not be negative and servers must be there")
    if np.any(rate >= capacity):
        worst = float(np.max(rate / capacity))
        raise ValueError(f"no steady state: load is {worst:.4g} of capacity, the formula holds below 1")
