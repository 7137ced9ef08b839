"""How often each key of a catalogue is asked for: Zipf's law, exactly or with the long tail grouped."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

EXACT_KEYS = 2_000_000
"""Up to so many keys every key is kept apart unless asked otherwise; beyond, ranks are grouped."""


class Keys(NamedTuple):
    """``probability`` of one key and how many keys (``multiplicity``) share it; both arrays of one length."""

    probability: np.ndarray
    multiplicity: np.ndarray


def zipf(keys: int, exponent: float, exact_keys: int = EXACT_KEYS) -> Keys:
    """Key k of 1..``keys`` has probability k^-exponent over their sum.

    Above ``exact_keys`` keys the ranks are grouped into bands of 1 % width whose keys count as equal to their
    mean; sums of smooth functions of the probability are then right to about 1e-5.
    Raises ``ValueError`` for no key or an exponent below 0.
    """
    if keys < 1 or not 0 <= exponent < 20:
        raise ValueError(f"a catalogue needs at least one key and an exponent of 0 to 20: {keys}, {exponent:g}")
    if keys <= exact_keys:
        weight = np.arange(1, keys + 1, dtype=float) ** -exponent
        return Keys(weight / weight.sum(), np.ones(keys))
    head = min(1000, keys)
    bands = int(np.log(keys / head) / 0.01) + 2
    edges = np.unique(np.concatenate((np.arange(head), np.round(np.geomspace(head, keys, bands)))))
    low, high = edges[:-1] + 0.5, edges[1:] + 0.5
    if abs(exponent - 1) < 1e-12:
        mass = np.log(high / low)
    else:
        mass = (high ** (1 - exponent) - low ** (1 - exponent)) / (1 - exponent)
    mass[: head - 1] = np.arange(1, head, dtype=float) ** -exponent
    count = np.diff(edges)
    return Keys(mass / mass.sum() / count, count)
