"""What control processes share: the clock, the engine, internal jobs, the event list."""

from __future__ import annotations

import hashlib
from typing import Any, Protocol

import simpy

from novamodel.components.cpu.host import container_place
from novamodel.components.nginx.upstream.round_robin import upstream_list
from novamodel.components.queue.consumers import consumer_set
from novamodel.simulation import codes
from novamodel.simulation.build import Plan
from novamodel.simulation.control.cluster import Cluster
from novamodel.simulation.state import Model

INTERNAL_NUMBERS = 1 << 43
"""Internal jobs are numbered from here, above all requests."""


class Engine(Protocol):
    """What the control plane needs of an engine."""

    name: str
    model: Model

    @property
    def env(self) -> simpy.Environment:
        """The environment that it shares with the control plane."""

    def run(self, horizon: float) -> None:
        """Run all there is up to the horizon."""

    def inject(self, replica: int, route: int, number: int, serial: int) -> None:
        """Give a replica an internal job."""

    def kill(self, replica: int) -> None:
        """End a replica's process."""

    def start_user(self, number: int, program: int, population: int, client: int) -> None:
        """A user of a closed source begins to think."""

    def hand_out(self, queue: int) -> None:
        """Give messages of a queue to consumers that have become free."""

    def fill_pool(self, link: int, pool: int) -> None:
        """Put one more idle connection into a pool."""

    def warm_bouncer(self, pool: int) -> None:
        """Give a pool of PgBouncer one more idle server connection."""

    def finish_digest(self) -> str:
        """Hex digest of every finished request."""

    def kept(self) -> Any:
        """Every finished request, if they were to be kept."""


class World:
    """One replication's shared surroundings."""

    def __init__(
        self, env: simpy.Environment, engine: Engine, plan: Plan, seed: int, replication: int, zones: int,
        cluster: Cluster | None = None, weekday: int = 0,
    ) -> None:  # fmt: skip
        self.env = env
        self.engine = engine
        self.plan = plan
        self.events: list[dict[str, Any]] = []
        self.admitted_before: Any = 0  # by route: let in by the edge before the counts began again
        self.zones = zones
        self.settled: dict[tuple[str, str], int] = {}  # part and name of what shares a machine -> its container
        self.weekday = weekday  # on which the counted window begins, 0 = Monday
        self.cluster = cluster  # the machines, where containers share them
        self.lost_zones: set[int] = set()
        upstream, replica = engine.model.upstream, engine.model.balances.replica
        self._peers = {
            (group // 2, int(replica[peer])): (group, peer)  # a balance's servers, then its backups
            for group in range(len(upstream.first))
            for peer in range(int(upstream.first[group]), int(upstream.end[group]))
        }
        self._key = f"{seed}/{replication}/"
        self._jobs = 0

    def inject(self, service: str, kind: int, row: int) -> int:
        """Start an internal job on a replica; the serial number that `done` shows when it has run."""
        self._jobs += 1
        self.engine.inject(row, self.plan.book.internal[(service, kind)], INTERNAL_NUMBERS + self._jobs, self._jobs)
        return self._jobs

    def settle(self, container: int, machine: int) -> None:
        """A container stands on a machine from now on; the quota periods of those that are there already are spread."""
        host = self.engine.model.host
        begun = float(host.phase[container])
        container_place(host, container, machine, self.env.now)
        if self.cluster is not None and self.cluster.warm:
            host.phase[container] = begun

    def list_replica(self, service: str, row: int, ready: bool) -> None:
        """Put a replica on the lists of all who send requests there, and among the consumers; or take it off."""
        model, layout = self.engine.model, self.plan.layout
        for balance, number in layout.balances.items():
            if balance.service == service:
                group, peer = self._peers[(number, row)]
                upstream_list(model.upstream, group, peer, ready)
        members = model.replicas.members[row]
        for place in range(model.replicas.member[row], model.replicas.member[row] + members):
            member = int(model.queues.member[place])
            consumer_set(model.consumers, member, int(ready))
            if ready:
                self.engine.hand_out(int(model.queues.queue[model.consumers.group[member]]))

    def done(self, kind: int, row: int) -> int:
        """Serial of the last internal job of a kind that a replica has finished."""
        return int(self.engine.model.replicas.done[row * codes.INTERNAL_KINDS + kind])

    def event(self, service: str, kind: str, message: str, before: int, after: int) -> None:
        """Note what the control plane did and why."""
        self.events.append(
            {
                "time_s": self.env.now,
                "service": service,
                "kind": kind,
                "message": message,
                "before": before,
                "after": after,
            }
        )

    def phase(self, name: str) -> float:
        """A number in [0, 1) for a periodic process: fixed by seed, replication and name."""
        digest = hashlib.sha256((self._key + name).encode()).digest()
        return int.from_bytes(digest[:6], "big") / 2**48
