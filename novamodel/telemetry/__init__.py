"""What operations see of a run: Prometheus' rules on its counters, the dashboard, OpenMetrics, volumes."""

from novamodel.telemetry.dashboard import Dashboard, dashboard
from novamodel.telemetry.openmetrics import to_openmetrics
from novamodel.telemetry.volumes import LogVolume, MetricVolume, log_volume, metric_volume

__all__ = ["Dashboard", "LogVolume", "MetricVolume", "dashboard", "log_volume", "metric_volume", "to_openmetrics"]
