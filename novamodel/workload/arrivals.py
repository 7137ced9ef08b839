"""The open-loop stream of requests: when each comes, what it asks, who asks, what it needs.

Every figure of request n is a pure function of (seed, replication, n): a variant of a scenario sees the same
customers at the same moments with the same demands. Arrivals are a Poisson process whose rate follows the
traffic's shape in steps (see `rates`), by inversion of the cumulative rate, or a burstier one (see `bursts`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from novamodel.components.maths import exp, log
from novamodel.components.philox import uniform_pair
from novamodel.components.rule import entry, rule
from novamodel.workload.bursts import STATE_SIZE, Burst, fill_bursts
from novamodel.workload.laws import LOGNORMAL, Laws, lognormal, multiplier

GAP_STREAM, CHOICE_STREAM, CLIENT_STREAM, DEMAND_STREAM, BURST_STREAM = 0, 1, 2, 3, 4
STREAMS = 8  # streams of one source in one replication
SOURCE_STRIDE = 2**20  # from a source's streams to the next source's
MOST_REPLICATIONS, MOST_SOURCES = SOURCE_STRIDE // STREAMS, 2048  # the streams above are `replay`s
GAPS, CHOICES, CLIENTS, DEMANDS = 0, 2, 4, 6  # first columns of a block's uniforms
MOST_GUIDE_BITS = 20

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Source(NamedTuple):
    """What the stream is drawn from. Arrays. Routes, populations and clients are numbered in the whole model."""

    edges: Floats  # starts of the rate steps, seconds; one more than steps
    cumulative: Floats  # expected arrivals up to each edge
    route_share: Floats  # cumulative
    population_share: Floats  # cumulative
    client_share: Floats  # by client: cumulative share within its population
    guide: Ints  # by population, then part of (0, 1): client to look from
    guide_first: Ints  # by population: its first entry in the guide
    guide_size: Ints  # by population: parts, a power of two
    draws: Ints  # by route
    law: Ints  # by route * most_draws + draw: row of the laws
    laws: Laws  # in arrays
    most_draws: int
    burst: Burst
    number: int  # of this source among those of the model: it has its own streams of random numbers
    first_population: int  # number of its first population; `population_share` begins with this one
    first_client: int  # number of its first client; the guide holds such numbers, a recording counts from 0
    recorded_hit: Ints  # by route: draw that a recorded hit or miss takes the place of, or -1
    recorded_demand: Ints  # by route: draw that a recorded demand takes the place of, or -1
    recorded_mean: Floats  # by route: mean demand (s) that a recorded one is divided by


class Block(NamedTuple):
    """A block of arrivals. Arrays; `draw` by arrival * most_draws + draw."""

    time: Floats
    route: Ints
    population: Ints
    client: Ints
    draw: Floats
    uniform: Floats  # room for uniforms by column * arrivals + arrival; the columns come in pairs
    state: Floats  # [expected arrivals up to the last one, rate step it fell in, then those of `bursts`]


def new_block(size: int, most_draws: int) -> Block:
    """An empty block for that many arrivals."""
    route, population, client = (np.zeros(size, dtype=np.int64) for _ in range(3))
    uniform = np.zeros((DEMANDS + most_draws + most_draws % 2) * size)
    return Block(np.zeros(size), route, population, client, np.ones(size * most_draws), uniform, np.zeros(STATE_SIZE))


def popularity_shares(clients: int, exponent: float) -> Floats:
    """Cumulative shares of clients 1..n whose weight is k ** -exponent."""
    weights = np.ones(clients)
    power_weights(weights, exponent)
    shares = np.cumsum(weights)
    return shares / shares[-1]


def guide_table(shares: Floats, first: int) -> Ints:
    """Guide for `shares`, client numbers from ``first`` on (Chen and Asau, AIIE Transactions 6, 1974).

    Entry j of a power of two: the first client whose cumulative share reaches j / entries, the first that a
    uniform number in that part can mean. Few are left to look through from there.
    """
    entries = 1 << min(max(len(shares) - 1, 1).bit_length(), MOST_GUIDE_BITS)
    return first + np.searchsorted(shares, np.arange(entries) / entries)


@entry
def power_weights(weights: Any, exponent: float) -> None:
    """weights[k - 1] = k ** -exponent with our own log and exp, the same on every processor."""
    for k in range(1, len(weights) + 1):
        weights[k - 1] = exp(-exponent * log(float(k)))


@entry
def fill(source: Any, block: Any, seed: int, replication: int, first: int) -> int:
    """Draw the arrivals first, first + 1, ... into the block; how many (fewer when the rate steps end).

    Uniform numbers come first, column by column, then what is made of them.
    """
    base = first_stream(replication, source.number)
    size = len(block.time)
    fill_uniforms(block.uniform, size, GAPS, seed, base + GAP_STREAM, first, 0)
    fill_uniforms(block.uniform, size, CHOICES, seed, base + CHOICE_STREAM, first, 0)
    fill_uniforms(block.uniform, size, CLIENTS, seed, base + CLIENT_STREAM, first, 0)
    fill_demand_uniforms(source, block, size, seed, base, first)
    if source.burst.hold_s > 0.0:
        made = fill_bursts(source, block, size, seed, base + BURST_STREAM)
    else:
        made = fill_times(source, block, size)
    for i in range(made):
        population = share_of(source.population_share, 0, block.uniform[(CHOICES + 1) * size + i])
        w = block.uniform[CLIENTS * size + i]
        entry_of_guide = source.guide_first[population] + int(w * source.guide_size[population])
        block.route[i] = share_of(source.route_share, 0, block.uniform[CHOICES * size + i])
        block.population[i] = source.first_population + population
        block.client[i] = share_of(source.client_share, source.guide[entry_of_guide], w)
    fill_draws(source, block, size, made)
    return made


@rule
def first_stream(replication: int, number: int) -> int:
    """First stream of random numbers of a source in a replication."""
    return replication * 8 + number * 1048576  # STREAMS, SOURCE_STRIDE


@rule
def fill_demand_uniforms(source: Any, block: Any, size: int, seed: int, base: int, first: int) -> None:
    """The uniforms of the requests' draws."""
    for pair in range((source.most_draws + 1) >> 1):
        fill_uniforms(block.uniform, size, DEMANDS + 2 * pair, seed, base + DEMAND_STREAM, first, pair)


