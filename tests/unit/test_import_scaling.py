"""HPAs of every API version and KEDA's ScaledObjects: their metrics, bounds and rates, each with file and line."""

import sys
from pathlib import Path
from typing import Any

import pytest

from novamodel.importers import ImportReport
from novamodel.loading import load
from novamodel.scenario.scaling_metric import WEEKDAYS

sys.path.insert(0, str(Path(__file__).parents[1]))
from manifests_fixture import read, workload

V2 = "autoscaling/v2"


def hpa(version: str, metric: str) -> str:
    return (
        f"---\napiVersion: {version}\nkind: HorizontalPodAutoscaler\nmetadata: {{name: shop}}\nspec:\n"
        "  scaleTargetRef: {kind: Deployment, name: shop}\n  minReplicas: 2\n  maxReplicas: 9\n" + metric
    )


def scaler_of(report: ImportReport) -> dict[str, Any]:
    return report.tree.values["services"]["shop"]["autoscaler"]


def line_with(text: str, words: str) -> int:
    """The line of a file where some words stand."""
    return next(number for number, line in enumerate(text.splitlines(), 1) if words in line)


def line_of(report: ImportReport, path: str) -> int | None:
    return report.tree.origins[f"services.shop.autoscaler.{path}"].line


@pytest.mark.parametrize(
    ("version", "metric", "key", "said"),
    [
        (V2, "{type: Resource, resource: {name: cpu, target: {type: AverageValue, averageValue: 120m}}}",
         "cpu", {"type": "Resource", "reads": "cpu", "average_target": "120m"}),
        (V2, "{type: ContainerResource, containerResource: {name: memory, container: shop, "
         "target: {type: AverageValue, averageValue: 200Mi}}}",
         "memory", {"type": "ContainerResource", "reads": "memory", "average_target": "200Mi", "container": "shop"}),
        (V2, "{type: Pods, pods: {metric: {name: http_requests_per_second}, "
         "target: {type: AverageValue, averageValue: '50'}}}",
         "http_requests_per_second", {"type": "Pods", "reads": "requests", "average_target": 50}),
        ("autoscaling/v2beta1", "{type: Pods, pods: {metricName: inflight_requests, targetAverageValue: 1500m}}",
         "inflight_requests", {"type": "Pods", "reads": "in flight", "average_target": "1500m"}),
        (V2, "{type: Object, object: {metric: {name: requests-per-second}, describedObject: {kind: Ingress, name: x}, "
         "target: {type: Value, value: 2k}}}",
         "requests-per-second", {"type": "Object", "reads": "requests", "value_target": "2k"}),
        ("autoscaling/v2beta2", "{type: Object, object: {metric: {name: qps}, describedObject: {kind: Ingress}, "
         "target: {type: AverageValue, averageValue: 20}}}",
         "qps", {"type": "Object", "reads": "requests", "average_target": 20}),
        ("autoscaling/v2beta1", "{type: External, external: {metricName: gateway_rps, targetValue: 300}}",
         "gateway_rps", {"type": "External", "reads": "requests", "value_target": 300}),
    ],
)  # fmt: skip
def test_every_type_of_metric_in_every_version(tmp_path: Path, version: str, metric: str, key: str, said: Any):
    text = workload() + hpa(version, f"  metrics:\n    - {metric}\n")
    report = read(tmp_path, {"a.yaml": text})
    assert scaler_of(report)["metrics"] == {key: said}
    assert line_of(report, f"metrics.{key}.type") == line_with(text, metric)
    target = next(name for name in said if name.endswith("target"))
    assert line_of(report, f"metrics.{key}.{target}") == line_with(text, metric)
    assert load(tmp_path).services["shop"].autoscaler.metrics[key].reads == said["reads"]


