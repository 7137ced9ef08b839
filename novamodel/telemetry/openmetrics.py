"""A run as OpenMetrics text: what Prometheus would have scraped, with the simulated times as time stamps.

`promtool tsdb create-blocks-from openmetrics` makes blocks of it that Grafana can read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pandas as pd

from novamodel.simulation import Result

OUTCOMES = ("served", "rejected", "failed", "abandoned")


def to_openmetrics(result: Result, epoch_s: float = 0.0) -> str:
    """OpenMetrics 1.0 text of all replications; ``epoch_s`` is the Unix time of the simulated midnight.

    Counters and the latency histogram rise over the counted window from 0 at its begin. Names carry base units.
    """
    lines = [
        *_family("http_requests", "counter", "Finished requests by outcome.", _requests(result, epoch_s)),
        *_family(
            "http_request_duration_seconds",
            "histogram",
            "Latency of served requests as the caller sees it.",
            _latency(result, epoch_s),
            "seconds",
        ),
        *_family("novamodel_replicas", "gauge", "Replicas by state.", _replicas(result, epoch_s)),
        *_family(
            "container_cpu_usage_seconds",
            "counter",
            "CPU seconds used, all replicas or servers of a part together.",
            _cpu(result, epoch_s),
            "seconds",
        ),
        *_family(
            "container_cpu_cfs_periods",
            "counter",
            "Quota periods in which a replica ran or was throttled, all replicas of a service together.",
            _denied(result, epoch_s, "container_cpu_cfs_periods", "periods"),
        ),
        *_family(
            "container_cpu_cfs_throttled_periods",
            "counter",
            "Quota periods in which a replica was throttled, all replicas of a service together.",
            _denied(result, epoch_s, "container_cpu_cfs_throttled_periods", "throttled_periods"),
        ),
        *_family(
            "container_cpu_cfs_throttled_seconds",
            "counter",
            "Seconds that throttled threads stood still, each core counted.",
            _denied(result, epoch_s, "container_cpu_cfs_throttled_seconds", "throttled_s"),
            "seconds",
        ),
        *_family(
            "node_pressure_cpu_waiting_seconds",
            "counter",
            "Seconds in which some thread of a node waited for a core, mean over the nodes of a group.",
            _pressure(result, epoch_s),
            "seconds",
        ),
        *_family(
            "novamodel_utilisation_ratio", "gauge", "Use of a tier over its limit.", _tiers(result, epoch_s), "ratio"
        ),
        "# EOF",
    ]
    return "\n".join(lines) + "\n"


def _family(name: str, kind: str, words: str, samples: Iterable[str], unit: str = "") -> Iterator[str]:
    yield f"# TYPE {name} {kind}"
    if unit:
        yield f"# UNIT {name} {unit}"
    yield f"# HELP {name} {words}"
    yield from samples


def _sample(name: str, value: float, at_s: float, **labels: object) -> str:
    inner = ",".join(f'{key}="{_escaped(str(label))}"' for key, label in labels.items())
    shown = f"{value:d}" if isinstance(value, int) else repr(float(value))
    return f"{name}{{{inner}}} {shown} {at_s:.3f}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _requests(result: Result, epoch_s: float) -> Iterator[str]:
    for number, rows in result.intervals.groupby("replication"):
        for outcome in OUTCOMES:
            for clock, count in zip(rows["clock_s"], rows[outcome].cumsum(), strict=True):
                yield _sample("http_requests_total", int(count), epoch_s + clock, replication=number, outcome=outcome)


def _latency(result: Result, epoch_s: float) -> Iterator[str]:
    name = "http_request_duration_seconds"
    for number, rows in result.buckets.groupby("replication"):
        table = rows.pivot(index="clock_s", columns="upper_s", values="count").cumsum()
        intervals = result.intervals[result.intervals["replication"] == number]
        sums = dict(zip(intervals["clock_s"], intervals["latency_s"].cumsum(), strict=True))
        for clock, counts in table.iterrows():
            at = epoch_s + float(clock)  # type: ignore[arg-type]
            for upper, count in counts.items():
                edge = "+Inf" if upper == float("inf") else repr(float(upper))  # type: ignore[arg-type]
                yield _sample(f"{name}_bucket", int(count), at, replication=number, le=edge)
            yield _sample(f"{name}_count", int(counts.iloc[-1]), at, replication=number)
            yield _sample(f"{name}_sum", float(sums[clock]), at, replication=number)  # type: ignore[index]


def _replicas(result: Result, epoch_s: float) -> Iterator[str]:
    for (number, service), rows in result.replicas.groupby(["replication", "service"]):
        for state in ("wanted", "ready", "pending"):
            for clock, count in zip(rows["clock_s"], rows[state], strict=True):
                labels = {"replication": number, "service": service, "state": state}
                yield _sample("novamodel_replicas", int(count), epoch_s + clock, **labels)


def _denied(result: Result, epoch_s: float, name: str, column: str) -> Iterator[str]:
    for (number, service), rows in result.replicas.groupby(["replication", "service"]):
        for clock, total in zip(rows["clock_s"], rows[column].cumsum(), strict=True):
            yield _sample(f"{name}_total", float(total), epoch_s + clock, replication=number, service=service)


def _cpu(result: Result, epoch_s: float) -> Iterator[str]:
    """By part: an edge's workers, a service, PgBouncer, a database, a cache's one thread."""
    parts = result.cpu()["tier"]
    for (number, tier), rows in result.tiers[result.tiers["tier"].isin(parts)].groupby(["replication", "tier"]):
        length = rows["clock_s"].diff().fillna(result.scenario.run.interval)
        for clock, total in zip(rows["clock_s"], (rows["busy"] * length).cumsum(), strict=True):
            name = "container_cpu_usage_seconds_total"
            yield _sample(name, float(total), epoch_s + clock, replication=number, container=tier)


def _pressure(result: Result, epoch_s: float) -> Iterator[str]:
    for (number, group), rows in result.nodes.groupby(["replication", "group"]):
        length = rows["clock_s"].diff().fillna(result.scenario.run.interval)
        for clock, total in zip(rows["clock_s"], (rows["pressure"] * length).cumsum(), strict=True):
            name = "node_pressure_cpu_waiting_seconds_total"
            yield _sample(name, float(total), epoch_s + clock, replication=number, group=group)


def _tiers(result: Result, epoch_s: float) -> Iterator[str]:
    for (number, tier), rows in result.tiers.groupby(["replication", "tier"]):
        known: pd.DataFrame = rows[rows["utilisation"].notna()]
        for clock, share in zip(known["clock_s"], known["utilisation"], strict=True):
            yield _sample("novamodel_utilisation_ratio", float(share), epoch_s + clock, replication=number, tier=tier)
