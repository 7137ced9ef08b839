"""One metric to one proposed count.

Source: kubernetes/kubernetes pkg/controller/podautoscaler/replica_calculator.go and
metrics/utilization.go. Integers and doubles are used where the controller uses them: a utilisation is a
whole percent, and a ratio is the quotient of two doubles.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from novamodel.components.hpa.pods import PodGroups, checked_requests, group_pods, ready_and_running
from novamodel.components.hpa.types import (
    MAX_INT32,
    MAX_INT64,
    ControllerSettings,
    ExternalMetric,
    Metric,
    NoAnswer,
    ObjectMetric,
    PodsMetric,
    PodState,
    Reading,
    ResourceMetric,
)

WITHIN_TOLERANCE = "inside the tolerance"
WITHIN_TOLERANCE_REFILLED = "inside the tolerance once unready and missing pods are counted"
RATIO_REVERSED = "direction reversed once unready and missing pods are counted"
COUNT_REVERSED = "count against the direction of the ratio"


class Tolerance(NamedTuple):
    """The band round a ratio of 1 in which nothing is done; `two_sided` is the rule from 1.33 on."""

    up: float
    down: float
    two_sided: bool = True

    def holds(self, ratio: float) -> bool:
        """Whether `ratio` is too near to 1 to act, in the controller's floating point."""
        if self.two_sided:
            return (1.0 - self.down) <= ratio <= (1.0 + self.up)
        return abs(1.0 - ratio) <= self.up


class Proposal(NamedTuple):
    """What one metric says: `replicas`, or None and `error`; the rest explains it.

    `ratio` is the first one (used / target), `refilled_ratio` the one after unready and missing pods
    were put back, `utilization` the reported whole percent, `average` the mean amount a pod (or the
    total, for a Value target), `held` why the current count was kept ("" where it was not).
    """

    metric: str
    replicas: int | None = None
    error: str | None = None
    ratio: float | None = None
    refilled_ratio: float | None = None
    utilization: int | None = None
    average: int | None = None
    groups: PodGroups | None = None
    held: str = ""


def propose(
    metric: Metric,
    reading: Reading,
    pods: Sequence[PodState],
    spec_replicas: int,
    status_replicas: int,
    tolerance: Tolerance,
    settings: ControllerSettings,
    now: float,
) -> Proposal:
    """Propose a count for one metric; a metric that cannot answer comes back with `error` set."""
    try:
        if reading.error is not None:
            raise NoAnswer(reading.error)
        if isinstance(metric, ResourceMetric | PodsMetric):
            return _pod_metric(metric, reading, pods, spec_replicas, tolerance, settings, now)
        if metric.per_pod:
            return _average_value(metric, reading.values, status_replicas, tolerance)
        return _value(metric, reading.values, pods, spec_replicas, tolerance)
    except NoAnswer as no_answer:
        return Proposal(metric.name, error=str(no_answer))


def utilization_ratio(
    usage: Mapping[str, int], requests: Mapping[str, int], target_utilization: int
) -> tuple[float, int, int]:
    """(ratio, utilisation in whole percent, mean usage) over the pods with both usage and request.

    A ratio of sums, not a mean of the pods' percentages. Raises `NoAnswer` where no request is known.
    """
    known = [name for name in usage if name in requests]
    requested = sum(requests[name] for name in known)
    if requested == 0:
        raise NoAnswer("no metrics returned matched known pods")
    used = sum(usage[name] for name in known)
    utilization = _quotient(used * 100, requested)
    return float(utilization) / float(target_utilization), utilization, _quotient(used, len(known))


def usage_ratio(usage: Mapping[str, int], target_average: int) -> tuple[float, int]:
    """(ratio, whole mean) of raw values against a target average. Raises `NoAnswer` without values."""
    if not usage:
        raise NoAnswer("no metrics returned matched known pods")
    mean = _quotient(sum(usage.values()), len(usage))
    return float(mean) / float(target_average), mean


def _pod_metric(
    metric: ResourceMetric | PodsMetric,
    reading: Reading,
    pods: Sequence[PodState],
    current: int,
    tolerance: Tolerance,
    settings: ControllerSettings,
    now: float,
) -> Proposal:
    resource = metric.resource if isinstance(metric, ResourceMetric) else ""
    if not reading.samples:
        raise NoAnswer(f"no metrics returned from {'resource' if resource else 'custom'} metrics API")
    if not pods:
        raise NoAnswer("no pods returned by selector while calculating replica count")
    groups = group_pods(pods, reading.samples, resource, settings, now)
    left_out = {*groups.ignored, *groups.unready}
    usage = {name: sample.value for name, sample in reading.samples.items() if name not in left_out}
    if not usage:
        raise NoAnswer("did not receive metrics for targeted pods (pods might be unready)")

    if isinstance(metric, ResourceMetric) and metric.target_utilization is not None:
        target = metric.target_utilization
        requests = checked_requests(pods, reading.requests, resource)
        ratio, utilization, average = utilization_ratio(usage, requests, target)
        counted = _count_pods(
            usage,
            groups,
            current,
            ratio,
            tolerance,
            lambda filled: utilization_ratio(filled, requests, target)[0],
            lambda name: _quotient(requests[name] * max(100, target), 100),
        )
        return counted._replace(metric=metric.name, utilization=utilization, average=average)

    average_target = metric.target_average
    if average_target is None:
        raise NoAnswer(f"metric {metric.name} has no target")
    ratio, average = usage_ratio(usage, average_target)
    counted = _count_pods(
        usage,
        groups,
        current,
        ratio,
        tolerance,
        lambda filled: usage_ratio(filled, average_target)[0],
        lambda name: average_target,
    )
    return counted._replace(metric=metric.name, average=average)


