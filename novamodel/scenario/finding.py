"""What the checks of a whole scenario look at, and the form of what they find."""

from __future__ import annotations

from typing import Any, Protocol

from novamodel.scenario.backend import Cache, Database, Edge
from novamodel.scenario.demand import MAIN
from novamodel.scenario.goals import Platform
from novamodel.scenario.origin import Origin
from novamodel.scenario.service import Service
from novamodel.scenario.stations import External, Queue
from novamodel.scenario.traffic import Traffic

Finding = dict[str, Any]


class Whole(Protocol):
    """What is looked at of a scenario."""

    @property
    def traffic(self) -> Traffic: ...
    @property
    def services(self) -> dict[str, Service]: ...
    @property
    def queues(self) -> dict[str, Queue]: ...
    @property
    def externals(self) -> dict[str, External]: ...
    @property
    def all_edges(self) -> dict[str, Edge]: ...
    @property
    def all_databases(self) -> dict[str, Database]: ...
    @property
    def all_caches(self) -> dict[str, Cache]: ...
    @property
    def platform(self) -> Platform: ...
    def service_of(self, route: str) -> str:
        """Name of the service that answers a route."""

    def origin(self, path: str) -> Origin:
        """Who set a value."""


def found(scenario: Whole, code: str, path: str, message: str, fix: str, level: str = "warning") -> Finding:
    """A finding at the file and line that set the value at a path."""
    origin = scenario.origin(path)
    return {"level": level, "code": code, "file": origin.file, "line": origin.line, "message": message, "fix": fix}


def most_replicas(service: Service) -> int:
    """Replicas that a service may have at once."""
    return service.autoscaler.max_replicas if service.autoscaler else service.replicas


def place_of(one: str, name: str) -> str:
    """Path of a store or an edge by its name: ``database`` or ``databases.orders``."""
    return one if name == MAIN else f"{one}s.{name}"
