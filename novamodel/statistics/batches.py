"""Intervals from one long run: its batches, merged until they look independent."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from novamodel.statistics.intervals import Estimate, mean_interval, ratio_interval
from novamodel.statistics.quantiles import quantile_of_histogram, too_few_for_quantile

FEWEST = 5
"""With fewer batches nothing is said: t would have fewer than four degrees of freedom."""
NONE = Estimate(math.nan, math.nan, math.nan)


def likeness(values: Sequence[float] | np.ndarray) -> float:
    """Lag-1 autocorrelation of a series, freed of its bias of ``-1 / n``; 0 for a constant one."""
    series = np.asarray(values, dtype=float)
    centred = series - series.mean()
    power = float(np.sum(centred**2))
    if series.size < 3 or power == 0:
        return 0.0
    return float(np.sum(centred[1:] * centred[:-1])) / power + 1 / series.size


def look_alike(values: Sequence[float] | np.ndarray) -> bool:
    """Whether neighbours in a series resemble each other: lag-1 autocorrelation above its one-sided 95 % bound."""
    size = len(values)
    return likeness(values) > 1.645 / math.sqrt(size) + 1 / size


def batch_ratio(
    part: Sequence[float] | np.ndarray, whole: Sequence[float] | np.ndarray, confidence: float = 0.95
) -> Estimate:
    """``sum(part) / sum(whole)`` of one run with an interval from its batches in order.

    Neighbours are merged in pairs while they resemble each other and five batches would remain; likeness that is
    left widens the interval as in Skart (Tafazzoli and others 2011). Batches at the start that find no partner are
    left out of the interval, never of the value. Fewer than five batches: ends nan.
    """
    parts, wholes = np.asarray(part, dtype=float), np.asarray(whole, dtype=float)
    if not wholes.sum() > 0:
        return NONE
    value = float(parts.sum() / wholes.sum())
    if parts.size < FEWEST:
        return Estimate(value, math.nan, math.nan)
    while parts.size // 2 >= FEWEST and look_alike(parts - value * wholes):
        parts, wholes = _in_pairs(parts), _in_pairs(wholes)
    return _around(value, ratio_interval(parts, wholes, confidence), parts - value * wholes)


def batch_quantile(
    upper_edges: Sequence[float] | np.ndarray, counts: np.ndarray, q: float, confidence: float = 0.95
) -> Estimate:
    """The q-quantile of one run with an interval from the quantiles of its batches (one row of ``counts`` each).

    Batches are merged in pairs until each holds enough values for the quantile and they do not resemble their
    neighbours; likeness that is left widens the interval. Where five batches cannot hold enough the ends are nan.
    """
    rows, upper = np.asarray(counts, dtype=float), np.asarray(upper_edges, dtype=float)
    filled = rows.any(axis=0)
    lower = np.concatenate(([0.0], upper[:-1]))[filled]
    rows, upper = rows[:, filled], upper[filled]
    value = quantile_of_histogram(upper, rows.sum(axis=0), q, lower_edges=lower)
    while rows.shape[0] >= FEWEST:
        if all(too_few_for_quantile(row.sum(), q) is None for row in rows):
            values = [quantile_of_histogram(upper, row, q, lower_edges=lower) for row in rows]
            if rows.shape[0] // 2 < FEWEST or not look_alike(values):
                return _around(value, mean_interval(values, confidence), values)
        rows = _in_pairs(rows)
    return Estimate(value, math.nan, math.nan)


def _around(value: float, interval: Estimate, batches: Sequence[float] | np.ndarray) -> Estimate:
    """An interval as wide as the one given, wider by what its batches still resemble each other, around a value."""
    alike = min(max(likeness(batches), 0.0), 0.9)
    half = (interval.high - interval.low) / 2 * math.sqrt((1 + alike) / (1 - alike))
    return Estimate(value, value - half, value + half)


def _in_pairs(rows: np.ndarray) -> np.ndarray:
    """Neighbours added up; where the number is odd the first is left out."""
    even = rows[rows.shape[0] % 2 :]
    return np.asarray(even[0::2] + even[1::2])
