"""How busy a replica's cores have been of late, and demands that follow from it.

A demand was measured at some utilisation of its core: caches are cold and clocks low on one that is mostly idle. The
utilisation is an exponential mean over about a second; a curve is linear between its points and level beyond them.
"""

from __future__ import annotations

from typing import NamedTuple

from novamodel.components.columns import Column
from novamodel.components.maths import exp
from novamodel.components.rule import handler

MEMORY_S = 1.0


class CoreUse(NamedTuple):
    """Columns by replica, and of curves by point; `first` has one entry more than there are curves."""

    level: Column  # utilisation of late
    at: Column  # up to when it is accounted
    used: Column  # core seconds used by then
    first: Column  # by curve: its first point
    share: Column  # by point: utilisation
    seconds: Column  # by point: demand


def core_use_state(replicas: int, curves: list[list[tuple[float, float]]]) -> CoreUse:
    """State in lists: idle replicas, and curves of (utilisation, seconds)."""
    points = [point for curve in curves for point in curve] or [(0.0, 0.0)]
    return CoreUse(
        level=[0.0] * replicas,
        at=[0.0] * replicas,
        used=[0.0] * replicas,
        first=[sum(len(curve) for curve in curves[:i]) for i in range(len(curves) + 1)],
        share=[float(share) for share, _ in points],
        seconds=[float(seconds) for _, seconds in points],
    )


@handler
def core_use_at(s: CoreUse, r: int, used: float, cores: float, now: float) -> float:
    """Utilisation of late of a replica's cores, of which so many seconds have been used in all."""
    passed = now - s.at[r]
    if passed > 0.0:
        share = (used - s.used[r]) / (passed * cores)
        kept = exp(-passed / MEMORY_S)
        s.level[r] = s.level[r] * kept + min(max(share, 0.0), 1.0) * (1.0 - kept)
        s.at[r] = now
        s.used[r] = used
    return s.level[r]  # type: ignore[no-any-return]


@handler
def curve_at(s: CoreUse, curve: int, share: float) -> float:
    """Demand at a utilisation (seconds)."""
    first, last = s.first[curve], s.first[curve + 1] - 1
    if share <= s.share[first]:
        return s.seconds[first]  # type: ignore[no-any-return]
    k = first
    while k < last and s.share[k + 1] < share:
        k += 1
    if k == last:
        return s.seconds[last]  # type: ignore[no-any-return]
    part = (share - s.share[k]) / (s.share[k + 1] - s.share[k])
    return s.seconds[k] + part * (s.seconds[k + 1] - s.seconds[k])  # type: ignore[no-any-return]
