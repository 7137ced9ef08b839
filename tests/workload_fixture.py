"""Sources of requests made by hand, for tests of the workload room."""

from __future__ import annotations

from typing import Any

import numpy as np

from novamodel.workload.arrivals import Source, fill, guide_table, new_block, popularity_shares
from novamodel.workload.bursts import STEADY
from novamodel.workload.law_book import LawBook
from novamodel.workload.rates import rate_steps


def a_source(rate: float = 10.0, horizon_s: float = 600.0, **changes: Any) -> Source:
    """Two routes (70 and 30 %), one population of 50 clients, draws exponential, unit and gamma."""
    book = LawBook()
    exponential, unit, gamma = book.add("exponential"), book.add("unit"), book.add("gamma", 4.0)
    edges, cumulative = rate_steps(lambda t: rate, horizon_s)
    shares = popularity_shares(50, 0.8)
    guide = guide_table(shares, 0)
    source = Source(
        edges=edges,
        cumulative=cumulative,
        route_share=np.array([0.7, 1.0]),
        population_share=np.array([1.0]),
        client_share=shares,
        guide=guide,
        guide_first=np.array([0]),
        guide_size=np.array([len(guide)]),
        draws=np.array([3, 2]),
        law=np.array([exponential, unit, gamma, gamma, unit, unit]),
        laws=book.arrays(),
        most_draws=3,
        burst=STEADY,
        number=0,
        first_population=0,
        first_client=0,
        recorded_hit=np.array([1, -1]),
        recorded_demand=np.array([2, 0]),
        recorded_mean=np.array([0.010, 0.020]),
    )
    return source._replace(**changes)


def times(source: Source, seed: int, replication: int = 0, size: int = 8192) -> np.ndarray:
    """Every arrival of the source's rate steps."""
    block = new_block(size, source.most_draws)
    found, made = [], size
    while made == size:
        made = fill(source, block, seed, replication, sum(map(len, found)))
        found.append(block.time[:made].copy())
    return np.concatenate(found)
