"""The two PromQL functions that dashboards use, on samples of a counter: `rate` and `histogram_quantile`.

Source: Prometheus 3, documentation of its query functions and the rules of its engine (range selectors are open on
the left since version 3).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

NEAR = 1.1
"""A sample this many mean spacings from the window's edge still counts as reaching it."""


def increase(times_s: ArrayLike, values: ArrayLike, at_s: float, window_s: float) -> float:
    """Extrapolated increase of a counter over the window that ends at ``at_s``; nan with fewer than two samples.

    ``times_s`` ascend, one value each. A falling value is a reset: the counter began again at 0. The increase between
    the first and last sample is stretched to the window's edges where samples reach them, by half a mean spacing where
    they do not, and never to before the counter was 0.
    """
    times, counted = np.asarray(times_s, dtype=float), np.asarray(values, dtype=float)
    inside = (times > at_s - window_s) & (times <= at_s)
    times, counted = times[inside], counted[inside]
    if times.size < 2:
        return float("nan")
    steps = np.diff(counted)
    risen = float(counted[-1] - counted[0] + counted[:-1][steps < 0].sum())
    sampled = float(times[-1] - times[0])
    spacing = sampled / (times.size - 1)
    before = float(times[0]) - (at_s - window_s)
    after = at_s - float(times[-1])
    if before >= NEAR * spacing:
        before = spacing / 2
    if risen > 0 and counted[0] >= 0:
        before = min(before, sampled * float(counted[0]) / risen)
    if after >= NEAR * spacing:
        after = spacing / 2
    return risen * (sampled + before + after) / sampled


def rate(times_s: ArrayLike, values: ArrayLike, at_s: float, window_s: float) -> float:
    """Increase a second: `rate(counter[window])` at ``at_s``."""
    return increase(times_s, values, at_s, window_s) / window_s


def histogram_quantile(q: float, upper: ArrayLike, cumulative: ArrayLike) -> float:
    """`histogram_quantile(q, ...)` over classic buckets: upper edges that end in infinity, counts up to each edge.

    Linear inside a bucket; the first begins at 0 (or ends it, where its edge is not above 0); a quantile in the last
    bucket is the last finite edge. nan without any observation or with fewer than two buckets. ``q`` below 0 and above
    1 give minus and plus infinity. Raises ``ValueError`` when the last edge is not infinite.
    """
    edges, counts = np.asarray(upper, dtype=float), np.asarray(cumulative, dtype=float)
    if edges.size == 0 or not np.isposinf(edges[-1]):
        raise ValueError("the last bucket must have the upper edge +Inf")
    if q < 0:
        return float("-inf")
    if q > 1:
        return float("inf")
    counts = np.maximum.accumulate(counts)  # buckets are scraped one after the other and may seem to fall
    total = counts[-1]
    if edges.size < 2 or not total > 0:
        return float("nan")
    rank = q * total
    place = int(np.searchsorted(counts[:-1], rank))
    if place == edges.size - 1:
        return float(edges[-2])
    if place == 0 and edges[0] <= 0:
        return float(edges[0])
    low, below = (float(edges[place - 1]), float(counts[place - 1])) if place else (0.0, 0.0)
    inside = float(counts[place]) - below
    if inside == 0:  # the 0-quantile of an empty first bucket
        return float("nan")
    return low + (float(edges[place]) - low) * (rank - below) / inside
