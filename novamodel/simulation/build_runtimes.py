"""From a service's runtime to the workers of a replica, and the machine of its own where containers share none."""

from __future__ import annotations

from novamodel.components.runtime.state import (
    ENDLESS,
    NO_TURNS,
    Plan,
    event_loops,
    go_processors,
    processes,
    request_threads,
)
from novamodel.scenario import Scenario
from novamodel.scenario.fargate import fargate_pod_size
from novamodel.scenario.runtime import Runtime
from novamodel.scenario.tenants import shares_task, task_cores
from novamodel.simulation import codes
from novamodel.simulation.layout import Layout

MOST_CORES = 64
"""Of a machine that nobody has described."""


def plan_of(runtime: Runtime) -> Plan | None:
    """Workers of a replica; None for a single event loop, which `components.node` runs."""
    if runtime.plain:
        return None
    if runtime.kind == "node":
        plan = event_loops(runtime.workers, runtime.all_threads)
    elif runtime.processors is not None:
        plan = go_processors(runtime.processors)
    elif runtime.kind == "threads":
        plan = request_threads(runtime.all_threads)
    else:
        turn = runtime.lock_turn if runtime.all_threads > 1 else NO_TURNS
        plan = processes(runtime.workers, runtime.all_threads, turn)
    plan = plan._replace(line_limit=runtime.most_in_line if runtime.at_once is not None else ENDLESS)
    garbage = runtime.garbage
    if garbage is None:
        return plan
    return plan._replace(collect_every_s=garbage.every, collect_stop_s=garbage.stop, collect_beside_s=garbage.beside)


def ways_of(scenario: Scenario, layout: Layout) -> list[int]:
    """By replica: what runs its bursts."""
    found = []
    for name, (first, end) in layout.rows.items():
        way = codes.BY_QUOTA
        if not scenario.services[name].runtime.plain:
            way = codes.BY_RUNTIME
        elif scenario.platform.shares_cores or shares_task(scenario, name):
            way = codes.ON_MACHINE
        found += [way] * (end - first)
    return found


def own_machines(scenario: Scenario, layout: Layout) -> dict[int, int]:
    """Cores of the machine that a replica has for itself, where it has one and containers share none: by row."""
    if scenario.platform.shares_cores:
        return {}
    return {
        row: task_cores(scenario, name) or min(scenario.services[name].runtime.most_running, MOST_CORES)
        for name, (first, end) in layout.rows.items()
        if shares_task(scenario, name) or not scenario.services[name].runtime.plain
        for row in range(first, end)
    }


def cpu_limit(scenario: Scenario, name: str) -> float | None:
    """Cores that a replica may use. On EKS with Fargate a pod has its Fargate size, whatever its limit says."""
    resources = scenario.services[name].resources
    if scenario.platform.kind == "eks" and scenario.platform.compute == "fargate":
        size = fargate_pod_size(resources.cpu_request, resources.memory_request / 1024**3)
        return min(size.vcpu, resources.cpu_limit or size.vcpu)
    return resources.cpu_limit
