"""Intervals from replications, batches and pairs, by Student's t (Law, Simulation Modeling, chapter 9)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import betaincinv, stdtrit


class Estimate(NamedTuple):
    """A figure with the ends of its interval; the ends are nan where nothing can be said about them."""

    value: float
    low: float
    high: float


def mean_interval(values: Sequence[float] | np.ndarray, confidence: float = 0.95) -> Estimate:
    """Mean of independent values (one a replication) with its t interval.

    One value has no interval: its ends are nan. A value that is nan or infinite (a replication in which
    nothing was served) is not left out silently: it makes the mean nan or infinite and the ends nan.
    Raises ``ValueError`` without any value or with a confidence outside (0, 1).
    """
    sample = np.asarray(values, dtype=float)
    if sample.ndim != 1 or sample.size == 0:
        raise ValueError("mean_interval needs a flat list of at least one value")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence {confidence:g} is not between 0 and 1")
    value = float(np.mean(sample))
    if sample.size == 1 or not np.isfinite(sample).all():
        return Estimate(value, float("nan"), float("nan"))
    error = float(np.std(sample, ddof=1)) / np.sqrt(sample.size)
    half = float(stdtrit(sample.size - 1, 0.5 + confidence / 2) * error)
    return Estimate(value, value - half, value + half)


def paired_difference(
    a: Sequence[float] | np.ndarray, b: Sequence[float] | np.ndarray, confidence: float = 0.95
) -> Estimate:
    """Mean of ``b - a`` with its t interval; value i of both comes from the same random numbers.

    Raises ``ValueError`` when the two are not equally long.
    """
    first, second = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if first.shape != second.shape:
        raise ValueError(f"paired values must line up: {first.size} against {second.size}")
    return mean_interval(second - first, confidence)


def unpaired_difference(
    a: Sequence[float] | np.ndarray, b: Sequence[float] | np.ndarray, confidence: float = 0.95
) -> Estimate:
    """``mean(b) - mean(a)`` of independent samples with Welch's interval.

    A sample of one value, or one with values that are not finite, leaves the ends nan.
    """
    first, second = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    value = float(second.mean() - first.mean())
    if min(first.size, second.size) < 2 or not math.isfinite(value):
        return Estimate(value, math.nan, math.nan)
    one, other = (float(np.var(sample, ddof=1)) / sample.size for sample in (first, second))
    if one + other == 0:
        return Estimate(value, value, value)
    freedom = (one + other) ** 2 / (one**2 / (first.size - 1) + other**2 / (second.size - 1))
    half = float(stdtrit(freedom, 0.5 + confidence / 2)) * math.sqrt(one + other)
    return Estimate(value, value - half, value + half)


def ratio_interval(
    part: Sequence[float] | np.ndarray, whole: Sequence[float] | np.ndarray, confidence: float = 0.95
) -> Estimate:
    """``sum(part) / sum(whole)`` over independent batches with its t interval (classical ratio estimator).

    Batches may weigh differently or be empty. One batch leaves the ends nan; an empty whole makes all nan.
    Raises ``ValueError`` when the two are not equally long.
    """
    parts, wholes = np.asarray(part, dtype=float), np.asarray(whole, dtype=float)
    if parts.ndim != 1 or parts.shape != wholes.shape or parts.size == 0:
        raise ValueError(f"parts and wholes must line up: {parts.size} against {wholes.size}")
    if not wholes.sum() > 0:
        return Estimate(math.nan, math.nan, math.nan)
    value = float(parts.sum() / wholes.sum())
    spread = mean_interval((parts - value * wholes) / wholes.mean(), confidence)
    return Estimate(value, value + spread.low, value + spread.high)


def unseen_share(count: float, confidence: float = 0.95) -> float:
    """Upper end of the interval of a share of which ``count`` trials show no case (Clopper and Pearson).

    Raises ``ValueError`` without any trial.
    """
    if not count > 0:
        raise ValueError("a share needs at least one trial")
    return -math.expm1(math.log((1 - confidence) / 2) / count)


def clustered_share(shares: Sequence[float] | np.ndarray, cluster: float, confidence: float = 0.95) -> float:
    """Upper end of the interval of a share whose cases come in clusters, by independent replications.

    The replications that show any case are so many of all (Clopper and Pearson); one that does shows at most the
    largest share seen, or ``cluster`` where that is more: the share that one cluster makes in a replication. Infinite
    where every replication shows some: then their spread says more. Raises ``ValueError`` without any.
    """
    sample = np.asarray(shares, dtype=float)
    if sample.ndim != 1 or sample.size == 0:
        raise ValueError("clustered_share needs a flat list of at least one share")
    shown = int((sample > 0).sum())
    if shown == sample.size:
        return math.inf
    most = float(betaincinv(shown + 1, sample.size - shown, 0.5 + confidence / 2))
    return most * max(float(sample.max()), cluster)


def batch_means(series: Sequence[float] | np.ndarray, batches: int = 20, confidence: float = 0.95) -> Estimate:
    """Mean of a stationary, correlated series with an interval from the means of equal batches.

    Values at the start that do not fill a batch are left out. Raises ``ValueError`` when there are
    fewer than two batches or fewer values than batches.
    """
    values = np.asarray(series, dtype=float)
    if batches < 2 or values.ndim != 1 or values.size < batches:
        raise ValueError(f"{values.size} values do not make {batches} batches; it takes at least 2 batches")
    size = values.size // batches
    return mean_interval(values[values.size - size * batches :].reshape(batches, size).mean(axis=1), confidence)
