"""Dashboard, OpenMetrics and volumes of a small NovaBank run."""

import math

import numpy as np
import pandas as pd
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

import novamodel as nm
from novamodel.errors import UserError
from novamodel.telemetry import dashboard, log_volume, metric_volume, to_openmetrics


@pytest.fixture(scope="module")
def result():
    short = {"run.duration": "60 s", "run.warm_up": "20 s", "run.interval": "5 s", "run.replications": 2}
    return nm.simulate(nm.load("novabank").override(short))


def test_buckets_and_intervals_count_the_same_requests(result):
    whole = result.buckets[np.isinf(result.buckets["upper_s"])]
    assert list(whole["count"]) == list(result.intervals["served"])
    rising = result.buckets.groupby(["replication", "clock_s"])["count"].apply(lambda c: c.is_monotonic_increasing)
    assert rising.all()


def test_the_dashboard_follows_a_steady_rate(result):
    shown = dashboard(result, window_s=30)
    rate = shown.panels[(shown.panels["panel"] == "Request rate") & shown.panels["shown"].notna()]
    late = rate[rate["clock_s"] > rate["clock_s"].min() + 30]
    assert late["shown"].mean() == pytest.approx(late["truth"].mean(), rel=0.05)


def test_the_first_sample_has_no_rate(result):
    shown = dashboard(result, window_s=30).panels
    first = shown[shown["clock_s"] == shown["clock_s"].min()]
    assert first["shown"].isna().all()


def test_the_quantile_of_the_dashboard_lies_in_a_bucket_near_the_truth(result):
    panels = dashboard(result, window_s=30).panels
    time = panels[(panels["panel"] == "Response time") & panels["shown"].notna()]
    edges = np.array([0, *result.scenario.monitoring.buckets])
    truth = time["truth"].mean()
    place = int(np.searchsorted(edges, truth))
    assert edges[max(place - 2, 0)] <= time["shown"].mean() <= edges[min(place + 1, edges.size - 1)]


def test_rejections_are_not_on_the_dashboard_and_it_says_so(result):
    shown = dashboard(result, window_s=30)
    assert result.intervals["rejected"].sum() > 0
    assert 0 < shown.unseen < 1
    assert any("rejected at the edge" in note for note in shown.notes)


def test_intervals_too_long_for_the_window_are_refused(result):
    with pytest.raises(UserError, match="fewer than two samples"):
        dashboard(result, window_s=8)


HISTOGRAM = "http_request_duration_seconds"


def test_openmetrics_is_read_by_the_reference_parser(result):
    lines = to_openmetrics(result, 1e9).splitlines(keepends=True)
    others = "".join(line for line in lines if HISTOGRAM not in line)
    families = {family.name: family for family in text_string_to_metric_families(others)}
    assert set(families) == {
        "http_requests",
        "novamodel_replicas",
        "novamodel_utilisation_ratio",
        "container_cpu_usage_seconds",
        "container_cpu_cfs_periods",
        "container_cpu_cfs_throttled_periods",
        "container_cpu_cfs_throttled_seconds",
        "node_pressure_cpu_waiting_seconds",
    }
    throttled = families["container_cpu_cfs_throttled_periods"].samples
    most = {sample.labels["service"]: sample.value for sample in throttled if sample.labels["replication"] == "0"}
    first = result.replicas[result.replicas["replication"] == 0]
    assert most == first.groupby("service")["throttled_periods"].sum().to_dict()
    window = result.window_s * result.replications
    used = pd.Series({(s.labels["container"], s.labels["replication"]): s.value
                      for s in families["container_cpu_usage_seconds"].samples})  # fmt: skip
    cores = result.cpu().set_index("tier")
    assert (used.groupby(level=0).sum() / window).to_dict() == pytest.approx(cores["cores"].to_dict())
    assert {"edge", "core-api cpu", "postgres cpu", "redis"} < set(cores.index)
    assert (cores["low"] < cores["cores"]).all()
    last: dict[tuple, float] = {}
    for sample in families["http_requests"].samples:
        last[sample.labels["replication"], sample.labels["outcome"]] = sample.value
    for outcome in ("served", "rejected", "failed", "abandoned"):
        total = sum(value for (_, name), value in last.items() if name == outcome)
        assert total == result.intervals[outcome].sum()


def test_each_point_of_the_histogram_is_read_by_the_reference_parser(result):
    """One instant at a time: the parser takes a bucket that comes again at a later instant for a duplicate."""
    lines = [line for line in to_openmetrics(result).splitlines() if HISTOGRAM in line]
    head, samples = lines[:3], lines[3:]
    for number in (0, 1):
        own = [line for line in samples if f'replication="{number}"' in line]
        for instant in {line.rpartition(" ")[2] for line in own}:
            points = [line for line in own if line.endswith(f" {instant}")]
            (family,) = text_string_to_metric_families("\n".join([*head, *points, "# EOF", ""]))
            assert family.type == "histogram"
            assert len(family.samples) == len(result.scenario.monitoring.buckets) + 3
        last = own[-2]
        rows = result.intervals[result.intervals["replication"] == number]
        assert last.startswith(f"{HISTOGRAM}_count")
        assert int(last.split()[1]) == rows["served"].sum()


def test_metric_volume_by_hand(result):
    scenario = result.scenario.override(
        {
            "monitoring.series": 100,
            "monitoring.exporter_series": 50,
            "monitoring.scrape_interval": "10 s",
            "monitoring.job_intervals": {"core-api": "5 s"},
            "monitoring.retention_days": 10,
            "monitoring.bytes_per_sample": "2 B",
        }
    )
    volume = metric_volume(scenario, {"core-api": 3, "admin-interface": 2})
    assert volume.series == 550
    assert volume.samples_per_s == pytest.approx(50 / 10 + 300 / 5 + 200 / 10)
    assert volume.disk_gib == pytest.approx(85 * 864000 * 2 / 1024**3)
    assert metric_volume(scenario.override({"monitoring.prometheus": "none"}), {"core-api": 3}).series == 0


def test_log_volume_and_where_it_goes(result):
    logs = log_volume(result.scenario, 100)
    assert logs.gib_per_day == pytest.approx(logs.bytes_per_request * 8.64e6 / 1024**3)
    assert logs.opensearch_disk_gib == 0
    searched = log_volume(result.scenario.override({"monitoring.logs": "opensearch"}), 100)
    month = searched.gib_per_day * 730 / 24
    assert searched.opensearch_disk_gib == pytest.approx(month * 2 * 1.45)


def _keys(scenario):
    """Keys that follow traffic, and those of the metrics and nodes."""
    lines = nm.bill(scenario).mid.lines
    return {line.key for line in lines if "enhanced monitoring" not in line.name}


def test_the_bill_follows_where_metrics_and_logs_go(result):
    base = result.scenario
    assert "cloudwatch.logs.ingest" in _keys(base)
    searched = _keys(base.override({"monitoring.logs": "opensearch"}))
    assert "opensearch.m6g.large.search" in searched
    assert "cloudwatch.logs.ingest" not in searched
    managed = _keys(base.override({"monitoring.prometheus": "managed"}))
    assert {"amp.samples", "amp.storage"} <= managed
    assert not math.isnan(float(nm.bill(base).mid.total))
