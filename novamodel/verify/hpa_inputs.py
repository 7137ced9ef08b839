"""Recorded cases turned into the data that the rules take: ages become times before `now = 0`."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from novamodel.components.hpa.behavior import ScalingPolicy, ScalingRules
from novamodel.components.hpa.types import (
    ControllerSettings,
    ExternalMetric,
    Metric,
    ObjectMetric,
    PodsMetric,
    PodState,
    Reading,
    Recommendation,
    ResourceMetric,
    Sample,
    ScaleEvent,
)

Case = Mapping[str, Any]


def settings_of(case: Case) -> ControllerSettings:
    """The controller's settings of a case (`config`), defaults where it has none."""
    known = {item.name for item in fields(ControllerSettings)}
    return ControllerSettings(**{key: value for key, value in case.get("config", {}).items() if key in known})


def pods_of(pods: Sequence[Case]) -> list[PodState]:
    """The pods of a case; a pod without a name is called by its place."""
    return [
        PodState(
            _name(index, pod),
            pod["phase"],
            pod["ready"],
            None if pod["start_age_s"] is None else _time(pod["start_age_s"]),
            _time(pod["ready_transition_age_s"]),
            pod["deleted"],
        )
        for index, pod in enumerate(pods)
    ]


def pod_reading(
    pods: Sequence[Case],
    values: Sequence[int | None],
    requests: Sequence[int | None] = (),
    orphans: Sequence[int] = (),
) -> Reading:
    """A reading by pod from columns that line up with `pods`; `orphans` are samples of vanished pods."""
    names = [_name(index, pod) for index, pod in enumerate(pods)]
    samples = {
        name: Sample(value, _time(pod["sample_age_s"]), pod["sample_window_s"] or 0.0)
        for name, pod, value in zip(names, pods, values, strict=True)
        if value is not None
    }
    samples.update((f"vanished-{index}", Sample(value)) for index, value in enumerate(orphans))
    return Reading(samples, dict(zip(names, requests, strict=False)))


def metric_and_reading(pods: Sequence[Case], item: Case) -> tuple[Metric, Reading]:
    """One metric of a `reconcile` case, and what it shows (columns that line up with `pods`)."""
    kind = item["type"]
    if kind in ("Resource", "ContainerResource"):
        target: Metric = ResourceMetric(
            item["resource"],
            item.get("target_utilization"),
            item.get("target_average"),
            item.get("container"),
        )
        reading = pod_reading(pods, item["pod_usage"], item["pod_request"], item.get("orphan_usage", ()))
    elif kind == "Pods":
        target = PodsMetric("pods", item["target_average"])
        reading = pod_reading(pods, item["pod_value"])
    elif kind in ("Object", "External"):
        per_pod = item["target_kind"] == "AverageValue"
        of_kind = ObjectMetric if kind == "Object" else ExternalMetric
        target, reading = of_kind(kind.lower(), item["target"], per_pod), Reading(values=item["values"])
    else:
        return ExternalMetric(kind, 1), Reading(error=f"unknown metric source type {kind}")
    if item.get("fetch_error") or item.get("invalid"):
        reading = Reading(error="the metric cannot be had")
    return target, reading


def rules_of(rules: Case | None) -> ScalingRules | None:
    """Scaling rules of a case; None stays None (defaults), and so does what the rules leave out."""
    if rules is None:
        return None
    policies = tuple(ScalingPolicy(p["type"], p["value"], p["period_s"]) for p in rules.get("policies") or ())
    return ScalingRules(
        rules.get("stabilization_window_s"),
        rules.get("select_policy"),
        policies or None,
        rules.get("tolerance"),
    )


def events_of(events: Sequence[Case]) -> tuple[ScaleEvent, ...]:
    """A log of changes, `{change, age_s}`."""
    return tuple(ScaleEvent(e["change"], _time(e["age_s"]), e.get("outdated", False)) for e in events)


def log_of(entries: Sequence[Case]) -> tuple[Recommendation, ...]:
    """A log of proposals, `{replicas, age_s}`."""
    return tuple(Recommendation(entry["replicas"], _time(entry["age_s"])) for entry in entries)


def _name(index: int, pod: Case) -> str:
    return str(pod.get("name", f"pod-{index}"))


def _time(age_s: float | None) -> float:
    return -math.inf if age_s is None else -float(age_s)
