"""Replicas that are gone with their machine or their zone: unseen at first, then off the edge's list, then replaced."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from novamodel.scenario.operations import LostReplica
from novamodel.simulation import codes
from novamodel.simulation.control.pod import Pod
from novamodel.simulation.control.pods import Fleet
from novamodel.simulation.control.world import World


def lose_replica(fleet: Fleet, lost: LostReplica) -> None:
    """The oldest ready replica is gone; without a ready one nothing happens."""
    pods = [pod for pod in fleet.pods if pod.ready is True and pod.stays()][:1]
    _lose(fleet, pods, "replica", lost.noticed_after, lost.replaced_after)


def lose_zone(
    world: World, fleets: dict[str, Fleet], zone: int, noticed_after: float, replaced_after: float, back: float | None
) -> None:
    """Every replica in the zone is gone; it takes no new ones until it is ``back`` (seconds; None: never)."""
    world.lost_zones.add(zone)
    if world.cluster is not None:
        world.cluster.lose_zone(zone)
    for fleet in fleets.values():
        pods = [pod for pod in fleet.pods if pod.zone == zone and pod.row != codes.NONE and not pod.lost]
        _lose(fleet, pods, f"zone {zone}", noticed_after, replaced_after)
    if back is not None:
        world.env.process(_come_back(world, zone, back))


def _come_back(world: World, zone: int, after: float) -> Generator[Any, Any, None]:
    yield world.env.timeout(after)
    world.lost_zones.discard(zone)
    if world.cluster is not None:
        world.cluster.lost_zones.discard(zone)


def _lose(fleet: Fleet, pods: list[Pod], what: str, noticed_after: float, replaced_after: float) -> None:
    names = ", ".join(pod.name for pod in pods) or "nothing here"
    ready = fleet.ready_count()
    for pod in pods:
        pod.lost, pod.booted, pod.container_s = True, False, None
        pod.life += 1
        pod.fresh.clear()
        fleet.world.engine.model.replicas.lost[pod.row] = 1
        fleet.world.engine.kill(pod.row)
    left = ready - sum(pod.ready is True and not pod.terminating for pod in pods)
    fleet.world.event(fleet.name, "lost", f"{what} lost: {names}", ready, left)
    if pods:
        fleet.env.process(_notice(fleet, pods, noticed_after))
        fleet.env.process(_replace(fleet, pods, replaced_after))


def _notice(fleet: Fleet, pods: list[Pod], after: float) -> Generator[Any, Any, None]:
    yield fleet.env.timeout(after)
    before = fleet.ready_count()
    for pod in pods:
        if not pod.gone:
            fleet.set_ready(pod, False)
            fleet.world.engine.model.replicas.lost[pod.row] = 0
    names = ", ".join(pod.name for pod in pods)
    text = f"{names}: lost, the edge sends no more there"
    fleet.world.event(fleet.name, "unready", text, before, fleet.ready_count())


def _replace(fleet: Fleet, pods: list[Pod], after: float) -> Generator[Any, Any, None]:
    yield fleet.env.timeout(after)
    struck = [pod for pod in pods if not pod.gone and not pod.terminating]
    for pod in struck:
        fleet.set_ready(pod, False)
        fleet.remove(pod)
    if not fleet.rolling:
        fleet.fill()
    if struck:
        names = ", ".join(pod.name for pod in struck)
        fleet.world.event(fleet.name, "replaced", f"new replicas for {names}", fleet.spec - len(struck), fleet.spec)
