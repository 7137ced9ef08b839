"""The scenario's operations, each as a process that waits for its time."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from novamodel.scenario import Scenario
from novamodel.scenario.operations import Operation, delay_of
from novamodel.simulation.control.pods import Fleet
from novamodel.simulation.control.rollout import roll_out
from novamodel.simulation.control.world import World


def keep_agenda(world: World, scenario: Scenario, fleets: dict[str, Fleet]) -> None:
    """Start a process for each operation that the run comes to."""
    for operation in scenario.operations:
        delay = delay_of(scenario, operation)
        if delay is not None:
            world.env.process(_at(world, scenario, fleets, operation, delay))


def _at(
    world: World, scenario: Scenario, fleets: dict[str, Fleet], operation: Operation, delay: float
) -> Generator[Any, Any, None]:
    yield world.env.timeout(delay)
    if operation.rollout is not None:
        roll_out(fleets[operation.rollout.service], scenario.platform.kind)
