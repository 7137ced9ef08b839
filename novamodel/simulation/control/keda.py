"""KEDA's own loop beside the HPA that it makes: the first replica and the last.

After kedacore/keda pkg/scaling/executor/scale_scaledobjects.go and pkg/scaling/scale_handler.go: at each polling
interval the triggers are asked whether they are active (above their activation; CPU and memory have no say). Active at
no replica: to the lower bound. None active for the cooldown: to none, whatever the HPA asks for.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from novamodel.scenario.autoscaler import Autoscaler, Keda
from novamodel.simulation.control.metrics import MetricsApi
from novamodel.simulation.control.pods import Fleet
from novamodel.simulation.control.world import World


class KedaLoop:
    """One ScaledObject."""

    def __init__(self, world: World, fleet: Fleet, autoscaler: Autoscaler, keda: Keda, api: MetricsApi) -> None:
        self.world = world
        self.fleet = fleet
        self.least = autoscaler.min_replicas
        self.keda = keda
        self.api = api
        self.triggers = {
            name: one.activation for name, one in autoscaler.metrics.items() if one.reads not in ("cpu", "memory")
        }
        self.last_active_s = world.env.now
        if self.triggers and keda.to_zero:
            world.env.process(self._poll())

    def _poll(self) -> Generator[Any, Any, None]:
        env = self.world.env
        yield env.timeout(self.world.phase("keda " + self.fleet.name) * self.keda.polling_interval)
        while True:
            self._look(env.now)
            yield env.timeout(self.keda.polling_interval)

    def _look(self, now: float) -> None:
        active = [name for name, above in self.triggers.items() if (self.api.total(name) or 0.0) > above]
        count = self.fleet.spec
        if active:
            self.last_active_s = now
            if count == 0:
                self._scale(self.least, f"trigger {active[0]} is active")
        elif count > 0 and self.last_active_s + self.keda.cooldown < now:
            self._scale(0, f"no trigger is active for {now - self.last_active_s:.0f} s")

    def _scale(self, replicas: int, why: str) -> None:
        before = self.fleet.spec
        self.fleet.scale(replicas)
        self.world.event(self.fleet.name, "scale", f"KEDA: {why}; {before} -> {replicas}", before, replicas)
