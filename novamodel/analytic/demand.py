"""What one request of each route asks of each tier, summed over its steps, before any waiting."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace

from novamodel.scenario import Scenario
from novamodel.scenario.demand import Demand, Step
from novamodel.scenario.read_replicas import may_read_elsewhere


@dataclass(frozen=True)
class RouteDemand:
    """Means of one request; CPU in seconds on the platform's cores (Redis: on the reference core).

    ``*_busy`` is the demand when the core is found busy, ``*_idle`` when it is found idle. ``*_squares``
    sum the second moments of the bursts (s^2).
    """

    service: str
    share: float = 0.0
    loop_bursts: float = 0.0
    loop_busy: float = 0.0
    loop_idle: float = 0.0
    loop_squares_busy: float = 0.0
    loop_squares_idle: float = 0.0
    thread_jobs: float = 0.0
    thread_s: float = 0.0
    statements: float = 0.0
    database_busy: float = 0.0
    database_idle: float = 0.0
    database_squares: float = 0.0
    storage_operations: float = 0.0
    reading_busy: float = 0.0  # what read replicas answer is here and not in the four above
    reading_idle: float = 0.0
    reading_operations: float = 0.0
    transactions: float = 0.0
    reading_transactions: float = 0.0  # those of them on read replicas
    held_bursts: float = 0.0  # bursts of the event loop while a connection is held
    held_busy: float = 0.0
    held_idle: float = 0.0
    cache_trips: float = 0.0
    cache_busy: float = 0.0
    cache_idle: float = 0.0
    wait_s: float = 0.0

    @property
    def on_primary(self) -> float:
        """Transactions on the primary."""
        return self.transactions - self.reading_transactions

    def plus(self, weight: float, **amounts: float) -> RouteDemand:
        """This demand with ``weight`` times each amount added."""
        return replace(self, **{name: getattr(self, name) + weight * value for name, value in amounts.items()})


def core_scale(scenario: Scenario) -> float:
    """Seconds on the platform for one second on the core that the demands were measured on."""
    return 1.0 / scenario.platform.core_speed


def second_moment(demand: Demand) -> float:
    """E[X^2] of the demand's law at mean 1."""
    if demand.law == "lognormal":
        return math.exp(demand.sigma**2)
    return 2.0 if demand.law == "exponential" else 1.0


def route_demands(scenario: Scenario, ratios: dict[str, float]) -> dict[str, RouteDemand]:
    """The demand of every route of the mix, given the hit ratio of each keyspace."""
    walk = _Walk(scenario, ratios)
    found = {}
    for route, share in scenario.traffic.mix.items():
        service = scenario.service_of(route)
        steps = scenario.services[service].routes[route]
        found[route] = walk.route(RouteDemand(service, share), steps)
    return found


def of_service(demands: dict[str, RouteDemand], service: str) -> RouteDemand:
    """Mean demand of one request of a service over its routes; ``share`` is the service's share of all requests."""
    own = [demand for demand in demands.values() if demand.service == service]
    share = sum(demand.share for demand in own)
    total = RouteDemand(service, share)
    for demand in own:
        weight = demand.share / share if share > 0 else 0.0
        amounts = {f.name: getattr(demand, f.name) for f in fields(demand) if f.name not in ("service", "share")}
        total = total.plus(weight, **amounts)
    return total


class _Walk:
    """Adds up the steps of a route."""

    def __init__(self, scenario: Scenario, ratios: dict[str, float]) -> None:
        self.scenario, self.ratios, self.scale = scenario, ratios, core_scale(scenario)
        self.elsewhere: frozenset[int] = frozenset()  # steps of the present route that read replicas may answer

    def route(self, demand: RouteDemand, steps: tuple[Step, ...]) -> RouteDemand:
        if self.scenario.database.read_replicas is not None:
            self.elsewhere = may_read_elsewhere(self.scenario.database.statements, steps)
        return self.steps(demand, steps, 1.0)

    def steps(self, demand: RouteDemand, steps: tuple[Step, ...], weight: float) -> RouteDemand:
        for position, step in enumerate(steps):
            if step.cpu is not None:
                demand = self.burst(demand, step.cpu, weight)
            elif step.thread is not None:
                demand = demand.plus(weight, thread_jobs=1, thread_s=step.thread.busy * self.scale)
            elif step.wait is not None:
                demand = demand.plus(weight, wait_s=step.wait.busy)
            elif step.sql is not None:
                follower = steps[position + 1].cpu if position + 1 < len(steps) else None
                demand = self.transaction(demand, step, follower, weight)
            elif step.cache is not None:
                command, cpu = step.cache, self.scenario.cache.command_cpu
                demand = demand.plus(
                    weight,
                    cache_trips=1,
                    cache_busy=cpu.busy * command.count * self.scale,
                    cache_idle=cpu.idle * command.count * self.scale,
                )
                missed = weight * (1 - self.ratios[command.keyspace]) if command.op == "get" else weight
                demand = self.steps(demand, command.on_miss, missed)
        return demand

    def burst(self, demand: RouteDemand, cpu: Demand, weight: float) -> RouteDemand:
        busy, idle, spread = cpu.busy * self.scale, cpu.idle * self.scale, second_moment(cpu)
        return demand.plus(
            weight,
            loop_bursts=1,
            loop_busy=busy,
            loop_idle=idle,
            loop_squares_busy=spread * busy**2,
            loop_squares_idle=spread * idle**2,
        )

    def held(self, demand: RouteDemand, cpu: Demand, weight: float) -> RouteDemand:
        return demand.plus(weight, held_bursts=1, held_busy=cpu.busy * self.scale, held_idle=cpu.idle * self.scale)

    def transaction(self, demand: RouteDemand, step: Step, follower: Demand | None, weight: float) -> RouteDemand:
        """The connection is given back after the burst that reads the last answer (``follower``), as Node does."""
        replicas = self.scenario.database.read_replicas
        away = replicas.share if replicas is not None and id(step) in self.elsewhere else 0.0
        demand = demand.plus(weight, transactions=1, reading_transactions=away)
        for inner in step.sql or ():
            if isinstance(inner, str):
                statement = self.scenario.database.statements[inner]
                busy, idle = statement.cpu.busy * self.scale, statement.cpu.idle * self.scale
                operations = statement.reads + statement.writes
                demand = demand.plus(weight, statements=1)
                demand = demand.plus(
                    weight * (1 - away),
                    database_busy=busy,
                    database_idle=idle,
                    database_squares=second_moment(statement.cpu) * idle**2,
                    storage_operations=operations,
                )
                if away > 0.0:
                    reading = {"reading_busy": busy, "reading_idle": idle, "reading_operations": operations}
                    demand = demand.plus(weight * away, **reading)
            elif inner.cpu is not None:
                demand = self.held(self.burst(demand, inner.cpu, weight), inner.cpu, weight)
        return self.held(demand, follower, weight) if follower is not None else demand
