"""One replication: the control plane on a SimPy environment, over an engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import simpy

from novamodel.components.rule import COMPILED
from novamodel.errors import UserError
from novamodel.scenario import Scenario
from novamodel.scenario.scaling_metric import WEEKDAYS
from novamodel.simulation.build import Plan, build
from novamodel.simulation.build_source import USER_STRIDE, USERS
from novamodel.simulation.compiled import CompiledEngine
from novamodel.simulation.conservation import lost
from novamodel.simulation.control.agenda import keep_agenda
from novamodel.simulation.control.autoscaler import HpaLoop
from novamodel.simulation.control.cluster import Cluster
from novamodel.simulation.control.monitor import Monitor
from novamodel.simulation.control.pods import Fleet
from novamodel.simulation.control.scrapes import scrape
from novamodel.simulation.control.settled import settle_parts
from novamodel.simulation.control.storage import watch_storage
from novamodel.simulation.control.tracking import TargetTracking
from novamodel.simulation.control.world import Engine, World
from novamodel.simulation.counts import Counts, counts_of
from novamodel.simulation.environment import EngineEnvironment
from novamodel.simulation.recorder import BUCKETS, PLACES
from novamodel.simulation.reference import ReferenceEngine
from novamodel.simulation.start_state import held_at_start, replicas_at_start
from novamodel.simulation.table import Table

COUNTED_KEYS = ("gets", "hits", "sets", "deletes", "evicted", "expired", "refused")
ENGINES = ("auto", "simpy", "compiled")


@dataclass(frozen=True)
class Replication:
    """What one replication leaves behind: plain numbers."""

    number: int
    digest: str
    histogram: np.ndarray  # routes x buckets
    spent: np.ndarray  # buckets x places, seconds
    latency: np.ndarray  # by route: sum of latencies of the served
    outcome: np.ndarray  # routes x outcomes
    population: np.ndarray  # populations x outcomes
    arrived: np.ndarray  # by route
    reading: np.ndarray  # transactions on read replicas, and those of them that were stale
    caching: np.ndarray  # (gets, hits) x keyspaces
    carried_in: int  # requests in flight at the start of the window
    in_flight: int  # at its end
    intervals: Table
    buckets: Table  # by interval and exported upper edge: served since the last interval, up to it
    tiers: Table
    replicas: Table
    nodes: Table  # by interval and node group: cores, who waits, pressure
    machines: list[dict[str, Any]]  # nodes that replicas share: group, type, zone, from when to when
    lives: list[dict[str, Any]]  # of replicas, those that were gone before the window left out
    events: list[dict[str, Any]]
    calls: list[dict[str, Any]]  # by call site: attempts in the window, those beyond the first, calls given up
    queues: list[dict[str, Any]]  # by queue: messages of the window
    caches: list[dict[str, Any]]  # by keyspace: commands of the window, entries at its end
    settling: np.ndarray  # steps from time 0 x (latencies of the served, served, in flight)
    batches: list[Counts]  # of the window; empty where there are more replications
    lost: tuple[str, ...]  # routes, sources, programs and queues whose counts do not add up
    requests: np.ndarray | None

    def counts(self, window_s: float) -> Counts:
        """All that was counted in the window."""
        return Counts(
            self.histogram,
            self.latency,
            self.outcome,
            self.population,
            self.arrived,
            self.reading,
            self.caching,
            window_s,
        )

    @property
    def conserved(self) -> bool:
        """What arrived and was carried in has ended or is in flight: in all, and by source, route, program, queue."""
        total = self.carried_in + self.arrived.sum()
        return bool(not self.lost and self.in_flight >= 0 and total == self.outcome.sum() + self.in_flight)


def pick_engine(engine: str) -> str:
    """The engine that a name stands for."""
    if engine not in ENGINES:
        raise UserError(f"engine {engine!r} is unknown", valid=", ".join(ENGINES))
    if engine == "compiled" and not COMPILED:
        raise UserError("the compiled engine needs numba, which is not installed", valid="--engine simpy")
    return "compiled" if COMPILED and engine != "simpy" else "simpy"


def replicate(
    scenario: Scenario,
    number: int,
    engine: str = "auto",
    keep_requests: bool = False,
    progress: Callable[[float], None] | None = None,
) -> Replication:
    """Run replication ``number`` of a scenario; ``progress`` is told the share done."""
    compiled = pick_engine(engine) == "compiled"
    run = scenario.run
    plan = build(scenario, arrays=compiled, replication=number)
    chosen: Engine
    if compiled:
        chosen = CompiledEngine(plan, simpy.Environment(), run.seed, number, keep_requests)
    else:
        chosen = ReferenceEngine(plan, EngineEnvironment(), run.seed, number, keep_requests)
    env = chosen.env
    cluster = Cluster(env, scenario, plan.hosts) if plan.hosts else None
    weekday = WEEKDAYS.index(run.weekday)
    world = World(env, chosen, plan, run.seed, number, scenario.platform.zones, cluster, weekday)
    settle_parts(world, scenario)
    start = replicas_at_start(scenario)
    fleets = {
        name: Fleet(world, name, service, plan.rows[name], start[name]) for name, service in scenario.services.items()
    }
    for fleet in fleets.values():
        scaler = fleet.service.autoscaler
        if scaler is not None:
            (HpaLoop if scaler.kind == "hpa" else TargetTracking)(world, fleet, scaler)
        scrape(world, fleet, scenario.monitoring)
    if cluster is not None:
        cluster.warm = False
    _fill_pools(scenario, plan, chosen, fleets)
    _start_users(plan, chosen)
    keep_agenda(world, scenario, fleets)
    watch_storage(world, scenario)
    monitor = Monitor(world, scenario, fleets)
    horizon = run.warm_up_s + run.duration
    if progress is not None:
        env.process(_report(env, horizon, progress))
    chosen.run(horizon)
    record = chosen.model.record
    total = counts_of(chosen.model, run.duration)
    return Replication(
        number=number,
        digest=chosen.finish_digest(),
        histogram=total.histogram,
        spent=np.asarray(record.spent, dtype=np.float64).reshape(BUCKETS, PLACES),
        latency=total.latency,
        outcome=total.outcome,
        population=total.population,
        arrived=total.arrived,
        reading=total.reading,
        caching=total.caching,
        carried_in=monitor.carried_in,
        in_flight=int(chosen.model.requests.in_flight[0]),
        intervals=monitor.intervals,
        buckets=monitor.buckets,
        tiers=monitor.tiers,
        replicas=monitor.replicas,
        nodes=monitor.nodes.table,
        machines=[one for one in cluster.lives() if one["to_s"] > run.warm_up_s] if cluster is not None else [],
        lives=[
            {"service": name, "from_s": begin, "to_s": end}
            for name, fleet in fleets.items()
            for begin, end in fleet.lives()
            if end > run.warm_up_s
        ],
        events=[e for e in world.events if e["time_s"] >= run.warm_up_s],
        calls=_calls(plan, chosen),
        queues=monitor.queues(),
        caches=_caches(scenario, plan, chosen),
        settling=monitor.samples.settling,
        batches=monitor.samples.batches(total),
        lost=lost(scenario, plan, chosen.model, monitor.before),
        requests=chosen.kept(),
    )


def _fill_pools(scenario: Scenario, plan: Plan, engine: Engine, fleets: dict[str, Fleet]) -> None:
    """Idle connections of the replicas that are there at the beginning: in turn, one each; then PgBouncer's."""
    rows = {name: [pod.row for pod in fleet.pods if pod.row >= 0] for name, fleet in fleets.items()}
    held = held_at_start(scenario, plan.layout, {name: max(1, len(there)) for name, there in rows.items()})
    for turn in range(max(held.pools.values(), default=0)):
        for link, number in plan.layout.links.items():
            if turn < held.pools[link]:
                first = int(plan.model.links.first_pool[number]) - fleets[link.service].rows[0]
                for row in rows[link.service]:
                    engine.fill_pool(number, first + row)
    for turn in range(max(held.servers.values(), default=0)):
        for pool, count in held.servers.items():
            if turn < count:
                engine.warm_bouncer(pool)