def test_several_metrics_and_what_is_left_out(tmp_path: Path):
    metrics = """  metrics:
    - {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 65}}}
    - {type: Pods, pods: {metric: {name: rps}, target: {type: AverageValue, averageValue: 40}}}
    - {type: Pods, pods: {metric: {name: moon_phase}, target: {type: AverageValue, averageValue: 3}}}
    - {type: External, external: {metric: {name: sqs_messages_visible}, target: {type: AverageValue, averageValue: 30}}}
    - type: ContainerResource
      containerResource: {name: cpu, container: proxy, target: {type: Utilization, averageUtilization: 50}}
  behavior:
    scaleUp: {tolerance: 50m}
    scaleDown: {tolerance: "0.2", stabilizationWindowSeconds: 60}
"""
    text = workload() + hpa(V2, metrics)
    report = read(tmp_path, {"a.yaml": text})
    scaler = scaler_of(report)
    assert (scaler["cpu_target"], list(scaler["metrics"])) == ("65 %", ["rps"])
    assert (scaler["scale_up"]["tolerance"], scaler["scale_down"]["tolerance"]) == ("5 %", "20 %")
    left = {row["what"]: row["line"] for row in report.not_modelled}
    assert left["metric Pods moon_phase at 3"] == line_with(text, "moon_phase")
    assert left["metric sqs_messages_visible (queue depth)"] == line_with(text, "sqs_messages")
    assert left["metric ContainerResource cpu of container proxy"] == line_with(text, "type: ContainerResource")
    assert load(tmp_path).services["shop"].autoscaler.scale_down.tolerance == 0.2


def test_an_autoscaler_of_queues_alone_is_left_out_where_no_queue_is(tmp_path: Path):
    metric = "  metrics: [{type: External, external: {metric: {name: queue_depth}, target: {value: 30}}}]\n"
    report = read(tmp_path, {"a.yaml": workload() + hpa(V2, metric)})
    assert "autoscaler" not in report.tree.values["services"]["shop"]
    assert "hpa-metric-not-modelled" in {row["code"] for row in report.findings}


def keda(spec: str) -> str:
    return (
        "---\napiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: shop}\nspec:\n"
        f"  scaleTargetRef: {{name: shop}}\n{spec}"
    )


PROMETHEUS = """  triggers:
    - type: prometheus
      metadata:
        serverAddress: http://prometheus:9090
        query: sum(rate(http_requests_total{deployment="shop"}[2m]))
        threshold: "100"
        activationThreshold: "5"
"""


def test_keda_makes_an_hpa_and_goes_to_zero(tmp_path: Path):
    text = workload() + keda("  pollingInterval: 15\n  cooldownPeriod: 60\n" + PROMETHEUS)
    report = read(tmp_path, {"a.yaml": text})
    scaler = scaler_of(report)
    assert scaler["metrics"] == {
        "prometheus": {
            "type": "External",
            "reads": "requests",
            "window": "120 s",
            "average_target": 100,
            "activation": 5,
        }
    }
    assert scaler["keda"] == {"to_zero": True, "polling_interval": "15 s", "cooldown": "60 s"}
    assert scaler["max_replicas"] == 100
    assert line_of(report, "metrics.prometheus.average_target") == line_with(text, " threshold:")
    assert load(tmp_path).services["shop"].autoscaler.min_replicas == 1


@pytest.mark.parametrize(
    ("bounds", "to_zero", "least"),
    [("", True, 1), ("  minReplicaCount: 2\n", False, 2), ("  minReplicaCount: 3\n  idleReplicaCount: 0\n", True, 3)],
)
def test_keda_s_least_replicas(tmp_path: Path, bounds: str, to_zero: bool, least: int):
    read(tmp_path, {"a.yaml": workload() + keda(bounds + PROMETHEUS)})
    scaler = load(tmp_path).services["shop"].autoscaler
    assert (scaler.keda.to_zero, scaler.min_replicas) == (to_zero, least)


def test_keda_by_cpu_memory_and_the_clock(tmp_path: Path):
    triggers = """  minReplicaCount: 2
  triggers:
    - {type: cpu, metricType: Utilization, metadata: {value: "60"}}
    - {type: memory, metricType: AverageValue, metadata: {value: 300Mi}}
    - type: cron
      metadata: {timezone: Europe/Berlin, start: "30 7 * * 1-5", end: 0 19 * * 1-5, desiredReplicas: "6"}
    - {type: prometheus, metadata: {query: my_business_metric, threshold: "3"}}
"""
    report = read(tmp_path, {"a.yaml": workload() + keda(triggers)})
    scaler = scaler_of(report)
    assert scaler["cpu_target"] == "60 %"
    assert scaler["metrics"]["memory"]["average_target"] == "300Mi"
    assert scaler["metrics"]["cron"]["series"] == [["00:00", 0], ["07:30", 6], ["19:00", 0]]
    left = " ".join(row["what"] for row in report.not_modelled)
    assert all(words in left for words in ("my_business_metric", "Europe/Berlin"))
    assert "cron days" not in left
    assert scaler["metrics"]["cron"]["days"] == list(WEEKDAYS[:5])
    assert load(tmp_path).services["shop"].autoscaler.metrics["cron"].series[1] == (27000.0, 6.0)


