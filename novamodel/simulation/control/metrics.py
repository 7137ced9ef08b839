"""What the metrics APIs answer an HPA (or KEDA) of a fleet, beside CPU and memory.

Prometheus scrapes what pods show (`ScalingMetric.period`) and its adapter answers from the last scrapes: a gauge's last
one, a counter's rate over the window, from two scrapes on. A queue is asked when the controller asks. A pod without an
answer is missing; a metric without any is in error. KEDA's fallback (pkg/fallback/fallback.go of kedacore/keda) answers
in its place, from more failures in a row than its threshold on: its replicas times the target a pod, cut to a whole
number, for targets of that kind only.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from typing import Any

from novamodel.analytic import MILLI
from novamodel.components.hpa import Reading, Sample, as_amount
from novamodel.components.queue.messages import NONE
from novamodel.scenario.autoscaler import Fallback
from novamodel.scenario.scaling_metric import OF_PODS, OF_QUEUES, WEEKDAYS, ScalingMetric
from novamodel.simulation import codes
from novamodel.simulation.control.cpu_use import taken
from novamodel.simulation.control.pods import Fleet
from novamodel.simulation.control.world import World
from novamodel.simulation.layout import Link

Scrapes = dict[str, deque[tuple[float, float]]]
DAY_S = 86400.0


class MetricsApi:
    """The further metrics of one fleet."""

    def __init__(
        self, world: World, fleet: Fleet, metrics: dict[str, ScalingMetric], fallback: Fallback | None = None
    ) -> None:
        self.world = world
        self.fallback = fallback
        self._failed = dict.fromkeys(metrics, 0)
        self.fleet = fleet
        self.metrics = metrics
        self._scrapes: dict[str, Scrapes] = {}
        for name, metric in metrics.items():
            if metric.reads in OF_PODS:
                self._scrapes[name] = {}
                world.env.process(self._scrape(name, metric))

    def reading(self, name: str) -> Reading:
        """What a metric shows now, in thousandths."""
        metric = self.metrics[name]
        if metric.type != "Pods":
            total = self._or_fallback(name, self.total(name))
            return Reading(values=[] if total is None else [as_amount(total * MILLI)])
        samples = self._of_pods(name, metric)
        there = {pod.name for pod in self.fleet.pods}
        return Reading(samples={pod: Sample(as_amount(v * MILLI)) for pod, v in samples.items() if pod in there})

    def _or_fallback(self, name: str, total: float | None) -> float | None:
        """A total, or what KEDA says in the place of one that it has not had for some time."""
        self._failed[name] = self._failed[name] + 1 if total is None else 0
        target, fallback = self.metrics[name].average_target, self.fallback
        if total is not None or fallback is None or target is None:
            return total
        return float(fallback.replicas * int(target)) if self._failed[name] > fallback.failure_threshold else None

    def total(self, name: str) -> float | None:
        """The whole, as an Object or External metric shows it; None where there is no answer."""
        metric = self.metrics[name]
        if metric.reads in OF_QUEUES:
            return self._of_queues(metric)
        shown = self._of_pods(name, metric)
        if metric.reads == "series":
            return next(iter(shown.values()), None)
        return sum(shown.values()) if shown else None

    # --- what pods show -----------------------------------------------------------------------------------

    def _scrape(self, name: str, metric: ScalingMetric) -> Generator[Any, Any, None]:
        env, kept = self.world.env, self._scrapes[name]
        yield env.timeout(self.world.phase(f"scrape {name} {self.fleet.name}") * metric.period)
        while True:
            now = env.now
            for pod in self.fleet.pods:
                if pod.row != codes.NONE and pod.booted and not pod.lost:
                    kept.setdefault(pod.name, deque()).append((now, self._shown(metric, pod.row)))
            for pod_name, line in list(kept.items()):
                while line and line[0][0] < now - max(metric.window, metric.period):
                    line.popleft()
                if not line:
                    del kept[pod_name]
            yield env.timeout(metric.period)

    def _shown(self, metric: ScalingMetric, row: int) -> float:
        """What a pod's process says of itself: requests so far, or how many wait or are in progress now."""
        model, fleet = self.world.engine.model, self.fleet
        if metric.reads == "requests":
            return float(model.replicas.begun[row])
        if metric.reads == "in flight":
            return float(model.replicas.in_flight[row])
        if metric.reads == "event loop queue":
            return float(taken(model, row, self.world.env.now)[1])
        ways = [Link(fleet.name, metric.database, reads) for reads in (False, True)]
        links = [self.world.plan.layout.links[way] for way in ways if way in self.world.plan.layout.links]
        places = [int(model.links.first_pool[link]) + row - fleet.rows[0] for link in links]
        return float(sum(int(model.pool.waiting[place]) for place in places))

    def _of_pods(self, name: str, metric: ScalingMetric) -> dict[str, float]:
        if metric.reads == "series":
            value = self._of_series(metric)
            return {} if value is None else {pod.name: value for pod in self.fleet.pods if pod.booted} or {"": value}
        now, found = self.world.env.now, {}
        for pod, line in self._scrapes[name].items():
            if metric.reads == "requests":
                inside = [one for one in line if one[0] >= now - metric.window]
                if len(inside) > 1:
                    (since, before), (last, after) = inside[0], inside[-1]
                    found[pod] = (after - before) / (last - since)
            elif line[-1][0] > now - 2 * metric.period:  # no longer scraped: its series has ended
                found[pod] = line[-1][1]
        return found

    # --- what stands by itself ----------------------------------------------------------------------------

    def _of_series(self, metric: ScalingMetric) -> float | None:
        since = self.world.engine.model.config.midnight + self.world.env.now  # midnight before the counted window
        today = WEEKDAYS[int((self.world.weekday + since // DAY_S) % len(WEEKDAYS))]
        if metric.days and today not in metric.days:
            return 0.0
        clock = since % DAY_S
        return next((value for time, value in reversed(metric.series) if time <= clock), None)

    def _of_queues(self, metric: ScalingMetric) -> float | None:
        model, now = self.world.engine.model, self.world.env.now
        messages, names = model.messages, self.world.plan.layout.queues
        own = [one.queue for one in self.fleet.service.consumers.values()]
        rows = [names.index(one) for one in dict.fromkeys(own if metric.queue is None else [metric.queue])]
        if metric.reads == "queue age":
            oldest = [int(messages.first[q]) for q in rows]
            return max((now - float(messages.entered[slot]) for slot in oldest if slot != NONE), default=0.0)
        flying = metric.reads == "queue messages"
        return float(sum(int(messages.waiting[q]) + flying * int(messages.flying[q]) for q in rows))
