"""Pods of one service: start, boot, probes, restarts, termination.

After the kubelet (kubernetes/kubernetes pkg/kubelet/prober/worker.go and the probe documentation): a probe ticks
every period from the pod's start; ticks while no container runs or it is younger than initialDelaySeconds are
skipped; readiness begins as failed; a killed container restarts after 0, 10, 20, ... at most 300 s.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import simpy

from novamodel.components.hpa import PodState, Sample
from novamodel.components.restarts import restart_delay
from novamodel.scenario.service import Probe, Service
from novamodel.simulation import codes
from novamodel.simulation.control.world import World

LONG_AGO = -1e6
FIRST_LOOK = 0.05
"""A probe's answer is looked for after this many seconds, then at its time-out."""
RESTART_RESET_S = 600.0
ROUNDING = 1e-6


@dataclass
class Pod:
    """One pod; `row` is its replica row in the data plane."""

    name: str
    row: int = codes.NONE
    phase: str = "Pending"
    start_s: float | None = None
    ready: bool | None = None
    ready_changed_s: float = LONG_AGO
    terminating: bool = False
    gone: bool = False
    restarts: int = 0
    booted: bool = False
    container_s: float | None = None  # when its container started, None while none runs
    life: int = 0
    cpu_seen: tuple[float, float] | None = None
    fresh: dict[str, Sample] = field(default_factory=dict)
    samples: dict[str, Sample] = field(default_factory=dict)

    def state(self) -> PodState:
        """What the autoscaler's controller sees."""
        return PodState(self.name, self.phase, self.ready, self.start_s, self.ready_changed_s, self.terminating)  # type: ignore[arg-type]


