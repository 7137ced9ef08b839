"""PostgreSQL in closed form: a server's cores as M/M/c, its volume as M/D/1; what a request's statements take."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from novamodel.analytic.demand import RouteDemand
from novamodel.analytic.queues import erlang_b
from novamodel.scenario.backend import Database


class DatabaseLoad(NamedTuple):
    """One server, or one of several alike; arrays over candidates."""

    busy: np.ndarray  # cores
    full: np.ndarray  # probability that a statement finds every core busy
    slowdown: np.ndarray  # time of a statement on the cores over its CPU
    storage_busy: np.ndarray  # operations a second
    storage_s: np.ndarray  # one operation


def server_load(
    database: Database, cores: int, busy: np.ndarray, idle: np.ndarray, operations: np.ndarray
) -> DatabaseLoad:
    """A server at so many core seconds a second (statements that find a core busy, or idle) and operations a second."""
    used, full, slowdown = _sharing(cores, busy, idle)
    work = 1 / database.operations_per_s
    storage_s = database.storage_latency + work + single_wait(operations * work, work)
    return DatabaseLoad(used, full, slowdown, operations, storage_s)


def database_s(
    demand: RouteDemand, statement_s: np.ndarray, primary: DatabaseLoad, reading: DatabaseLoad
) -> np.ndarray:
    """Time (s) of all statements of one request: round trips, cores, storage; infinite where one of them is full."""
    if demand.statements <= 0:
        return np.zeros(np.shape(statement_s))
    total = demand.statements * statement_s
    sides = (
        (primary, demand.database_busy, demand.database_idle, demand.storage_operations),
        (reading, demand.reading_busy, demand.reading_idle, demand.reading_operations),
    )
    for server, busy, idle, operations in sides:
        if idle > 0:
            total = total + (idle - server.full * (idle - busy)) * server.slowdown
        if operations > 0:
            total = total + operations * server.storage_s
    return total


def single_wait(utilisation: np.ndarray, work_s: float | np.ndarray) -> np.ndarray:
    """Wait for one server with deterministic work (M/D/1); infinite when it is full."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(utilisation < 1, utilisation * work_s / (2 * np.maximum(1 - utilisation, 0)), np.inf)


def _sharing(cores: int, busy: np.ndarray, idle: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(cores busy, chance that all of them work, slowdown by sharing): M/M/c with D between idle and busy."""
    used, full = idle, np.zeros(np.shape(idle))
    for _ in range(40):
        load = np.minimum(used, cores * (1 - 1e-9))
        blocked = erlang_b(cores, load)
        full = np.where(used >= cores, 1.0, blocked / (1 - load / cores * (1 - blocked)))
        used = 0.5 * used + 0.5 * (idle - full * (idle - busy))
    with np.errstate(divide="ignore", invalid="ignore"):
        return used, full, np.where(used < cores, 1 + full / np.maximum(cores - used, 0), np.inf)
