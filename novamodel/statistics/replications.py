"""Intervals of figures that are no plain mean (a quantile, a time near saturation) from independent replications.

The figure itself is read from all replications together, as every table of a run reads it. How sure it is comes from
each replication alone and from leaving one out at a time (the jackknife: Efron, The Jackknife, the Bootstrap and Other
Resampling Plans, 1982, chapter 2).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import stdtrit

from novamodel.statistics.intervals import Estimate

SHORT = 12.0
"""How many times the bias of all replications together the upper end is raised by (chosen: see `skewed_interval`)."""


def pseudo_values(pooled: float, without: Sequence[float] | np.ndarray) -> np.ndarray:
    """What each replication adds to a pooled figure, from the figure without it; their mean has the bias removed."""
    left = np.asarray(without, dtype=float)
    return np.asarray(left.size * pooled - (left.size - 1) * left)


def skewed_interval(
    pooled: float,
    each: Sequence[float] | np.ndarray,
    without: Sequence[float] | np.ndarray,
    confidence: float = 0.95,
) -> Estimate:
    """A positive figure of all replications together, with an interval that is wide above where it is skewed.

    ``each`` holds the figure of every replication alone, ``without`` that of all but one. On the scale of logarithms,
    as times near saturation are skewed to the right, half the interval is Student's t times the larger of two errors,
    from the figures alone and from the pseudo-values. A replication that is short for what it shall show is too low
    on average, the more so the longer a queue takes to forget; of R together the bias is R times less, so that the
    distance of the pooled figure from the mean of the single ones shows R - 1 times what the pooled one lacks. Twelve
    times that are added above, as the bias is known no better than the figure: of M/M/1 at 95 % of its capacity in
    four runs of 8 to 80 relaxation times the interval of the p99 then holds the truth in 92 to 95 of 100 (65 to 88
    with t alone), and at 50 and 80 % nothing changes.

    One replication, or one without the figure, leaves the ends nan.
    """
    alone, left = np.asarray(each, dtype=float), np.asarray(without, dtype=float)
    if alone.ndim != 1 or alone.shape != left.shape or alone.size == 0:
        raise ValueError(f"figures alone and without must line up: {alone.shape} against {left.shape}")
    ends = (pooled, *alone, *left)
    if alone.size == 1 or not (np.isfinite(ends).all() and min(ends) > 0):
        return Estimate(float(pooled), math.nan, math.nan)
    middle, alone = math.log(pooled), np.log(alone)
    error = max(float(np.std(v, ddof=1)) for v in (alone, pseudo_values(middle, np.log(left)))) / math.sqrt(alone.size)
    half = float(stdtrit(alone.size - 1, 0.5 + confidence / 2)) * error
    lacks = max(middle - float(alone.mean()), 0.0) / (alone.size - 1)
    return Estimate(float(pooled), math.exp(middle - half), math.exp(middle + half + SHORT * lacks))


def around(value: float, interval: Estimate) -> Estimate:
    """The same width around another value: a difference of pooled figures, its error from pairs."""
    return Estimate(value, value + interval.low - interval.value, value + interval.high - interval.value)
