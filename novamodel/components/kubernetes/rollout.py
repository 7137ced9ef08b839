"""Which replicas a rolling update starts and ends next: the Deployment controller's arithmetic, and ECS's bounds.

Source: kubernetes/kubernetes pkg/controller/deployment/rolling.go (reconcileNewReplicaSet,
reconcileOldReplicaSets), util/deployment_util.go (ResolveFenceposts, NewRSNewReplicas, MaxUnavailable); ECS:
DeploymentConfiguration in the API reference (minimumHealthyPercent rounds up, maximumPercent rounds down).
"""

from __future__ import annotations

from typing import NamedTuple


class Bounds(NamedTuple):
    """How far a rolling update may go from the wanted number."""

    surge: int  # replicas above it
    unavailable: int  # available replicas below it


class Moves(NamedTuple):
    """What to do now; a pass that starts something ends nothing."""

    start: int  # new replicas
    end_unready: int  # old replicas that are not available, ended first
    end_available: int  # old replicas that are
    end_new: int  # new replicas above the wanted number


def kubernetes_bounds(replicas: int, max_surge: int | str, max_unavailable: int | str) -> Bounds:
    """Counts, or percentages like ``"25 %"``: surge rounds up, unavailable down; both 0 -> one unavailable."""
    surge = _scaled(max_surge, replicas, up=True)
    unavailable = _scaled(max_unavailable, replicas, up=False)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return Bounds(surge, min(unavailable, replicas))


def ecs_bounds(replicas: int, minimum_healthy_percent: int, maximum_percent: int) -> Bounds:
    """The least healthy tasks round up, the most tasks round down; both bounds may be 0, then nothing moves."""
    least = -(-replicas * minimum_healthy_percent // 100)
    most = replicas * maximum_percent // 100
    return Bounds(max(0, most - replicas), max(0, replicas - least))


def _scaled(value: int | str, total: int, *, up: bool) -> int:
    if isinstance(value, int):
        return value
    percent = int(value.replace("%", "").strip())
    return -(-percent * total // 100) if up else percent * total // 100


def next_moves(wanted: int, bounds: Bounds, old: int, old_available: int, new: int, new_available: int) -> Moves:
    """One pass of the controller over the replicas of the old version and the new one."""
    if new > wanted:
        return Moves(0, 0, 0, new - wanted)
    start = min(wanted + bounds.surge - (old + new), wanted - new)
    if start > 0:
        return Moves(start, 0, 0, 0)
    least = wanted - bounds.unavailable
    room = old + new - least - (new - new_available)
    if old == 0 or room <= 0:
        return Moves(0, 0, 0, 0)
    unready = min(old - old_available, room)
    spare = old_available + new_available - least
    return Moves(0, unready, max(0, min(spare, old_available)), 0)