def _count_pods(
    usage: dict[str, int],
    groups: PodGroups,
    current: int,
    ratio: float,
    tolerance: Tolerance,
    ratio_of: Callable[[Mapping[str, int]], float],
    assumed_use: Callable[[str], int],
) -> Proposal:
    """The count from a ratio; unready and missing pods are put back with a use that damps the move.

    Missing pods count as `assumed_use` on the way down and 0 on the way up; unready ones as 0 on the way
    up and stay out on the way down. Samples of vanished pods keep their place in `usage`.
    """
    found = Proposal("", ratio=ratio, groups=groups)
    put_back_unready = bool(groups.unready) and ratio > 1.0
    if not put_back_unready and not groups.missing:
        if tolerance.holds(ratio):
            return found._replace(replicas=current, held=WITHIN_TOLERANCE)
        return found._replace(replicas=_ceil_int32(ratio * float(groups.counted)))

    filled = dict(usage)
    if ratio < 1.0:
        filled.update((name, assumed_use(name)) for name in groups.missing)
    elif ratio > 1.0:
        filled.update((name, 0) for name in groups.missing)
    if put_back_unready:
        filled.update((name, 0) for name in groups.unready)

    refilled = ratio_of(filled)
    found = found._replace(refilled_ratio=refilled)
    if tolerance.holds(refilled):
        return found._replace(replicas=current, held=WITHIN_TOLERANCE_REFILLED)
    if (ratio < 1.0 < refilled) or (refilled < 1.0 < ratio):
        return found._replace(replicas=current, held=RATIO_REVERSED)
    replicas = _ceil_int32(refilled * float(len(filled)))
    if (refilled < 1.0 and replicas > current) or (refilled > 1.0 and replicas < current):
        return found._replace(replicas=current, held=COUNT_REVERSED)
    return found._replace(replicas=replicas)


def _value(
    metric: ObjectMetric | ExternalMetric,
    values: Sequence[int],
    pods: Sequence[PodState],
    current: int,
    tolerance: Tolerance,
) -> Proposal:
    """Target type Value: the ratio times the pods that are Running and Ready; from 0, the ratio itself."""
    total = _sum_of(values)
    ratio = float(total) / float(metric.target)
    found = Proposal(metric.name, ratio=ratio, average=total)
    if current == 0:
        return found._replace(replicas=_ceil_int32(ratio))
    if tolerance.holds(ratio):
        return found._replace(replicas=current, held=WITHIN_TOLERANCE)
    if not pods:
        raise NoAnswer("no pods returned by selector while calculating replica count")
    return found._replace(replicas=_ceil_int32(ratio * float(ready_and_running(pods))))


def _average_value(
    metric: ObjectMetric | ExternalMetric,
    values: Sequence[int],
    status_replicas: int,
    tolerance: Tolerance,
) -> Proposal:
    """Target type AverageValue: ceil(total / target), unless the mean over `status_replicas` will do."""
    total = _sum_of(values)
    wanted = float(metric.target) * float(status_replicas)
    if wanted == 0.0:
        ratio = math.inf if total else math.nan
    else:
        ratio = float(total) / wanted
    average = MAX_INT64 if float(total) >= float(MAX_INT64) else 0
    if not average and status_replicas:
        average = math.ceil(float(total) / float(status_replicas))
    found = Proposal(metric.name, ratio=ratio, average=average)
    if tolerance.holds(ratio):
        return found._replace(replicas=status_replicas, held=WITHIN_TOLERANCE)
    return found._replace(replicas=_ceil_int32(float(total) / float(metric.target)))


def _sum_of(values: Sequence[int]) -> int:
    if not values:
        raise NoAnswer("no metrics returned from external metrics API")
    return min(sum(values), MAX_INT64)


def _quotient(dividend: int, divisor: int) -> int:
    """Integer division that cuts towards zero, as Go's does."""
    quotient = abs(dividend) // abs(divisor)
    return quotient if (dividend < 0) == (divisor < 0) else -quotient


def _ceil_int32(value: float) -> int:
    """Round up into the range of a 32-bit integer (the controller's type of a replica count)."""
    if value >= MAX_INT32:
        return MAX_INT32
    return math.ceil(max(value, -MAX_INT32))
