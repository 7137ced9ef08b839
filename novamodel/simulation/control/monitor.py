"""The interval table: every few seconds, what came, what became of it, and how busy each tier was."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np

from novamodel.components.cpu.cpu_gate import gate_advance
from novamodel.scenario import Scenario
from novamodel.simulation import codes
from novamodel.simulation.conservation import inside
from novamodel.simulation.control.pods import Fleet
from novamodel.simulation.control.samples import Samples
from novamodel.simulation.control.tiers import tier_uses
from novamodel.simulation.control.world import World
from novamodel.simulation.counts import bucket_edges, latency_quantiles
from novamodel.simulation.recorder import OUTCOMES

LEAST_FOR_P99 = 100
MESSAGE_COUNTS = ("published", "delivered", "redelivered", "acknowledged", "dead")


class Monitor:
    """Collects rows from the end of the warm-up on."""

    def __init__(self, world: World, scenario: Scenario, fleets: dict[str, Fleet]) -> None:
        self.world = world
        self.scenario = scenario
        self.fleets = fleets
        self.intervals: list[dict[str, float]] = []
        self.tiers: list[dict[str, Any]] = []
        self.replicas: list[dict[str, Any]] = []
        self.carried_in = 0
        self.before = inside(world.plan, world.engine.model)
        self.messages_before = self._messages()
        self.samples = Samples(world, scenario.run)
        self.buckets: list[dict[str, float]] = []
        self._exported = np.searchsorted(bucket_edges(), (*scenario.monitoring.buckets, np.inf), side="right")
        self._levels: dict[str, float] = {}
        self._counts: tuple[int, np.ndarray] = (0, np.zeros(OUTCOMES, dtype=np.int64))
        self._latency = 0.0
        self._cut: dict[str, int] = {}
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
        for column in (record.histogram, record.window, record.outcome, record.population, record.arrived):
            column[:] = [0] * len(column) if isinstance(column, list) else 0
        model.reading.reads[0] = model.reading.stale[0] = 0
        keys = model.keys
        counted = (keys.gets, keys.hits, keys.sets, keys.deletes, keys.evicted, keys.expired, keys.refused)
        for column in (*counted, model.sites.sent, model.sites.retried, model.sites.failed):
            column[:] = [0] * len(column) if isinstance(column, list) else 0
        for column in (record.spent, record.latency):
            column[:] = [0.0] * len(column) if isinstance(column, list) else 0.0
        self.carried_in = int(model.requests.in_flight[0])
        self.before = inside(self.world.plan, model)
        self.messages_before = self._messages()
        self._tier_rows(0.0)
        self._retries()
        for fleet in self.fleets.values():
            self._throttled(fleet, self.world.env.now)

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
        new = outcomes - self._counts[1]
        window = np.asarray(model.record.window, dtype=np.int64)
        served = int(new[codes.SERVED])
        p50, p95, p99 = latency_quantiles(window, (0.5, 0.95, 0.99))
        self.intervals.append(
            {
                "time_s": now,
                "length_s": length,
                "arrived": arrived - self._counts[0],
                "served": served,
                "rejected": int(new[codes.REJECTED]),
                "failed": int(new[list(codes.FAILED)].sum()),
                "answered_5xx": int(new[list(codes.ANSWERED_5XX)].sum()),
                "abandoned": int(new[codes.ABANDONED]),
                "retried": self._retries(),
                "in_flight": int(model.requests.in_flight[0]),
                "latency_s": latency - self._latency,
                "p50_s": p50,
                "p95_s": p95,
                "p99_s": p99 if served >= LEAST_FOR_P99 else float("nan"),
            }
        )
        below = np.concatenate([[0], np.cumsum(window)])[self._exported]
        uppers = (*self.scenario.monitoring.buckets, np.inf)
        self.buckets += [
            {"time_s": now, "upper_s": upper, "count": int(count)} for upper, count in zip(uppers, below, strict=True)
        ]
        column = model.record.window
        column[:] = [0] * len(column) if isinstance(column, list) else 0
        self._counts, self._latency = (arrived, outcomes), latency
        self._tier_rows(length)
        for name, fleet in self.fleets.items():
            self.replicas.append(self._replica_row(name, fleet, now))

    # --- tiers ---------------------------------------------------------------------------------------------

    def _tier_rows(self, length: float) -> None:
        for use in tier_uses(self.world, self.scenario, self.fleets):
            if use.integral:
                self._tier(use.tier, use.value, use.limit, length, use.queue)
            else:
                self._level(use.tier, use.value, use.limit, length, use.queue)

    def _tier(self, tier: str, integral: float, limit: float, length: float, queue: float = 0.0) -> None:
        """A tier whose use is an integral over time (busy seconds)."""
        before = self._levels.get(tier, 0.0)
        self._levels[tier] = integral
        if length > 0:
            self._level(tier, (integral - before) / length, limit, length, queue)

    def _level(self, tier: str, busy: float, limit: float, length: float, queue: float = 0.0) -> None:
        if length > 0:
            row = {"time_s": self.world.env.now, "tier": tier, "busy": float(busy), "limit": float(limit)}
            self.tiers.append(
                row | {"utilisation": float(busy) / limit if limit > 0 else float("nan"), "queue": float(queue)}
            )

    def _retries(self) -> int:
        """Attempts beyond the first of callers from outside, since the last interval."""
        total = sum(int(self.world.engine.model.sites.retried[site]) for site in self._outside)
        before, self._retried = self._retried, total
        return total - before

    def _throttled(self, fleet: Fleet, now: float) -> int:
        """Periods in which a replica was throttled, of all replicas together, since the last interval."""
        gate = self.world.engine.model.gate
        for row in range(*fleet.rows):
            gate_advance(gate, row, now)
        total = sum(int(gate.throttled[row]) for row in range(*fleet.rows))
        before, self._cut[fleet.name] = self._cut.get(fleet.name, 0), total
        return total - before

    def _replica_row(self, name: str, fleet: Fleet, now: float) -> dict[str, Any]:
        resources = fleet.service.resources
        requests = {"cpu": resources.cpu_request * 1000, "memory": resources.memory_request}
        use = {}
        for what, request in requests.items():
            values = [pod.samples[what].value for pod in fleet.pods if pod.ready is True and what in pod.samples]
            use[f"{what}_of_request"] = sum(values) / (request * len(values)) if values else float("nan")
        ready = fleet.ready_count()
        return {
            "time_s": self.world.env.now,
            "service": name,
            "wanted": fleet.spec,
            "ready": ready,
            "pending": len(fleet.alive()) - ready,
            "ending": len(fleet.pods) - len(fleet.alive()),
            "outdated": sum(pod.stays() and pod.revision < fleet.revision for pod in fleet.pods),
            **use,
            "throttled_periods": self._throttled(fleet, now),
        }
