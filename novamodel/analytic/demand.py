"""What one visit of each route asks of each tier, summed over its own steps, before any waiting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from novamodel.analytic.cache import every_hit_ratio
from novamodel.analytic.moments import second_moment
from novamodel.analytic.route_demand import Fork, RouteDemand, Visit, of_services, route_key, summed
from novamodel.analytic.traffic_equations import (
    Ratios,
    entry_rates,
    route_shares,
    solve,
    source_rates,
)
from novamodel.scenario import Scenario
from novamodel.scenario.demand import MAIN, Demand, Statement, Step, walk_steps
from novamodel.scenario.graph import RouteOf, called
from novamodel.scenario.read_replicas import writes

__all__ = ["Fork", "RouteDemand", "Visit", "core_scale", "interwoven", "of_services", "route_demands", "route_key"]


def core_scale(scenario: Scenario) -> float:
    """Seconds on the platform for one second on the core that the demands were measured on."""
    return 1.0 / scenario.platform.core_speed


def route_demands(
    scenario: Scenario,
    ratios: Mapping[str, float] | None = None,
    *,
    others: Ratios | None = None,
    sources: Mapping[str, float] | None = None,
    let_in: Mapping[str, float] | None = None,
) -> dict[str, RouteDemand]:
    """The demand of every route that is visited, by its name; of a route that only others ask for ``SERVICE.ROUTE``.

    ``ratios``: hit ratios of the main cache's keyspaces; ``others``: those of further caches (default: at the peak).
    ``sources``: requests/s of each source (default: their most), in whose proportions the routes are asked for.
    ``let_in``: share of the requests from outside that each service gets (default: all).
    """
    if (others is None and scenario.caches) or ratios is None:
        others = every_hit_ratio(scenario)
    every: Ratios = dict(others or {}) if ratios is None else {**(others or {}), MAIN: ratios}
    per_s = dict(sources or source_rates(scenario))
    alone = len(per_s) == 1
    if alone:
        per_s = {MAIN: 1.0}  # the mix itself, whatever the rate
    unit, asked = max(per_s[MAIN], 1e-9), max(sum(per_s.values()), 1e-9)
    entries = entry_rates(scenario, per_s)
    if let_in is not None:
        entries = {at: rate * let_in[at.service] for at, rate in entries.items()}
    walk, found = _Walk(scenario, every), {}
    through = _through(scenario, per_s)
    for at, visits in solve(scenario, entries, every).items():
        entry = entries.get(at, 0.0)
        if not visits > 0 and at not in entries:
            continue
        start = RouteDemand(at.service, visits / unit, entry=entry / asked, through=through.get(at, {}))
        key = at.route if at in entries else str(at)
        found[key] = walk.route(start, scenario.services[at.service].routes[at.route])
    return found


def interwoven(scenario: Scenario) -> bool:
    """Whether services ask others, externals or queues, or steps go side by side: no request is one service's own."""
    return any(
        step.call is not None or step.publish is not None or step.parallel is not None
        for service in scenario.services.values()
        for steps in service.routes.values()
        for step in walk_steps(steps)
    )


def _through(scenario: Scenario, per_s: Mapping[str, float]) -> dict[RouteOf, dict[str, float]]:
    """Requests of each route through each edge, per request of the main source."""
    found: dict[RouteOf, dict[str, float]] = {}
    for name, source in scenario.traffic.sources.items():
        for route, share in route_shares(source).items():
            edges = found.setdefault(RouteOf(scenario.service_of(route), route), {})
            edges[source.via] = edges.get(source.via, 0.0) + share * per_s[name] / max(per_s[MAIN], 1e-9)
    return found


