"""What simulation has taught about the closed forms: a correction with its uncertainty, for every candidate.

Two sources of unequal cost (Kennedy and O'Hagan, 2000): the logarithm of simulated over estimated is a Gaussian
process over the decisions, a common bias plus what nearby candidates share.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

BIAS, LOCAL, NOISE = 0.25, 0.2, 0.03
"""Standard deviations of the logarithm: common to all, shared by neighbours, of a simulated figure."""
LEAST, MOST = 0.05, 3.0
"""Beyond these ratios of a figure over its limit one is as good, or as bad, as another: a tier that is full, here or in
the closed forms, says nothing of how far they err where it is not."""
REACH = 0.7
"""Candidates this far apart in logarithms (a factor of two) share 60 % of their local error."""


def expected_excess(
    position: np.ndarray, ratio: np.ndarray, seen: list[int], excess: list[float]
) -> tuple[np.ndarray, np.ndarray]:
    """(expected logarithm of each candidate's true worst value over limit, its standard deviation).

    ``ratio`` is the closed forms' estimate; ``seen`` are the simulated candidates with their ``excess``.
    """
    estimate = np.log(np.clip(ratio, LEAST, MOST))
    known = position[seen]
    learned = np.log(np.clip(excess, LEAST, MOST)) - estimate[seen]
    inside = _covariance(known, known) + NOISE**2 * np.eye(len(seen))
    across = _covariance(position, known)
    weights = np.linalg.solve(inside, across.T)
    variance = BIAS**2 + LOCAL**2 - np.einsum("ij,ji->i", across, weights)
    return estimate + learned @ weights, np.sqrt(np.maximum(variance, NOISE**2))


def chance_to_hold(expected: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Probability that the true worst value over limit is below 1."""
    return np.asarray(ndtr(-expected / deviation))


def _covariance(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    squares = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1) - 2 * one @ other.T
    squares = np.maximum(squares, 0.0)
    return np.asarray(BIAS**2 + LOCAL**2 * np.exp(-squares / (2 * REACH**2)))
