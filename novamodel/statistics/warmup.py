"""Where the warm-up of a series ends (MSER-5; White, Cobb and Spratt 2000)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

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
