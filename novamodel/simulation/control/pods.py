"""Pods of one service: start, boot, restarts, termination.

A killed container restarts after 0, 10, 20, ... at most 300 s (kubernetes.io, Pod Lifecycle). A pod that is to end
leaves the edge's list at once and gets SIGTERM after its preStop hook; at the end of the grace it is killed.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import Any

import simpy

from novamodel.components.kubernetes.restarts import restart_delay
from novamodel.components.node.heap import ABORT, OOM_KILL, death_of, heap_limit_mib, sees_container_limit
from novamodel.components.runtime.heap import jvm_heap_mib
from novamodel.scenario.service import Service
from novamodel.simulation import codes
from novamodel.simulation.control.cluster import request_of
from novamodel.simulation.control.pod import LONG_AGO, Pod
from novamodel.simulation.control.probes import FIRST_LOOK, start_probes
from novamodel.simulation.control.world import World

MIB = 1024.0**2
HOST_BYTES = 32 * 1024.0**3
"""Memory of the host, as far as V8's heap depends on it: 16 GiB or more."""
RESTART_RESET_S = 600.0
OUT_OF_HEAP = 3
"""Exit code of a JVM with -XX:+ExitOnOutOfMemoryError; without it the process lives on and answers errors."""
LOOK_S = 1.0
"""How often it is looked whether something that is waited for has come about."""


