"""Where an HPA with further metrics rests, in closed form: by hand, and by the sizer's table the same."""

import math
import sys
from pathlib import Path

import numpy as np
import pytest

from novamodel.analytic import hpa_spec, metric_names, peak_rate, steady_replicas, uncovered
from novamodel.components.hpa import ExternalMetric, PodsMetric, ResourceMetric
from novamodel.sizing.loads import standing_load
from novamodel.sizing.rest import Scaler, pod_use, settle_all

sys.path.insert(0, str(Path(__file__).parents[1]))
from sizing_fixture import shop


def scaled(metrics, **more):
    """The shop's one service between 1 and 40 replicas."""
    return shop().override(
        {"services.api.autoscaler": {"min_replicas": 1, "max_replicas": 40, "metrics": metrics, **more}}
    )


DEPTH = {"depth": {"type": "External", "reads": "series", "average_target": 5, "series": [["00:00", 99]]}}


def rate(target, kind="Pods", field="average_target"):
    return {"rate": {"type": kind, "reads": "requests", field: target}}


@pytest.mark.parametrize("target", [3.0, 7.5, 11.0, 25.0])
@pytest.mark.parametrize("kind", ["Pods", "External"])
def test_requests_a_pod_follow_the_rate(target, kind):
    scenario = scaled(rate(target, kind))
    per_s = peak_rate(scenario)
    (count,) = steady_replicas(scenario, per_s).values()
    ratio = per_s / (count * target)  # at rest the next pass changes nothing
    assert 0.9 <= ratio <= 1.1 or count == min(40, math.ceil(per_s / target))


@pytest.mark.parametrize(
    ("metrics", "more"),
    [
        (rate(6.0), {}),
        (rate(6.0, "External"), {"cpu_target": "60 %"}),
        (rate(1000.0, "Object", "value_target"), {"cpu_target": "40 %"}),
        ({"cpu": {"type": "Resource", "reads": "cpu", "average_target": "90m"}}, {}),
        ({"memory": {"type": "Resource", "reads": "memory", "utilization_target": "75 %"}}, {"cpu_target": "60 %"}),
        (DEPTH, {"cpu_target": "50 %"}),
    ],
)  # fmt: skip
def test_the_sizer_s_table_rests_where_the_controller_does(metrics, more):
    scenario = scaled(metrics, **more)
    service, scaler = scenario.services["api"], scenario.services["api"].autoscaler
    use = pod_use(scenario, standing_load(scenario), "api", 40, np.array([service.resources.cpu_limit or np.nan]))

    def one(value):
        return np.array([np.nan if value is None else float(value)])

    settings = Scaler(
        np.array([1]), one(40), one(scaler.cpu_target), one(scaler.memory_target), one(service.resources.cpu_request),
        one(service.resources.memory_request), np.array([0]), scaler,
    )  # fmt: skip
    peak, _ = settle_all(settings, use)
    assert abs(int(peak[0]) - steady_replicas(scenario, peak_rate(scenario))["api"]) <= 1  # read between two points


def test_a_metric_without_a_closed_form_is_said_and_starts_where_the_service_does():
    scenario = scaled(DEPTH).override({"services.api.replicas": 6})
    assert steady_replicas(scenario, 10.0) == {"api": 6}
    assert "replicas of api follow series" in uncovered(scenario)
    assert not uncovered(scaled(rate(5.0)))


def test_a_scenario_s_metrics_in_the_controller_s_terms():
    metrics = {
        **rate("1500m"),
        "gateway": {"type": "External", "reads": "series", "value_target": "2k", "series": [["00:00", 1]]},
        "cpu": {"type": "ContainerResource", "reads": "cpu", "average_target": "120m", "container": "api"},
        "memory": {"type": "Resource", "reads": "memory", "average_target": "200Mi"},
    }
    scaler = scaled(metrics, cpu_target="70 %").services["api"].autoscaler
    spec = hpa_spec(scaler)
    assert spec.metrics == (
        ResourceMetric("cpu", target_utilization=70),
        PodsMetric("rate", 1500),
        ExternalMetric("gateway", 2_000_000),
        ResourceMetric("cpu", target_average=120, container="api"),
        ResourceMetric("memory", target_average=200 * 1024**2),
    )
    assert metric_names(scaler) == (None, "rate", "gateway", "cpu", "memory")
    assert (spec.settings.kubernetes_minor, spec.behavior) == (33, None)
