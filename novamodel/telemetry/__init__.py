"""What operations see of a run: Prometheus' rules on its counters, the dashboard, OpenMetrics, volumes."""