class Fleet:
    """The pods of one service."""

    def __init__(self, world: World, name: str, service: Service, rows: tuple[int, int], replicas: int) -> None:
        self.world = world
        self.env: simpy.Environment = world.env
        self.name = name
        self.service = service
        self.rows = rows
        self.pods: list[Pod] = []
        self.past: list[tuple[float, float]] = []  # of pods that are gone: created and gone, s
        self.spec = replicas
        self.revision = 1
        self.rolling = False
        self._created = 0
        for _ in range(replicas):
            self._start_warm()
        runtime = service.runtime
        if (service.resources.memory_limit or runtime.max_old_space or runtime.max_heap) is not None:
            self.env.process(self._watch_memory())

    # --- what others read -------------------------------------------------------------------------------

    def alive(self) -> list[Pod]:
        """Pods that exist and are not on their way out."""
        return [pod for pod in self.pods if not pod.terminating]

    def ready_count(self) -> int:
        """Pods that get requests."""
        return sum(pod.ready is True and not pod.terminating for pod in self.pods)

    def lives(self) -> list[tuple[float, float]]:
        """When each pod was created and when it was gone (infinity: it is there), s."""
        return [*self.past, *((pod.created_s, math.inf) for pod in self.pods)]

    # --- scaling ------------------------------------------------------------------------------------------

    def scale(self, replicas: int) -> None:
        """Set the wanted number; pods start and end accordingly (during a rolling update it sees to that)."""
        self.spec = replicas
        if not self.rolling:
            self.fill()

    def fill(self) -> None:
        """Start or end pods until as many are alive as are wanted."""
        alive = self.alive()
        self.start(self.spec - len(alive))
        self.end(alive, len(alive) - self.spec)

    def start(self, count: int) -> None:
        """Create pods of the latest version."""
        for _ in range(count):
            self.env.process(self._life(self._new_pod()))

    def end(self, pods: list[Pod], count: int) -> None:
        """End so many of these pods: first those that are not ready, then the youngest."""
        order = sorted(pods, key=lambda p: (p.ready is True, p.phase == "Running", -(p.ready_changed_s)))
        for pod in order[: max(0, count)]:
            pod.terminating = True
            self.set_ready(pod, False)
            if pod.row != codes.NONE:
                self.env.process(self._terminate(pod))

    def _new_pod(self) -> Pod:
        self._created += 1
        pod = Pod(
            f"{self.name}-{self._created}",
            revision=self.revision,
            zone=self._emptiest_zone(),
            created_s=self.env.now,
        )
        self.pods.append(pod)
        return pod

    def _emptiest_zone(self) -> int:
        """The zone with the fewest pods of the service (the scheduler's spreading), NONE while none is left."""
        held = [pod.zone for pod in self.pods if pod.stays()]
        left = [zone for zone in range(1, self.world.zones + 1) if zone not in self.world.lost_zones]
        return min(left, key=held.count, default=codes.NONE)

    def _place(self, pod: Pod) -> bool:
        """Give a pod a zone that is there, a machine where machines are shared, and a row of the engine."""
        if pod.zone == codes.NONE or pod.zone in self.world.lost_zones:
            pod.zone = self._emptiest_zone()
        row = self._take_row()
        if pod.zone == codes.NONE or row == codes.NONE:
            return False
        cluster = self.world.cluster
        if cluster is not None:
            pod.machine = cluster.place(pod.name, request_of(self.service.resources), pod.zone)
            if pod.machine is None:
                return False
            pod.zone = pod.machine.zone
            self.world.settle(row, pod.machine.row)
        pod.row = row
        return True

    def _take_row(self) -> int:
        used = {pod.row for pod in self.pods}
        in_flight = self.world.engine.model.replicas.in_flight
        free = (r for r in range(*self.rows) if r not in used and in_flight[r] == 0)
        return next(free, codes.NONE)

    def _start_warm(self) -> None:
        """A pod that has been there since long before the run."""
        pod = self._new_pod()
        if not self._place(pod):
            self.env.process(self._life(pod))
            return
        pod.created_s = LONG_AGO
        pod.phase, pod.start_s, pod.container_s, pod.booted = "Running", LONG_AGO, LONG_AGO, True
        self.set_ready(pod, True)
        pod.ready_changed_s = LONG_AGO
        start_probes(self, pod, since=self.world.phase(pod.name) * -10.0)

    def _life(self, pod: Pod) -> Generator[Any, Any, None]:
        yield self.env.timeout(self.service.runtime.start_delay)
        while pod.stays() and not self._place(pod):
            yield self.env.timeout(LOOK_S)
        if pod.terminating:
            self.remove(pod)
            return
        pod.phase, pod.start_s, pod.ready = "Running", self.env.now, False
        pod.ready_changed_s = self.env.now
        self.env.process(self._boot(pod))
        start_probes(self, pod, since=self.env.now)

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
        """From the balancer's list to the end of the process, at the end of its grace at the latest."""
        service, end = self.service, self.env.now + self.service.termination_grace
        if service.on_sigterm == "ignore":
            yield self.env.timeout(service.termination_grace)
        else:
            yield self.env.timeout(min(service.pre_stop, service.termination_grace))
        in_flight = self.world.engine.model.replicas.in_flight
        while service.on_sigterm == "drain" and in_flight[pod.row] > 0 and self.env.now < end:
            yield self.env.timeout(min(LOOK_S, end - self.env.now))
        self.world.engine.kill(pod.row)  # with what it still does, and its connections
        self.remove(pod)

    def remove(self, pod: Pod) -> None:
        """Strike a pod off."""
        pod.gone = True
        self.past.append((pod.created_s, self.env.now))
        self.pods.remove(pod)
        if self.world.cluster is not None:
            self.world.cluster.withdraw(pod.name, pod.machine)
        if pod.row != codes.NONE:
            self.world.engine.model.replicas.lost[pod.row] = 0

    def set_ready(self, pod: Pod, ready: bool) -> None:
        """Put a pod on the edge's list, or take it off."""
        if pod.row != codes.NONE:
            self.world.list_replica(self.name, pod.row, ready)
        if pod.ready is not ready:
            pod.ready = ready
            pod.ready_changed_s = self.env.now

    def ready_event(self, pod: Pod, ready: bool, why: str) -> None:
        """A probe has changed its mind."""
        if not pod.stays():
            return
        before = self.ready_count()
        self.set_ready(pod, ready)
        self.world.event(self.name, "ready" if ready else "unready", f"{pod.name}: {why}", before, self.ready_count())

    # --- restarts ------------------------------------------------------------------------------------------

    def restart(self, pod: Pod, why: str) -> None:
        """Kill the container and start it again after the back-off delay."""
        before = self.ready_count()
        self.set_ready(pod, False)
        pod.booted = False
        pod.container_s = None
        pod.life += 1
        self.world.engine.kill(pod.row)
        self.world.event(self.name, "killed", f"{pod.name}: {why}", before, self.ready_count())
        self.env.process(self._restart_later(pod))

    def _restart_later(self, pod: Pod) -> Generator[Any, Any, None]:
        pod.restarts += 1
        restarts = pod.restarts
        yield self.env.timeout(restart_delay(restarts))
        if not pod.stays():
            return
        self.env.process(self._boot(pod))
        yield self.env.timeout(RESTART_RESET_S)
        if pod.restarts == restarts:
            pod.restarts = 0

    def memory_of(self, in_flight: int) -> float:
        """Working set (bytes) with that many requests in flight; those in line take no memory of a process yet."""
        runtime = self.service.runtime
        return runtime.resting + min(in_flight, runtime.at_once or in_flight) * runtime.memory_per_request

    def heap_limit(self) -> float:
        """Bytes of a process's heap: by its flag, else what V8 or a JVM takes of the memory that it sees."""
        runtime, limit = self.service.runtime, self.service.resources.memory_limit
        if runtime.kind != "node":
            if runtime.kind == "processes" or runtime.processors is not None:
                return math.inf
            most = None if runtime.max_heap is None else runtime.max_heap / MIB
            return jvm_heap_mib((limit or HOST_BYTES) / MIB, most) * MIB
        seen = limit if limit is not None and sees_container_limit(runtime.version) else HOST_BYTES
        flag = None if runtime.max_old_space is None else runtime.max_old_space / MIB
        return heap_limit_mib(seen / MIB, flag) * MIB

    def _watch_memory(self) -> Generator[Any, Any, None]:
        """Every second: a process whose requests in flight took it past its heap or its container's limit dies."""
        runtime = self.service.runtime
        limit, heap = self.service.resources.memory_limit or math.inf, self.heap_limit()
        full, (code, cause) = heap / MIB, death_of("heap", limit / MIB, heap / MIB, runtime.outside_heap / MIB)
        room = -1  # as many in flight have been looked at and have room
        while True:
            yield self.env.timeout(1.0)
            replicas = self.world.engine.model.replicas
            most, in_flight = replicas.most_in_flight, replicas.in_flight
            for pod in self.pods:
                if pod.row == codes.NONE or not pod.booted:
                    continue
                peak = most[pod.row]
                most[pod.row] = in_flight[pod.row]
                if pod.terminating or peak <= room:
                    continue
                used = self.memory_of(peak)
                if used > limit:
                    self.restart(pod, f"out of memory with {peak} requests in flight (exit {OOM_KILL[0]})")
                elif used / runtime.workers - runtime.outside_heap > heap:
                    what = "V8's heap" if (code, cause) == ABORT else "memory, as V8 collects its heap"
                    if runtime.kind != "node":
                        what, code = "the JVM's heap", OUT_OF_HEAP
                    self.restart(pod, f"out of {what} of {full:.0f} MiB with {peak} requests in flight (exit {code})")
                else:
                    room = peak