class _Walk:
    """Adds up the steps of a route."""

    def __init__(self, scenario: Scenario, ratios: Ratios) -> None:
        self.scenario, self.ratios, self.scale = scenario, ratios, core_scale(scenario)
        self.elsewhere: frozenset[int] = frozenset()  # steps of the present route that read replicas may answer

    def route(self, demand: RouteDemand, steps: tuple[Step, ...]) -> RouteDemand:
        self.elsewhere = frozenset(id(step) for name in self.replicated() for step in self.readable(name, steps))
        return self.whole(self.steps(demand, steps, 1.0))

    def whole(self, alone: RouteDemand) -> RouteDemand:
        """A demand with the steps of its branches."""
        forks = [part for part in alone.parts if isinstance(part, Fork)]
        if not forks:
            return alone
        branches = [(fork.weight, branch) for fork in forks for branch in fork.branches]
        total = summed(alone.service, [(1.0, alone), *branches], alone.share)
        return replace(total, entry=alone.entry, through=alone.through, parts=alone.parts, apart=alone)

    def replicated(self) -> list[str]:
        return [name for name, database in self.scenario.all_databases.items() if database.read_replicas is not None]

    def readable(self, name: str, steps: tuple[Step, ...]) -> list[Step]:
        """Transactions that a read replica may answer: they read only, and nothing before them has written."""
        statements, found = self.scenario.all_databases[name].statements, []
        for step in walk_steps(steps):
            if step.sql is not None and step.database_name == name:
                if writes(statements, step.sql):
                    break
                found.append(step)
        return found

    def steps(self, demand: RouteDemand, steps: tuple[Step, ...], weight: float) -> RouteDemand:
        for position, step in enumerate(steps):
            often = weight if step.chance is None else weight * step.chance
            if step.cpu is not None:
                demand = self.burst(demand, step.cpu, often)
            elif step.thread is not None:
                variance = (second_moment(step.thread) - 1) * (step.thread.busy * self.scale) ** 2
                demand = demand.plus(
                    often, thread_jobs=1, thread_s=step.thread.busy * self.scale, own_variance=variance
                )
            elif step.wait is not None:
                variance = (second_moment(step.wait) - 1) * step.wait.busy**2
                demand = demand.plus(often, wait_s=step.wait.busy, own_variance=variance)
            elif step.sql is not None:
                follower = steps[position + 1] if position + 1 < len(steps) else None
                demand = self.transaction(demand, step, follower, often)
            elif step.cache is not None:
                demand = self.command(demand, step, often)
            else:
                demand = self.beyond(demand, step, often)
        return demand

    def command(self, demand: RouteDemand, step: Step, weight: float) -> RouteDemand:
        command = step.cache
        assert command is not None
        cache = self.scenario.all_caches[command.store]
        cpu = cache.command_cpu
        sync = cache.fsync if cache.appendfsync == "always" and command.op != "get" else 0.0
        at = demand.at_cache(command.store).plus(
            weight,
            cache_trips=1,
            cache_busy=cpu.busy * command.count * self.scale + sync,
            cache_idle=cpu.idle * command.count * self.scale + sync,
        )
        if command.store == MAIN:
            demand = at
        else:
            demand = replace(demand, caches={**demand.caches, command.store: at})
        missed = weight * (1 - self.ratios[command.store][command.keyspace] ** command.count)
        return self.steps(demand, command.on_miss, missed)

    def beyond(self, demand: RouteDemand, step: Step, weight: float) -> RouteDemand:
        """Steps that leave the service, or that others are inside of."""
        if step.call is not None:
            target = called(self.scenario, step.call.to)
            visit = Visit(target, weight, step.call.optional, step.call.caller.timeout)
            if isinstance(target, str):
                demand = replace(demand, externals=_more(demand.externals, target, weight))
            return replace(demand, parts=(*demand.parts, visit))
        if step.publish is not None:
            demand = replace(demand, messages=_more(demand.messages, step.publish, weight))
            return demand.plus(weight, wait_s=self.scenario.queues[step.publish].latency)
        if step.parallel is not None:
            branches = (self.steps(RouteDemand(demand.service), branch, 1.0) for branch in step.parallel)
            fork = Fork(weight, tuple(self.whole(branch) for branch in branches))
            return replace(demand, parts=(*demand.parts, fork))
        return self.steps(demand, step.then or (), weight)

    def burst(self, demand: RouteDemand, cpu: Demand, weight: float) -> RouteDemand:
        busy, idle, spread = cpu.busy * self.scale, cpu.idle * self.scale, second_moment(cpu)
        return demand.plus(
            weight,
            loop_bursts=1,
            loop_busy=busy,
            loop_idle=idle,
            loop_squares_busy=spread * busy**2,
            loop_squares_idle=spread * idle**2,
            own_variance=(spread - 1) * busy**2,
        )

    def held(self, demand: RouteDemand, cpu: Demand, weight: float) -> RouteDemand:
        return demand.plus(weight, held_bursts=1, held_busy=cpu.busy * self.scale, held_idle=cpu.idle * self.scale)

    def transaction(self, demand: RouteDemand, step: Step, follower: Step | None, weight: float) -> RouteDemand:
        """The connection is given back after the burst that reads the last answer (``follower``), as Node does."""
        name = step.database_name
        database = self.scenario.all_databases[name]
        replicas = database.read_replicas
        away = replicas.share if replicas is not None and id(step) in self.elsewhere else 0.0
        at = demand.at_database(name).plus(weight, transactions=1, reading_transactions=away)
        bursts = []
        for inner in step.sql or ():
            if isinstance(inner, str):
                at = self.statement(at, database.statements[inner], weight, away)
            elif inner.cpu is not None:
                bursts.append(inner.cpu)
                at = self.held(at, inner.cpu, weight)
        if follower is not None and follower.cpu is not None:
            at = self.held(at, follower.cpu, weight if follower.chance is None else weight * follower.chance)
        demand = at if name == MAIN else replace(demand, databases={**demand.databases, name: at})
        for cpu in bursts:
            demand = self.burst(demand, cpu, weight)
        return demand

    def statement(self, at: RouteDemand, statement: Statement, weight: float, away: float) -> RouteDemand:
        busy, idle = statement.cpu.busy * self.scale, statement.cpu.idle * self.scale
        operations, spread = statement.reads + statement.writes, second_moment(statement.cpu)
        at = at.plus(weight, statements=1, own_variance=(spread - 1) * busy**2)
        at = at.plus(
            weight * (1 - away),
            database_busy=busy,
            database_idle=idle,
            database_squares=spread * idle**2,
            storage_operations=operations,
        )
        if away > 0.0:
            at = at.plus(weight * away, reading_busy=busy, reading_idle=idle, reading_operations=operations)
        return at


def _more(amounts: Mapping[str, float], name: str, weight: float) -> dict[str, float]:
    return {**amounts, name: amounts.get(name, 0.0) + weight}
