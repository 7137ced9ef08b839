"""The decision variables: what may be changed, to which values, and what the user's files call it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from novamodel.errors import UserError
from novamodel.scenario import Scenario, Service
from novamodel.sizing import legal
from novamodel.sizing.machines import cache_choices, database_choices, node_choices
from novamodel.sizing.settings import current_settings, path_of, shown, written

MANY, MOST_VALUES = 8, 6
"""Of more services than this each setting is tried at so many values (`few_values`)."""
RESOURCES = ("cpu_request", "cpu_limit", "memory_request", "memory_limit")
_TERMS = {
    "min_replicas": "minReplicas",
    "max_replicas": "maxReplicas",
    "replicas": "replicas",
    "cpu_target": "averageUtilization (cpu)",
    "memory_target": "averageUtilization (memory)",
    "cpu_request": "resources.requests.cpu",
    "cpu_limit": "resources.limits.cpu",
    "memory_request": "resources.requests.memory",
    "memory_limit": "resources.limits.memory",
    "pool.max": "max",
    "default_pool_size": "default_pool_size",
    "instance_class": "instance_class",
    "node_type": "node_type",
}
"""What a setting is called in Kubernetes, Terraform, PgBouncer and node-postgres files."""
_ELSEWHERE = {
    "compose": {
        "replicas": "deploy.replicas",
        "cpu_request": "deploy.resources.reservations.cpus",
        "cpu_limit": "deploy.resources.limits.cpus",
        "memory_request": "deploy.resources.reservations.memory",
        "memory_limit": "deploy.resources.limits.memory",
    },
    "ecs": {
        "replicas": "desired_count",
        "min_replicas": "min_capacity",
        "max_replicas": "max_capacity",
        "cpu_target": "target_value (cpu)",
        "memory_target": "target_value (memory)",
        "cpu_limit": "cpu",
        "memory_limit": "memory",
    },
}


@dataclass(frozen=True)
class Variable:
    """One decision: its ``paths`` in the scenario take one row of ``values`` (SI units; None = no limit) together.

    Values run from least to most; ``now`` is the place of today's. ``costs``: whether the bill depends on it.
    ``said`` is the setting's name in the user's files.
    """

    name: str
    paths: tuple[str, ...]
    values: tuple[tuple[Any, ...], ...]
    now: int
    costs: bool
    said: str

    def at(self, index: int) -> dict[str, Any]:
        """Overrides that set it to a value."""
        return {path: written(path, value) for path, value in zip(self.paths, self.values[index], strict=True)}

    def text(self, index: int) -> str:
        """A value as a configuration file has it; of a task size, CPU and memory once."""
        texts = [shown(path, value) for path, value in zip(self.paths, self.values[index], strict=True)]
        return texts[0] if isinstance(self.values[index][0], str) else "/".join(dict.fromkeys(texts))

    def place(self, values: Mapping[str, Any]) -> int | None:
        """Which value a scenario's ``paths()`` hold; None where it is none of them."""
        held = tuple(values.get(path) for path in self.paths)
        return next((i for i, row in enumerate(self.values) if all(map(_equal, row, held))), None)


def variables(scenario: Scenario, *, nodes: bool = False) -> tuple[Variable, ...]:
    """Every decision that the scenario leaves open, with its legal values, today's among them.

    ``nodes``: the type of the nodes too, Graviton's among them: their count follows from the requests of the pods.
    """
    known = scenario.paths()
    found: list[Variable] = []
    for name, service in scenario.services.items():
        found += _of_service(scenario, known, name, service)
    bouncer = scenario.database.pgbouncer
    if bouncer is not None:
        most = scenario.database.max_connections - scenario.database.reserved_connections
        sizes = [size for size in legal.BOUNCER_SIZES if size <= most]
        path = "database.pgbouncer.default_pool_size"
        found.append(_variable(scenario, known, "PgBouncer default pool size", path, sizes, costs=False))
    machines = [database_choices(scenario), cache_choices(scenario), *([node_choices(scenario)] if nodes else [])]
    for label, paths, rows in machines:
        now = tuple(known[path] for path in paths)
        if len(rows) > 1:
            found.append(Variable(label, paths, rows, rows.index(now), True, said(scenario, paths[0])))
    return tuple(variable for variable in found if len(variable.values) > 1)


