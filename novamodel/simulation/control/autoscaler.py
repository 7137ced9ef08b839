"""The HPA loop over a fleet: kubelet and metrics-server make the samples, `components.hpa` decides."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from novamodel.analytic import MILLI, hpa_spec, metric_names
from novamodel.components.hpa import HpaState, Reading, ResourceMetric, Sample, as_amount, decide
from novamodel.scenario.autoscaler import Autoscaler
from novamodel.simulation import codes
from novamodel.simulation.control.cpu_use import used_cpu
from novamodel.simulation.control.keda import KedaLoop
from novamodel.simulation.control.metrics import MetricsApi
from novamodel.simulation.control.pod import Pod
from novamodel.simulation.control.pods import Fleet
from novamodel.simulation.control.world import World

KUBELET_S = 10.0
"""The kubelet recomputes a container's usage about this often (cAdvisor housekeeping)."""


class HpaLoop:
    """One HorizontalPodAutoscaler and the metrics it reads."""

    def __init__(self, world: World, fleet: Fleet, autoscaler: Autoscaler) -> None:
        self.world = world
        self.fleet = fleet
        self.autoscaler = autoscaler
        self.spec = hpa_spec(autoscaler)
        self.names = metric_names(autoscaler)
        fallback = autoscaler.keda.fallback if autoscaler.keda is not None else None
        self.api = MetricsApi(world, fleet, autoscaler.metrics, fallback)
        if autoscaler.keda is not None:
            KedaLoop(world, fleet, autoscaler, autoscaler.keda, self.api)
        self.state = HpaState()
        self.requests = {
            "cpu": as_amount(fleet.service.resources.cpu_request * MILLI),
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
            pod.fresh["cpu"] = Sample(as_amount(cores * MILLI), now, now - since)
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
            self._resource(metric.resource) if isinstance(metric, ResourceMetric) else self.api.reading(name or "")
            for metric, name in zip(self.spec.metrics, self.names, strict=True)
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

    def _resource(self, resource: str) -> Reading:
        """What metrics-server says of the pods; a pod has one container that takes requests."""
        pods = self.fleet.pods
        return Reading(
            samples={pod.name: pod.samples[resource] for pod in pods if resource in pod.samples},
            requests={pod.name: self.requests[resource] for pod in pods},
        )
