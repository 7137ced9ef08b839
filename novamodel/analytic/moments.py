"""Second moments of demands, and the longest of several independent times."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import ndtr

from novamodel.scenario.demand import Demand


def second_moment(demand: Demand) -> float:
    """E[X^2] of the demand's law at mean 1."""
    if demand.law == "lognormal":
        return math.exp(demand.sigma**2)
    if demand.law == "gamma":
        return 1.0 + 1.0 / demand.form
    if demand.law == "uniform":
        return 1.0 + demand.width**2 / 3.0
    if demand.law == "mixture" and demand.busy > 0:
        return sum(share * second_moment(part) * (part.busy / demand.busy) ** 2 for share, part in demand.mixture)
    if demand.law == "empirical" and demand.busy > 0:
        return sum(one**2 for one in demand.samples) / len(demand.samples) / demand.busy**2
    return 2.0 if demand.law == "exponential" else 1.0


def longest(times: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """(mean, variance) of the longest of independent times, each given by its mean and variance.

    An approximation: Clark (1961), exact for two normal times; taken two by two. Constant times are exact too. Four
    exponential times of mean 1: 2.03, exactly 2.083.
    """
    mean, variance = times[0]
    for other, spread in times[1:]:
        gap = np.sqrt(np.maximum(variance + spread, 0.0))
        with np.errstate(divide="ignore", invalid="ignore"):
            z = np.where(gap > 0, (mean - other) / gap, np.where(mean >= other, np.inf, -np.inf))
        density = gap * np.exp(-0.5 * np.minimum(np.abs(z), 40.0) ** 2) / math.sqrt(2 * math.pi)
        first, second = ndtr(z), ndtr(-z)
        top = mean * first + other * second + density
        square = (mean**2 + variance) * first + (other**2 + spread) * second + (mean + other) * density
        mean, variance = top, np.maximum(square - top**2, 0.0)
    return mean, variance