@rule
def fill_draws(source: Any, block: Any, size: int, made: int) -> None:
    """What each request's route needs, by the laws of its draws: draw by draw, a request the inner loop.

    Most laws are lognormal: those have a loop without branches of their own, so that compilers use vectors.
    """
    most, laws = source.most_draws, source.laws
    sigma = block.uniform[:size]  # those of the gaps are used up
    for d in range(most):
        x = block.uniform[(DEMANDS + d) * size : (DEMANDS + d + 1) * size]
        any_lognormal = False
        for i in range(made):
            route = block.route[i]
            sigma[i] = 0.0
            if d < source.draws[route]:
                law = source.law[route * most + d]
                if laws.code[law] == LOGNORMAL and laws.parameter[law] > 0.0:
                    sigma[i] = laws.parameter[law]
                    any_lognormal = True
                else:
                    block.draw[i * most + d] = multiplier(laws, law, x[i])
        if any_lognormal:
            for i in range(made):
                x[i] = lognormal(sigma[i], x[i])
            for i in range(made):
                if sigma[i] > 0.0:
                    block.draw[i * most + d] = x[i]


@rule
def fill_uniforms(columns: Any, size: int, column: int, seed: int, stream: int, first: int, pair: int) -> None:
    """The two uniforms of a pair for every request, into two columns. No branch: compilers use vectors."""
    one = columns[column * size : (column + 1) * size]
    two = columns[(column + 1) * size : (column + 2) * size]
    for i in range(size):
        u, v = uniform_pair(seed, stream, first + i, pair)
        one[i] = u
        two[i] = v


@rule
def fill_times(source: Any, block: Any, size: int) -> int:
    """Turn the uniforms of the gaps into arrival times; how many come before the rate steps end."""
    target = block.state[0]
    step = int(block.state[1])
    steps = len(source.edges) - 1
    edges, cumulative = source.edges, source.cumulative
    rate = 0.0
    made = 0
    for i in range(size):
        target = target - log(block.uniform[i])
        while step < steps and cumulative[step + 1] < target:
            step += 1
            rate = 0.0
        if step >= steps:
            break
        if rate == 0.0:
            rate = (cumulative[step + 1] - cumulative[step]) / (edges[step + 1] - edges[step])
        block.time[i] = edges[step] + (target - cumulative[step]) / rate
        made += 1
    block.state[0] = target
    block.state[1] = step
    return made


@rule
def share_of(shares: Any, start: int, u: float) -> int:
    """First entry from `start` on whose cumulative share is at least u."""
    while shares[start] < u:
        start += 1
    return start
