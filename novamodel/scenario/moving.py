"""The assumed values that move an answer, in words: load, mix, demands, objectives, hit ratio, machines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from novamodel import units
from novamodel.scenario.finding import place_of
from novamodel.scenario.model import Scenario
from novamodel.scenario.naming import MAIN
from novamodel.scenario.traffic import Source

MARKING = ("service", "load", "mix", "clients", "demands", "SLO")
"""A verdict or an advice that rests on one of these is marked; the others are named."""
_LOAD = {
    "open": ("peak",),
    "closed": ("users", "think"),
    "periodic": ("every",),
    "replay": ("replay.files", "replay.load_factor"),
}
"""Fields that say how much a source asks."""
_DEMANDS = ("cpu", "thread", "wait", "latency")
_ROUTES = ("services", "database", "databases", "externals")
LONGEST = 3
"""Names that are listed; more are counted."""


class Assumption(NamedTuple):
    """A group of assumed values: what they are, in words with their figures, why, their paths, whether they mark."""

    what: str
    text: str
    why: str
    paths: tuple[str, ...]
    marks: bool


def moving(scenario: Scenario, assumed: Mapping[str, str], no_service: bool) -> Iterator[Assumption]:
    """The groups in the order in which they move an answer. ``assumed``: path of each assumed value to its source."""

    def group(what: str, text: str, paths: Iterable[str]) -> Iterator[Assumption]:
        held = tuple(paths)
        if held:
            why = assumed.get(held[0], "") or scenario.origin(held[0]).source
            yield Assumption(what, text, why, held, what in MARKING)

    if no_service:
        names = list(scenario.services)
        yield from group("service", f"THE SERVICE ITSELF ({names[0]})", [f"services.{name}" for name in names])
    for name, source in scenario.traffic.sources.items():
        below = "traffic" if name == MAIN else f"traffic.also.{name}"
        fields = ("shape",) if not isinstance(source.shape, str) and source.loop == "open" else _LOAD[source.loop]
        paths = [path for field in fields for path in _below(assumed, f"{below}.{field}")]
        yield from group("load", _load_text(name, source), paths)
    mix = [path for path in assumed if path.startswith("traffic.mix.") or ".sessions." in path]
    yield from group("mix", f"mix of {_count(mix, 'route')}", mix)
    if any(limit.key == "client" for edge in scenario.all_edges.values() for limit in edge.limits.values()):
        clients = [path for path in assumed if ".populations." in path and path.endswith(".clients")]
        number = sum(one.clients for one in scenario.traffic.everyone.values())
        yield from group("clients", f"{number:,} clients", clients)
    demands = [path for path in assumed if _is_demand(path)]
    yield from group("demands", _count(demands, "demand"), demands)
    goals = [path for path in assumed if path.startswith("slo.")]
    yield from group("SLO", "SLO", goals)
    yield from _of_stores(scenario, assumed, group)
    yield from _of_machines(scenario, assumed, group)
    yield from _of_pools(scenario, group)


def _of_stores(scenario: Scenario, assumed: Mapping[str, str], group: object) -> Iterator[Assumption]:
    assert callable(group)
    keys = [
        f"{place_of('cache', store)}.keyspaces.{name}.{field}"
        for store, cache in scenario.all_caches.items()
        for name, space in cache.keyspaces.items()
        if space.hit_ratio is None
        for field in ("keys", "popularity", "ttl")
    ]
    warm = "a warm cache" if scenario.run.start_state == "steady" else "the cache"
    yield from group("hit ratio", f"hit ratio of {warm}", [path for path in keys if path in assumed])
    reads = [path for path in assumed if ".statements." in path and path.endswith(".reads")]
    yield from group("data in memory", "data that fits in memory", reads)
    for name, database in scenario.all_databases.items():
        path = place_of("database", name)
        if database.statements and f"{path}.cores" in assumed:
            size = f"{database.cores:g} cores and {units.format_bytes(database.memory)}"
            text = f"database{'' if name == MAIN else f' {name}'} of {size}"
            yield from group("database class", text, [f"{path}.cores", f"{path}.memory"])
        elif database.statements and f"{path}.instance_class" in assumed:
            yield from group("database class", f"database class {database.instance_class}", [f"{path}.instance_class"])
    for name, cache in scenario.all_caches.items():
        path = place_of("cache", name)
        field = next((one for one in ("node_type", "memory") if f"{path}.{one}" in assumed), None)
        if cache.keyspaces and field is not None:
            size = cache.node_type or units.format_bytes(cache.memory)
            yield from group("cache size", f"cache{'' if name == MAIN else f' {name}'} of {size}", [f"{path}.{field}"])


def _of_machines(scenario: Scenario, assumed: Mapping[str, str], group: object) -> Iterator[Assumption]:
    assert callable(group)
    sizes = {name: _below(assumed, f"services.{name}.resources") for name in scenario.services}
    sized = [name for name, paths in sizes.items() if paths]
    yield from group("size", f"size of {_names(sized)}", [path for name in sized for path in sizes[name]])
    counted = [name for name in scenario.services if f"services.{name}.replicas" in assumed]
    yield from group("replicas", f"replicas of {_names(counted)}", [f"services.{name}.replicas" for name in counted])
    kinds = [name for name in scenario.services if f"services.{name}.runtime.kind" in assumed]
    runtime = "Node.js" if all(scenario.services[name].runtime.kind == "node" for name in kinds) else "runtime"
    yield from group("runtime", runtime, [f"services.{name}.runtime.kind" for name in kinds])
    if scenario.platform.compute == "ec2" and "platform.node_type" in assumed:
        what = "machine" if scenario.platform.kind == "compose" else "nodes of"
        yield from group("node type", f"{what} {scenario.platform.node_type}", ["platform.node_type"])
    if scenario.platform.kind != "compose" and "platform.zones" in assumed:
        yield from group("zones", f"{scenario.platform.zones} zones", ["platform.zones"])
    if "platform.core_speed" in assumed:
        yield from group("core speed", f"core speed {scenario.platform.core_speed:g}", ["platform.core_speed"])


def _of_pools(scenario: Scenario, group: object) -> Iterator[Assumption]:
    """Pools whose size nobody has written: the driver's default."""
    assert callable(group)
    found = {}
    for name, service in scenario.services.items():
        for database, pool in service.all_pools.items():
            path = f"services.{name}.pool.max" if database == MAIN else f"services.{name}.pools.{database}.max"
            if scenario.origin(path).file is None and scenario.origin(path).kind != "override":
                found[path] = pool.max
    text = f"pool of {next(iter(found.values()), 0)}" if len(set(found.values())) == 1 else "pool sizes"
    yield from group("pool", text, found)


def _load_text(name: str, source: Source) -> str:
    amount = {
        "closed": f"{source.users:,} users",
        "periodic": f"a job every {units.format_time(source.every)}",
    }.get(source.loop, units.format_rate(source.most_per_s))
    return f"load {amount}" if name == MAIN else f"load of {name} {amount}"


def _below(assumed: Mapping[str, str], path: str) -> list[str]:
    """The assumed values at a path and below it."""
    return [one for one in assumed if one == path or one.startswith(f"{path}.")]


def _is_demand(path: str) -> bool:
    first, _, rest = path.partition(".")
    if first not in _ROUTES or path.rpartition(".")[2] not in _DEMANDS:
        return False
    return first == "externals" or ".statements." in rest or ".routes." in rest


def _count(rows: list[str], what: str) -> str:
    return f"{len(rows)} {what}{'' if len(rows) == 1 else 's'}"


def _names(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= LONGEST else f"{len(names)} services"
