"""Fixes for what breaks first: single changes that an operator may make, each tried alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pandas as pd

from novamodel import units
from novamodel.analytic import route_rates
from novamodel.errors import UserError
from novamodel.scenario import Scenario, cache_nodes, database_classes, machine, may_read_elsewhere, node_types
from novamodel.sizing import Knee
from novamodel.workflows.month import monthly_total
from novamodel.workflows.plan.load_runs import LoadRuns

Tell = Callable[[float, str], None]
MOST_REPLICAS = 62
QUICK_FIXES = 6
"""As now, and the first of the others."""
CHANCE = 0.05
"""Knees of one system under other customers (seeds) differ by about this share: no less is called a gain."""


class Fix(NamedTuple):
    """One change: its name, from what to what, and the overrides that make it."""

    name: str
    change: str
    overrides: dict[str, Any]


AS_NOW = Fix("as now", "", {})


def busiest_service(scenario: Scenario) -> str:
    """The service that answers most requests, calls of others among them."""
    rates = dict.fromkeys(scenario.services, 0.0)
    for at, per_s in route_rates(scenario).items():
        rates[at.service] += per_s
    return max(rates, key=lambda service: rates[service])


def tried_fixes(work: LoadRuns, found: Knee, progress: Tell | None = None) -> pd.DataFrame:
    """A row a fix, and one as now: see `try_fix`; ``worth`` is its gain for a dollar, the most first.

    A fix without cost counts as one of a dollar. Empty where no load that was tried misses an objective.
    """
    breach = found.load_multiple_at_breach
    options = fixes_of(work.scenario, found.first_tier) if breach is not None else []
    options = options[:QUICK_FIXES] if work.quick else options
    grown = monthly_total(work.scenario.with_load(breach or 1.0))
    rows = []
    for number, fix in enumerate(options):
        if progress:
            progress(number / len(options), f"fix: {fix.name}")
        rows.append(try_fix(work, fix, found, grown))
    columns = ["fix", "change", "multiple", "low", "high", "gain", "cost_more", "cost_more_grown", "then"]
    frame = pd.DataFrame(rows, columns=columns)
    frame = frame.assign(worth=frame["gain"] / frame["cost_more_grown"].astype(float).clip(lower=1.0))
    return frame.sort_values(["worth", "gain", "fix"], ascending=[False, False, True], ignore_index=True)


def fixes_of(scenario: Scenario, first_tier: str) -> list[Fix]:
    """Single changes that this deployment allows: twice of one thing, or the next larger machine; first none at all.

    Of services: the one whose tier ``first_tier`` gives out first, and the one that most requests are for.
    """
    names = [name for name in scenario.services if first_tier.startswith(f"{name} ")]
    names = list(dict.fromkeys([*names, busiest_service(scenario)]))
    found = [fix for name in names for fix in _of_service(scenario, name)]
    found += [*_of_stores(scenario), *_of_machines(scenario)]
    return [AS_NOW, *(fix for fix in found if _allowed(scenario, fix))]


def try_fix(work: LoadRuns, fix: Fix, today: Knee, grown: float) -> dict[str, Any]:
    """The load that the system holds with a fix, what is missed then, and what the fix costs a month.

    Measured as the knee of ``today`` is: same customers, same window. ``gain``: over that knee, 0 within `CHANCE`.
    ``grown``: what today's system costs a month at that load.
    """
    variant = work.scenario.override(fix.overrides, said_by="fix")
    held, now = work.holds(variant, today), today.load_multiple_at_breach or 1.0
    gain = held.multiple - now
    return {
        "fix": fix.name,
        "change": fix.change,
        "multiple": held.multiple,
        "low": held.low,
        "high": held.high,
        "gain": gain if abs(gain) > CHANCE * now else 0.0,
        "cost_more": monthly_total(variant) - work.cost,
        "cost_more_grown": monthly_total(variant.with_load(now)) - grown,
        "then": held.missed,
    }


def _of_service(scenario: Scenario, name: str) -> Iterator[Fix]:
    service, base = scenario.services[name], f"services.{name}"
    scaler, resources, pool = service.autoscaler, service.resources, service.pool
    count = scaler.max_replicas if scaler else service.replicas
    more = min(2 * count, MOST_REPLICAS)
    path = f"{base}.autoscaler.max_replicas" if scaler else f"{base}.replicas"
    what = "upper bound of replicas" if scaler else "replicas"
    yield Fix(f"{name}: twice the {what}", change(str(count), str(more)), {path: more})
    if resources.cpu_limit is not None:
        now, then = (units.format_cores(resources.cpu_limit * factor) for factor in (1, 2))
        limit = {f"{base}.resources.cpu_limit": then}
        yield Fix(f"{name}: twice the CPU limit", change(now, then), limit)
        asked, wanted = (units.format_cores(resources.cpu_request * factor) for factor in (1, 2))
        both = {**limit, f"{base}.resources.cpu_request": wanted}
        yield Fix(f"{name}: twice the CPU", f"{asked}/{now} -> {wanted}/{then}", both)
    runtime = service.runtime
    if runtime.kind == "threads":
        field = "threads" if runtime.processors is None else "processors"
        path, has = f"{base}.runtime.{field}", runtime.processors or runtime.all_threads
        yield Fix(f"{name}: twice the {field}", change(str(has), str(2 * has)), {path: min(2 * has, 1024)})
    elif not runtime.plain:
        path, has = f"{base}.runtime.workers", runtime.workers
        yield Fix(f"{name}: twice the processes", change(str(has), str(2 * has)), {path: min(2 * has, 1024)})
    if pool is not None:
        for word, size in (("twice the pool", 2 * pool.max), ("half the pool", max(pool.max // 2, 1))):
            yield Fix(f"{name}: {word}", change(str(pool.max), str(size)), {f"{base}.pool.max": size})


def change(now: str, then: str) -> str:
    """``250m -> 400m``."""
    return f"{now} -> {then}"


def _of_machines(scenario: Scenario) -> Iterator[Fix]:
    """Larger or more machines, where containers share them and there is one kind."""
    platform = scenario.platform
    if not platform.shares_cores or len(platform.groups) != 1:
        return
    (name, group), compose = next(iter(platform.groups.items())), platform.kind == "compose"
    family, now = group.type.rpartition(".")[0], machine(group.type)
    larger = [one for one in node_types() if one.name.startswith(f"{family}.") and one.cores > now.cores]
    own = group.model_dump(exclude_unset=True)
    if larger:
        then = min(larger, key=lambda one: (one.cores, one.memory)).name
        path = {"platform.node_type": then} if compose else {"platform.node_groups": {name: own | {"type": then}}}
        yield Fix("nodes: the next type", change(group.type, then), path)
    if not compose:
        word = "count" if group.count is not None else "min"
        more = own | {word: 2 * group.least} | ({"max": max(group.max, 2 * group.least)} if group.max else {})
        text = change(str(group.least), str(2 * group.least))
        yield Fix("nodes: twice as many at least", text, {"platform.node_groups": {name: more}})


def _of_stores(scenario: Scenario) -> Iterator[Fix]:
    for name, database in scenario.all_databases.items():
        yield from _of_database(scenario, name, database)
    for name, cache in scenario.all_caches.items():
        yield from _of_cache(name, cache)


def _titled(what: str, name: str) -> str:
    """What a fix calls a part: a further one with its name."""
    return what if name == "main" else f"{what} {name}"


def _of_database(scenario: Scenario, name: str, database: Any) -> Iterator[Fix]:
    below = "database" if name == "main" else f"databases.{name}"
    bouncer = database.pgbouncer
    if bouncer is not None:
        size, clients = bouncer.default_pool_size, bouncer.max_client_conn
        path, title = f"{below}.pgbouncer", _titled("PgBouncer", name)
        server = {f"{path}.default_pool_size": 2 * size}
        yield Fix(f"{title}: twice the server connections", change(str(size), str(2 * size)), server)
        more = {f"{path}.max_client_conn": 4 * clients}
        yield Fix(f"{title}: four times the clients", change(str(clients), str(4 * clients)), more)
    family = (database.instance_class or "").rpartition(".")[0]
    larger = [c for c in database_classes() if c.name.startswith(f"{family}.") and c.cores > database.cores]
    title = _titled("database", name)
    if family and larger:
        then = min(larger, key=lambda c: (c.cores, c.memory)).name
        machine = {f"{below}.instance_class": then}
        yield Fix(f"{title}: the next class", change(str(database.instance_class), then), machine)
    routes = [steps for service in scenario.services.values() for steps in service.routes.values()]
    if any(may_read_elsewhere(database.statements, steps, name) for steps in routes):
        count = database.read_replicas.count if database.read_replicas else 0
        more = {f"{below}.read_replicas.count": count + 1}
        yield Fix(f"{title}: one more read replica", change(str(count), str(count + 1)), more)


def _of_cache(name: str, cache: Any) -> Iterator[Fix]:
    below = "cache" if name == "main" else f"caches.{name}"
    kind = (cache.node_type or "").rpartition(".")[0]
    nodes = [n for n in cache_nodes() if n.name.startswith(f"{kind}.") and n.memory_usable > cache.memory * 1.01]
    if kind and nodes:
        node = min(nodes, key=lambda n: n.memory_usable)
        larger = {f"{below}.node_type": node.name, f"{below}.memory": f"{node.memory_usable:.0f} B"}
        yield Fix(f"{_titled('cache', name)}: the next node", change(str(cache.node_type), node.name), larger)


def _allowed(scenario: Scenario, fix: Fix) -> bool:
    """Whether it changes something and the platform takes it (a Fargate task has only the sizes that are sold)."""
    try:
        variant = scenario.override(fix.overrides, said_by="fix")
        monthly_total(variant)
    except UserError:
        return False
    return variant.content_hash() != scenario.content_hash()
