"""Which values the decision variables may take, by platform, and what a replica of them is billed as."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from novamodel.cost import groups_of
from novamodel.errors import UserError
from novamodel.scenario import Scenario, Service, fargate_pod_size, fargate_sizes

MIB = 1024.0**2
GIB = 1024.0**3
CPU_REQUESTS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0, 1.5, 2.0)
CPU_LIMITS = (0.25, 0.4, 0.5, 0.75, 1.0, 1.5, 2.0, 4.0)
MEMORY = tuple(size * MIB for size in (128, 192, 256, 320, 384, 512, 768, 1024, 1536, 2048))
POOLS = (2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40)
COUNTS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50)
CPU_TARGETS = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
MEMORY_TARGETS = (0.6, 0.7, 0.8, 0.9)
BOUNCER_SIZES = (5, 10, 15, 20, 25, 30, 40, 50, 75, 100)
MOST_LOW = 15
"""An autoscaler's lower bound is at most this."""
MOST_OVER = 4
"""A CPU limit is at most so many times the request: more would lean on what the node owes to others."""
GIB_IN_CORES = 0.11
"""What a GiB costs against a vCPU on Fargate (0.004445 over 0.04048 USD an hour, us-east-1): ranks candidates."""


class Sizes(NamedTuple):
    """Legal CPU and memory of one replica: one row a choice, in cores and bytes; nan = no limit.

    ``cores`` and ``gib`` are what a replica is billed as.
    """

    cpu_request: np.ndarray
    cpu_limit: np.ndarray
    memory_request: np.ndarray
    memory_limit: np.ndarray
    cores: np.ndarray
    gib: np.ndarray


def legal_sizes(scenario: Scenario, service: Service) -> Sizes:
    """Every legal CPU and memory size of a replica on the scenario's platform, today's ladder steps included.

    ECS on Fargate: the sizes that AWS sells, up to 4 vCPU and four times the CPU in GiB. EKS on Fargate: any
    requests; limits at most the size that the requests are rounded up to, for a pod gets no more than that (`quota`).
    Else any ladder steps with requests at most the limits and what a node has room for, CPU limits at most four and
    memory limits at most two times the requests. Today's limits go with any requests below them.
    """
    rows = _ecs_fargate() if sold_by_size(scenario) else _requests(scenario, service)
    if not rows:
        raise UserError("no legal size", valid="a platform of kind eks, ecs or compose")
    return Sizes(*(np.array(column) for column in zip(*rows, strict=True)))


def quota(scenario: Scenario, limit: np.ndarray, cores: np.ndarray) -> np.ndarray:
    """CPU (cores) that a replica may use: its limit (nan: none), on EKS with Fargate at most what it is billed as."""
    if scenario.platform.compute == "fargate" and scenario.platform.kind == "eks":
        return np.fmin(limit, cores)
    return limit


def billed(scenario: Scenario, cpu_request: float, memory_request: float) -> tuple[float, float]:
    """(cores, GiB) that one replica is billed as: a Fargate size, or its requests on machines of one's own."""
    gib = memory_request / GIB
    if scenario.platform.compute == "fargate" and scenario.platform.kind == "eks":
        size = fargate_pod_size(cpu_request, gib)
        return size.vcpu, size.memory_gib
    return cpu_request, gib


def sold_by_size(scenario: Scenario) -> bool:
    """Whether a replica is one of the sizes that AWS sells, CPU and memory together."""
    return scenario.platform.kind == "ecs" and scenario.platform.compute == "fargate"


def _ecs_fargate() -> list[tuple[float, ...]]:
    return [
        (size.vcpu, size.vcpu, size.memory_gib * GIB, size.memory_gib * GIB, *size)
        for size in fargate_sizes()
        if size.vcpu <= 4 and size.memory_gib <= 4 * size.vcpu
    ]


def _requests(scenario: Scenario, service: Service) -> list[tuple[float, ...]]:
    now = service.resources
    pods = scenario.platform.kind == "eks" and scenario.platform.compute == "fargate"
    limits = sorted({*CPU_LIMITS, *([now.cpu_limit] if now.cpu_limit else [])})
    memory = sorted({*MEMORY, now.memory_request, *([now.memory_limit] if now.memory_limit else [])})
    rows: list[tuple[float, ...]] = []
    cpu_room, memory_room = _room(scenario)
    for request in sorted(cpu for cpu in {*CPU_REQUESTS, now.cpu_request} if cpu <= cpu_room):
        for asked in (size for size in memory if size <= memory_room):
            cores, gib = billed(scenario, request, asked)
            top_cpu, top_memory = (cores, gib * GIB) if pods else (np.inf, np.inf)
            for limit in [*limits, *([] if now.cpu_limit else [np.nan])]:
                over = limit > min(top_cpu, MOST_OVER * request) and limit != now.cpu_limit
                if limit < request or over:
                    continue
                rows += [
                    (request, limit, asked, most, cores, gib)
                    for most in [*memory, *([] if now.memory_limit else [np.nan])]
                    if np.isnan(most)
                    or asked <= most <= min(2 * asked, top_memory)
                    or (most == now.memory_limit and asked <= most)
                ]
    today = (now.cpu_request, now.cpu_limit or np.nan, now.memory_request, now.memory_limit or np.nan)
    if not any(_same(row[:4], today) for row in rows):
        rows.append((*today, *billed(scenario, now.cpu_request, now.memory_request)))
    return rows


def _room(scenario: Scenario) -> tuple[float, float]:
    """Cores and bytes that the pods of one node may request together; infinite where no node is billed."""
    platform = scenario.platform
    if platform.compute == "fargate" or platform.kind == "compose":
        return np.inf, np.inf
    room = next(iter(groups_of(platform).values())).room
    return room.cpu, room.memory_gib * GIB


def _same(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return all(a == b or (np.isnan(a) and np.isnan(b)) for a, b in zip(one, other, strict=True))
