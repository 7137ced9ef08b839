"""The form of a finding, the order findings are told in, and what the checks of a whole scenario look at."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, Protocol, TypeAlias

from novamodel.scenario.demand import MAIN
from novamodel.scenario.goals import Platform
from novamodel.scenario.graph import Whole as Graph
from novamodel.scenario.origin import Origin
from novamodel.scenario.service import Service

Level: TypeAlias = Literal["error", "warning", "note"]
Finding: TypeAlias = dict[str, Any]
"""A row: level, code, file, line, message, fix; file and line are None where no file says it."""
LEVELS = ("error", "warning", "note")


def finding(level: Level, code: str, file: str | None, line: int | None, message: str, fix: str) -> Finding:
    """The row of one finding."""
    return {"level": level, "code": code, "file": file, "line": line, "message": message, "fix": fix}


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Errors first, then by file and line."""
    return sorted(findings, key=lambda f: (LEVELS.index(f["level"]), f["file"] or "", f["line"] or 0, f["code"]))


class Whole(Graph, Protocol):
    """What is looked at of a scenario."""

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
