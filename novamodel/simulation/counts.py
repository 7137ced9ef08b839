"""What was counted in a stretch of time, and the metrics that are read from it.

A metric is a ratio of two counts (a mean, a share, a rate) or a quantile of the latency histogram. It is defined
once here, for a whole replication and for one batch of it alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from novamodel.scenario import Scenario
from novamodel.scenario.demand import MAIN
from novamodel.simulation import codes
from novamodel.simulation.recorder import BUCKETS, OUTCOMES, upper_edges
from novamodel.simulation.state import Model
from novamodel.statistics import quantiles_of_filled

QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p99.9": 0.999}


class Counts(NamedTuple):
    """Requests that finished (``arrived``: that came) in ``length_s`` seconds."""

    histogram: np.ndarray  # routes x buckets: latency of the served
    latency: np.ndarray  # by route: sum of latencies of the served, seconds
    outcome: np.ndarray  # routes x outcomes
    population: np.ndarray  # populations x outcomes
    arrived: np.ndarray  # by route
    reading: np.ndarray  # transactions on read replicas, and those of them that were stale
    caching: np.ndarray  # (gets, hits) x keyspaces
    length_s: float


class Metric(NamedTuple):
    """One estimate: ``part / whole``, or the quantile ``q`` of the latencies ``part`` picks."""

    name: str
    of: str
    unit: str
    part: Callable[[Counts], float]
    whole: Callable[[Counts], float]
    q: float | None = None
    routes: slice = slice(None)


@lru_cache(maxsize=1)
def bucket_edges() -> np.ndarray:
    """Upper edge of every latency bucket, in seconds; not to be changed."""
    edges = np.array(upper_edges())
    edges.flags.writeable = False
    return edges


@lru_cache(maxsize=1)
def _lower_edges() -> np.ndarray:
    return np.concatenate(([0.0], bucket_edges()[:-1]))


def latency_quantiles(histogram: np.ndarray, qs: Sequence[float]) -> list[float]:
    """Quantiles of one latency histogram, in seconds; nan when it is empty. Most buckets are."""
    filled = histogram.nonzero()[0]
    return quantiles_of_buckets(filled, histogram[filled], qs)


def quantiles_of_buckets(filled: np.ndarray, count: np.ndarray, qs: Sequence[float]) -> list[float]:
    """The same of those buckets that hold something: their numbers, which rise, and how much they hold."""
    return quantiles_of_filled(bucket_edges()[filled], _lower_edges()[filled], count, qs)


def counts_of(model: Model, length_s: float) -> Counts:
    """A copy of what a run has counted."""
    record, reading = model.record, model.reading
    return Counts(
        histogram=np.array(record.histogram, dtype=np.int64).reshape(-1, BUCKETS),
        latency=np.array(record.latency, dtype=np.float64),
        outcome=np.array(record.outcome, dtype=np.int64).reshape(-1, OUTCOMES),
        population=np.array(record.population, dtype=np.int64).reshape(-1, OUTCOMES),
        arrived=np.array(record.arrived, dtype=np.int64),
        reading=np.array([reading.reads[0], reading.stale[0]], dtype=np.int64),
        caching=np.array([model.keys.gets, model.keys.hits], dtype=np.int64),
        length_s=length_s,
    )


def between(earlier: Counts, later: Counts) -> Counts:
    """What was counted from one moment to a later one."""
    return Counts(
        later.histogram - earlier.histogram,
        later.latency - earlier.latency,
        later.outcome - earlier.outcome,
        later.population - earlier.population,
        later.arrived - earlier.arrived,
        later.reading - earlier.reading,
        later.caching - earlier.caching,
        later.length_s - earlier.length_s,
    )


def together(parts: Sequence[Counts]) -> Counts:
    """What several stretches of time have counted in all."""
    return Counts(*(sum(column[1:], start=column[0]) for column in zip(*parts, strict=True)))


def metrics(scenario: Scenario) -> list[Metric]:
    """Every metric of a scenario, in the order of the estimates."""
    found = []
    for index, route in enumerate(("", *scenario.entry_routes)):
        pick = slice(None) if index == 0 else slice(index - 1, index)
        found += [*_latencies(route, pick), _errors(route, pick)]
    found += [
        Metric("rejected", "", "1", lambda c: _rejected(c.outcome), lambda c: float(c.outcome.sum())),
        Metric("rate", "", "1/s", lambda c: float(c.arrived.sum()), lambda c: c.length_s),
        Metric("goodput", "", "1/s", lambda c: float(c.outcome[:, codes.SERVED].sum()), lambda c: c.length_s),
    ]
    if any(database.read_replicas is not None for database in scenario.all_databases.values()):
        found.append(Metric("stale", "", "1", lambda c: float(c.reading[1]), lambda c: float(c.reading[0])))
    places = [(store, name) for store, cache in scenario.all_caches.items() for name in cache.keyspaces]
    found += [_hits_of(name if store == MAIN else f"{store} {name}", i) for i, (store, name) in enumerate(places)]
    return found + [_rejected_of(name, i) for i, name in enumerate(scenario.traffic.everyone)]


def value_of(metric: Metric, counts: Counts) -> float:
    """A metric's value; nan where nothing was counted that it could be read from."""
    if metric.q is not None:
        return latency_quantiles(latencies_of(metric, counts), [metric.q])[0]
    whole = metric.whole(counts)
    return metric.part(counts) / whole if whole else float("nan")


