"""The interval table: every few seconds, what came, what became of it, and how busy each tier was."""

from __future__ import annotations

from collections.abc import Generator
from itertools import repeat
from typing import Any

import numpy as np

from novamodel.components.columns import clear
from novamodel.scenario import Scenario
from novamodel.simulation import codes
from novamodel.simulation.conservation import inside
from novamodel.simulation.control.cpu_use import Denied, denied_cpu
from novamodel.simulation.control.nodes import Nodes
from novamodel.simulation.control.pods import Fleet
from novamodel.simulation.control.samples import Samples
from novamodel.simulation.control.tiers import tier_uses
from novamodel.simulation.control.world import World
from novamodel.simulation.counts import bucket_edges, quantiles_of_buckets
from novamodel.simulation.recorder import OUTCOMES
from novamodel.simulation.table import Table

LEAST_FOR_P99 = 100
INTERVALS = {
    "time_s": float,
    "length_s": float,
    "arrived": int,
    "served": int,
    "rejected": int,
    "failed": int,
    "answered_5xx": int,
    "abandoned": int,
    "retried": int,
    "in_flight": int,
    "latency_s": float,
    "p50_s": float,
    "p95_s": float,
    "p99_s": float,
}
REPLICAS = {
    "time_s": float,
    "service": str,
    "wanted": int,
    "ready": int,
    "pending": int,
    "ending": int,
    "outdated": int,
    "cpu_of_request": float,
    "memory_of_request": float,
    "periods": int,
    "throttled_periods": int,
    "throttled_s": float,
    "core_wait_s": float,
}
MESSAGE_COUNTS = ("published", "delivered", "redelivered", "acknowledged", "dead")


