"""ECS target tracking over a fleet: a point a minute to CloudWatch, its delay, and `components.target_tracking`."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np

from novamodel.analytic import tracking_spec
from novamodel.components.hpa import Sample, as_amount
from novamodel.components.target_tracking.target_tracking import IN_POINTS, TrackingState, track
from novamodel.scenario.autoscaler import Autoscaler
from novamodel.simulation import codes
from novamodel.simulation.control.cpu_use import used_cpu
from novamodel.simulation.control.pods import Fleet
from novamodel.simulation.control.world import World
from novamodel.simulation.recorder import OUTCOMES

PERIOD_S = 60.0


class TargetTracking:
    """The scalable target of one service."""

    def __init__(self, world: World, fleet: Fleet, autoscaler: Autoscaler) -> None:
        self.world = world
        self.fleet = fleet
        self.delay = autoscaler.metric_delay
        self.spec = tracking_spec(autoscaler)
        self.state = TrackingState()
        self.points: list[list[float | None]] = [[] for _ in self.spec.targets]
        self._routes = [i for i, route in enumerate(world.plan.book.names) if route in fleet.service.routes]
        self._used: dict[str, tuple[float, float]] = {}
        self._admitted = 0.0
        world.env.process(self._minutes())

    def _minutes(self) -> Generator[Any, Any, None]:
        env = self.world.env
        yield env.timeout(self.world.phase("cloudwatch " + self.fleet.name) * PERIOD_S)
        self._measure()
        while True:
            yield env.timeout(PERIOD_S)
            env.process(self._publish(self._measure(), self._samples()))

    def _publish(
        self, values: dict[str, float | None], samples: dict[str, dict[str, Sample]]
    ) -> Generator[Any, Any, None]:
        """The minute's points become visible, and the alarms are evaluated."""
        yield self.world.env.timeout(self.delay)
        for pod in self.fleet.pods:
            pod.samples = samples.get(pod.name, {})
        for line, (name, _) in zip(self.points, self.spec.targets, strict=True):
            line.append(values[name])
            del line[:-IN_POINTS]
        before, now = self.fleet.spec, self.world.env.now
        decision = track(self.spec, self.state, self.points, before, now, deploying=self.fleet.rolling)
        self.state = decision.state
        if decision.desired != before:
            self.fleet.scale(decision.desired)
            self.world.event(self.fleet.name, "scale", decision.explanation, before, decision.desired)

    def _measure(self) -> dict[str, float | None]:
        """Means of the minute that ends now, over the tasks that ran all through it; None without any."""
        model, now, resources = self.world.engine.model, self.world.env.now, self.fleet.service.resources
        cores, memory, marks = [], [], {}
        for pod in self.fleet.pods:
            if pod.row == codes.NONE or pod.lost:
                continue
            used = used_cpu(model, pod.row, now)
            marks[pod.name] = (now, used)
            if pod.name in self._used:
                since, before = self._used[pod.name]
                cores.append((used - before) / (now - since))
                memory.append(self.fleet.memory_of(int(model.replicas.in_flight[pod.row])))
                pod.fresh = {
                    "cpu": Sample(as_amount(cores[-1] * 1000), now, now - since),
                    "memory": Sample(as_amount(memory[-1]), now, 0.0),
                }
        self._used = marks
        ready, admitted = self.fleet.ready_count(), self._admitted
        self._admitted = self._count()
        return {
            "cpu %": 100 * sum(cores) / (len(cores) * resources.cpu_request) if cores else None,
            "memory %": 100 * sum(memory) / (len(memory) * resources.memory_request) if memory else None,
            "requests/min": (self._admitted - admitted) / ready if ready else None,
        }

    def _samples(self) -> dict[str, dict[str, Sample]]:
        return {pod.name: dict(pod.fresh) for pod in self.fleet.pods}

    def _count(self) -> float:
        """Requests that the edge has let in to this service since the run began."""
        record = self.world.engine.model.record
        arrived = np.asarray(record.arrived) - np.asarray(record.outcome).reshape(-1, OUTCOMES)[:, codes.REJECTED]
        return float((arrived + self.world.admitted_before)[self._routes].sum())
