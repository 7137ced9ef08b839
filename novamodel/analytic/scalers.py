"""The scenario's autoscaler in its controller's own terms: an HPA's spec, or ECS target tracking's."""

from __future__ import annotations

from novamodel.components.hpa import (
    Behavior,
    ControllerSettings,
    ExternalMetric,
    HpaSpec,
    Metric,
    ObjectMetric,
    PodsMetric,
    ResourceMetric,
    ScalingPolicy,
    ScalingRules,
)
from novamodel.components.target_tracking.target_tracking import TrackingSpec
from novamodel.scenario.autoscaler import Autoscaler
from novamodel.scenario.autoscaler import Behavior as ScenarioBehavior
from novamodel.scenario.scaling_metric import ScalingMetric

MILLI = 1000
"""The controller counts in thousandths; memory, which is large, in bytes here."""


def hpa_spec(autoscaler: Autoscaler) -> HpaSpec:
    """An HPA: CPU, then memory, then the further metrics in their order (`metric_names`)."""
    found: list[Metric] = []
    if autoscaler.cpu_target is not None:
        found.append(ResourceMetric("cpu", target_utilization=round(autoscaler.cpu_target * 100)))
    if autoscaler.memory_target is not None:
        found.append(ResourceMetric("memory", target_utilization=round(autoscaler.memory_target * 100)))
    found += [_metric(name, metric) for name, metric in autoscaler.metrics.items()]
    behavior = None
    if autoscaler.scale_up is not None or autoscaler.scale_down is not None:
        behavior = Behavior(_rules(autoscaler.scale_up), _rules(autoscaler.scale_down))
    settings = ControllerSettings(
        kubernetes_minor=autoscaler.kubernetes_minor,
        tolerance_up=autoscaler.tolerance,
        tolerance_down=autoscaler.tolerance,
        cpu_initialization_period_s=autoscaler.cpu_initialization_period,
        initial_readiness_delay_s=autoscaler.initial_readiness_delay,
        downscale_stabilization_s=autoscaler.downscale_stabilization,
        sync_period_s=autoscaler.sync_period,
    )
    return HpaSpec(autoscaler.min_replicas, autoscaler.max_replicas, tuple(found), behavior, settings)


def metric_names(autoscaler: Autoscaler) -> tuple[str | None, ...]:
    """For each metric of `hpa_spec` its key in the scenario's ``metrics``; None for the CPU and memory targets."""
    plain = [None for target in (autoscaler.cpu_target, autoscaler.memory_target) if target is not None]
    return (*plain, *autoscaler.metrics)


def _metric(name: str, metric: ScalingMetric) -> Metric:
    if metric.type in ("Resource", "ContainerResource"):
        share, amount = metric.utilization_target, metric.average_target
        scale = MILLI if metric.reads == "cpu" else 1
        return ResourceMetric(
            metric.reads,
            target_utilization=None if share is None else max(1, round(share * 100)),
            target_average=None if amount is None else max(1, round(amount * scale)),
            container=metric.container,
        )
    target = max(1, round(metric.target * MILLI))
    if metric.type == "Pods":
        return PodsMetric(name, target)
    kind = ObjectMetric if metric.type == "Object" else ExternalMetric
    return kind(name, target, per_pod=metric.value_target is None)


def _rules(written: ScenarioBehavior | None) -> ScalingRules | None:
    if written is None:
        return None
    policies = tuple(ScalingPolicy(kind, value, int(period)) for kind, value, period in written.policies)
    return ScalingRules(written.stabilization_window, written.select_policy, policies or None, written.tolerance)


def tracking_spec(autoscaler: Autoscaler) -> TrackingSpec:
    """Target tracking: percent of the task's size, and requests a minute and task."""
    targets = (
        ("cpu %", autoscaler.cpu_target and autoscaler.cpu_target * 100),
        ("memory %", autoscaler.memory_target and autoscaler.memory_target * 100),
        ("requests/min", autoscaler.requests_target and autoscaler.requests_target * 60),
    )
    return TrackingSpec(
        autoscaler.min_replicas,
        autoscaler.max_replicas,
        tuple((name, target) for name, target in targets if target),
        autoscaler.scale_out_cooldown,
        autoscaler.scale_in_cooldown,
        autoscaler.scale_in,
    )


__all__ = ["MILLI", "hpa_spec", "metric_names", "tracking_spec"]
