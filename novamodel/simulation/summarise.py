"""From replications to a result: pool what may be pooled, put an interval on the rest."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from novamodel.scenario import Scenario
from novamodel.simulation import codes
from novamodel.simulation.counts import bucket_edges, latency_quantiles
from novamodel.simulation.doubts import doubts
from novamodel.simulation.estimates import by_replication, estimates
from novamodel.simulation.layout import layout_of
from novamodel.simulation.precision import reached
from novamodel.simulation.replication import Replication
from novamodel.simulation.result import Result
from novamodel.simulation.settling import settling_frame

TAIL = (0.985, 0.995)
"""Requests between these quantiles stand for "a request near the p99"."""


def summarise(scenario: Scenario, replications: Sequence[Replication], engine: str) -> Result:
    """Put the replications of one scenario together."""
    if not all(replication.conserved for replication in replications):
        raise AssertionError("requests got lost or were counted twice: arrived and finished do not add up")
    edges = bucket_edges()
    histogram = np.sum([r.histogram for r in replications], axis=0)
    digest = hashlib.sha256("".join(r.digest for r in replications).encode()).hexdigest()
    values = by_replication(scenario, replications)
    found, tiers = estimates(scenario, replications, values), _table(scenario, replications, "tiers")
    precision = reached(scenario, replications)
    return Result(
        scenario=scenario,
        engine=engine,
        seed=scenario.run.seed,
        replications=len(replications),
        digest=digest,
        conserved=True,
        window_s=scenario.run.duration,
        warnings=doubts(scenario, replications, found, tiers, precision),
        estimates=found,
        by_replication=values,
        intervals=_table(scenario, replications, "intervals"),
        buckets=_table(scenario, replications, "buckets"),
        settling=settling_frame(scenario, replications),
        tiers=tiers,
        replicas=_table(scenario, replications, "replicas"),
        nodes=_table(scenario, replications, "nodes"),
        machines=_lives(scenario, replications, "machines", ("group", "type", "zone")),
        lives=_lives(scenario, replications, "lives", ("service",)),
        events=_events(scenario, replications),
        breakdown=_breakdown(replications, histogram, edges),
        calls=_calls(replications),
        queues=_queues(replications),
        caches=_caches(replications),
        routes=_routes(scenario, replications, histogram),
        populations=_populations(scenario, replications, found),
        histogram=_histogram(scenario, histogram, edges),
        requests=_requests(scenario, replications),
        precision=precision,
    )


def _ratio(part: float, whole: float) -> float:
    return float(part) / float(whole) if whole else float("nan")


def _table(scenario: Scenario, replications: Sequence[Replication], name: str) -> pd.DataFrame:
    """The same table of every replication, with its number and the time of day in place of the time of the run."""
    parts = [(replication.number, getattr(replication, name).arrays()) for replication in replications]
    found = {"replication": np.concatenate([np.full(len(part["time_s"]), number) for number, part in parts])}
    found |= {column: np.concatenate([part[column] for _, part in parts]) for column in parts[0][1]}
    times = found.pop("time_s") + (scenario.run.start - scenario.run.warm_up_s)
    return pd.DataFrame({"replication": found.pop("replication"), "clock_s": times, **found})


def _events(scenario: Scenario, replications: Sequence[Replication]) -> pd.DataFrame:
    rows = [{"replication": r.number, **row} for r in replications for row in r.events]
    columns = ["replication", "time_s", "service", "kind", "message", "before", "after"]
    frame = pd.DataFrame(rows, columns=columns)
    frame.insert(1, "clock_s", frame.pop("time_s") + (scenario.run.start - scenario.run.warm_up_s))
    return frame


def _lives(
    scenario: Scenario, replications: Sequence[Replication], what: str, columns: tuple[str, ...]
) -> pd.DataFrame:
    rows = [{"replication": r.number, **row} for r in replications for row in getattr(r, what)]
    frame = pd.DataFrame(rows, columns=["replication", *columns, "from_s", "to_s"])
    frame[["from_s", "to_s"]] += scenario.run.start - scenario.run.warm_up_s
    return frame


def _breakdown(replications: Sequence[Replication], histogram: np.ndarray, edges: np.ndarray) -> pd.DataFrame:
    spent = np.sum([r.spent for r in replications], axis=0)
    counts = histogram.sum(axis=0)
    total = counts.sum()
    if total == 0:
        nothing = np.full(len(codes.PLACES), np.nan)
        return pd.DataFrame({"place": codes.PLACES, "mean_s": nothing, "p99_s": nothing})
    low, high = latency_quantiles(counts, TAIL)
    tail = (edges >= low) & (np.concatenate([[0.0], edges[:-1]]) <= high) & (counts > 0)
    return pd.DataFrame(
        {
            "place": codes.PLACES,
            "mean_s": spent.sum(axis=0) / total,
            "p99_s": spent[tail].sum(axis=0) / counts[tail].sum(),
        }
    )


def _routes(scenario: Scenario, replications: Sequence[Replication], histogram: np.ndarray) -> pd.DataFrame:
    outcome = np.sum([r.outcome for r in replications], axis=0)
    latency = np.sum([r.latency for r in replications], axis=0)
    arrived = np.sum([r.arrived for r in replications], axis=0)
    rows = []
    for i, route in enumerate(scenario.entry_routes):
        p50, p95, p99 = latency_quantiles(histogram[i], (0.5, 0.95, 0.99))
        rows.append(
            {
                "route": route,
                "service": scenario.service_of(route),
                "arrived": int(arrived[i]),
                "served": int(outcome[i, codes.SERVED]),
                "rejected": int(outcome[i, codes.REJECTED]),
                "failed": int(outcome[i, list(codes.FAILED)].sum()),
                "abandoned": int(outcome[i, codes.ABANDONED]),
                "mean_s": _ratio(latency[i], outcome[i, codes.SERVED]),
                "p50_s": p50,
                "p95_s": p95,
                "p99_s": p99,
            }
        )
    return pd.DataFrame(rows)


def _calls(replications: Sequence[Replication]) -> pd.DataFrame:
    """By call site: attempts, those beyond the first, calls given up; of callers outside and of services."""
    keys, counts = ["caller", "called"], ["attempts", "retries", "given_up"]
    return pd.DataFrame(_summed([r.calls for r in replications], keys, counts), columns=keys + counts)


def _queues(replications: Sequence[Replication]) -> pd.DataFrame:
    """By queue: messages published, delivered, delivered again, acknowledged, dead; waiting at the end."""
    keys, counts = ["queue"], ["published", "delivered", "redelivered", "acknowledged", "dead", "waiting"]
    return pd.DataFrame(_summed([r.queues for r in replications], keys, counts), columns=keys + counts)


def _caches(replications: Sequence[Replication]) -> pd.DataFrame:
    """By keyspace: commands, evictions and the like of all replications; entries and their bytes at the end of one."""
    counts = ["gets", "hits", "sets", "deletes", "evicted", "expired", "refused"]
    keys, ends = ["cache", "keyspace", "keys"], ["entries", "bytes"]
    rows = _summed([r.caches for r in replications], keys, counts + ends)
    for row in rows:
        row["hit_ratio"] = _ratio(row["hits"], row["gets"])
        for name in ends:
            row[name] //= len(replications)
    return pd.DataFrame(rows, columns=[*keys, "hit_ratio", *counts, *ends])


def _summed(parts: list[list[dict[str, Any]]], keys: list[str], counts: list[str]) -> list[dict[str, Any]]:
    """Rows of all parts; those with equal keys are one, with the sums of their counts."""
    found: dict[Any, dict[str, Any]] = {}
    for row in chain(*parts):
        mine = {key: row[key] for key in keys}
        total = found.setdefault(tuple(mine.values()), mine | dict.fromkeys(counts, 0))
        for count in counts:
            total[count] += row[count]
    return [*found.values()]


def _populations(scenario: Scenario, replications: Sequence[Replication], found: pd.DataFrame) -> pd.DataFrame:
    shares = found[found["metric"] == "rejected"].set_index("of")
    rows = []
    for i, (name, population) in enumerate(scenario.traffic.everyone.items()):
        total = np.sum([r.population[i] for r in replications], axis=0)
        rows.append(
            {
                "population": name,
                "clients": population.clients,
                "arrived": int(total.sum()),
                "rejected": int(total[codes.REJECTED]),
                "share": float(shares.at[name, "value"]),
                "low": float(shares.at[name, "low"]),
                "high": float(shares.at[name, "high"]),
            }
        )
    return pd.DataFrame(rows)


def _histogram(scenario: Scenario, histogram: np.ndarray, edges: np.ndarray) -> pd.DataFrame:
    parts = []
    for route, counts in zip(("", *scenario.entry_routes), (histogram.sum(axis=0), *histogram), strict=True):
        filled = np.flatnonzero(counts)
        parts.append(pd.DataFrame({"route": route, "upper_s": edges[filled], "count": counts[filled]}))
    return pd.concat(parts, ignore_index=True)


def _requests(scenario: Scenario, replications: Sequence[Replication]) -> pd.DataFrame | None:
    if any(r.requests is None for r in replications):
        return None
    names = ["number", "route", "outcome", "replica", "arrived_s", "ended_s", *(f"{p}_s" for p in codes.PLACES)]
    names += ["client", "hit", "attempts", "server"]
    parts = []
    for replication in replications:
        frame = pd.DataFrame(replication.requests, columns=names)
        frame.insert(0, "replication", replication.number)
        parts.append(frame)
    frame = pd.concat(parts, ignore_index=True)
    frame["route"] = np.array(list(scenario.entry_routes))[frame["route"].astype(int)]
    frame["outcome"] = np.array(codes.OUTCOMES)[frame["outcome"].astype(int)]
    servers = [f"{n} replica {k + 1}" if reads else n for (n, reads), (_, count) in layout_of(scenario).servers.items()
               for k in range(count)]  # fmt: skip
    frame["server"] = np.array([*servers, ""])[frame["server"].astype(int)]  # the last for -1: none
    return frame.astype(dict.fromkeys(("number", "replica", "client", "hit", "attempts"), "int64"))
