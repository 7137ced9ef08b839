"""One replica under a CPU quota: event loop, libuv threads, and how long the quota stops them.

An approximation for screening, in three parts. The event loop is M/G/1 whose bursts cost more when it is idle.
Work on threads (password hashing) shares the quota left by the loop: a job meets on average as many others as
arrive in twice its stay, each of which takes half its work from the quota before it ends (processor sharing), and
its stay is that of one burst behind the gate from a uniform phase. Loop work alone overruns a period as the
reflected random walk of the periods' demands (Spitzer's identity with normal steps).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.special import gammaln, ndtr

from novamodel.analytic.demand import RouteDemand
from novamodel.analytic.queues import erlang_b
from novamodel.scenario import Scenario
from novamodel.scenario.fargate import fargate_pod_size

PHASES = (np.arange(8) + 0.5) / 8
MOST_OTHERS = 24
NO_LIMIT = 1e6
MOST_KEPT = 4096
"""Loads of single replicas that are kept: of many services all but one stand as they stood the question before."""


class Bursts(NamedTuple):
    """What a replica's load follows from: the CPU of one request, in the words of `RouteDemand`."""

    loop_busy: float
    loop_idle: float
    loop_squares_busy: float
    loop_squares_idle: float
    thread_jobs: float
    thread_s: float


@dataclass(frozen=True)
class ReplicaLoad:
    """Arrays of one value a candidate. ``used_cores`` is CPU use, ``stopped`` the share of time at the gate."""

    used_cores: np.ndarray
    utilisation: np.ndarray  # of the quota (of the threads and the loop where there is none)
    loop_utilisation: np.ndarray
    found_busy: np.ndarray  # probability that a burst finds the loop busy
    loop_wait_s: np.ndarray
    stopped: np.ndarray
    stop_s: np.ndarray  # length of a stop; a burst that meets one waits half of it on average
    thread_stay_s: np.ndarray  # mean stay of a thread job
    thread_points_s: np.ndarray  # candidates x points: stays of a thread job
    thread_weights: np.ndarray  # candidates x points: their probabilities


def replica_load(
    demand: RouteDemand,
    rate: np.ndarray,
    limit_cores: np.ndarray,
    threads: int,
    period_s: float,
    background_cores: float = 0.0,
    lanes: int = 1,
    most_running: int | None = None,
) -> ReplicaLoad:
    """Load of one replica that gets ``rate`` requests/s of mean ``demand`` under a quota of ``limit_cores``.

    ``lanes`` are event loops, or bursts of a further runtime that may run at a time; ``most_running`` all its threads,
    those included that work is handed to. ``background_cores`` is CPU of probes and scrapes. Where the demand exceeds
    the quota, utilisation is 1 or more and the waits are infinite.
    """
    bursts = Bursts(*(getattr(demand, name) for name in Bursts._fields))
    machine = threads, period_s, background_cores, lanes, most_running
    if np.ndim(rate) == 0 and np.ndim(limit_cores) == 0:
        return _one_load(bursts, float(rate), float(limit_cores), *machine)
    return _load(bursts, rate, limit_cores, *machine)


@lru_cache(maxsize=MOST_KEPT)
def _one_load(
    bursts: Bursts, rate: float, limit: float, threads: int, period_s: float, background_cores: float, lanes: int,
    most_running: int | None,
) -> ReplicaLoad:  # fmt: skip
    return _load(bursts, np.asarray(rate), np.asarray(limit), threads, period_s, background_cores, lanes, most_running)


def _load(
    demand: Bursts,
    rate: np.ndarray,
    limit_cores: np.ndarray,
    threads: int,
    period_s: float,
    background_cores: float,
    lanes: int,
    most_running: int | None,
) -> ReplicaLoad:
    rate, limit = np.broadcast_arrays(np.asarray(rate, float), np.asarray(limit_cores, float))
    stopped = np.zeros(rate.shape)
    thread_cores = rate * demand.thread_s
    job_s = demand.thread_s / demand.thread_jobs if demand.thread_jobs > 0 else 0.0
    for _ in range(5):
        each, found = _loop(demand, rate / lanes, stopped)
        loop = lanes * each
        used = loop + thread_cores + background_cores
        left = np.maximum(limit - loop - background_cores, 1e-9)
        stay, speed, points, weights = _thread_stay(job_s, rate * demand.thread_jobs, left, threads, period_s)
        with np.errstate(invalid="ignore"):
            by_threads = np.clip(rate * demand.thread_jobs * (stay - job_s) / speed, 0.0, 1.0)
        by_threads = np.where(np.isnan(by_threads), 1.0, by_threads)
        by_loop = _overrun(demand, rate, loop, left + loop - thread_cores, period_s, found, lanes)
        stopped = 1 - (1 - by_threads) * (1 - by_loop)
        stopped = np.where(used >= limit, 1.0, stopped)
    running = float(most_running or lanes + threads)
    room = np.minimum(limit, running)
    squares = (1 - found) * demand.loop_squares_idle + found * demand.loop_squares_busy
    with np.errstate(divide="ignore", invalid="ignore"):
        wait = rate * squares / (2 * np.maximum(1 - each, 0.0))
        if lanes > 1:  # M/M/c beside M/M/1 (Allen-Cunneen)
            blocked = erlang_b(lanes, np.minimum(loop, lanes))
            wait = wait * blocked / (1 - each * (1 - blocked)) / (lanes * np.maximum(loop, 1e-12))
    # a stop by threads lasts until the next boundary; a backlog of loop work is worked off at the quota's speed
    by_turn = np.clip(period_s * (1 - limit / np.maximum(speed, 1.0)), 0.1 * period_s, period_s)
    delay = by_threads * by_turn / 2 + by_loop * loop * period_s / limit
    over = used >= limit
    return ReplicaLoad(
        used_cores=np.minimum(used, limit),
        utilisation=used / room,
        loop_utilisation=each,
        found_busy=found,
        loop_wait_s=np.where((each >= 1) | over, np.inf, np.where(rate > 0, wait, 0.0)),
        stopped=np.where(limit >= running, 0.0, stopped),
        stop_s=np.where(stopped > 0, 2 * delay / np.maximum(stopped, 1e-12), 0.0),
        thread_stay_s=np.where(over, np.inf, stay),
        thread_points_s=points,
        thread_weights=weights,
    )


