"""How the commands of a cache spread over the masters of its cluster: by hash slot, popular keys to one master each."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from novamodel.analytic.cache import lives
from novamodel.components.redis.slots import key_shards
from novamodel.scenario import Scenario
from novamodel.scenario.popularity import zipf_exponent

EVEN_FROM = 1_000_000
"""Keys of a keyspace from which on the spread is taken as even, as in runs."""


def master_shares(scenario: Scenario, store: str) -> np.ndarray:
    """Share of a cache's commands at the peak that each master carries out; one entry without a cluster."""
    cache = scenario.all_caches[store]
    if cache.shards == 1:
        return np.ones(1)
    found = np.zeros(cache.shards)
    for name, life in lives(scenario, store=store).items():
        space, rates = cache.keyspaces[name], life.rates
        found += (rates.reads + rates.fills + rates.sets + rates.deletes) * _shares(
            name, space.keys, zipf_exponent(space.popularity), cache.shards
        )
    total = found.sum()
    return found / total if total > 0 else np.full(cache.shards, 1.0 / cache.shards)


@lru_cache(maxsize=64)
def _shares(keyspace: str, keys: int, exponent: float, shards: int) -> np.ndarray:
    if keys > EVEN_FROM:
        return np.full(shards, 1.0 / shards)
    weights = np.arange(1, keys + 1, dtype=float) ** -exponent
    return np.bincount(key_shards(keyspace, keys, shards), weights, shards) / weights.sum()
