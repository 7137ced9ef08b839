"""How fast a count may change, and between which bounds.

Source: kubernetes/kubernetes pkg/controller/podautoscaler/horizontal.go
(convertDesiredReplicasWithRules, convertDesiredReplicasWithBehaviorRate, calculateScaleUpLimit...,
storeScaleEvent). An event as old as a period no longer counts in it. Where a bound and a rate give the
same figure the controller names the bound as the reason.
"""

import math
from typing import Literal

from novamodel.components.hpa.behavior import FullRules, ScalingPolicy
from novamodel.components.hpa.types import MAX_INT32, ScaleEvent, elapsed_s

Reason = Literal["DesiredWithinRange", "TooFewReplicas", "TooManyReplicas", "ScaleUpLimit", "ScaleDownLimit"]
Events = tuple[ScaleEvent, ...]


def limit_without_behavior(current: int, desired: int, min_replicas: int, max_replicas: int) -> tuple[int, Reason]:
    """Bounds, and growth to at most max(2 x current, 4) in one pass: the path without `behavior`."""
    cap = max(2 * current, 4)
    if desired < min_replicas:
        return min_replicas, "TooFewReplicas"
    if desired > min(max_replicas, cap):
        return (cap, "ScaleUpLimit") if cap < max_replicas else (max_replicas, "TooManyReplicas")
    return desired, "DesiredWithinRange"


def limit_by_rates(
    current: int,
    desired: int,
    min_replicas: int,
    max_replicas: int,
    up_rules: FullRules,
    down_rules: FullRules,
    up_events: Events,
    down_events: Events,
    now: float,
) -> tuple[int, Reason]:
    """Rates and bounds: the path with `behavior`. Upward only max bounds, downward only min.

    A limit never turns the direction round: where the period's allowance is overspent the count stays.
    """
    if desired > current:
        limit = max(scale_up_limit(current, up_events, down_events, up_rules, now), current)
        if desired > min(max_replicas, limit):
            return (limit, "ScaleUpLimit") if limit < max_replicas else (max_replicas, "TooManyReplicas")
    elif desired < current:
        limit = min(scale_down_limit(current, up_events, down_events, down_rules, now), current)
        if desired < max(min_replicas, limit):
            return (limit, "ScaleDownLimit") if limit > min_replicas else (min_replicas, "TooFewReplicas")
    return desired, "DesiredWithinRange"


def scale_up_limit(current: int, up_events: Events, down_events: Events, rules: FullRules, now: float) -> int:
    """Largest count that the rules allow now; it may lie below `current` where changes were overspent."""
    if rules.select_policy == "Disabled":
        return current
    limits = []
    for policy in rules.policies:
        start = _count_at_period_start(current, up_events, down_events, policy, now)
        if policy.type == "Pods":
            limits.append(start + policy.value)
        else:
            limits.append(math.ceil(float(start) * (1.0 + float(policy.value) / 100.0)))
    return min(limits) if rules.select_policy == "Min" else min(max(limits), MAX_INT32)


def scale_down_limit(current: int, up_events: Events, down_events: Events, rules: FullRules, now: float) -> int:
    """Smallest count that the rules allow now; it may lie above `current` where changes were overspent."""
    if rules.select_policy == "Disabled":
        return current
    limits = []
    for policy in rules.policies:
        start = _count_at_period_start(current, up_events, down_events, policy, now)
        if policy.type == "Pods":
            limits.append(start - policy.value)
        else:
            limits.append(math.trunc(float(start) * (1.0 - float(policy.value) / 100.0)))
    return max(limits) if rules.select_policy == "Min" else min(limits)


def change_within(events: Events, period_s: float, now: float) -> int:
    """Sum of the changes that are younger than `period_s` seconds."""
    return sum(event.change for event in events if elapsed_s(event.time_s, now) < period_s)


def store_event(events: Events, change: int, rules: FullRules | None, now: float) -> Events:
    """The log of one direction after a change of `change` pods (without sign).

    Events as old as the longest period of the rules are marked outdated, and the new one takes the place
    of the last of them, else it is appended. Without a `behavior` block (`rules` None) nothing is stored.
    """
    if rules is None:
        return events
    longest_s = max((policy.period_s for policy in rules.policies), default=0)
    marked = [event._replace(outdated=event.outdated or elapsed_s(event.time_s, now) >= longest_s) for event in events]
    outdated = [index for index, event in enumerate(marked) if event.outdated]
    if outdated:
        marked[outdated[-1]] = ScaleEvent(change, now)
    else:
        marked.append(ScaleEvent(change, now))
    return tuple(marked)


def _count_at_period_start(
    current: int, up_events: Events, down_events: Events, policy: ScalingPolicy, now: float
) -> int:
    added = change_within(up_events, policy.period_s, now)
    removed = change_within(down_events, policy.period_s, now)
    return current - added + removed
