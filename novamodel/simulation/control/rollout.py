"""A rolling update as a control process: what the Deployment controller (or the ECS scheduler) does pass by pass."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from novamodel.components.kubernetes.rollout import Bounds, ecs_bounds, kubernetes_bounds, next_moves
from novamodel.scenario.rollout import Rollout
from novamodel.simulation.control.pod import Pod
from novamodel.simulation.control.pods import LOOK_S, Fleet


def roll_out(fleet: Fleet, platform: str) -> None:
    """Deploy a new version; one that comes while another is under way takes over from it."""
    fleet.revision += 1
    if not fleet.rolling:
        fleet.rolling = True
        fleet.env.process(_roll(fleet, platform))


def bounds_of(rollout: Rollout, platform: str, replicas: int) -> Bounds:
    """How far from the wanted number the update may go on a platform."""
    if platform == "ecs":
        return ecs_bounds(replicas, round(rollout.minimum_healthy * 100), round(rollout.maximum * 100))
    return kubernetes_bounds(replicas, rollout.max_surge, rollout.max_unavailable)


def _roll(fleet: Fleet, platform: str) -> Generator[Any, Any, None]:
    began, ready = fleet.env.now, fleet.ready_count()
    bounds = bounds_of(fleet.service.rollout, platform, fleet.spec)
    most, least = fleet.spec + bounds.surge, fleet.spec - bounds.unavailable
    _say(fleet, f"version {fleet.revision}: at most {most} replicas, at least {least} available", ready)
    if bounds == (0, 0):
        _say(fleet, "stalled: the healthy percents of this count let no task start or stop", ready)
    while not _done(fleet):
        _pass(fleet, bounds_of(fleet.service.rollout, platform, fleet.spec))
        yield fleet.env.timeout(LOOK_S)
    fleet.rolling = False
    fleet.fill()
    _say(fleet, f"version {fleet.revision}: complete after {fleet.env.now - began:.0f} s", ready)


def _pass(fleet: Fleet, bounds: Bounds) -> None:
    old, new = _by_version(fleet)
    before, fresh = _available(fleet, old), _available(fleet, new)
    moves = next_moves(fleet.spec, bounds, len(old), len(before), len(new), len(fresh))
    fleet.start(moves.start)
    fleet.end([pod for pod in old if pod not in before], moves.end_unready)
    fleet.end(before, moves.end_available)
    fleet.end(new, moves.end_new)


def _done(fleet: Fleet) -> bool:
    old, new = _by_version(fleet)
    return not old and len(_available(fleet, new)) == len(new) == fleet.spec


def _by_version(fleet: Fleet) -> tuple[list[Pod], list[Pod]]:
    alive = fleet.alive()
    return (
        [pod for pod in alive if pod.revision < fleet.revision],
        [pod for pod in alive if pod.revision == fleet.revision],
    )


def _available(fleet: Fleet, pods: list[Pod]) -> list[Pod]:
    since = fleet.env.now - fleet.service.rollout.min_ready
    return [pod for pod in pods if pod.ready is True and pod.ready_changed_s <= since]


def _say(fleet: Fleet, text: str, before: int) -> None:
    fleet.world.event(fleet.name, "rollout", text, before, fleet.ready_count())
