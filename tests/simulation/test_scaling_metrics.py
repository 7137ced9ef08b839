"""An HPA on other metrics than CPU, several at once, and KEDA: what a run's pods, queues and series show it."""

from __future__ import annotations

from typing import Any

import pytest

from novamodel.errors import UserError
from novamodel.simulation.replication import replicate

NOON = 12 * 3600
BUSY = {"resources": {"cpu_request": "1"}, "routes": {"read": [{"wait": "100 ms"}]}, "pool": None}


def scales(run: Any, service: str = "api") -> list[tuple[int, int]]:
    return [(e["before"], e["after"]) for e in run.events if e["kind"] == "scale" and e["service"] == service]


def wanted(run: Any, service: str = "api") -> list[int]:
    return [row["wanted"] for row in run.replicas if row["service"] == service]


@pytest.fixture
def scaled(plain):
    """A service whose requests only wait, under an autoscaler with metrics: the count it ends with, and the run."""

    def make(metrics, rate="90 requests/s", **changes):
        engine = changes.pop("engine", "compiled")
        api = {**BUSY, **changes.pop("api", {})}
        scaler = {"max_replicas": 20, "metrics": metrics, **changes.pop("scaler", {})}
        scenario = plain(
            {"traffic": {"peak": rate} if rate else {}, "services": {"api": {**api, "autoscaler": scaler}},
             "run": {"duration": "6 min", "start_state": "steady"}, **changes}
        )  # fmt: skip
        run = replicate(scenario, 0, engine)
        assert run.conserved
        return wanted(run)[-1], run

    return make


def metric(kind: str, reads: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "reads": reads, **more}


@pytest.mark.parametrize(
    ("one", "count"),
    [
        (metric("Pods", "requests", average_target="20"), 5),  # 90 / 20 = 4.5, rounded up
        (metric("External", "requests", average_target="20"), 5),
        (metric("Object", "requests", value_target="1k"), 1),  # of the whole: 9 % of the target
    ],
    ids=["pods requests", "external requests", "object value"],
)
def test_a_metric_leads_to_the_count_that_its_target_asks_for(scaled, one, count):
    assert scaled({"m": one})[0] == count


def test_requests_in_flight_are_what_users_hold_open(scaled):
    """12 users who ask again at once hold 12 requests: 12 / 1.5 = 8 pods."""
    users = {"loop": "closed", "users": 12, "think": "0 s"}
    ended, run = scaled({"m": metric("Pods", "in flight", average_target="1500m")}, rate=None, traffic=users)
    assert ended == 8
    assert scales(run) == [(1, 4), (4, 8)]


def test_a_value_target_multiplies_the_pods_that_are_there(scaled):
    """Value: 90/s over 45/s is 2 whatever the count: every pass doubles it, up to the bound."""
    ended, run = scaled({"m": metric("External", "requests", value_target="45")}, scaler={"max_replicas": 9})
    assert ended == 9
    assert max(wanted(run)) == 9


def test_the_metric_that_asks_for_most_decides(scaled):
    few, many = metric("Pods", "requests", average_target=60), metric("External", "requests", average_target=13)
    assert scaled({"few": few})[0] == 2
    assert scaled({"few": few, "many": many})[0] == 7
    assert scaled({"many": many, "few": few})[0] == 7


SILENT = metric("External", "series", average_target=1, series=[["12:00", None]])
"""A metric that never answers."""


def test_a_metric_without_answer_stops_the_way_down_but_not_up(scaled):
    """computeReplicasForMetrics: with a metric in error, a proposal below the present count is not followed."""
    low = metric("Pods", "requests", average_target=200)
    six = {"api": {"replicas": 6}, "scaler": {"min_replicas": 1, "scale_down": {"stabilization_window": "0 s"}}}
    shape = {"shape": [["11:00", "90/s"], ["12:02", "90/s"], ["12:02:01", "9/s"], ["23:00", "9/s"]]}
    high = metric("Pods", "requests", average_target=15)
    assert scaled({"high": high}, traffic=shape, **six)[0] == 1
    assert scaled({"high": high, "silent": SILENT}, traffic=shape, **six)[0] == 6
    assert scaled({"low": low, "silent": SILENT}, api={"replicas": 2})[0] == 1  # it stays where it began
    assert scaled({"silent": SILENT}, api={"replicas": 4})[0] == 4


def test_a_series_is_followed_by_the_clock(scaled):
    """KEDA's cron: 1 outside, the wanted count inside; the way down waits for 300 s."""
    cron = metric("External", "series", average_target=1, series=[["00:00", 0], ["12:01", 7], ["12:04", 2]])
    ended, run = scaled({"cron": cron}, run={"duration": "12 min", "interval": "10 s"})
    assert ended == 2
    ups = [e["time_s"] for e in run.events if e["kind"] == "scale" and e["after"] > e["before"]]
    downs = [e["time_s"] for e in run.events if e["kind"] == "scale" and e["after"] < e["before"]]
    assert scales(run) == [(1, 4), (4, 7), (7, 2)]  # at most max(2 x, 4) in one pass
    assert 60 <= ups[0] <= 76
    assert 240 + 285 <= downs[0] <= 240 + 316


