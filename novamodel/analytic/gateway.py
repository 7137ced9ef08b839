"""How many requests an API gateway rejects when every client asks as a Poisson stream.

AWS's token bucket is one leaky bucket for all callers (see `leaky`). In one of Kong's calendar windows Poisson
requests come and the first ``limit`` are let in; a run that begins or ends within a window sees a part of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from math import floor

import numpy as np
from scipy.special import gammainc, gammaincc

from novamodel.analytic.leaky import EXACT_CLIENTS, leaky_bucket
from novamodel.analytic.popularity import zipf
from novamodel.scenario import Scenario
from novamodel.scenario.gateway import Gateway
from novamodel.scenario.goals import Run
from novamodel.scenario.traffic import zipf_exponent

NEAR_FULL = 0.9
"""Up to this share of the refill the bucket stays near its depth, where it begins."""

Rates = Mapping[str, Mapping[str, float]]


def gateway_shares(scenario: Scenario, rates: Rates) -> dict[str, dict[str, float]]:
    """Share that the gateway rejects of each population's requests to each service.

    ``rates``: requests/s of each population to each service that reach the gateway.
    """
    gateway, run = scenario.gateway, scenario.run
    lost: dict[str, dict[str, float]] = {who: dict.fromkeys(to, 0.0) for who, to in rates.items()}
    if gateway is None:
        return lost
    for who, to in rates.items():
        own = sum(to.values())
        for service in to:
            if gateway.kind == "aws":
                lost[who][service] = _bucket(gateway, sum(sum(each.values()) for each in rates.values()))
            elif gateway.by == "service":
                every = np.array([sum(each[service] for each in rates.values())])
                lost[who][service] = _windows(gateway, run, every, np.ones(1))
            else:
                people = scenario.traffic.populations[who]
                share, many = zipf(people.clients, zipf_exponent(people.popularity), EXACT_CLIENTS)
                lost[who][service] = _windows(gateway, run, own * share, many)
    return lost


def unsettled(scenario: Scenario, rate: float) -> str:
    """Why a bucket is not at rest after the warm-up at ``rate`` requests/s; empty where it is, or there is none."""
    gateway = scenario.gateway
    if gateway is None or gateway.kind != "aws" or rate <= NEAR_FULL * gateway.rate:
        return ""
    if abs(rate - gateway.rate) * scenario.run.warm_up_s >= gateway.burst:
        return ""
    return f"the gateway's bucket of {gateway.burst:,} takes longer than the warm-up to come to rest"


def _bucket(gateway: Gateway, rate: float) -> float:
    return float(leaky_bucket(rate, gateway.rate, gateway.burst - 1).rejected) if rate > 0 else 0.0


def _windows(gateway: Gateway, run: Run, rates: np.ndarray, many: np.ndarray) -> float:
    """Share of requests beyond the limit; ``many`` counters of each of ``rates`` requests/s."""
    asked = run.duration * float(many @ rates)
    if asked <= 0:
        return 0.0
    let_in = 0.0
    for (since, until), times in Counter(_parts(run, gateway.window)).items():
        grown = _let_in(rates * until, gateway.limit or 0) - _let_in(rates * since, gateway.limit or 0)
        let_in += times * float(many @ grown)
    return max(0.0, 1.0 - let_in / asked)


def _let_in(mean: np.ndarray, limit: int) -> np.ndarray:
    """Mean of the smaller of the limit and a Poisson number of this mean."""
    return mean * gammaincc(limit, mean) + limit * gammainc(limit + 1, mean)


def _parts(run: Run, window: float) -> Iterator[tuple[float, float]]:
    """The measured part of each calendar window, in seconds since its counters began (with it, or with the run)."""
    first, end = run.start - run.warm_up_s, run.start + run.duration
    number = floor(run.start / window)
    while number * window < end:
        begin = max(number * window, first)
        yield max(run.start, begin) - begin, min((number + 1) * window, end) - begin
        number += 1
