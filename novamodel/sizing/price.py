"""The part of a monthly bill that sizing moves: what the replicas run on, and the machines of the stores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from novamodel.analytic import HOURS, day
from novamodel.cost import PodRequest, groups_of, load_book, nodes_by_group
from novamodel.scenario import Scenario, node_types, standing
from novamodel.sizing.legal import GIB, GIB_IN_CORES, billed
from novamodel.sizing.machines import cache_price, database_price

if TYPE_CHECKING:
    from novamodel.sizing.screen import Rows

SHARPNESS = 4
"""How much more the fuller of a node's cores, memory and pods counts: the power of their shares."""


def compute_cost(scenario: Scenario) -> float:
    """Monthly cost (USD) of compute, database and cache machines; on demand, all else left out.

    The replicas are those of the steady-state day. Fargate is billed by the size of each replica; nodes by the
    machines that hold the replicas' requests hour by hour, one machine under Compose.
    """
    table, platform = day(scenario), scenario.platform
    hours = scenario.pricing.hours_per_month
    book = load_book(scenario.pricing.region)
    stores = 0.0
    if platform.kind != "compose":
        stores += database_price(scenario, scenario.database.instance_class) or 0.0
        stores += cache_price(scenario, scenario.cache.node_type) or 0.0
    if platform.compute == "fargate" and platform.kind != "compose":
        vcpu, gib = (float(book.price(f"fargate.linux.x86.{part}").flat) for part in ("vcpu", "memory"))
        total = 0.0
        for name, service in scenario.services.items():
            size = _size(scenario, service.resources)
            total += float(table[name].mean()) * hours * (size[0] * vcpu + size[1] * gib)
        return total + stores
    if platform.kind == "compose":
        return float(book.price(f"ec2.linux.{platform.node_type}").flat) * hours + stores
    groups, total = groups_of(platform), 0.0
    for row in table.to_dict("records"):
        pods = [PodRequest(*one) for one in standing(scenario)]
        for name, service in scenario.services.items():
            ask = PodRequest(service.resources.cpu_request, service.resources.memory_request / GIB)
            pods += [ask] * int(row[name])
        for group, count in nodes_by_group(pods, groups).items():
            total += count * float(book.price(f"ec2.linux.{groups[group].instance_type}").flat)
    return total / len(table) * hours + stores


def _size(scenario: Scenario, resources: object) -> tuple[float, float]:
    limit_cpu, limit_memory = (getattr(resources, f"{kind}_limit") or 0.0 for kind in ("cpu", "memory"))
    if scenario.platform.kind == "ecs":
        return limit_cpu, limit_memory / GIB
    return billed(scenario, getattr(resources, "cpu_request"), getattr(resources, "memory_request"))  # noqa: B009


def hourly_compute(scenario: Scenario, kept: Sequence[Rows], places: Sequence[np.ndarray]) -> np.ndarray:
    """Monthly compute (USD) of many combinations of the services' rows: nodes in whole numbers hour by hour.

    A node count is a step: what the paid nodes hold is free. Pods are taken to fill nodes without gaps; the exact
    bill is made of the candidates that are looked at closely.
    """
    platform, hours = scenario.platform, scenario.pricing.hours_per_month
    book = load_book(scenario.pricing.region)
    if platform.kind == "compose":
        return np.full(places[0].size, float(book.price(f"ec2.linux.{platform.node_type}").flat) * hours)
    if platform.compute == "fargate":
        vcpu, gib = (float(book.price(f"fargate.linux.x86.{part}").flat) for part in ("vcpu", "memory"))
        usd = [own.billed @ np.array([vcpu, gib]) * own.hours.mean(axis=1) * hours for own in kept]
        return np.asarray(sum(amount[place] for amount, place in zip(usd, places, strict=True)))
    group = next(iter(groups_of(platform).values()))
    room, beside = group.room, np.array([(cpu, gib, 1.0) for cpu, gib in standing(scenario)]).reshape(-1, 3).sum(axis=0)
    total = np.zeros(places[0].size)
    for hour in range(HOURS):
        asked = np.zeros((places[0].size, 3)) + beside
        for own, place in zip(kept, places, strict=True):
            count = np.ceil(own.hours[:, hour])[place]
            asked += count[:, None] * np.column_stack([own.billed[place], np.ones(place.size)])
        nodes = np.ceil((asked / np.array([room.cpu, room.memory_gib, room.pods])).max(axis=1) - 1e-9)
        total += np.maximum(nodes, group.least)
    return total / HOURS * float(book.price(f"ec2.linux.{group.instance_type}").flat) * hours


def each_cost(scenario: Scenario, kept: Sequence[Rows], now: np.ndarray) -> list[np.ndarray]:
    """About what each row of each service costs a month (USD), to put sums in order; ``now``: today's row of each.

    Exact for Fargate. A node's price is laid on what fills nodes as of today: the fuller of cores, memory and pods, the
    more. A machine that is paid anyway costs nothing by the row: there what is set aside decides, and everywhere fewer
    changes before more.
    """
    platform, hours = scenario.platform, scenario.pricing.hours_per_month
    book = load_book(scenario.pricing.region)
    if platform.kind == "compose":
        found = [1e-3 * (own.billed @ np.array([1.0, GIB_IN_CORES])) * own.peak for own in kept]
    elif platform.compute == "fargate":
        usd = np.array([float(book.price(f"fargate.linux.x86.{part}").flat) for part in ("vcpu", "memory")])
        found = [own.billed @ usd * own.hours.mean(axis=1) * hours for own in kept]
    else:
        group = next(iter(groups_of(platform).values()))
        room = np.array([group.room.cpu, group.room.memory_gib, group.room.pods])
        asks = [
            np.column_stack([own.billed, np.ones(own.peak.size)]) * np.ceil(own.hours).mean(axis=1)[:, None] / room
            for own in kept
        ]
        full = np.asarray(sum(ask[place] for ask, place in zip(asks, now, strict=True))) ** SHARPNESS
        price = float(book.price(f"ec2.linux.{group.instance_type}").flat) * hours
        found = [ask @ (full / full.sum()) * price for ask in asks]
    few = 1e-4 * max(sum(float(usd[place]) for usd, place in zip(found, now, strict=True)), 1e-3)
    return [usd + few * own.changes for usd, own in zip(found, kept, strict=True)]


def uses_of_host(scenario: Scenario, kept: Sequence[Rows]) -> tuple[list[np.ndarray], list[float]]:
    """(by service: rows x (cores, bytes) that its replicas take of the one machine of Compose; what it has).

    CPU requests and memory limits (requests without a limit); what else runs on it is not known. No columns elsewhere:
    there nodes are added.
    """
    machine = next((m for m in node_types() if m.name == scenario.platform.node_type), None)
    if scenario.platform.kind != "compose" or machine is None:
        return [np.zeros((own.peak.size, 0)) for own in kept], []
    uses = []
    for own in kept:
        limit, most = own.settings["memory_limit"], own.settings["max_replicas"]
        memory = np.where(np.isnan(limit), own.settings["memory_request"], limit)
        uses.append(np.column_stack([most * own.settings["cpu_request"], most * memory]))
    return uses, [float(machine.cores), float(machine.memory)]


def room_of_host(scenario: Scenario, kept: Sequence[Rows], places: Sequence[np.ndarray]) -> np.ndarray:
    """Whether the replicas of each combination fit on the one machine of Compose; elsewhere nodes are added."""
    uses, room = uses_of_host(scenario, kept)
    total = np.asarray(sum(own[place] for own, place in zip(uses, places, strict=True)))
    return np.asarray((total <= np.array(room)).all(axis=1))
