"""The scenario: the one language every room speaks.

A frozen tree of typed values. Each value knows who set it: a default with its source, a file and line,
an override, or the scenario's own ``sources`` (measured, assumed).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from pydantic import Field, PrivateAttr, model_validator

from novamodel.errors import UserError
from novamodel.scenario.backend import Cache, Database, Edge
from novamodel.scenario.demand import Demand, Step
from novamodel.scenario.fargate import require_fargate_size
from novamodel.scenario.fields import Part, given, needed
from novamodel.scenario.goals import Monitoring, Platform, Pricing, Run, Slo
from novamodel.scenario.origin import Origin, Tree
from novamodel.scenario.service import Service
from novamodel.scenario.traffic import Traffic

MOST_REQUESTS = 1e10
"""Some hours of computing; more is taken for a slip of the keyboard."""


class Scenario(Part):
    """What is deployed, what is asked of it, what counts as good."""

    name: str = needed("short name")
    title: str = given("", "one line for headings", "default: the name")
    traffic: Traffic = needed("who asks, how often, for what")
    edge: Edge = given({}, "reverse proxy", "assumed")
    services: dict[str, Service] = Field(min_length=1, description="services by name")
    database: Database = given({}, "PostgreSQL", "assumed")
    cache: Cache = given({}, "Redis", "assumed")
    platform: Platform = given({}, "where it runs", "assumed")
    slo: tuple[Slo, ...] = given(("p99 < 300 ms", "errors < 0.1 %"), "what counts as good", "assumed")
    pricing: Pricing = given({}, "what is priced", "assumed")
    monitoring: Monitoring = given({}, "metrics", "assumed")
    faults: tuple[()] = given((), "faults (not modelled yet: must be empty)", "default: none")
    run: Run = given({}, "how it is simulated", "assumed")

    _tree: Tree = PrivateAttr(default_factory=Tree)

    @property
    def heading(self) -> str:
        """Title, or the name where there is none."""
        return self.title or self.name

    @property
    def findings(self) -> tuple[dict[str, Any], ...]:
        """What the import found: dictionaries with level, code, file, line, message, fix."""
        return tuple(self._tree.findings)

    def service_of(self, route: str) -> str:
        """Name of the service that answers a route of the mix."""
        return next(name for name, service in self.services.items() if route in service.routes)

    def override(self, changes: Mapping[str, Any], *, said_by: str = "override") -> Scenario:
        """A variant: dotted paths to new values. An unknown path or a refused value is a ``UserError``."""
        from novamodel.scenario.load import build

        return build(self._tree.with_changes(changes, said_by, known=self.paths()))

    def paths(self) -> dict[str, Any]:
        """Every value by its dotted path, in SI base units."""
        return dict(_leaves(self.model_dump(mode="json"), ""))

    def origin(self, path: str) -> Origin:
        """Who set a value."""
        return self._tree.origin(path) or _default_origin(path)

    def resolved(self) -> list[dict[str, Any]]:
        """One row a value: path, value, unit, kind of origin, source, file, line."""
        rows = []
        for path, value in self.paths().items():
            origin = self.origin(path)
            rows.append({"path": path, "value": value, "unit": field_unit(path), **origin._asdict()})
        return rows

    def content_hash(self) -> str:
        """SHA-256 over every value: names results, independent of who set it."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @model_validator(mode="after")
    def _names(self) -> Scenario:
        routes = [route for service in self.services.values() for route in service.routes]
        for route in self.traffic.mix:
            if routes.count(route) != 1:
                what = "no service" if route not in routes else "more than one service"
                known_routes = ", ".join(sorted(set(routes))) or "none"
                raise ValueError(f"traffic.mix names route {route!r}, which {what} answers (routes: {known_routes})")
        for name in self.edge.limits:
            if name not in self.services:
                raise ValueError(
                    f"edge.limits names {name!r}, which is no service (services: {', '.join(self.services)})"
                )
        for name, service in self.services.items():
            for route, steps in service.routes.items():
                self._check_steps(f"services.{name}.routes.{route}", steps, service)
            self._check_size(name, service)
        requests = self.traffic.most_per_s * (self.run.warm_up + self.run.duration) * self.run.replications
        if requests > MOST_REQUESTS:
            raise ValueError(f"run.duration and traffic.peak make {requests:.2g} requests; at most {MOST_REQUESTS:.0e}")
        for number, slo in enumerate(self.slo):
            known = self.traffic.populations if slo.metric == "rejected" else self.traffic.mix
            if slo.of is not None and slo.of not in known:
                raise ValueError(f"slo.{number} {slo.text!r} names {slo.of!r}, which is none of {', '.join(known)}")
        return self

    def _check_size(self, name: str, service: Service) -> None:
        """On ECS Fargate a task is one of the sizes that AWS sells."""
        if self.platform.kind == "ecs" and self.platform.compute == "fargate":
            resources = service.resources
            cores, memory = resources.cpu_limit, resources.memory_limit
            if cores is None or memory is None:
                raise ValueError(f"services.{name}.resources: a Fargate task needs cpu_limit and memory_limit")
            try:
                require_fargate_size(cores, memory / 1024**3)
            except UserError as problem:
                raise ValueError(f"services.{name}.resources: {problem}") from None

    def _check_steps(self, where: str, steps: tuple[Step | str, ...], service: Service) -> None:
        for step in steps:
            if isinstance(step, str):
                if step not in self.database.statements:
                    known = ", ".join(self.database.statements) or "none"
                    raise ValueError(
                        f"{where} names statement {step!r}, which database.statements lacks (known: {known})"
                    )
            elif step.sql is not None:
                if service.pool is None:
                    raise ValueError(f"{where} runs sql, but the service has no pool")
                self._check_steps(where, step.sql, service)
            elif step.cache is not None:
                if step.cache.keyspace not in self.cache.keyspaces:
                    known = ", ".join(self.cache.keyspaces) or "none"
                    raise ValueError(
                        f"{where} names keyspace {step.cache.keyspace!r}, which cache.keyspaces lacks (known: {known})"
                    )
                self._check_steps(where, step.cache.on_miss, service)