@pytest.mark.parametrize(("version", "count"), [("1.32", 4), ("1.33", 3)])
def test_the_edge_of_the_tolerance_is_the_versions(scaled, version, count):
    """33 over 3 x 10 is 1.1 of the target: |1 - 1.1| > 0.1 in floating point, while 1.1 <= 1 + 0.1."""
    edge = metric("External", "series", average_target=10, series=[["11:00", 33]])
    assert scaled({"m": edge}, api={"replicas": 3}, scaler={"kubernetes": version})[0] == count


def test_each_direction_may_have_a_tolerance_of_its_own(scaled):
    edge = metric("External", "series", average_target=10, series=[["11:00", 33]])
    up = {"scale_up": {"tolerance": "5 %"}}
    assert scaled({"m": edge}, api={"replicas": 3}, scaler=up)[0] == 4
    down = {"scale_down": {"tolerance": "40 %", "stabilization_window": "0 s"}}
    low = metric("External", "series", average_target=10, series=[["11:00", 19]])
    assert scaled({"m": low}, api={"replicas": 3}, scaler=down)[0] == 3
    assert scaled({"m": low}, api={"replicas": 3}, scaler={"scale_down": {"stabilization_window": "0 s"}})[0] == 2


def test_pool_waits_bring_replicas_where_cpu_sees_nothing(scaled):
    """20 transactions of 100 ms a second and connection are too few: callers wait, the CPU idles."""
    api = {"pool": {"max": 2}, "routes": {"read": [{"sql": ["select"]}]}}
    slow = {"cores": 64, "connect": "0 s", "network": "0 s", "statements": {"select": {"cpu": "100 ms"}}}
    waits = metric("Pods", "pool waits", average_target=1)
    alone, _ = scaled({"cpu": metric("Resource", "cpu", utilization_target="70 %")}, "35/s", api=api, database=slow)
    both, _ = scaled({"waits": waits, "cpu": metric("Resource", "cpu", utilization_target="70 %")}, "35/s",
                     api=api, database=slow)  # fmt: skip
    assert alone == 1
    assert both >= 2


WORKER = {
    "pool": None,
    "readiness": None,
    "runtime": {"start_delay": "2 s", "boot": "100 ms"},
    "routes": {"job": [{"wait": "1 s"}]},
    "consumers": {"jobs": {"queue": "jobs", "route": "job", "concurrency": 1}},
}


def with_worker(plain, metrics, keda=None, shape=None, duration="15 min", **scaler):
    """A queue with jobs of a second each; the worker's replicas take one at a time."""
    shape = shape or [["11:00", "4/s"], ["23:00", "4/s"]]
    return plain(
        {
            "traffic": {"shape": shape},
            "services": {
                "api": {"pool": None, "routes": {"read": [{"publish": "jobs"}]}},
                "worker": {**WORKER, "autoscaler": {"max_replicas": 30, "metrics": metrics, "keda": keda, **scaler}},
            },
            "queues": {"jobs": {}},
            "run": {"duration": duration, "interval": "10 s"},
        }
    )


@pytest.mark.parametrize("reads", ["queue depth", "queue messages", "queue age"])
def test_a_worker_follows_its_queue(plain, reads):
    """4 jobs of 1 s a second need 4 replicas; with fewer the queue grows until it asks for more."""
    target = {"average_target": 5} if reads != "queue age" else {"value_target": 3}
    run = replicate(with_worker(plain, {"q": metric("External", reads, **target)}), 0, "compiled")
    assert max(wanted(run, "worker")) >= 4
    (queue,) = run.queues
    assert queue["acknowledged"] >= 0.95 * queue["published"]


def test_keda_takes_the_last_replica_and_brings_the_first(plain):
    """Jobs until 12:02 and again from 12:10: none in between, from 300 s after the queue was last seen full."""
    shape = [["11:00", "2/s"], ["12:02", "2/s"], ["12:02:01", "0/s"], ["12:10", "0/s"], ["12:10:01", "2/s"],
             ["23:00", "2/s"]]  # fmt: skip
    q = {"q": metric("External", "queue messages", average_target=5)}
    run = replicate(with_worker(plain, q, keda={}, shape=shape), 0, "compiled")
    zero = next(e for e in run.events if e["after"] == 0 and e["kind"] == "scale")
    first = next(e for e in run.events if e["before"] == 0 and e["kind"] == "scale")
    assert 120 + 300 <= zero["time_s"] <= 120 + 300 + 2 * 30 + 10  # a look each 30 s sees it last, and later
    assert 600 <= first["time_s"] <= 600 + 30 + 2
    assert first["after"] == 1
    (queue,) = run.queues
    assert queue["dead"] == 0
    assert queue["acknowledged"] >= 0.9 * queue["published"]


