"""ECS target tracking: two CloudWatch alarms of one-minute points, a proportional step, cooldowns.

Sources: Amazon ECS Developer Guide, "Use a target metric to scale Amazon ECS services" (proportional out, more
gradual in, never in on insufficient data, no scale-in during a deployment, several policies: out if any says so, in
only if all do); Application Auto Scaling User Guide, "Target tracking scaling policies" (cooldowns). AWS does not
publish the alarms' counts nor the step: three points above the target and fifteen below nine tenths of it, and
capacity times metric over target rounded up, are what its alarms show in use.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

OUT_POINTS = 3
IN_POINTS = 15
LOW_SHARE = 0.9
NEVER = -math.inf
ROUNDING = 1e-9


class TrackingSpec(NamedTuple):
    """One scalable target and its policies."""

    min_capacity: int
    max_capacity: int
    targets: tuple[tuple[str, float], ...]  # name and target value of each metric
    out_cooldown_s: float = 300.0
    in_cooldown_s: float = 300.0
    scale_in: bool = True


class TrackingState(NamedTuple):
    """What is remembered between two minutes."""

    out_until_s: float = NEVER  # end of the cooldown after scaling out
    out_base: int = 0  # capacity before the scale-out that began it
    in_until_s: float = NEVER


class TrackingDecision(NamedTuple):
    """The new capacity (the old one where nothing happens), and why."""

    desired: int
    state: TrackingState
    explanation: str


def track(
    spec: TrackingSpec,
    state: TrackingState,
    points: Sequence[Sequence[float | None]],
    capacity: int,
    now: float,
    *,
    deploying: bool = False,
) -> TrackingDecision:
    """Decide once a minute.

    ``points`` has the minutes of each metric, the newest last, None where CloudWatch has no data.
    """
    bounded = min(max(capacity, spec.min_capacity), spec.max_capacity)
    if bounded != capacity:
        return TrackingDecision(bounded, state, f"capacity {capacity} is outside its bounds")
    out = [i for i in range(len(spec.targets)) if _all(points[i], OUT_POINTS, lambda v, t: v > t, spec.targets[i][1])]
    if out:
        return _scale_out(spec, state, points, capacity, now, out)
    below = [
        i
        for i in range(len(spec.targets))
        if _all(points[i], IN_POINTS, lambda v, t: v < LOW_SHARE * t, spec.targets[i][1])
    ]
    if len(below) < len(spec.targets):
        return TrackingDecision(capacity, state, "no alarm, or too few points to scale in")
    return _scale_in(spec, state, points, capacity, now, deploying)


def resting_capacity(spec: TrackingSpec, start: int, value_at: Callable[[int], Sequence[float]]) -> int:
    """Where it comes to rest at a constant load; ``value_at(capacity)`` gives the metrics. A cycle's highest count."""
    capacity, seen = min(max(start, spec.min_capacity), spec.max_capacity), []
    while capacity not in seen:
        seen.append(capacity)
        values = value_at(capacity)
        wanted = max(_step(capacity, value, target) for value, (_, target) in zip(values, spec.targets, strict=True))
        low = all(value < LOW_SHARE * target for value, (_, target) in zip(values, spec.targets, strict=True))
        if wanted > capacity or (low and spec.scale_in):
            capacity = min(max(wanted, spec.min_capacity), spec.max_capacity)
    return max(seen[seen.index(capacity) :])


def _all(points: Sequence[float | None], count: int, breaches: Callable[[float, float], bool], target: float) -> bool:
    last = points[-count:]
    return len(last) == count and all(value is not None and breaches(value, target) for value in last)


def _step(capacity: int, value: float, target: float) -> int:
    return math.ceil(capacity * value / target - ROUNDING)


def _newest(points: Sequence[float | None]) -> float:
    return float(points[-1] or 0.0)


def _scale_out(
    spec: TrackingSpec,
    state: TrackingState,
    points: Sequence[Sequence[float | None]],
    capacity: int,
    now: float,
    out: list[int],
) -> TrackingDecision:
    """What a scale-out in its cooldown has added already counts as part of the next one."""
    cooling = now < state.out_until_s
    base = state.out_base if cooling else capacity
    wanted, which = max((_step(base, _newest(points[i]), spec.targets[i][1]), i) for i in out)
    name, target = spec.targets[which]
    text = f"{name} {_newest(points[which]):.3g} over target {target:.3g} for {OUT_POINTS} minutes: {base} -> {wanted}"
    desired = min(wanted, spec.max_capacity)
    ended = state._replace(in_until_s=NEVER)  # an alarm to scale out ends the cooldown of a scale-in
    if desired <= capacity:
        why = "already at the maximum" if capacity >= spec.max_capacity else "cooldown"
        return TrackingDecision(capacity, ended, f"{text}, {why}")
    if wanted > desired:
        text += f", at most {desired}"
    return TrackingDecision(desired, TrackingState(now + spec.out_cooldown_s, base, NEVER), text)


def _scale_in(
    spec: TrackingSpec,
    state: TrackingState,
    points: Sequence[Sequence[float | None]],
    capacity: int,
    now: float,
    deploying: bool,
) -> TrackingDecision:
    wanted, which = max((_step(capacity, _newest(points[i]), spec.targets[i][1]), i) for i in range(len(points)))
    name, target = spec.targets[which]
    text = f"{name} {_newest(points[which]):.3g} below 90 % of target {target:.3g} for {IN_POINTS} minutes"
    desired = max(wanted, spec.min_capacity)
    if desired >= capacity:
        return TrackingDecision(capacity, state, f"{text}: nothing to remove")
    if not spec.scale_in or deploying or now < state.in_until_s:
        why = "scale-in is switched off" if not spec.scale_in else "a deployment runs" if deploying else "cooldown"
        return TrackingDecision(capacity, state, f"{text}: {why}")
    return TrackingDecision(
        desired, state._replace(in_until_s=now + spec.in_cooldown_s), f"{text}: {capacity} -> {desired}"
    )