def values_of(wanted: Sequence[Metric], counts: Counts) -> np.ndarray:
    """`value_of` every metric; a latency histogram is read once for all its quantiles."""
    read: dict[tuple[int | None, int | None], dict[float, float]] = {}
    found = np.empty(len(wanted))
    for place, metric in enumerate(wanted):
        if metric.q is None:
            found[place] = value_of(metric, counts)
            continue
        routes = (metric.routes.start, metric.routes.stop)
        if routes not in read:
            qs = list(QUANTILES.values())
            read[routes] = dict(zip(qs, latency_quantiles(latencies_of(metric, counts), qs), strict=True))
        found[place] = read[routes][metric.q]
    return found


def latencies_of(metric: Metric, counts: Counts) -> np.ndarray:
    """The latency histogram that a quantile is read from."""
    found: np.ndarray = counts.histogram[metric.routes].sum(axis=0)
    return found


def _latencies(route: str, pick: slice) -> list[Metric]:
    def served(counts: Counts) -> float:
        return float(counts.outcome[pick, codes.SERVED].sum())

    def total(counts: Counts) -> float:
        return float(counts.latency[pick].sum())

    quantiles = [Metric(name, route, "s", total, served, q, pick) for name, q in QUANTILES.items()]
    return [*quantiles, Metric("mean", route, "s", total, served)]


def _errors(route: str, pick: slice) -> Metric:
    """Failed or abandoned, among those that the edge let in."""

    def failed(counts: Counts) -> float:
        outcome = counts.outcome[pick]
        return float(outcome[:, list(codes.FAILED)].sum() + outcome[:, codes.ABANDONED].sum())

    def let_in(counts: Counts) -> float:
        outcome = counts.outcome[pick]
        return float(outcome.sum() - outcome[:, codes.REJECTED].sum())

    return Metric("errors", route, "1", failed, let_in)


def _rejected(outcome: np.ndarray) -> float:
    """Rejected by the edge's limits."""
    return float(outcome[:, codes.REJECTED].sum())


def _hits_of(keyspace: str, index: int) -> Metric:
    return Metric(
        "hit ratio",
        keyspace,
        "1",
        lambda counts: float(counts.caching[1, index]),
        lambda counts: float(counts.caching[0, index]),
    )


def _rejected_of(population: str, index: int) -> Metric:
    pick = slice(index, index + 1)
    return Metric(
        "rejected",
        population,
        "1",
        lambda counts: _rejected(counts.population[pick]),
        lambda counts: float(counts.population[pick].sum()),
    )