def quota_cores(scenario: Scenario, name: str) -> float:
    """Cores that a replica may use; on EKS with Fargate the size that its requests are rounded up to caps it."""
    resources = scenario.services[name].resources
    limit = resources.cpu_limit or NO_LIMIT
    if scenario.platform.kind == "eks" and scenario.platform.compute == "fargate":
        size = fargate_pod_size(resources.cpu_request, resources.memory_request / 1024**3)
        return float(min(size.vcpu, limit))
    return float(limit)


def gate_wall_s(work_s: np.ndarray, quota_s: np.ndarray, period_s: float, phase_s: np.ndarray) -> np.ndarray:
    """Wall time of one burst that starts ``phase_s`` after a boundary with the full quota left; exact.

    The gate: full speed until the quota of the period is used, then nothing until the next boundary.
    """
    first = np.minimum(quota_s, period_s - phase_s)
    rest = np.maximum(work_s - first, 0.0)
    turns = np.maximum(np.ceil(rest / quota_s - 1e-12) - 1, 0.0)
    later = period_s - phase_s + turns * period_s + rest - turns * quota_s
    return np.where((work_s <= first) | (quota_s >= period_s), work_s, later)


def _loop(demand: Bursts, rate: np.ndarray, stopped: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(cores the loop uses, probability that a burst finds it busy): D = (1 - f) idle + f busy, f = u + (1 - u) s.

    Linear in u, so it is solved outright; a loop that is full costs the busy figure.
    """
    gain = demand.loop_idle - demand.loop_busy
    used = rate * (demand.loop_idle - gain * stopped) / (1 + rate * gain * (1 - stopped))
    used = np.where(used >= 1, rate * demand.loop_busy, used)
    return used, np.where(used >= 1, 1.0, used + (1 - used) * stopped)


def _thread_stay(
    job_s: float, rate: np.ndarray, left_cores: np.ndarray, threads: int, period_s: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(mean stay, mean parallel threads, stays, their probabilities) of a thread job."""
    if job_s <= 0.0:
        zero = np.zeros(rate.shape)
        return zero, np.ones(rate.shape), zero[..., None], np.ones((*rate.shape, 1))
    others = np.arange(MOST_OTHERS + 1)
    beside = 1 + others / 2
    parallel = np.minimum(beside, threads)
    work = job_s * beside / parallel
    quota = np.maximum(left_cores, 1e-6)[..., None, None] * period_s / parallel[:, None]
    by_phase = gate_wall_s(work[:, None], quota, period_s, PHASES * period_s)
    by_others = by_phase.mean(axis=-1)
    stay = np.full(rate.shape, job_s)
    for _ in range(30):
        mean = 2 * rate * stay
        chance = np.exp(others * np.log(np.maximum(mean, 1e-300))[..., None] - mean[..., None] - gammaln(others + 1))
        chance[..., -1] += np.maximum(1 - chance.sum(axis=-1), 0.0)
        stay = 0.5 * stay + 0.5 * (by_others * chance).sum(axis=-1)
    stays = by_phase.reshape(*rate.shape, -1)
    weights = np.repeat(chance / PHASES.size, PHASES.size, axis=-1)
    full = rate * job_s >= np.minimum(left_cores, threads)
    return np.where(full, np.inf, stay), (chance * parallel).sum(axis=-1), stays, weights


def _overrun(
    demand: Bursts,
    rate: np.ndarray,
    loop: np.ndarray,
    left_cores: np.ndarray,
    period_s: float,
    found: np.ndarray,
    lanes: int,
) -> np.ndarray:
    """Share of time that the loop's own work stands at the gate: backlog at a boundary over work a period."""
    mean = loop * period_s
    spread = rate * period_s * ((1 - found) * demand.loop_squares_idle + found * demand.loop_squares_busy)
    slack = np.maximum(left_cores * period_s - mean, 1e-9)
    steps = np.arange(1, 201)
    size = np.sqrt(np.maximum(steps * spread[..., None], 1e-300))
    drift = steps * slack[..., None]
    z = drift / size
    density = np.exp(-0.5 * np.minimum(z, 40.0) ** 2) / np.sqrt(2 * np.pi)
    backlog = ((size * density - drift * ndtr(-z)) / steps).sum(axis=-1)
    share = np.clip(backlog / np.maximum(mean, 1e-12), 0.0, 1.0)
    return np.where((mean <= 0) | (left_cores >= lanes), 0.0, share)