class Monitor:
    """Collects rows from the end of the warm-up on."""

    def __init__(self, world: World, scenario: Scenario, fleets: dict[str, Fleet]) -> None:
        self.world = world
        self.scenario = scenario
        self.fleets = fleets
        self.intervals = Table(**INTERVALS)
        self.tiers = Table(time_s=float, tier=str, busy=float, limit=float, utilisation=float, queue=float)
        self.replicas = Table(**REPLICAS)
        self.nodes = Nodes(world)
        self.carried_in = 0
        self.before = inside(world.plan, world.engine.model)
        self.messages_before = self._messages()
        self.samples = Samples(world, scenario.run)
        self.buckets = Table(time_s=float, upper_s=float, count=int)
        self._uppers = (*scenario.monitoring.buckets, np.inf)
        self._exported = np.searchsorted(bucket_edges(), self._uppers, side="right")
        self._levels: dict[str, float] = {}
        self._counts: tuple[int, np.ndarray] = (0, np.zeros(OUTCOMES, dtype=np.int64))
        self._latency = 0.0
        self._denied: dict[str, Denied] = {}
        entries, sites = set(world.plan.book.entries.values()), world.plan.layout.sites
        self._outside = [number for number, site in enumerate(sites) if site.program in entries]
        self._retried = 0
        world.env.process(self._run())

    def _run(self) -> Generator[Any, Any, None]:
        env, run = self.world.env, self.scenario.run
        if run.warm_up_s > 0:
            yield env.timeout(run.warm_up_s)
        self.samples.forget()
        self._forget()
        begin = env.now
        row = 0
        while True:
            row += 1
            at = min(begin + row * run.interval, begin + run.duration)
            before = env.now
            yield env.timeout(at - env.now)
            self._collect(at - before)
            if at >= begin + run.duration:
                return

    def _forget(self) -> None:
        """The warm-up does not count."""
        model = self.world.engine.model
        record = model.record
        rejected = np.array(record.outcome).reshape(-1, OUTCOMES)[:, codes.REJECTED]
        self.world.admitted_before = np.array(record.arrived) - rejected
        for column in (record.histogram, record.window, record.spent, record.latency):
            clear(column)
        for column in (record.outcome, record.population, record.arrived):
            clear(column)
        keys = model.keys
        counted = (keys.gets, keys.hits, keys.sets, keys.deletes, keys.evicted, keys.expired, keys.refused)
        for column in (*counted, model.sites.sent, model.sites.retried, model.sites.failed):
            clear(column)
        model.reading.reads[0] = model.reading.stale[0] = 0
        self.carried_in = int(model.requests.in_flight[0])
        self.before = inside(self.world.plan, model)
        self.messages_before = self._messages()
        self._tier_rows(0.0)
        self._retries()
        for fleet in self.fleets.values():
            self._denied_since(fleet, self.world.env.now)
        self.nodes.forget()

    def _messages(self) -> dict[str, list[int]]:
        counters = self.world.engine.model.messages
        return {name: [int(n) for n in getattr(counters, name)] for name in MESSAGE_COUNTS}

    def queues(self) -> list[dict[str, Any]]:
        """By queue: messages of the window, and how many wait at its end."""
        now, messages = self._messages(), self.world.engine.model.messages
        return [
            {"queue": queue}
            | {name: now[name][q] - self.messages_before[name][q] for name in MESSAGE_COUNTS}
            | {"waiting": int(messages.waiting[q] + messages.hidden[q])}
            for q, queue in enumerate(self.world.plan.layout.queues)
        ]

    def _collect(self, length: float) -> None:
        model, now = self.world.engine.model, self.world.env.now
        arrived = int(sum(model.record.arrived))
        latency = float(sum(model.record.latency))
        outcomes = np.asarray(model.record.outcome, dtype=np.int64).reshape(-1, OUTCOMES).sum(axis=0)
        new = (outcomes - self._counts[1]).tolist()
        served = new[codes.SERVED]
        window = np.asarray(model.record.window, dtype=np.int64)
        filled = window.nonzero()[0]  # most buckets are not
        count = window[filled]
        p50, p95, p99 = quantiles_of_buckets(filled, count, (0.5, 0.95, 0.99))
        self.intervals.add(
            now,
            length,
            arrived - self._counts[0],
            served,
            new[codes.REJECTED],
            sum(new[code] for code in codes.FAILED),
            sum(new[code] for code in codes.ANSWERED_5XX),
            new[codes.ABANDONED],
            self._retries(),
            model.requests.in_flight[0],
            latency - self._latency,
            p50,
            p95,
            p99 if served >= LEAST_FOR_P99 else float("nan"),
        )
        below = [0, *count.cumsum().tolist()]
        places = filled.searchsorted(self._exported).tolist()
        self.buckets.extend(repeat(now, len(places)), self._uppers, [below[place] for place in places])
        clear(model.record.window)
        self._counts, self._latency = (arrived, outcomes), latency
        self._tier_rows(length)
        for name, fleet in self.fleets.items():
            self._replica_row(name, fleet, now)
        self.nodes.look(length)

    # --- tiers ---------------------------------------------------------------------------------------------

    def _tier_rows(self, length: float) -> None:
        """A row a tier; of one whose use is an integral over time (busy seconds), its mean since the last."""
        now, before = self.world.env.now, self._levels
        for tier, value, limit, queue, integral in tier_uses(self.world, self.scenario, self.fleets):
            since = before.get(tier, 0.0) if integral else 0.0
            if integral:
                before[tier] = value
            if length > 0:
                busy = (value - since) / length if integral else value
                self.tiers.add(now, tier, busy, limit, busy / limit if limit > 0 else float("nan"), queue)

    def _retries(self) -> int:
        """Attempts beyond the first of callers from outside, since the last interval."""
        total = sum(int(self.world.engine.model.sites.retried[site]) for site in self._outside)
        before, self._retried = self._retried, total
        return total - before

    def _denied_since(self, fleet: Fleet, now: float) -> Denied:
        """What all replicas together were denied since the last interval."""
        model = self.world.engine.model
        total = Denied(*map(sum, zip(*(denied_cpu(model, row, now) for row in range(*fleet.rows)), strict=True)))
        before, self._denied[fleet.name] = self._denied.get(fleet.name, Denied(0, 0, 0.0, 0.0)), total
        return total.plus(before, -1)

    def _replica_row(self, name: str, fleet: Fleet, now: float) -> None:
        resources = fleet.service.resources
        use = []
        for what, request in (("cpu", resources.cpu_request * 1000), ("memory", resources.memory_request)):
            values = [pod.samples[what].value for pod in fleet.pods if pod.ready is True and what in pod.samples]
            use.append(sum(values) / (request * len(values)) if values else float("nan"))
        ready, alive = fleet.ready_count(), len(fleet.alive())
        outdated = sum(pod.stays() and pod.revision < fleet.revision for pod in fleet.pods)
        ending = len(fleet.pods) - alive
        denied = self._denied_since(fleet, now)
        self.replicas.add(now, name, fleet.spec, ready, alive - ready, ending, outdated, *use, *denied)
