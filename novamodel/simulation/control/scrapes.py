"""Prometheus scrapes: each costs the main thread of every ready replica some CPU."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from novamodel.scenario.monitoring import Monitoring
from novamodel.simulation import codes
from novamodel.simulation.control.pods import Fleet
from novamodel.simulation.control.world import World


def scrape(world: World, fleet: Fleet, monitoring: Monitoring) -> None:
    """Start the scrapes of a service."""
    period = monitoring.job_intervals.get(fleet.name, monitoring.scrape_interval)
    world.env.process(_scrapes(world, fleet, period))


def _scrapes(world: World, fleet: Fleet, period: float) -> Generator[Any, Any, None]:
    yield world.env.timeout(world.phase("scrape " + fleet.name) * period)
    while True:
        for pod in fleet.pods:
            if pod.ready is True and not pod.lost:
                world.inject(fleet.name, codes.SCRAPE, pod.row)
        yield world.env.timeout(period)