class Fleet:
    """The pods of one service."""

    def __init__(self, world: World, name: str, service: Service, rows: tuple[int, int], replicas: int) -> None:
        self.world = world
        self.env: simpy.Environment = world.env
        self.name = name
        self.service = service
        self.rows = rows
        self.pods: list[Pod] = []
        self.spec = replicas
        self._created = 0
        for _ in range(replicas):
            self._start_warm()
        if service.resources.memory_limit is not None:
            self.env.process(self._watch_memory())

    # --- what others read -------------------------------------------------------------------------------

    def alive(self) -> list[Pod]:
        """Pods that exist and are not on their way out."""
        return [pod for pod in self.pods if not pod.terminating]

    def ready_count(self) -> int:
        """Pods that get requests."""
        return sum(pod.ready is True and not pod.terminating for pod in self.pods)

    # --- scaling ------------------------------------------------------------------------------------------

    def scale(self, replicas: int) -> None:
        """Set the wanted number; pods start and end accordingly."""
        self.spec = replicas
        alive = self.alive()
        for _ in range(replicas - len(alive)):
            self._start_cold()
        if replicas < len(alive):
            order = sorted(alive, key=lambda p: (p.ready is True, p.phase == "Running", -(p.ready_changed_s)))
            for pod in order[: len(alive) - replicas]:
                self.env.process(self._terminate(pod))

    def _new_pod(self) -> Pod:
        self._created += 1
        pod = Pod(f"{self.name}-{self._created}")
        self.pods.append(pod)
        return pod

    def _take_row(self) -> int:
        used = {pod.row for pod in self.pods}
        in_flight = self.world.plane.model.replicas.in_flight
        free = (r for r in range(*self.rows) if r not in used and in_flight[r] == 0)
        return next(free, codes.NONE)

    def _start_warm(self) -> None:
        """A pod that has been there since long before the run."""
        pod = self._new_pod()
        pod.row = self._take_row()
        pod.phase, pod.start_s, pod.container_s, pod.booted = "Running", LONG_AGO, LONG_AGO, True
        self._set_ready(pod, True)
        pod.ready_changed_s = LONG_AGO
        self._start_probes(pod, since=self.world.phase(pod.name) * -10.0)

    def _start_cold(self) -> None:
        self.env.process(self._life(self._new_pod()))

    def _life(self, pod: Pod) -> Generator[Any, Any, None]:
        yield self.env.timeout(self.service.runtime.start_delay)
        while pod.row == codes.NONE and not pod.terminating:
            pod.row = self._take_row()
            if pod.row == codes.NONE:
                yield self.env.timeout(1.0)
        if pod.terminating:
            self._remove(pod)
            return
        pod.phase, pod.start_s, pod.ready = "Running", self.env.now, False
        pod.ready_changed_s = self.env.now
        self.env.process(self._boot(pod))
        self._start_probes(pod, since=self.env.now)

    def _boot(self, pod: Pod) -> Generator[Any, Any, None]:
        """The process starts: CPU under the container's own limit, then it listens."""
        life = pod.life
        pod.container_s = self.env.now
        serial = self.world.inject(self.name, codes.BOOT, pod.row)
        while not pod.gone and pod.life == life:
            yield self.env.timeout(FIRST_LOOK)
            if self.world.done(codes.BOOT, pod.row) == serial:
                pod.booted = True
                return

    def _terminate(self, pod: Pod) -> Generator[Any, Any, None]:
        pod.terminating = True
        self._set_ready(pod, False)
        if pod.row != codes.NONE:
            yield self.env.timeout(self.service.termination_grace)
            self.world.plane.kill(pod.row)  # with what it still does, and its connections
            self._remove(pod)

    def _remove(self, pod: Pod) -> None:
        pod.gone = True
        self.pods.remove(pod)

    def _set_ready(self, pod: Pod, ready: bool) -> None:
        if pod.row != codes.NONE:
            self.world.plane.model.upstream.down[pod.row] = 0 if ready else 1
        if pod.ready is not ready:
            pod.ready = ready
            pod.ready_changed_s = self.env.now

    # --- probes --------------------------------------------------------------------------------------------

    def _start_probes(self, pod: Pod, since: float) -> None:
        if self.service.readiness is not None:
            self.env.process(self._probe(pod, self.service.readiness, codes.READINESS, since))
        else:
            self.env.process(self._ready_when_booted(pod))
        if self.service.liveness is not None:
            self.env.process(self._probe(pod, self.service.liveness, codes.LIVENESS, since))

    def _ready_when_booted(self, pod: Pod) -> Generator[Any, Any, None]:
        while not pod.gone and not pod.terminating:
            if pod.booted and pod.ready is not True:
                self._ready_event(pod, True, "listens; there is no readiness probe")
            yield self.env.timeout(1.0)

    @staticmethod
    def _stays(pod: Pod) -> bool:
        return not pod.gone and not pod.terminating

    def _probe(self, pod: Pod, probe: Probe, kind: int, since: float) -> Generator[Any, Any, None]:
        ticks = max(0, -int(-(self.env.now - since) // probe.period))
        failures = 0
        at = since + ticks * probe.period
        while self._stays(pod):
            if at > self.env.now:
                yield self.env.timeout(at - self.env.now)
            if not self._stays(pod):
                return
            life = pod.life
            due = pod.container_s is not None and self.env.now - pod.container_s > probe.initial_delay - ROUNDING
            passed = due and (yield from self._ask(pod, probe, kind))
            failures = 0 if passed or not due or pod.life != life else failures + 1
            if kind == codes.READINESS:
                if passed and pod.ready is not True:
                    self._ready_event(pod, True, "readiness probe passed")
                elif failures >= probe.failures and pod.ready is True:
                    self._ready_event(pod, False, f"{failures} readiness probes failed in a row")
            elif failures >= probe.failures:
                failures = 0
                self.restart(pod, f"{probe.failures} liveness probes failed in a row")
            at += probe.period
            while at <= self.env.now:
                at += probe.period

    def _ask(self, pod: Pod, probe: Probe, kind: int) -> Generator[Any, Any, bool]:
        """One probe: true if the answer comes in time."""
        if not pod.booted:
            return False
        life = pod.life
        serial = self.world.inject(self.name, kind, pod.row)
        first = min(FIRST_LOOK, probe.timeout)
        yield self.env.timeout(first)
        if self.world.done(kind, pod.row) != serial:
            yield self.env.timeout(probe.timeout - first)
        return bool(pod.life == life and self.world.done(kind, pod.row) == serial)

    def _ready_event(self, pod: Pod, ready: bool, why: str) -> None:
        if pod.gone or pod.terminating:
            return
        before = self.ready_count()
        self._set_ready(pod, ready)
        self.world.event(self.name, "ready" if ready else "unready", f"{pod.name}: {why}", before, self.ready_count())

    # --- restarts ------------------------------------------------------------------------------------------

    def restart(self, pod: Pod, why: str) -> None:
        """Kill the container and start it again after the back-off delay."""
        before = self.ready_count()
        self._set_ready(pod, False)
        pod.booted = False
        pod.container_s = None
        pod.life += 1
        self.world.plane.kill(pod.row)
        self.world.event(self.name, "killed", f"{pod.name}: {why}", before, self.ready_count())
        self.env.process(self._restart_later(pod))

    def _restart_later(self, pod: Pod) -> Generator[Any, Any, None]:
        pod.restarts += 1
        restarts = pod.restarts
        yield self.env.timeout(restart_delay(restarts))
        if pod.gone or pod.terminating:
            return
        self.env.process(self._boot(pod))
        yield self.env.timeout(RESTART_RESET_S)
        if pod.restarts == restarts:
            pod.restarts = 0

    def memory_of(self, in_flight: int) -> float:
        """Working set (bytes) with that many requests in flight."""
        return self.service.runtime.resting_memory + in_flight * self.service.runtime.memory_per_request

    def _watch_memory(self) -> Generator[Any, Any, None]:
        """Every second: a container whose requests in flight took it past its limit is killed."""
        limit = self.service.resources.memory_limit or 0.0
        while True:
            yield self.env.timeout(1.0)
            most = self.world.plane.model.replicas.most_in_flight
            for pod in self.pods:
                if pod.row == codes.NONE or not pod.booted:
                    continue
                peak = int(most[pod.row])
                most[pod.row] = self.world.plane.model.replicas.in_flight[pod.row]
                if self.memory_of(peak) > limit and not pod.terminating:
                    self.restart(pod, f"out of memory with {peak} requests in flight")