def _start_users(plan: Plan, engine: Engine) -> None:
    """Users of closed sources begin with a pause each."""
    for group, users in enumerate(plan.users):
        for user, (population, client) in enumerate(zip(users.population, users.client, strict=True)):
            engine.start_user(USERS + group * USER_STRIDE + user, users.program, population, client)


def _calls(plan: Plan, engine: Engine) -> list[dict[str, Any]]:
    sites = engine.model.sites
    return [
        {
            "caller": site.caller_name,
            "called": site.called,
            "attempts": int(sites.sent[n]),
            "retries": int(sites.retried[n]),
            "given_up": int(sites.failed[n]),
        }
        for n, site in enumerate(plan.layout.sites)
    ]


def _caches(scenario: Scenario, plan: Plan, engine: Engine) -> list[dict[str, Any]]:
    keys, found = engine.model.keys, []
    for number, (store, name) in enumerate(plan.layout.keyspaces):
        stated = scenario.all_caches[store].keyspaces[name].hit_ratio is not None
        kept = "one by one" if (store, name) in plan.layout.keyed else "stated" if stated else "closed form"
        counts = {column: int(getattr(keys, column)[number]) for column in COUNTED_KEYS}
        entries = int(keys.entries[number])
        held = {"entries": entries, "bytes": entries * int(keys.bytes[number])}
        found.append({"cache": store, "keyspace": name, "keys": kept, **counts, **held})
    return found


def _report(env: simpy.Environment, horizon: float, progress: Callable[[float], None]) -> Any:
    for part in range(1, 101):
        yield env.timeout(horizon * part / 100 - env.now)
        progress(part / 100)
