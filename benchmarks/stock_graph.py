"""Three services, two databases and a queue as a stock SimPy model: a process a request and a process a consumer.

The same arrivals as the engines have, demands drawn by `random`. As in `stock` it has less to do than they: cores first
come first served, connections cost nothing to set up, nothing is delivered again, nothing is kept but latencies.
"""

from __future__ import annotations

import math
import random
from collections.abc import Generator
from itertools import cycle
from typing import Any

import simpy

from benchmarks.scenes import CALL_S, ORDER_MS, READ_MS, SIGMA, WRITE_MS
from benchmarks.stock import Outcome, Replica
from novamodel.scenario import Scenario
from novamodel.simulation.build import BLOCK, Plan, build
from novamodel.workload.arrivals import fill, new_block

Process = Generator[simpy.Event, Any, Any]


class StockGraph:
    """One run of `scenes.graph`."""

    def __init__(self, scenario: Scenario) -> None:
        env = self.env = simpy.Environment()
        self.plan: Plan = build(scenario, arrays=False)
        self.seed = scenario.run.seed
        self.random = random.Random(self.seed)
        self.outcome = Outcome()
        services = scenario.services
        shop, stock, work = services["shop"], services["stock"], services["work"]
        self.edge = simpy.Resource(env, scenario.edge.workers)
        self.edge_cpu, self.edge_network = scenario.edge.request_cpu.busy, scenario.edge.network / 2
        pool = shop.pool
        assert pool is not None
        self.patience = pool.connection_timeout
        self.shop = cycle([Replica(env, pool.max) for _ in range(shop.replicas)])
        self.stock = cycle([Replica(env, pool.max) for _ in range(stock.replicas)])
        self.network = scenario.database.network / 2
        self.call_network = self.edge_network
        self.main = simpy.Resource(env, int(scenario.database.cores))
        self.items = simpy.Resource(env, int(scenario.databases["items"].cores))
        self.jobs = simpy.Store(env)
        for _ in range(work.replicas):
            replica = Replica(env, pool.max)
            for _ in range(work.consumers["jobs"].concurrency):
                env.process(self.consumer(replica))

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
            for time in block.time[:made].tolist():
                yield env.timeout(time - env.now)
                self.outcome.arrived += 1
                env.process(self.request())
            first += made

    def draw(self, mean_ms: float) -> float:
        """Seconds of a lognormal demand."""
        return mean_ms / 1000 * math.exp(self.random.gauss(-SIGMA * SIGMA / 2, SIGMA))

    def burst(self, replica: Replica, mean_ms: float) -> Process:
        """A burst on the event loop."""
        with replica.loop.request() as turn:
            yield turn
            yield self.env.timeout(self.draw(mean_ms))

    def statement(self, replica: Replica, cores: simpy.Resource, mean_ms: float) -> Process:
        """A transaction of one statement; False if no connection came in time."""
        with replica.pool.request() as connection:
            got = yield connection | self.env.timeout(self.patience)
            if connection not in got:
                return False
            yield self.env.timeout(self.network)
            with cores.request() as core:
                yield core
                yield self.env.timeout(self.draw(mean_ms))
            yield self.env.timeout(self.network)
        return True

    def item(self) -> Process:
        """What the stock service does for a call."""
        yield self.env.timeout(self.call_network)
        replica = next(self.stock)
        yield from self.burst(replica, ORDER_MS["item"])
        done = yield from self.statement(replica, self.items, READ_MS)
        yield self.env.timeout(self.call_network)
        return done

    def consumer(self, replica: Replica) -> Process:
        """Take jobs, one after the other."""
        while True:
            yield self.jobs.get()
            yield from self.burst(replica, ORDER_MS["job"])
            yield from self.statement(replica, self.main, WRITE_MS)

    def request(self) -> Process:
        """One order from arrival to answer."""
        env, arrived = self.env, self.env.now
        with self.edge.request() as worker:
            yield worker
            yield env.timeout(self.edge_cpu)
        yield env.timeout(self.edge_network)
        replica = next(self.shop)
        yield from self.burst(replica, ORDER_MS["order"])
        answer = env.process(self.item())
        got = yield answer | env.timeout(CALL_S)
        answered = answer in got and answer.value
        if not answered or not (yield from self.statement(replica, self.main, WRITE_MS)):
            self.outcome.timed_out += 1
            return
        yield self.jobs.put(1)
        yield from self.burst(replica, ORDER_MS["answer"])
        yield env.timeout(self.edge_network)
        self.outcome.latencies.append(env.now - arrived)
