"""Where the warm-up of a series ends (MSER-5; White, Cobb and Spratt 2000)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import stdtrit

BATCH = 5


def mser5(series: Sequence[float] | np.ndarray) -> int:
    """Index of the first value to keep, a multiple of 5, at most half of the series.

    The cut minimises the squared standard error of the mean of the batches that remain. A cut at half of the
    series means that the run was too short to tell. Under four batches nothing is cut.
    Raises ``ValueError`` for values that are not finite.
    """
    values = np.asarray(series, dtype=float)
    if values.ndim != 1 or not np.isfinite(values).all():
        raise ValueError("mser5 needs a flat series of finite values")
    batches = values.size // BATCH
    if batches < 4:
        return 0
    means = values[: batches * BATCH].reshape(batches, BATCH).mean(axis=1)
    means = means - means.mean()
    kept = np.arange(batches, 0, -1)
    total = np.cumsum(means[::-1])[::-1]
    squares = np.cumsum((means**2)[::-1])[::-1]
    error = np.maximum(squares - total**2 / kept, 0.0) / kept**2
    return int(np.argmin(error[: batches // 2 + 1])) * BATCH


def beginning_differs(series: np.ndarray, begin: int, cut: int, confidence: float = 0.999) -> float:
    """By how much the mean of ``series[:, begin:cut]`` lies above that of ``series[:, cut:]``; 0 when by chance.

    ``series`` has a row a replication. Batches of the later piece say what chance does: of five values, twice as
    long as long as they resemble their neighbours and three remain. The confidence is high since ``cut`` has been
    chosen among many. An empty early piece, or a later one of fewer than three batches, says nothing: 0.
    """
    early, late = series[:, begin:cut], series[:, cut:]
    runs, size = series.shape[0], BATCH
    if early.shape[1] < 1 or late.shape[1] < 3 * size:
        return 0.0
    while late.shape[1] >= 6 * size and _alike(_batches(late, size)):
        size *= 2
    means = _batches(late, size)
    freedom = runs * (means.shape[1] - 1)
    variance = float(np.sum((means - means.mean(axis=1, keepdims=True)) ** 2)) / freedom
    error = np.sqrt(variance * size * (1 / early.size + 1 / late.size))
    difference = float(early.mean() - late.mean())
    return difference if abs(difference) > float(stdtrit(freedom, 0.5 + confidence / 2)) * error else 0.0


def _alike(means: np.ndarray) -> bool:
    """Whether neighbours within the rows resemble each other: pooled lag-1 autocorrelation above chance."""
    centred = means - means.mean(axis=1, keepdims=True)
    power = float(np.sum(centred**2))
    return power > 0 and float(np.sum(centred[:, 1:] * centred[:, :-1])) / power > 1.0 / np.sqrt(means.size)


def _batches(series: np.ndarray, size: int) -> np.ndarray:
    """Means of batches, a row a replication; what is left over at the start is left out."""
    runs, steps = series.shape
    count = steps // size
    means: np.ndarray = series[:, steps - count * size :].reshape(runs, count, size).mean(axis=2)
    return means