def few_values(chosen: Iterable[Variable]) -> tuple[Variable, ...]:
    """The same decisions with at most `MOST_VALUES` values each, spread evenly, today's and those beside it among them.

    Of many services: every service is judged over the product of its values, and all of them are to end in time.
    """
    found = []
    for variable in chosen:
        last, now = len(variable.values) - 1, variable.now
        near = {place for place in (now - 1, now, now + 1) if 0 <= place <= last}
        rest = MOST_VALUES - len(near)
        spread = [round(step * last / max(rest - 1, 1)) for step in range(rest)]
        kept = sorted({*near, *spread}) if last >= MOST_VALUES else list(range(last + 1))
        values = tuple(variable.values[place] for place in kept)
        found.append(replace(variable, values=values, now=kept.index(now)))
    return tuple(found)


def _of_service(scenario: Scenario, known: Mapping[str, Any], name: str, service: Service) -> Iterable[Variable]:
    scaler = service.autoscaler

    least = min(scenario.platform.zones, current_settings(service)["min_replicas"])  # one a zone, or today's fewer
    counts = [count for count in legal.COUNTS if count >= least]

    def one(setting: str, values: Iterable[Any], costs: bool) -> Variable:
        words = setting.replace("_", " ")
        return _variable(scenario, known, f"{name} {words}", path_of(scenario, name, setting), values, costs=costs)

    if scaler is None:
        yield _variable(scenario, known, f"{name} replicas", f"services.{name}.replicas", counts, costs=True)
    else:
        yield one("min_replicas", [count for count in counts if count <= legal.MOST_LOW], True)
        yield one("max_replicas", counts, False)
        if scaler.cpu_target is not None:
            yield one("cpu_target", legal.CPU_TARGETS, True)
        if scaler.memory_target is not None:
            yield one("memory_target", legal.MEMORY_TARGETS, True)
    sizes = legal.legal_sizes(scenario, service)
    if legal.sold_by_size(scenario):
        paths = tuple(path_of(scenario, name, setting) for setting in RESOURCES)
        rows = sorted({tuple(float(column[i]) for column in sizes[:4]) for i in range(sizes.cores.size)})
        now = tuple(known[path] for path in paths)
        rows = sorted({*rows, now})
        yield Variable(f"{name} task size", paths, tuple(rows), rows.index(now), True, said(scenario, paths[1]))
    else:
        for setting, column in zip(RESOURCES, sizes, strict=False):
            values = [None if math.isnan(value) else float(value) for value in sorted(set(column.tolist()))]
            yield one(setting, dict.fromkeys(values), setting.endswith("request"))
    if service.pool is not None:
        yield one("pool_max", legal.POOLS, False)


def _variable(
    scenario: Scenario, known: Mapping[str, Any], name: str, path: str, values: Iterable[Any], *, costs: bool
) -> Variable:
    now = known[path]
    rows = sorted({*values, now}, key=lambda value: math.inf if value is None else value)
    return Variable(name, (path,), tuple((v,) for v in rows), rows.index(now), costs, said(scenario, path))


def said(scenario: Scenario, path: str) -> str:
    """What the user's files call the setting at a path: ``resources.requests.cpu``, ``instance_class``."""
    key = "pool.max" if path.endswith(".pool.max") else path.rsplit(".", 1)[-1]
    return _ELSEWHERE.get(scenario.platform.kind, {}).get(key, _TERMS.get(key, key))


def allowed_values(scenario: Scenario, chosen: Iterable[Variable]) -> dict[str, list[Any]]:
    """The values that each path may take; a path that is not here keeps today's.

    Raises ``UserError`` for a variable whose paths the scenario does not have.
    """
    known = scenario.paths()
    found: dict[str, list[Any]] = {}
    for variable in chosen:
        for place, path in enumerate(variable.paths):
            if path not in known:
                raise UserError(f"the variable {variable.name!r} sets {path!r}, which this scenario does not have")
            found[path] = [known[path], *(row[place] for row in variable.values)]
    return found


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, str) or isinstance(other, str) or one is None or other is None:
        return bool(one == other)
    return math.isclose(one, other, rel_tol=1e-9)
