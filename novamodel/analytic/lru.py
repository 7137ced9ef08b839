"""Hit ratios of a cache under independent references: capacity (LRU, random), lifetime, and both.

Che's approximation (Che, Tung, Wang 2002) gives every key the same characteristic time: it is close for
catalogues of hundreds of keys and more, and a few percent off below ten. A lifetime is exact.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from novamodel.analytic.popularity import Keys, zipf


class CheHits(NamedTuple):
    """Characteristic time in requests; hit ratios of LRU, of random or FIFO, and of the best fixed set."""

    characteristic_time_requests: np.ndarray
    hit_lru: np.ndarray
    hit_random_or_fifo: np.ndarray
    hit_static_optimal: np.ndarray


class TtlHits(NamedTuple):
    """Hit ratios with a lifetime from insertion, or renewed on access; ``mean_items`` held by the former."""

    hit_ttl_from_insert: np.ndarray
    mean_items: np.ndarray
    hit_ttl_renewed_on_access: np.ndarray


def che(catalog: int, zipf_exponent: float, capacity: ArrayLike) -> CheHits:
    """Hit ratios of a cache of ``capacity`` keys over ``catalog`` keys with Zipf popularity, no lifetime.

    ``capacity`` may be an array. Holds for independent references and equal sizes. Raises ``ValueError`` unless
    0 < capacity < catalog.
    """
    sizes = np.asarray(capacity, dtype=float)
    if not np.all((sizes > 0) & (sizes < catalog)):
        raise ValueError(f"Che's approximation needs 0 < capacity < catalog, not {capacity!r} of {catalog}")
    keys = zipf(catalog, zipf_exponent)
    found = np.array([_che(keys, float(size)) for size in sizes.ravel()])
    return CheHits(*(column.reshape(sizes.shape) for column in found.T))


def ttl_hit_ratio(catalog: int, zipf_exponent: float, rate_per_s: ArrayLike, ttl_s: ArrayLike) -> TtlHits:
    """Hit ratios of a cache without capacity limit whose entries live ``ttl_s`` seconds; exact.

    Poisson requests at ``rate_per_s``; both may be arrays. Raises ``ValueError`` for a rate or lifetime that is not
    positive.
    """
    rate, lifetime = np.broadcast_arrays(np.asarray(rate_per_s, dtype=float), np.asarray(ttl_s, dtype=float))
    if not np.all((rate > 0) & (lifetime > 0)):
        raise ValueError(f"rate and lifetime must be above 0: {rate_per_s!r}, {ttl_s!r}")
    share, many = zipf(catalog, zipf_exponent)
    found = []
    for asked_once in (rate * lifetime).ravel():  # one at a time: a catalogue may have millions of keys
        asked = share * asked_once
        held = asked / (1 + asked)
        found.append([(many * share) @ held, many @ held, (many * share) @ -np.expm1(-asked)])
    return TtlHits(*(column.reshape(rate.shape) for column in np.array(found).T))


def _che(keys: Keys, capacity: float) -> tuple[float, float, float, float]:
    share, many = keys
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
    return (
        lru,
        float((many * share) @ -np.expm1(-share * lru)),
        float((many * share) @ (share * random / (1 + share * random))),
        float(held @ share),
    )


def lru_exact(catalog: int, zipf_exponent: float, capacity: int) -> float:
    """Hit ratio of true LRU, exactly (King 1971), summed over the sets of most recently asked keys.

    Raises ``ValueError`` above 16 keys, where the number of sets gets out of hand.
    """
    if not 0 < capacity < catalog <= 16:
        raise ValueError(f"exact LRU is for 0 < capacity < catalog <= 16, not {capacity!r} of {catalog}")
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
