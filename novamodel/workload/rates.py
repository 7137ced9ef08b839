"""The rate of arrivals over time as steps of constant rate, each with the expected arrivals of the real shape."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

STEP_S = 60.0
FINE_STEP_S = 1.0
_TOO_CLOSE = 1e-6  # edges nearer than this (seconds) are one
DAY_S = 86400.0

Floats = NDArray[np.float64]


def rate_steps(
    rate_at: Callable[[float], float], horizon_s: float, breaks: Iterable[float] = ()
) -> tuple[Floats, Floats]:
    """Edges of steps that cover at least the horizon, and the expected arrivals up to each edge.

    ``rate_at(t)`` is the rate (1/s) at t seconds from the start, linear between ``breaks`` (s, in any order; those
    outside are ignored). A step is a minute; a minute with a break inside it is cut at its full seconds and at its
    breaks. So no step has a break inside, and the rate at its middle times its length is the shape's integral.
    """
    steps = int(horizon_s / STEP_S) + 2
    inside: dict[int, list[float]] = {}
    for at in breaks:
        if 0.0 < at < steps * STEP_S:
            inside.setdefault(int(at // STEP_S), []).append(at)
    edges, cumulative = [0.0], [0.0]
    for i in range(steps):
        for begin, end in pairwise(_cuts(i * STEP_S, inside.get(i, []))):
            edges.append(end)
            # of a whole minute to the last bit as ever: committed digests hang on it
            middle = (i + 0.5) * STEP_S if end - begin == STEP_S else 0.5 * (begin + end)
            cumulative.append(cumulative[-1] + rate_at(middle) * (end - begin))
    return np.array(edges), np.array(cumulative)


def _cuts(begin: float, breaks: list[float]) -> list[float]:
    """Edges within one minute, its ends included."""
    end = begin + STEP_S
    broken = [at for at in breaks if begin + _TOO_CLOSE < at < end - _TOO_CLOSE]
    if not broken:
        return [begin, end]
    seconds = [begin + k * FINE_STEP_S for k in range(1, int(STEP_S / FINE_STEP_S))]
    cuts = [begin]
    for at in sorted([*seconds, *broken]):
        if at - cuts[-1] > _TOO_CLOSE:
            cuts.append(at)
    return [*cuts, end]


def daily_breaks(clock_times: Iterable[float], begin_s: float, horizon_s: float) -> list[float]:
    """When a daily shape's points come, in seconds from ``begin_s`` (seconds since midnight), up to the horizon."""
    last = horizon_s + 2 * STEP_S
    times = {(clock - begin_s) % DAY_S for clock in clock_times}
    return sorted(at + day * DAY_S for at in times for day in range(math.ceil(last / DAY_S)) if at + day * DAY_S < last)
