"""Metrics and logs: how often they are read, how many there are, where they are kept."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from novamodel.scenario.fields import Bytes, Count, FewCount, Part, Period, given

Bound = Annotated[float, Field(gt=0, le=3600)]


class OpenSearch(Part):
    """A managed OpenSearch domain for the logs."""

    node_type: str = given("m6g.large.search", "type of the data nodes", "assumed")
    nodes: FewCount = given(2, "data nodes", "assumed: two zones")
    replicas: Count = given(1, "copies of each index beside the first", "documented: OpenSearch default")


class Monitoring(Part):
    """Prometheus and the logs."""

    scrape_interval: Period = given("15 s", "time between scrapes of a service", "documented: common practice")
    job_intervals: dict[str, Period] = given({}, "scrape interval of single services", "default: scrape_interval")
    prometheus: Literal["self-hosted", "managed", "none"] = given(
        "self-hosted", "who runs Prometheus: a pod with a volume of its own, or AWS", "assumed"
    )
    series: Count = given(
        178, "time series of one replica", "measured: /metrics of NovaBank's test stack, each route called"
    )
    exporter_series: Count = given(1000, "time series of all exporters together", "assumed")
    retention_days: Count = given(15, "days that samples are kept", "documented: Prometheus default")
    bytes_per_sample: Bytes = given("1.5 B", "disk of one sample", "documented: Prometheus, 1 to 2 bytes")
    bytes_per_series: Bytes = given("4 KiB", "memory of one series in the head block", "assumed: a few KiB")
    buckets: tuple[Bound, ...] = given(
        (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
        "upper edges (s) of the latency histogram that the services export",
        "documented: prom-client default",
    )
    logs: Literal["cloudwatch", "opensearch", "none"] = given("cloudwatch", "where logs are kept", "assumed")
    opensearch: OpenSearch = given({}, "OpenSearch, where logs go there", "assumed")
