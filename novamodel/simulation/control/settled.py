"""Edges, PgBouncer, databases and caches that stand on the platform's machines are placed before the run begins."""

from __future__ import annotations

from novamodel.errors import UserError
from novamodel.scenario import Scenario
from novamodel.simulation.build_shared import containers
from novamodel.simulation.control.machine import request_of
from novamodel.simulation.control.world import World


def settle_parts(world: World, scenario: Scenario) -> None:
    """Place what is no service; `UserError` where one fits no node."""
    if world.cluster is None:
        return
    for tenant, row in containers(scenario, world.plan.layout):
        place = world.cluster.place((tenant.part, tenant.name), request_of(tenant.resources), 1)
        if place is None:
            asked = f"{tenant.resources.cpu_request:g} cores and {tenant.resources.memory_request / 1024**3:.3g} GiB"
            raise UserError(
                f"{tenant.part} {tenant.name} requests {asked}: it fits no node",
                valid="smaller requests, or larger or more nodes (platform.node_groups)",
            )
        world.settled[(tenant.part, tenant.name)] = row
        world.settle(row, place.row)