def test_keda_without_zero_and_triggers_below_their_activation(plain):
    shape = [["11:00", "0.2/s"], ["23:00", "0.2/s"]]  # a job every 5 s: hardly ever two at once
    q = metric("External", "queue messages", average_target=5)
    lazy = {"q": {**q, "activation": 30}}
    gone = replicate(with_worker(plain, lazy, keda={"cooldown": "30 s"}, shape=shape), 0, "compiled")
    assert scales(gone, "worker")[0] == (1, 0)
    kept = replicate(with_worker(plain, lazy, keda={"cooldown": "30 s", "to_zero": False}, shape=shape), 0, "compiled")
    assert not scales(kept, "worker")


def test_keda_falls_back_on_a_count_while_a_trigger_is_silent(scaled):
    """An answer is missing from 12:01 on; more than two in a row, 15 s apart, and the HPA is told 2 x 4 of 2 a pod."""
    silent = metric("External", "series", average_target=2, series=[["00:00", 4], ["12:01", None]])
    keda = {"to_zero": False, "fallback": {"failure_threshold": 2, "replicas": 4}}
    ended, run = scaled({"m": silent}, scaler={"keda": keda})
    assert ended == 4
    (up,) = [event for event in run.events if event["kind"] == "scale" and event["after"] == 4]
    assert 60 + 2 * 15 <= up["time_s"] <= 60 + 3 * 15
    assert scaled({"m": silent}, scaler={"keda": {"to_zero": False}})[0] == 2  # without it the count is held
    whole = metric("External", "series", value_target=2, series=[["00:00", 2], ["12:01", None]])
    assert 4 not in wanted(scaled({"m": whole}, scaler={"keda": keda})[1])  # a Value has no fallback


def test_a_series_holds_on_its_days(scaled):
    weekend = metric("External", "series", average_target=1, series=[["00:00", 7]], days=["Saturday", "Sunday"])
    for day, count in (("Monday", 1), ("Saturday", 7), ("Sunday", 7)):
        assert scaled({"m": weekend}, run={"weekday": day, "duration": "3 min"})[0] == count
    night = {"start": "23:57", "duration": "6 min", "warm_up": "0 s", "weekday": "Friday", "start_state": "given"}
    ended, run = scaled({"m": weekend}, run=night)
    assert (wanted(run)[0], ended) == (1, 7)  # Saturday begins at midnight
    with pytest.raises(UserError, match="days are of a series"):
        scaled({"m": metric("Pods", "requests", average_target=1, days=["Sunday"])})


def test_engines_agree_with_every_metric(plain):
    metrics = {
        "age": metric("Object", "queue age", value_target=3),
        "depth": metric("External", "queue depth", average_target=5),
        "rate": metric("Pods", "requests", average_target=1),
        "busy": metric("Pods", "in flight", average_target=1),
        "loop": metric("Pods", "event loop queue", average_target=1),
        "cpu": metric("ContainerResource", "cpu", average_target="100m", container="worker"),
        "memory": metric("Resource", "memory", average_target="200Mi"),
    }
    scenario = with_worker(plain, metrics, keda={"cooldown": "60 s"}, duration="4 min")
    runs = [replicate(scenario, 0, engine) for engine in ("simpy", "compiled")]
    assert runs[0].digest == runs[1].digest
    assert runs[0].events == runs[1].events
    assert scales(runs[0], "worker")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (metric("Pods", "requests", value_target=5), "needs one target"),
        (metric("Pods", "cpu", average_target=5), "cannot read cpu"),
        (metric("Pods", "queue depth", average_target=5), "no pod shows"),
        (metric("External", "queue depth", average_target=5), "takes from no queue"),
        (metric("External", "queue depth", average_target=5, queue="nobody"), "is no queue"),
        (metric("External", "series", average_target=5), "series is said for"),
        (metric("Resource", "cpu", average_target=5, utilization_target="7 %"), "needs one target"),
        (metric("ContainerResource", "cpu", average_target=5), "container"),
        (metric("Pods", "requests", average_target=0), "above 0"),
        (metric("Pods", "requests", average_target="5 apples"), "suffix"),
    ],
)
def test_what_cannot_be_is_refused(plain, written, said):
    with pytest.raises(UserError, match=said):
        plain({"services": {"api": {"autoscaler": {"metrics": {"m": written}}}}})


def test_a_tolerance_by_direction_needs_a_version_that_has_it(plain):
    written = {"cpu_target": "70 %", "kubernetes": "1.32", "scale_up": {"tolerance": "5 %"}}
    with pytest.raises(UserError, match="one tolerance for both"):
        plain({"services": {"api": {"autoscaler": written}}})
