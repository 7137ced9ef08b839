"""Readiness and liveness probes of a pod.

After the kubelet (kubernetes/kubernetes pkg/kubelet/prober/worker.go and the probe documentation): a probe ticks
every period from the pod's start; ticks while no container runs or it is younger than initialDelaySeconds are
skipped; readiness begins as failed.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Protocol

import simpy

from novamodel.scenario.service import Probe, Service
from novamodel.simulation import codes
from novamodel.simulation.control.pod import Pod
from novamodel.simulation.control.world import World

FIRST_LOOK = 0.05
"""A probe's answer is looked for after this many seconds, then at its time-out."""
ROUNDING = 1e-6


class Probed(Protocol):
    """What probes need of the fleet whose pods they ask."""

    world: World
    env: simpy.Environment
    name: str
    service: Service

    def ready_event(self, pod: Pod, ready: bool, why: str) -> None:
        """A pod has become ready, or no longer is."""

    def restart(self, pod: Pod, why: str) -> None:
        """Kill its container and start it anew."""


def start_probes(fleet: Probed, pod: Pod, since: float) -> None:
    """Probe a pod, with ticks counted from ``since``, until it is on its way out."""
    if fleet.service.readiness is not None:
        fleet.env.process(_probe(fleet, pod, fleet.service.readiness, codes.READINESS, since))
    else:
        fleet.env.process(_ready_when_booted(fleet, pod))
    if fleet.service.liveness is not None:
        fleet.env.process(_probe(fleet, pod, fleet.service.liveness, codes.LIVENESS, since))


def _ready_when_booted(fleet: Probed, pod: Pod) -> Generator[Any, Any, None]:
    while pod.stays():
        if pod.booted and pod.ready is not True:
            fleet.ready_event(pod, True, "listens; there is no readiness probe")
        yield fleet.env.timeout(1.0)


def _probe(fleet: Probed, pod: Pod, probe: Probe, kind: int, since: float) -> Generator[Any, Any, None]:
    env = fleet.env
    ticks = max(0, -int(-(env.now - since) // probe.period))
    failures = 0
    at = since + ticks * probe.period
    while pod.stays():
        if at > env.now:
            yield env.timeout(at - env.now)
            if not pod.stays():
                return
        life = pod.life
        due = pod.container_s is not None and env.now - pod.container_s > probe.initial_delay - ROUNDING
        passed = due and (yield from _ask(fleet, pod, probe, kind))
        failures = 0 if passed or not due or pod.life != life else failures + 1
        if kind == codes.READINESS:
            if passed and pod.ready is not True:
                fleet.ready_event(pod, True, "readiness probe passed")
            elif failures >= probe.failures and pod.ready is True:
                fleet.ready_event(pod, False, f"{failures} readiness probes failed in a row")
        elif failures >= probe.failures:
            failures = 0
            fleet.restart(pod, f"{probe.failures} liveness probes failed in a row")
        at += probe.period
        while at <= env.now:
            at += probe.period


def _ask(fleet: Probed, pod: Pod, probe: Probe, kind: int) -> Generator[Any, Any, bool]:
    """One probe: true if the answer comes in time."""
    if not pod.booted:
        return False
    world, life = fleet.world, pod.life
    serial = world.inject(fleet.name, kind, pod.row)
    first = min(FIRST_LOOK, probe.timeout)
    yield fleet.env.timeout(first)
    if world.done(kind, pod.row) != serial:
        yield fleet.env.timeout(probe.timeout - first)
    return bool(pod.life == life and world.done(kind, pod.row) == serial)
