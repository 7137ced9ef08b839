"""How much is measured and logged: series, samples, log bytes, and the memory and disk that they take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from novamodel.analytic.flow import flow, mean_rates
from novamodel.scenario import Scenario
from novamodel.scenario.demand import MAIN

GIB = 1024**3
DAY_S = 86400.0
ACCESS_LOG_BYTES = 120
"""Bytes of one line of the edge's access log (measured: 107 to 138 on NovaBank's test stack)."""
OPENSEARCH_OVERHEAD = 1.45
"""Disk over indexed bytes (AWS, Sizing Amazon OpenSearch Service domains: indexing, reserved space, free space)."""


class MetricVolume(NamedTuple):
    """What Prometheus takes in and keeps."""

    series: float  # active at a time
    samples_per_s: float
    memory_gib: float  # of the head block, without queries
    disk_gib: float  # of all samples that are kept


class LogVolume(NamedTuple):
    """What is logged, raw."""

    bytes_per_request: float
    gib_per_day: float
    opensearch_disk_gib: float  # for the scenario's months of retention; 0 where logs do not go there


def metric_volume(scenario: Scenario, replicas: Mapping[str, float]) -> MetricVolume:
    """Series, samples, memory and disk with ``replicas`` (by service, the mean of the day).

    A pod that is replaced leaves its series in memory for up to three hours: that churn is not counted.
    """
    monitoring = scenario.monitoring
    if monitoring.prometheus == "none":
        return MetricVolume(0.0, 0.0, 0.0, 0.0)
    series, samples = float(monitoring.exporter_series), monitoring.exporter_series / monitoring.scrape_interval
    for name, count in replicas.items():
        own = count * monitoring.series
        series += own
        samples += own / monitoring.job_intervals.get(name, monitoring.scrape_interval)
    return MetricVolume(
        series=series,
        samples_per_s=samples,
        memory_gib=series * monitoring.bytes_per_series / GIB,
        disk_gib=samples * monitoring.retention_days * DAY_S * monitoring.bytes_per_sample / GIB,
    )


def log_volume(scenario: Scenario, requests_per_s: float | Mapping[str, float]) -> LogVolume:
    """Bytes of the services' and the edges' lines at mean rates of requests by source.

    A number is the rate of the main source; others are then at the mean of their day. A service writes
    ``log_bytes`` for every request that it answers, calls from other services and messages too; an edge one line.
    """
    if isinstance(requests_per_s, Mapping):
        rates = dict(requests_per_s)
    else:
        rates = mean_rates(scenario) | {MAIN: float(requests_per_s)}
    total = sum(rates.values())
    each = _bytes_per_request(scenario, rates if total > 0 else dict.fromkeys(rates, 1.0))
    requests_per_s = total
    if scenario.monitoring.logs == "none":
        return LogVolume(each, 0.0, 0.0)
    per_day = requests_per_s * DAY_S * each / GIB
    disk = 0.0
    if scenario.monitoring.logs == "opensearch":
        kept = per_day * scenario.pricing.log_months * scenario.pricing.hours_per_month / 24
        disk = kept * (1 + scenario.monitoring.opensearch.replicas) * OPENSEARCH_OVERHEAD
    return LogVolume(each, per_day, disk)


def _bytes_per_request(scenario: Scenario, rates: Mapping[str, float]) -> float:
    """Log bytes of all lines over the number of requests from outside."""
    total = sum(rates.values())
    going = flow(scenario, {name: rate / total for name, rate in rates.items()})
    services = scenario.services
    own = sum(per_s * services[at.service].log_bytes_of(at.route) for at, per_s in going.visits.items())
    return own + ACCESS_LOG_BYTES * sum(going.edges.values())