def _leaves(value: Any, path: str) -> list[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        return [leaf for key, inner in value.items() for leaf in _leaves(inner, f"{path}.{key}" if path else str(key))]
    if isinstance(value, list) and value:
        return [leaf for index, inner in enumerate(value) for leaf in _leaves(inner, f"{path}.{index}")]
    return [(path, value)]


def _fields(path: str) -> list[Any]:
    """The pydantic fields that a dotted path passes, outermost first."""
    model: Any = Scenario
    fields = []
    for word in path.split("."):
        known = getattr(model, "model_fields", None)
        if known and word in known:
            fields.append(known[word])
            model = inner_model(known[word].annotation)
    return fields


def inner_model(annotation: Any) -> Any:
    """The part of a scenario that an annotation holds, or None."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = inner_model(inner)
        if found is not None:
            return found
    return None


def _default_origin(path: str) -> Origin:
    """The source that the field itself, or the nearest field around it whose default fills it, names."""
    source = ""
    for field in _fields(path):
        source = (field.json_schema_extra or {}).get("source", source)
        if inner_model(field.annotation) is Demand:
            break
    kind = source.split(":")[0].split()[0] if source else "default"
    return Origin(kind if kind in ("measured", "documented", "assumed", "derived") else "default", source, None, None)


def field_unit(path: str) -> str:
    """SI unit of the value at a dotted path, where it has one."""
    fields = _fields(path)
    stack = [fields[-1], *getattr(fields[-1].annotation, "__args__", ())] if fields else []
    for item in stack:
        for extra in getattr(item, "metadata", None) or getattr(item, "__metadata__", ()) or ():
            schema = getattr(extra, "json_schema", None)
            if isinstance(schema, dict) and "x-unit" in schema:
                return "" if schema["x-unit"] == "1" else schema["x-unit"]
    return ""