@pytest.mark.parametrize(
    ("start", "end", "series"),
    [
        ("0 8 * * 1-5", "0 18 * * MON-FRI", [(["08:00", "18:00"], WEEKDAYS[:5])]),
        ("0 20 * * 5,6", "30 6 * * 6,0", [(["20:00"], WEEKDAYS[4:6]), (["00:00", "06:30"], WEEKDAYS[5:])]),
        ("0 20 * * *", "0 0 * * *", [(["20:00"], None)]),
        ("0 8 * * 6-7", "0 9 * * SAT,SUN", [(["08:00", "09:00"], WEEKDAYS[5:])]),
        ("0 8 1 * *", "0 9 1 * *", [(["08:00", "09:00"], None)]),  # days of the month: told, every day is taken
        ("0 8 * * 1", "0 9 * * 3", [(["08:00", "09:00"], None)]),  # over two nights
    ],
)
def test_keda_s_cron_on_days_of_the_week(tmp_path: Path, start: str, end: str, series: list):
    trigger = f"""  fallback: {{failureThreshold: 3, replicas: 4}}
  triggers:
    - type: cron
      metadata: {{timezone: UTC, start: "{start}", end: "{end}", desiredReplicas: "6"}}
"""
    report = read(tmp_path, {"a.yaml": workload() + keda(trigger)})
    found = load(tmp_path).services["shop"].autoscaler
    assert (found.keda.fallback.failure_threshold, found.keda.fallback.replicas) == (3, 4)
    told = any("cron days" in row["what"] for row in report.not_modelled)
    assert told == (start in ("0 8 1 * *", "0 8 * * 1"))
    metrics = list(scaler_of(report)["metrics"].values())
    assert len(metrics) == len(series)
    for metric, (times, days) in zip(metrics, series, strict=True):
        assert [time for time, _ in metric["series"] if time in times] == times
        assert metric.get("days") == (list(days) if days else None)


WORKER = """---
apiVersion: apps/v1
kind: Deployment
metadata: {name: worker}
spec:
  template:
    metadata: {labels: {app: worker}}
    spec:
      containers:
        - name: worker
          image: "worker:1"
          command: [celery, worker]
          env: [{name: AMQP_URL, value: "amqp://rabbit:5672"}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: rabbit}
spec:
  template:
    metadata: {labels: {app: rabbit}}
    spec: {containers: [{name: rabbit, image: "rabbitmq:3"}]}
---
apiVersion: v1
kind: Service
metadata: {name: rabbit}
spec: {selector: {app: rabbit}, ports: [{port: 5672}]}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: worker}
spec:
  scaleTargetRef: {name: worker}
  triggers: [TRIGGER]
"""


@pytest.mark.parametrize(
    ("trigger", "reads", "target", "activation"),
    [
        ('{type: rabbitmq, metadata: {queueName: jobs, mode: QueueLength, value: "20", activationValue: "3"}}',
         "queue messages", 20, 3),
        ('{type: rabbitmq, metadata: {queueName: jobs, queueLength: "7", excludeUnacknowledged: "true"}}',
         "queue depth", 7, 0),
        ("{type: aws-sqs-queue, metadata: {queueURL: https://x/jobs}}", "queue messages", 5, 0),
        ('{type: aws-sqs-queue, metadata: {queueLength: "9", scaleOnInFlight: "false"}}', "queue depth", 9, 0),
        ('{type: redis, metadata: {listName: jobs, listLength: "12", activationListLength: "1"}}',
         "queue depth", 12, 1),
    ],
)  # fmt: skip
def test_keda_by_the_queue_of_a_worker(tmp_path: Path, trigger: str, reads: str, target: int, activation: int):
    shop = workload().replace(
        "          image: shop:1\n",
        '          image: shop:1\n          env: [{name: AMQP_URL, value: "amqp://rabbit:5672"}]\n',
    )
    read(tmp_path, {"a.yaml": shop + WORKER.replace("TRIGGER", trigger)})
    (metric,) = load(tmp_path).services["worker"].autoscaler.metrics.values()
    assert (metric.type, metric.reads, metric.average_target, metric.activation) == (
        "External",
        reads,
        target,
        activation,
    )
