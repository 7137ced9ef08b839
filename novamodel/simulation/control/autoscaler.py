"""The HPA loop over a fleet: kubelet and metrics-server make the samples, `components.hpa` decides."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from novamodel.components.hpa import (
    Behavior,
    ControllerSettings,
    HpaSpec,
    HpaState,
    Reading,
    ResourceMetric,
    Sample,
    ScalingPolicy,
    ScalingRules,
    as_amount,
    decide,
)
from novamodel.scenario.service import Autoscaler
from novamodel.scenario.service import Behavior as ScenarioBehavior
from novamodel.simulation import codes
from novamodel.simulation.control.cpu_use import used_cpu
from novamodel.simulation.control.pod import Pod
from novamodel.simulation.control.pods import Fleet
from novamodel.simulation.control.world import World

KUBELET_S = 10.0
"""The kubelet recomputes a container's usage about this often (cAdvisor housekeeping)."""


def hpa_spec(autoscaler: Autoscaler) -> HpaSpec:
    """The scenario's autoscaler in the controller's terms."""
    metrics = []
    if autoscaler.cpu_target is not None:
        metrics.append(ResourceMetric("cpu", target_utilization=round(autoscaler.cpu_target * 100)))
    if autoscaler.memory_target is not None:
        metrics.append(ResourceMetric("memory", target_utilization=round(autoscaler.memory_target * 100)))
    behavior = None
    if autoscaler.scale_up is not None or autoscaler.scale_down is not None:
        behavior = Behavior(_rules(autoscaler.scale_up), _rules(autoscaler.scale_down))
    settings = ControllerSettings(
        tolerance_up=autoscaler.tolerance, tolerance_down=autoscaler.tolerance, sync_period_s=autoscaler.sync_period
    )
    return HpaSpec(autoscaler.min_replicas, autoscaler.max_replicas, tuple(metrics), behavior, settings)


def _rules(written: ScenarioBehavior | None) -> ScalingRules | None:
    if written is None:
        return None
    policies = tuple(ScalingPolicy(kind, value, int(period)) for kind, value, period in written.policies)
    return ScalingRules(written.stabilization_window, written.select_policy, policies or None)


class HpaLoop:
    """One HorizontalPodAutoscaler and the metrics it reads."""

    def __init__(self, world: World, fleet: Fleet, autoscaler: Autoscaler) -> None:
        self.world = world
        self.fleet = fleet
        self.autoscaler = autoscaler
        self.spec = hpa_spec(autoscaler)
        self.state = HpaState()
        self.requests = {
            "cpu": as_amount(fleet.service.resources.cpu_request * 1000),
            "memory": as_amount(fleet.service.resources.memory_request),
        }
        world.env.process(self._kubelet())
        world.env.process(self._metrics_server())
        world.env.process(self._controller())

    def _kubelet(self) -> Generator[Any, Any, None]:
        env = self.world.env
        yield env.timeout(self.world.phase("kubelet " + self.fleet.name) * KUBELET_S)
        while True:
            for pod in self.fleet.pods:
                if pod.row != codes.NONE and not pod.lost:
                    self._measure(pod)
            yield env.timeout(KUBELET_S)

    def _measure(self, pod: Pod) -> None:
        now = self.world.env.now
        model = self.world.engine.model
        used = used_cpu(model, pod.row, now)
        if pod.cpu_seen is not None and now > pod.cpu_seen[0]:
            since, before = pod.cpu_seen
            cores = (used - before) / (now - since)
            pod.fresh["cpu"] = Sample(as_amount(cores * 1000), now, now - since)
        pod.cpu_seen = (now, used)
        memory = self.fleet.memory_of(int(model.replicas.in_flight[pod.row]))
        pod.fresh["memory"] = Sample(as_amount(memory), now, 0.0)

    def _metrics_server(self) -> Generator[Any, Any, None]:
        env = self.world.env
        yield env.timeout(self.world.phase("metrics " + self.fleet.name) * self.autoscaler.metrics_period)
        while True:
            for pod in self.fleet.pods:
                pod.samples = dict(pod.fresh)
            yield env.timeout(self.autoscaler.metrics_period)

    def _controller(self) -> Generator[Any, Any, None]:
        env = self.world.env
        yield env.timeout(self.world.phase("hpa " + self.fleet.name) * self.autoscaler.sync_period)
        while True:
            self._decide()
            yield env.timeout(self.autoscaler.sync_period)

    def _decide(self) -> None:
        pods = self.fleet.pods
        readings = [
            Reading(
                samples={pod.name: pod.samples[metric.resource] for pod in pods if metric.resource in pod.samples},
                requests={pod.name: self.requests[metric.resource] for pod in pods},
            )
            for metric in self.spec.metrics
            if isinstance(metric, ResourceMetric)
        ]
        before = self.fleet.spec
        decision = decide(
            self.spec, self.state, [pod.state() for pod in pods], readings, before, len(pods), self.world.env.now
        )
        self.state = decision.state
        if decision.desired != before:
            self.fleet.scale(decision.desired)
            self.world.event(self.fleet.name, "scale", decision.explanation, before, decision.desired)
        elif decision.proposed is not None and decision.proposed > before:
            self.world.event(self.fleet.name, "hold", decision.explanation, before, decision.desired)
