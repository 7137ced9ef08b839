"""The open-loop stream of requests: when each comes, what it asks, who asks, what it needs.

Every figure of request n is a pure function of (seed, replication, n): a variant of a scenario sees the same
customers at the same moments with the same demands. Arrivals are a Poisson process whose rate follows the
traffic's shape in one-minute steps (the rate at the middle of each), by inversion of the cumulative rate.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from novamodel.components.maths import exp, log
from novamodel.components.rule import entry
from novamodel.workload.laws import multiplier
from novamodel.workload.philox import uniform, uniform_pair

GAP_STREAM, CHOICE_STREAM, CLIENT_STREAM, DEMAND_STREAM = 0, 1, 2, 3
STREAMS = 8  # streams of one replication
STEP_S = 60.0
UNIFORM = 3  # law code of a draw that stays uniform

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Source(NamedTuple):
    """What the stream is drawn from. Arrays."""

    edges: Floats  # starts of the rate steps, seconds; one more than steps
    cumulative: Floats  # expected arrivals up to each edge
    route_share: Floats  # cumulative
    population_share: Floats  # cumulative
    client_first: Ints  # by population: first client number; one more than populations
    client_share: Floats  # by client: cumulative share within its population
    draws: Ints  # by route
    law: Ints  # by route * most_draws + draw
    parameter: Floats
    most_draws: int


class Block(NamedTuple):
    """A block of arrivals. Arrays; `draw` by arrival * most_draws + draw."""

    time: Floats
    route: Ints
    population: Ints
    client: Ints
    draw: Floats
    state: Floats  # [expected arrivals up to the last one, rate step it fell in]


def new_block(size: int, most_draws: int) -> Block:
    """An empty block for that many arrivals."""
    route, population, client = (np.zeros(size, dtype=np.int64) for _ in range(3))
    return Block(np.zeros(size), route, population, client, np.ones(size * most_draws), np.zeros(2))


def rate_steps(rate_at: Callable[[float], float], horizon_s: float) -> tuple[Floats, Floats]:
    """Edges and cumulative expected arrivals of one-minute steps that cover at least the horizon."""
    steps = int(horizon_s / STEP_S) + 2
    edges = np.array([i * STEP_S for i in range(steps + 1)])
    cumulative = [0.0]
    for i in range(steps):
        cumulative.append(cumulative[-1] + rate_at((i + 0.5) * STEP_S) * STEP_S)
    return edges, np.array(cumulative)


def popularity_shares(clients: int, exponent: float) -> Floats:
    """Cumulative shares of clients 1..n whose weight is k ** -exponent."""
    weights = np.ones(clients)
    power_weights(weights, exponent)
    shares = np.cumsum(weights)
    return shares / shares[-1]


@entry
def power_weights(weights: Any, exponent: float) -> None:
    """weights[k - 1] = k ** -exponent with our own log and exp, the same on every processor."""
    for k in range(1, len(weights) + 1):
        weights[k - 1] = exp(-exponent * log(float(k)))


@entry
def fill(source: Any, block: Any, seed: int, replication: int, first: int) -> int:
    """Draw the arrivals first, first + 1, ... into the block; how many (fewer when the rate steps end)."""
    base = replication * 8  # STREAMS
    target = block.state[0]
    step = int(block.state[1])
    steps = len(source.edges) - 1
    made = 0
    for i in range(len(block.time)):
        number = first + i
        target = target - log(uniform(seed, base, number, 0))
        while step < steps and source.cumulative[step + 1] < target:
            step += 1
        if step >= steps:
            break
        rate = (source.cumulative[step + 1] - source.cumulative[step]) / (source.edges[step + 1] - source.edges[step])
        block.time[i] = source.edges[step] + (target - source.cumulative[step]) / rate
        u, v = uniform_pair(seed, base + 1, number, 0)
        route = 0
        while source.route_share[route] < u:
            route += 1
        population = 0
        while source.population_share[population] < v:
            population += 1
        low = source.client_first[population]
        high = source.client_first[population + 1] - 1
        w = uniform(seed, base + 2, number, 0)
        while low < high:
            middle = (low + high) >> 1
            if source.client_share[middle] < w:
                low = middle + 1
            else:
                high = middle
        block.route[i] = route
        block.population[i] = population
        block.client[i] = low
        at = i * source.most_draws
        row = route * source.most_draws
        second = 0.0
        for d in range(source.draws[route]):
            if d & 1:
                x = second
            else:
                x, second = uniform_pair(seed, base + 3, number, d >> 1)
            law = source.law[row + d]
            block.draw[at + d] = x if law == UNIFORM else multiplier(law, source.parameter[row + d], x)
        made += 1
    block.state[0] = target
    block.state[1] = step
    return made
