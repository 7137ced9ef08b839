"""What of a scenario no closed form describes, in words, before anything is worked out."""

from __future__ import annotations

from collections.abc import Iterator

from novamodel.analytic.autoscale import open_metrics
from novamodel.analytic.demand import interwoven
from novamodel.analytic.leaky import unknown_limits
from novamodel.scenario import Scenario
from novamodel.scenario.demand import walk_steps
from novamodel.scenario.graph import DIRECT
from novamodel.scenario.tenants import shares_task


def uncovered(scenario: Scenario) -> str:
    """Why not even the rates of visits are known in closed form; empty where they are."""
    return next(_uncovered(scenario), "")


def _uncovered(scenario: Scenario) -> Iterator[str]:
    sources = scenario.traffic.sources
    for name, source in sources.items():
        who = "the callers" if len(sources) == 1 else f"the callers of {name}"
        if source.loop == "closed":
            yield f"{who} wait for their answers: the rate follows from the latency (see closed_network)"
        if source.loop == "replay":
            yield f"{who} are recorded: no closed form of their arrivals"
        if not source.caller.plain:
            yield f"{who} retry or have a breaker: the load follows from the failures"
        if len(sources) > 1 and source.via != DIRECT and scenario.all_edges[source.via].limits:
            yield "several sources come through an edge with limits: what it rejects has no closed form here"
    if len(sources) > 1 and scenario.gateway is not None:
        yield "several sources come through the gateway: what it rejects has no closed form here"
    for name, edge in scenario.all_edges.items():
        if text := unknown_limits(edge, scenario.services):
            yield text if name == "main" else f"{name} edge: {text}"
    for name, service in scenario.services.items():
        if service.autoscaler is not None and (text := open_metrics(service.autoscaler)):
            yield f"replicas of {name} follow {text}: no closed form of their number"
        for steps in service.routes.values():
            for step in walk_steps(steps):
                if any(one is not None and one.curve for one in (step.cpu, step.thread)):
                    yield "demands follow the utilisation of their core: what they are has no closed form here"
                if step.call is not None and not step.call.caller.plain:
                    yield f"calls of {step.call.to} are retried or broken off: the load follows from the failures"
    if scenario.run.start_state != "steady" and any(cache.keyspaces for cache in scenario.all_caches.values()):
        yield f"caches begin {scenario.run.start_state}: what misses follows from what is there by then"
    for name, external in scenario.externals.items():
        if external.failures > 0:
            yield f"external {name} fails: what follows a failed call has no closed form here"


def unordered(scenario: Scenario) -> str:
    """Why latencies have no closed form although the loads have; empty where they have."""
    return next(_unordered(scenario), "")


def bursty(scenario: Scenario) -> str:
    """Why arrivals are no Poisson stream; empty where they are."""
    for source in scenario.traffic.sources.values():
        if source.loop == "periodic":
            return "jobs by the clock are no Poisson stream"
        if source.bursts is not None:
            return "arrivals come in bursts, not as a Poisson stream"
    return ""


def _unordered(scenario: Scenario) -> Iterator[str]:
    if text := bursty(scenario):
        yield text
    for edge in scenario.all_edges.values():
        for name, upstream in edge.upstreams.items():
            if upstream.method == "ip_hash" or upstream.max_conns or upstream.backup:
                yield f"replicas of {name} are not asked alike (ip_hash, max_conns or backup)"
    for name, database in scenario.all_databases.items():
        if database.pgbouncer is not None and database.pgbouncer.pool_mode == "session":
            yield f"PgBouncer of {name} gives servers to sessions: who has one follows from who came first"
        if database.pgbouncer is not None and database.pgbouncer.pool_mode == "statement":
            yield f"PgBouncer of {name} gives servers to single statements, and refuses transactions of several"
        if database.synchronous is not None or (database.growth is not None and database.growth.per_hour > 0):
            yield f"commits of {name} wait for a standby, or its storage fills: that comes on top"
    for name, service in scenario.services.items():
        if not service.runtime.plain:
            yield f"requests of {name} wait for its {service.runtime.takers}, or for garbage: no closed form"
        elif shares_task(scenario, name):
            yield f"threads of {name} take turns on the vCPUs of its task: no closed form"
    if interwoven(scenario):
        for service in scenario.services.values():
            for steps in service.routes.values():
                if any(step.parallel is not None for step in walk_steps(steps)):
                    yield "steps side by side end with the slowest: the estimate is no closed form to hold a run to"
