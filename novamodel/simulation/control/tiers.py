"""How much of every tier is in use: edges, services, databases, caches, externals and queues, each by its name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from novamodel.components.cpu.cpu_gate import NO_LIMIT
from novamodel.components.cpu.host import container_used, host_used
from novamodel.components.fifo import fifo_used_until
from novamodel.components.pg_pool.rules import pool_account
from novamodel.components.pgbouncer.rules import bouncer_account
from novamodel.components.postgres.cores import cores_account
from novamodel.components.queue.consumers import consumer_account
from novamodel.components.tokens import tokens_account
from novamodel.scenario import Scenario
from novamodel.simulation.control.cpu_use import taken, used_cpu
from novamodel.simulation.control.pods import Fleet
from novamodel.simulation.control.world import World
from novamodel.simulation.layout import Link
from novamodel.simulation.tier_names import named


class Use(NamedTuple):
    """Use of a tier: an integral over time (busy seconds), or how much is held now; its limit, and who waits."""

    tier: str
    value: float
    limit: float
    queue: float = 0.0
    integral: bool = True


def tier_uses(world: World, scenario: Scenario, fleets: dict[str, Fleet]) -> Iterator[Use]:
    """Every tier, as it stands now."""
    model, now = world.engine.model, world.env.now
    for number, (name, edge) in enumerate(scenario.all_edges.items()):
        first = int(model.edges.first_worker[number])
        busy = sum(fifo_used_until(model.workers, i, now) for i in range(first, first + edge.workers))
        yield Use(named(name, "edge"), used_by(world, ("edge", name), busy), edge.workers)
    for fleet in fleets.values():
        yield from _service(world, scenario, fleet)
    for name in scenario.all_databases:
        yield from _database(world, scenario, name)
    for name, (first, end) in world.plan.layout.caches.items():
        busy = sum(fifo_used_until(model.redis, server, now) for server in range(first, end))
        yield Use(named(name, "redis"), used_by(world, ("cache", name), busy), end - first)
    for x, (name, external) in enumerate(scenario.externals.items()):
        if external.concurrency is not None:
            held = tokens_account(model.room, x, now)
            yield Use(f"external {name}", held, external.concurrency, int(model.room.waiting[x]))
    yield from _queues(world)
    yield from _machines(world)


def _machines(world: World) -> Iterator[Use]:
    """Cores of the machines that containers share, by node group; who waits for one is its queue."""
    if world.cluster is None:
        return
    host, now = world.engine.model.host, world.env.now
    for group, rows in world.plan.hosts.items():
        there = [one.row for one in world.cluster.machines if one.group == group and one.ready_s <= now]
        used = sum(float(host_used(host, h, now)) for h in rows)
        cores = sum(int(host.cores[h]) for h in there)
        yield Use(f"{group} cores", used, cores, sum(int(host.waiting[h]) for h in there))


def used_by(world: World, part: tuple[str, str], own: float) -> float:
    """CPU seconds of a part that may stand on a shared machine; ``own``: on one of its own."""
    row = world.settled.get(part)
    return own if row is None else float(container_used(world.engine.model.host, row, world.env.now))


def _service(world: World, scenario: Scenario, fleet: Fleet) -> Iterator[Use]:
    model, now, name = world.engine.model, world.env.now, fleet.name
    first, end = fleet.rows
    cpu = busy = 0.0
    queued = 0
    for r in range(first, end):
        cpu += used_cpu(model, r, now)
        took, waits = taken(model, r, now)
        busy += took
        queued += waits
    ready = max(fleet.ready_count(), 1)
    quota = float(model.gate.quota[first])
    runtime = fleet.service.runtime
    cores = quota / scenario.platform.cfs_period if quota < NO_LIMIT else float(runtime.lanes)
    yield Use(f"{name} cpu", cpu, ready * cores)
    yield Use(f"{name} {runtime.takers}", busy, ready * (runtime.at_once or runtime.lanes), queued)
    for database, pool in fleet.service.all_pools.items():
        for reads, tier in ((False, "pool"), (True, "read pool")):
            link = world.plan.layout.links.get(Link(name, database, reads))
            if link is not None:
                held, waiting = _pools(model, link, now)
                yield Use(f"{name} {named(database, tier)}", held, ready * pool.max, waiting)
    limit = fleet.service.resources.memory_limit
    if limit is not None:
        used = sum(fleet.memory_of(int(model.replicas.in_flight[p.row])) for p in fleet.pods if p.ready is True)
        yield Use(f"{name} memory", used, ready * limit, integral=False)


def _pools(model: Any, link: int, now: float) -> tuple[float, int]:
    """Connections held (an integral) and requests waiting in all pools of a link."""
    first = int(model.links.first_pool[link])
    rows = range(first, first + int(model.links.end_replica[link] - model.links.first_replica[link]))
    held = sum(float(pool_account(model.pool, p, now)) for p in rows)
    return held, sum(int(model.pool.waiting[p]) for p in rows)


def _database(world: World, scenario: Scenario, name: str) -> Iterator[Use]:
    """The primary, then all read replicas together."""
    model, now, layout = world.engine.model, world.env.now, world.plan.layout
    database = scenario.all_databases[name]
    words = {False: ("pgbouncer", "postgres"), True: ("pgbouncer to read replicas", "read replicas")}
    for reads in (False, True):
        if (name, reads) not in layout.servers:
            continue
        links = [number for link, number in layout.links.items() if (link.database, link.reads) == (name, reads)]
        first, count = layout.servers[(name, reads)]
        pgbouncer, postgres = words[reads]
        opened = float(model.doors.open[layout.doors[(name, reads)]])
        if database.pgbouncer is not None:
            bouncers = [one for one, other in scenario.all_databases.items() if other.pgbouncer is not None]
            number = bouncers.index(name)
            pools = sorted({int(model.links.bouncer[link]) for link in links})
            held = sum(float(bouncer_account(model.bouncer, b, now)) for b in pools)
            size = float(sum(int(model.bouncer.size[b]) for b in pools))
            waiting = sum(int(model.bouncer.waiting[b]) for b in pools)
            if pools:
                yield Use(named(name, pgbouncer), held, size, waiting)
            if not reads:
                clients = float(model.doors.open[layout.doors[(name, None)]])
                limit = database.pgbouncer.max_client_conn
                yield Use(named(name, "pgbouncer clients"), clients, limit, integral=False)
                busy = fifo_used_until(model.bouncer_cpu, number, now)
                yield Use(named(name, "pgbouncer cpu"), used_by(world, ("pgbouncer", name), busy), 1)
        servers = range(first, first + count)
        used = sum(float(cores_account(model.cores, d, now)) for d in servers)
        cores = sum(int(model.cores.cores[d]) for d in servers)
        queue = sum(max(0, int(model.cores.jobs[d]) - int(model.cores.cores[d])) for d in servers)
        yield Use(
            named(name, f"{postgres} cpu"), used if reads else used_by(world, ("database", name), used), cores, queue
        )
        yield Use(
            named(name, f"{postgres} storage"), sum(fifo_used_until(model.volume, d, now) for d in servers), count
        )
        most = float(model.doors.most[layout.doors[(name, reads)]])
        yield Use(named(name, f"{postgres} connections"), opened, most, integral=False)


def _queues(world: World) -> Iterator[Use]:
    model, now, layout = world.engine.model, world.env.now, world.plan.layout
    for q, name in enumerate(layout.queues):
        members = [m for m in range(len(model.consumers.group)) if model.queues.queue[model.consumers.group[m]] == q]
        if not model.queues.groups[q]:
            members = []
        busy = sum(float(consumer_account(model.consumers, member, now)) for member in members)
        places = sum(int(model.consumers.concurrency[m]) for m in members if model.consumers.up[m])
        waiting = int(model.messages.waiting[q] + model.messages.hidden[q])
        yield Use(f"queue {name} consumers", busy, places, waiting)
