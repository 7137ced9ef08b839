"""The same path as a stock SimPy model: a process a request, `Resource`, `AnyOf` for the time-outs.

Written the way SimPy's documentation teaches it, with the same arrivals, clients and draws as the engines. It has
less to do than they: its database cores are first come first served instead of shared, connections cost nothing to
set up, the most replicas are there from the start, there is no CPU quota, no control plane, no histogram, no digest
and no account of where time went.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

import simpy

from novamodel.scenario import Scenario
from novamodel.simulation import codes
from novamodel.simulation.build import BLOCK, Plan, build
from novamodel.workload.arrivals import fill, new_block

Process = Generator[simpy.Event, Any, None]


@dataclass
class Outcome:
    """What became of the requests."""

    arrived: int = 0
    rejected: int = 0
    timed_out: int = 0
    latencies: list[float] = field(default_factory=list)


class Replica:
    """An event loop and a pool of connections."""

    def __init__(self, env: simpy.Environment, connections: int) -> None:
        self.loop = simpy.Resource(env, 1)
        self.pool = simpy.Resource(env, connections)


class Stock:
    """One run of a scenario of `scenes`: edge, replicas, Redis, PgBouncer, PostgreSQL."""

    def __init__(self, scenario: Scenario) -> None:
        env = self.env = simpy.Environment()
        service = scenario.services["api"]
        database = scenario.database
        bouncer = database.pgbouncer
        assert service.pool is not None
        assert bouncer is not None
        self.plan: Plan = build(scenario, arrays=False)
        self.seed = scenario.run.seed
        self.outcome = Outcome()
        self.edge = simpy.Resource(env, scenario.edge.workers)
        self.connections = service.pool.max
        self.replica_count = service.autoscaler.max_replicas if service.autoscaler else service.replicas
        self.replicas = cycle([Replica(env, self.connections) for _ in range(self.replica_count)])
        self.redis = simpy.Resource(env, 1)
        self.server_count, self.core_count = bouncer.default_pool_size, int(database.cores)
        self.servers = simpy.Resource(env, self.server_count)
        self.cores = simpy.Resource(env, self.core_count)
        self.clients = sum(population.clients for population in scenario.traffic.populations.values())
        limit = scenario.edge.limits.get("api")
        self.rate = int(limit.rate.split("r/")[0]) if limit else None
        self.burst = limit.burst if limit else 0
        self.buckets: dict[int, tuple[float, float]] = {}
        self.pool_patience = service.pool.connection_timeout
        self.server_patience = bouncer.query_wait_timeout
        self.edge_cpu = scenario.edge.request_cpu.busy
        self.edge_network = scenario.edge.network / 2
        self.cache_network = scenario.cache.network / 2
        self.database_network = database.network / 2
        self.redis_cpu = scenario.cache.command_cpu.busy
        self.query_cpu = bouncer.query_cpu.busy
        first, _, second = service.routes["read"]
        assert first.cpu is not None
        assert second.cpu is not None
        self.first_cpu, self.second_cpu = first.cpu.busy, second.cpu.busy
        self.statement = database.statements["select"].cpu.busy
        table = self.plan.model.programs
        self.hit_ratio = max(share for op, share in zip(table.op, table.share, strict=True) if op == codes.CACHE)

    def run(self, seconds: float) -> Outcome:
        """Simulate and return what happened."""
        self.env.process(self.arrivals())
        self.env.run(until=seconds)
        return self.outcome

    def arrivals(self) -> Process:
        """Start a process for every request."""
        env, source = self.env, self.plan.feeds[0].source
        block = new_block(BLOCK, source.most_draws)
        first = 0
        while made := fill(source, block, self.seed, 0, first):
            times, clients, draws = block.time.tolist(), block.client.tolist(), block.draw.tolist()
            for i in range(made):
                yield env.timeout(times[i] - env.now)
                self.outcome.arrived += 1
                env.process(self.request(clients[i], draws[i * source.most_draws : (i + 1) * source.most_draws]))
            first += made

    def passes_limit(self, client: int) -> bool:
        """A leaky bucket a client."""
        if self.rate is None:
            return True
        excess, last = self.buckets.get(client, (-1.0, self.env.now))
        excess = max(excess - (self.env.now - last) * self.rate, -1.0) + 1.0
        if excess > self.burst:
            return False
        self.buckets[client] = (excess, self.env.now)
        return True

    def command(self) -> Process:
        """One Redis command."""
        yield self.env.timeout(self.cache_network)
        with self.redis.request() as turn:
            yield turn
            yield self.env.timeout(self.redis_cpu)
        yield self.env.timeout(self.cache_network)

    def request(self, client: int, draws: list[float]) -> Process:
        """One request from arrival to answer."""
        env = self.env
        arrived = env.now
        if not self.passes_limit(client):
            self.outcome.rejected += 1
            return
        edge_draw, cpu_draw, cache_draw, statement_draw = draws
        with self.edge.request() as worker:
            yield worker
            yield env.timeout(self.edge_cpu * edge_draw)
        yield env.timeout(self.edge_network)
        replica = next(self.replicas)
        with replica.loop.request() as turn:
            yield turn
            yield env.timeout(self.first_cpu * cpu_draw)
        yield from self.command()
        if cache_draw >= self.hit_ratio:
            with replica.pool.request() as connection:
                got = yield connection | env.timeout(self.pool_patience)
                if connection not in got:
                    self.outcome.timed_out += 1
                    return
                yield env.timeout(self.database_network)
                with self.servers.request() as server:
                    got = yield server | env.timeout(self.server_patience)
                    if server not in got:
                        self.outcome.timed_out += 1
                        return
                    yield env.timeout(self.query_cpu)
                    with self.cores.request() as core:
                        yield core
                        yield env.timeout(self.statement * statement_draw)
                    yield env.timeout(self.database_network)
            yield from self.command()
        with replica.loop.request() as turn:
            yield turn
            yield env.timeout(self.second_cpu)
        yield env.timeout(self.edge_network)
        self.outcome.latencies.append(env.now - arrived)
