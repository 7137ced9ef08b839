"""The scenario: the one language every room speaks.

A frozen tree of typed values. Each value knows who set it: a default with its source, a file and line,
an override, or the scenario's own ``sources`` (measured, assumed).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import Field, PrivateAttr, ValidationError, model_validator

from novamodel.errors import UserError
from novamodel.scenario.backend import Cache, Database, Edge
from novamodel.scenario.backup import Backup
from novamodel.scenario.checks import check
from novamodel.scenario.circles import check_circles
from novamodel.scenario.declared import Declared
from novamodel.scenario.derive import contradiction_findings, contradictions, derived_tree
from novamodel.scenario.fargate import require_fargate_size
from novamodel.scenario.fields import Part, given, needed, wrong
from novamodel.scenario.finding import LEVELS
from novamodel.scenario.gateway import Gateway
from novamodel.scenario.goals import Platform, Pricing, Run, Slo
from novamodel.scenario.graph import check_graph, place_of
from novamodel.scenario.in_words import parts_in_words
from novamodel.scenario.mistakes import as_user_error
from novamodel.scenario.monitoring import Monitoring
from novamodel.scenario.naming import MAIN, main_by_itself, main_path
from novamodel.scenario.operations import Operation, check_operations
from novamodel.scenario.origin import Origin, Tree
from novamodel.scenario.recordings import Recordings, recorded_tree
from novamodel.scenario.schema_walk import absent_paths, default_origin, field_unit, opened
from novamodel.scenario.service import Service
from novamodel.scenario.stations import External, Queue
from novamodel.scenario.tenants import fitting_node_type
from novamodel.scenario.traffic import Traffic, own_population
from novamodel.showing import Shown, shows_itself

MOST_REQUESTS = 1e10
"""Some hours of computing; more is taken for a slip of the keyboard."""


@shows_itself
class Scenario(Part):
    """What is deployed, what is asked of it, what counts as good."""

    name: str = needed("short name")
    title: str = given("", "one line for headings", "default: the name")
    traffic: Traffic = needed("who asks, how often, for what")
    edge: Edge = given({}, "reverse proxy", "assumed")
    gateway: Gateway | None = given(None, "API gateway behind the reverse proxy", "default: none")
    services: dict[str, Service] = Field(min_length=1, description="services by name")
    database: Database = given({}, "PostgreSQL", "assumed")
    cache: Cache = given({}, "Redis", "assumed")
    edges: dict[str, Edge] = given({}, "further reverse proxies by name", "default: none")
    databases: dict[str, Database] = given({}, "further databases by name", "default: none")
    caches: dict[str, Cache] = given({}, "further caches by name", "default: none")
    queues: dict[str, Queue] = given({}, "message queues by name", "default: none")
    externals: dict[str, External] = given({}, "outside dependencies by name", "default: none")
    platform: Platform = given({}, "where it runs", "assumed")
    slo: tuple[Slo, ...] = given(("p99 < 300 ms", "errors < 0.1 %"), "what counts as good", "assumed")
    pricing: Pricing = given({}, "what is priced", "assumed")
    backup: Backup = given({}, "dumps of the database", "assumed")
    monitoring: Monitoring = given({}, "metrics", "assumed")
    operations: tuple[Operation, ...] = given((), "what is done to the system while it runs", "default: none")
    run: Run = given({}, "how it is simulated", "assumed")
    declared: tuple[Declared, ...] = given((), "resources that Terraform or CloudFormation declares", "default: none")

    _tree: Tree = PrivateAttr(default_factory=Tree)
    _derived: Tree = PrivateAttr(default_factory=Tree)
    _recordings: Recordings | None = PrivateAttr(default=None)

    @property
    def heading(self) -> str:
        """Title, or the name where there is none."""
        return self.title or self.name

    @property
    def findings(self) -> tuple[dict[str, Any], ...]:
        """What the import found and what does not fit together: level, code, file, line, message, fix of each."""
        contradicted = contradiction_findings(self._tree, contradictions(self._tree, self.paths()))
        found = [*self._tree.findings, *contradicted, *check(self)]
        return tuple(sorted(found, key=lambda one: LEVELS.index(one["level"])))

    @property
    def not_modelled(self) -> tuple[dict[str, Any], ...]:
        """What the import saw and has no model for: file, line, what, why of each."""
        return tuple(self._tree.not_modelled)

    @property
    def all_edges(self) -> dict[str, Edge]:
        """Reverse proxies by name; the one that stands by itself is 'main'."""
        return {MAIN: self.edge, **self.edges}

    @property
    def all_databases(self) -> dict[str, Database]:
        """Databases by name; the one that stands by itself is 'main'."""
        return {MAIN: self.database, **self.databases}

    @property
    def all_caches(self) -> dict[str, Cache]:
        """Caches by name; the one that stands by itself is 'main'."""
        return {MAIN: self.cache, **self.caches}

    def declared_of(self, *types: str) -> list[Declared]:
        """Declared resources of some types."""
        return [one for one in self.declared if one.type in types]

    @property
    def entry_routes(self) -> tuple[str, ...]:
        """Routes that callers from outside ask for, those of the main source first."""
        return tuple(dict.fromkeys(route for source in self.traffic.sources.values() for route in source.routes))

    def service_of(self, route: str) -> str:
        """Name of the service that answers a route of the mix."""
        return next(name for name, service in self.services.items() if route in service.routes)

    def override(self, changes: Mapping[str, Any], *, said_by: str = "override") -> Scenario:
        """A variant: dotted paths to new values. An unknown path or a refused value is a ``UserError``.

        A path into a part that is absent makes the part, the rest of it by default.
        """
        return build(self._tree.with_changes(changes, said_by, self._known(changes), self._opened), self._recordings)

    def require_path(self, path: str) -> None:
        """A ``UserError`` with the nearest paths where no override can have this path."""
        self._tree.with_changes({path: None}, "override", self._known([path]), self._opened)

    def _known(self, wanted: Iterable[str]) -> dict[str, Any]:
        """Paths that there are, and those of the absent parts that the wanted ones lead into."""
        paths = [*map(main_path, wanted)]
        known = self.paths_beside(paths)
        if not known.keys() >= set(paths):  # then all are: which ones are near is said
            known = self.paths()
        for path in paths:
            known |= dict.fromkeys(absent_paths(type(self), known, path))
        return known

    def _opened(self, path: str, written: Any) -> Any:
        match path.split("."):
            case ["traffic", "also", name, "populations"] if written is None:
                return own_population(name)
        return opened(type(self), path, written)

    def with_load(self, multiple: float, *, said_by: str = "load multiple") -> Scenario:
        """A variant with ``multiple`` times the load: of more clients, or of busier ones where `growth` says so."""
        changes: dict[str, Any] = {}
        for name, source in self.traffic.sources.items():
            below = "traffic" if name == MAIN else f"traffic.also.{name}"
            changes |= {f"{below}.{path}": value for path, value in source.grown(multiple).items()}
        return self.override(changes, said_by=said_by)

    def paths(self) -> dict[str, Any]:
        """Every value by its dotted path, in SI base units; samples are one value. Declared resources are no values."""
        return dict(_leaves(self.model_dump(mode="json", exclude={"declared"}), ""))

    def paths_beside(self, wanted: Iterable[str]) -> dict[str, Any]:
        """`paths` of those parts of the whole that some paths lead into: quicker than all."""
        parts = {main_path(path).split(".")[0] for path in wanted}
        return dict(_leaves(self.model_dump(mode="json", include=parts - {"declared"}), ""))

    def origin(self, path: str) -> Origin:
        """Who set a value: a file, an override, the machine type that it follows from, or the default."""
        said = self._tree.origin(path) or self._derived.origin(path)
        return said or default_origin(type(self), main_path(path))

    def resolved(self) -> list[dict[str, Any]]:
        """One row a value: path, value, unit, kind of origin, source (and what contradicts it), file, line."""
        rows = []
        paths = self.paths()
        contradicted = contradictions(self._tree, paths)
        for path, value in paths.items():
            origin = self.origin(path)
            if path in contradicted:
                origin = origin._replace(source=f"{origin.source} (contradicted: {contradicted[path]})".strip())
            rows.append({"path": path, "value": value, "unit": field_unit(type(self), path), **origin._asdict()})
        return rows

    def __str__(self) -> str:
        return f"Scenario({self.name!r}, {', '.join(self.services)}, peak {self.traffic.most_per_s:g}/s)"

    def _shown(self) -> Shown:
        """What is there, and who said it."""
        origins = [row["kind"] for row in self.resolved()]
        counts = ", ".join(f"{origins.count(kind)} {kind}" for kind in sorted(set(origins)))
        return Shown(
            f"{self.heading}: scenario {self.name!r}, peak {self.traffic.most_per_s:g}/s",
            ("part", "what"),
            parts_in_words(self),
            [f"{len(origins)} values: {counts}"],
        )

    def content_hash(self) -> str:
        """SHA-256 over every value: names results, independent of who set it and of where a replay's files are."""
        files = {"replay": {"files"}}
        values = self.model_dump(mode="json", exclude={"traffic": {**files, "also": {"__all__": files}}})
        text = json.dumps(values, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return main_by_itself(value)

    @model_validator(mode="after")
    def _names(self) -> Scenario:
        check_graph(self)
        check_circles(self)
        self._check_start()
        for name, service in self.services.items():
            self._check_size(name, service)
        check_operations(self.operations, self.services, self.platform, self.database, self.cache)
        most_per_s = sum(source.most_per_s for source in self.traffic.sources.values())
        requests = most_per_s * (self.run.warm_up_s + self.run.duration) * self.run.most_runs
        if requests > MOST_REQUESTS:
            raise wrong(
                f"with this traffic it makes {requests:.2g} requests; at most {MOST_REQUESTS:.0e}", "run", "duration"
            )
        goals = [(f"slo.{number}", slo) for number, slo in enumerate(self.slo)]
        for path, goal in [*goals, ("run.precision", self.run.precision)]:
            if goal is None or goal.of is None:
                continue
            known = self.traffic.everyone if goal.metric == "rejected" else dict.fromkeys(self.entry_routes)
            known = {} if goal.metric in ("rate", "goodput") else known
            if goal.of not in known:
                raise wrong(
                    f"{goal.text!r} names {goal.of!r}, which is none of {', '.join(known) or 'its parts'}",
                    *path.split("."),
                )
        return self

    def _check_start(self) -> None:
        """What keyspaces and pools begin with is read in one start state only."""
        for name, service in self.services.items():
            for database, pool in service.all_pools.items():
                if pool.start is not None and self.run.start_state != "given":
                    where = ("services", name, *(("pool",) if database == "main" else ("pools", database)), "start")
                    raise wrong("is read with run.start_state: given only", *where, valid="run.start_state: given")
        for store, cache in self.all_caches.items():
            for name, space in cache.keyspaces.items():
                if space.start is not None and self.run.start_state != "given":
                    where = (*place_of("caches", store), "keyspaces", name, "start")
                    raise wrong("is read with run.start_state: given only", *where, valid="run.start_state: given")

    def _check_size(self, name: str, service: Service) -> None:
        """On ECS Fargate a task is one of the sizes that AWS sells."""
        if self.platform.kind == "ecs" and self.platform.compute == "fargate":
            resources = service.resources
            cores, memory = resources.cpu_limit, resources.memory_limit
            if cores is None or memory is None:
                raise wrong("a Fargate task needs cpu_limit and memory_limit", "services", name, "resources")
            try:
                require_fargate_size(cores, memory / 1024**3)
            except UserError as problem:
                raise wrong(str(problem), "services", name, "resources") from None


def build(tree: Tree, recordings: Recordings | None = None) -> Scenario:
    """Validate a tree; the first mistake becomes a ``UserError`` with path, value, place and what is valid.

    What nobody has said follows from the machine types first (``derive``), then from the defaults; what is recorded
    in the files of a replay is read by ``recordings``.
    """
    derived = derived_tree(tree)
    scenario = _validated(tree.merged(derived))
    if (facts := recorded_tree(scenario.traffic, scenario.services, tree, recordings)) is not None:
        derived = derived.merged(facts)
        scenario = _validated(tree.merged(derived))
    scenario._tree, scenario._derived, scenario._recordings = tree, derived, recordings
    if (larger := fitting_node_type(scenario)) is not None:
        why = f"derived: the smallest {larger.split('.')[0]} that holds every pod"
        return scenario.override({"platform.node_type": larger}, said_by=why)
    return scenario


def _validated(whole: Tree) -> Scenario:
    try:
        return Scenario.model_validate(whole.values)
    except ValidationError as problem:
        raise as_user_error(problem, whole, Scenario) from None


def _leaves(value: Any, path: str) -> list[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        return [leaf for key, inner in value.items() for leaf in _leaves(inner, f"{path}.{key}" if path else str(key))]
    if isinstance(value, list) and value and not path.endswith(".samples"):
        return [leaf for index, inner in enumerate(value) for leaf in _leaves(inner, f"{path}.{index}")]
    return [(path, value)]
