"""The combinations of one service that are worth combining with those of others."""

from __future__ import annotations

import numpy as np

from novamodel.scenario import Scenario
from novamodel.sizing.legal import GIB_IN_CORES
from novamodel.sizing.screen import Rows
from novamodel.sizing.shares import SCALE, own_ratio

FRONT_STEP = 0.97
"""The next combination of a service's front must be estimated at least this much better."""
FEW = 150
"""A service with at most so many combinations that fit is not cut down."""
AT = (0.35, 0.5, 0.7, 1.0, 1.4, 2.0)
"""Multiples of a limit at which the share of slower requests counts: the closed forms may err so far."""


LEAST = 1e-5
"""Shares of requests that differ by less are equal."""


def resources(own: Rows) -> np.ndarray:
    """Core equivalents that each row sets aside, mean of the day."""
    return np.asarray((own.billed @ np.array([1.0, GIB_IN_CORES])) * own.hours.mean(axis=1))


def front(scenario: Scenario, own: Rows) -> Rows:
    """The rows worth combining: the fronts of cost and estimate, today's, and the best with few changes.

    The estimates are the worst objective with perfect other services, and the shares of slow requests that all
    services divide among them.
    """
    fits = np.flatnonzero(own.fits)
    if fits.size <= FEW:
        return own.take(fits)
    weight = resources(own)
    peak_weight = (own.billed @ np.array([1.0, GIB_IN_CORES])) * own.peak
    estimates = [own_ratio(scenario, own.shares, own.peak.shape)]
    for share in own.shares:
        columns = {int(np.abs(SCALE - at).argmin()) for at in AT} if share.shape[1] > 1 else {0}
        estimates += [_above_least(share[:, column]) for column in sorted(columns)]
    keep = set(np.flatnonzero(own.changes == 0).tolist())
    for amount in (weight, peak_weight):
        keep |= _pareto(fits, amount, estimates[0], own.changes)
    for estimate in estimates[1:]:
        keep |= _pareto(fits, weight, estimate, own.changes)
    for most in (1, 2):
        few = fits[own.changes[fits] <= most]
        keep |= set(few.tolist()) if few.size <= FEW else _pareto(few, weight, estimates[0], own.changes)
    return own.take(np.array(sorted(keep)))


def _above_least(share: np.ndarray) -> np.ndarray:
    """A share against the least there is, for parts of a whole may be below zero; infinite where nothing is known."""
    known = np.where(np.isfinite(share), share, np.inf)
    return np.asarray(known - known.min() + LEAST)


def _pareto(places: np.ndarray, weight: np.ndarray, estimate: np.ndarray, changes: np.ndarray) -> set[int]:
    """From cheap to dear, each estimated better than the one before; among equals the fewest changes."""
    rounded = np.round(np.log2(np.maximum(estimate[places], 1e-9)) * 20)
    order = places[np.lexsort((changes[places], rounded, np.round(weight[places], 6)))]
    lowest = np.minimum.accumulate(estimate[order])
    best, kept = np.inf, set()
    for place, low in zip(order.tolist(), lowest.tolist(), strict=True):
        if estimate[place] <= low and low < best * FRONT_STEP:
            best = low
            kept.add(place)
    return kept
