"""Hit ratios of a cache under independent references: capacity (LRU, random), lifetime, and both.

Che's approximation (Che, Tung, Wang 2002) gives every key the same characteristic time: it is close for
catalogues of hundreds of keys and more, and a few percent off below ten. A lifetime is exact.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import NamedTuple

import numpy as np

from novamodel.analytic.popularity import zipf


class CheHits(NamedTuple):
    """Characteristic time in requests; hit ratios of LRU, of random or FIFO, and of the best fixed set."""

    characteristic_time_requests: float
    hit_lru: float
    hit_random_or_fifo: float
    hit_static_optimal: float


class TtlHits(NamedTuple):
    """Hit ratios with a lifetime from insertion, or renewed on access; ``mean_items`` held by the former."""

    hit_ttl_from_insert: float
    mean_items: float
    hit_ttl_renewed_on_access: float


def che(catalog: int, zipf_exponent: float, capacity: float) -> CheHits:
    """Hit ratios of a cache of ``capacity`` keys over ``catalog`` keys with Zipf popularity, no lifetime.

    Holds for independent references and equal sizes. Raises ``ValueError`` unless 0 < capacity < catalog.
    """
    if not 0 < capacity < catalog:
        raise ValueError(f"Che's approximation needs 0 < capacity < catalog, not {capacity:g} of {catalog}")
    share, many = zipf(catalog, zipf_exponent)
    lru = _characteristic_time(
        capacity,
        lambda t: float(many @ -np.expm1(-share * t)),
        lambda t: float(many @ (share * np.exp(-share * t))),
    )
    random = _characteristic_time(
        capacity,
        lambda t: float(many @ (share * t / (1 + share * t))),
        lambda t: float(many @ (share / (1 + share * t) ** 2)),
    )
    before = np.concatenate(([0.0], np.cumsum(many)[:-1]))
    held = np.clip(np.floor(capacity) - before, 0, many)
    return CheHits(
        lru,
        float((many * share) @ -np.expm1(-share * lru)),
        float((many * share) @ (share * random / (1 + share * random))),
        float(held @ share),
    )


def ttl_hit_ratio(catalog: int, zipf_exponent: float, rate_per_s: float, ttl_s: float) -> TtlHits:
    """Hit ratios of a cache without capacity limit whose entries live ``ttl_s`` seconds; exact.

    Poisson requests at ``rate_per_s``. Raises ``ValueError`` for a rate or lifetime that is not positive.
    """
    if not (rate_per_s > 0 and ttl_s > 0):
        raise ValueError(f"rate and lifetime must be above 0: {rate_per_s:g}/s, {ttl_s:g} s")
    share, many = zipf(catalog, zipf_exponent)
    asked = share * rate_per_s * ttl_s
    held = asked / (1 + asked)
    return TtlHits(float((many * share) @ held), float(many @ held), float((many * share) @ -np.expm1(-asked)))


def lru_exact(catalog: int, zipf_exponent: float, capacity: int) -> float:
    """Hit ratio of true LRU, exactly (King 1971), summed over the sets of most recently asked keys.

    Raises ``ValueError`` above 16 keys, where the number of sets gets out of hand.
    """
    if not 0 < capacity < catalog <= 16:
        raise ValueError(f"exact LRU is for 0 < capacity < catalog <= 16, not {capacity} of {catalog}")
    share = zipf(catalog, zipf_exponent).probability
    chance: dict[frozenset[int], float] = {frozenset(): 1.0}
    for size in range(capacity):
        chance_next: dict[frozenset[int], float] = {}
        for held in map(frozenset, combinations(range(catalog), size)):
            left = 1 - sum(share[key] for key in held)
            for key in set(range(catalog)) - held:
                grown = held | {key}
                chance_next[grown] = chance_next.get(grown, 0.0) + chance[held] * share[key] / left
        chance = chance_next
    return float(sum(p * sum(share[key] for key in held) for held, p in chance.items()))


def _characteristic_time(capacity: float, filled: Callable[[float], float], slope: Callable[[float], float]) -> float:
    """Newton's method for filled(t) = capacity: concave and rising, so it climbs to the root from below."""
    time = capacity
    for _ in range(500):
        step = (capacity - filled(time)) / slope(time)
        time += step
        if abs(step) <= 1e-14 * time:
            break
    return float(time)
