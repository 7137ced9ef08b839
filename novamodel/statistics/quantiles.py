"""Quantiles of a histogram, and whether a run is long enough for one."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

BEYOND = 10
"""A quantile is called uncertain while fewer observations than this lie beyond it."""


def quantile_of_histogram(
    upper_edges: Sequence[float] | np.ndarray,
    counts: Sequence[float] | np.ndarray,
    q: float,
    *,
    lower_edges: Sequence[float] | np.ndarray | None = None,
) -> float:
    """The q-quantile of binned values, linear inside the bucket that holds it; nan when nothing was counted.

    ``upper_edges`` rise; bucket i reaches from the edge before it (0 for the first) or from
    ``lower_edges[i]`` where buckets have been left out. In a last bucket that is open (``inf``) the answer
    is its lower edge. Raises ``ValueError`` for edges that do not rise, negative counts or q outside [0, 1].
    """
    return quantiles_of_histogram(upper_edges, counts, [q], lower_edges=lower_edges)[0]


def quantiles_of_histogram(
    upper_edges: Sequence[float] | np.ndarray,
    counts: Sequence[float] | np.ndarray,
    qs: Sequence[float],
    *,
    lower_edges: Sequence[float] | np.ndarray | None = None,
) -> list[float]:
    """`quantile_of_histogram` of several q at a time."""
    upper, count = np.asarray(upper_edges, dtype=float), np.asarray(counts, dtype=float)
    if upper.ndim != 1 or upper.shape != count.shape:
        raise ValueError(f"edges and counts must be flat and equally long: {upper.shape} against {count.shape}")
    for q in qs:
        if not 0 <= q <= 1:
            raise ValueError(f"quantile {q:g} is not between 0 and 1")
    if (upper[1:] <= upper[:-1]).any() or (count < 0).any():
        raise ValueError("upper edges must rise and counts must not be negative")
    lower = np.concatenate(([0.0], upper[:-1])) if lower_edges is None else np.asarray(lower_edges, dtype=float)
    filled = np.flatnonzero(count)
    return quantiles_of_filled(upper[filled], lower[filled], count[filled], qs)


def quantiles_of_filled(upper: np.ndarray, lower: np.ndarray, count: np.ndarray, qs: Sequence[float]) -> list[float]:
    """`quantiles_of_histogram` for buckets that rise and hold something, each."""
    if count.size == 0:
        return [float("nan")] * len(qs)
    running = count.cumsum()
    total = float(running[-1])
    found = []
    for q in qs:
        rank = q * total
        index = min(int(running.searchsorted(rank)), count.size - 1)
        low, high, inside = float(lower[index]), float(upper[index]), float(count[index])
        share = (rank - (float(running[index]) - inside)) / inside
        found.append(low if math.isinf(high) else low + (high - low) * min(max(share, 0.0), 1.0))
    return found


def too_few_for_quantile(count: float, q: float) -> str | None:
    """A sentence when ``count`` observations are too few for the q-quantile, else None.

    Fewer than ten values beyond a quantile leave it to chance.
    """
    beyond = count * (1 - q)
    if beyond >= BEYOND * (1 - 1e-9):
        return None
    needed = math.ceil(BEYOND / (1 - q) * (1 - 1e-12)) if q < 1 else math.inf
    few = f"{count:,.0f} requests are few for a p{q * 100:g}: {beyond:.3g} lie beyond it"
    return f"{few}; take at least {needed:,}"
