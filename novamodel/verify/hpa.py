"""Recorded decisions of the controller replayed through this implementation.

A case is a mapping as in `data/conformance/hpa_*.json`: an `id`, a `kind`, the inputs, and `expected`.
All its times are ages in seconds before the decision, so it is replayed at `now = 0`.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

from novamodel.components.hpa import metric as metrics
from novamodel.components.hpa import pods as pod_rules
from novamodel.components.hpa import rates, stabilise
from novamodel.components.hpa.behavior import Behavior, scale_down_rules, scale_up_rules
from novamodel.components.hpa.reconcile import decide, tolerance_of
from novamodel.components.hpa.types import (
    ExternalMetric,
    HpaSpec,
    HpaState,
    Metric,
    NoAnswer,
    PodsMetric,
    Reading,
    ResourceMetric,
)
from novamodel.errors import UserError
from novamodel.verify.hpa_inputs import (
    Case,
    events_of,
    log_of,
    metric_and_reading,
    pod_reading,
    pods_of,
    rules_of,
    settings_of,
)

Answer = dict[str, Any]


def answer(case: Case) -> Answer:
    """The implementation's answer to a recorded case, under the keys of the case's `expected`.

    It may hold more keys than `expected`. A metric that gives no answer is `{"error": text}`.
    Raises `UserError` for an unknown `kind`.
    """
    kind = str(case.get("kind"))
    if kind not in _KINDS:
        raise UserError(f"case kind {kind} is unknown", path=str(case.get("id", "")), valid=_KINDS, given=kind)
    try:
        return _KINDS[kind](case)
    except NoAnswer as no_answer:
        return {"error": str(no_answer)}


def agrees(expected: Mapping[str, Any], answered: Mapping[str, Any]) -> bool:
    """Whether an answer is the recorded one: every key of `expected` the same, or an error where one stands.

    Whole numbers, words and logs are equal; a ratio to 1e-9; names in a group in any order.
    """
    if "error_contains" in expected:
        return "error" in answered
    return all(key in answered and _same(key, value, answered[key]) for key, value in expected.items())


def _same(key: str, expected: Any, answered: Any) -> bool:
    if key in ("unready", "missing", "ignored"):
        return sorted(expected) == sorted(answered)
    if key == "ratio":
        return math.isclose(expected, answered, rel_tol=1e-9)
    return bool(expected == answered)


def _resource_utilization(case: Case) -> Answer:
    target = ResourceMetric(case["resource"], case["target_utilization"], container=case.get("container"))
    usage = [pod["usage"] for pod in case["pods"]]
    requests = [pod["request"] for pod in case["pods"]]
    reading = pod_reading(case["pods"], usage, requests, case.get("orphan_usage", ()))
    found = _proposal(case, target, reading)
    return {"replicas": found.replicas, "utilization": found.utilization, "raw_average": found.average}


def _pods_metric(case: Case) -> Answer:
    target = PodsMetric("pods", case["target_average"])
    reading = pod_reading(case["pods"], [pod["value"] for pod in case["pods"]])
    found = _proposal(case, target, reading)
    return {"replicas": found.replicas, "usage": found.average}


def _total_metric(case: Case) -> Answer:
    per_pod = "per_pod" in case["kind"]
    found = _proposal(case, ExternalMetric("total", case["target"], per_pod), Reading(values=case["metric_values"]))
    return {"replicas": found.replicas, "usage": found.average}


def _proposal(case: Case, target: Metric, reading: Reading) -> metrics.Proposal:
    settings = settings_of(case)
    current = case["current_replicas"]
    found = metrics.propose(
        target, reading, pods_of(case["pods"]), current, current, tolerance_of(settings), settings, 0.0
    )
    if found.error is not None:
        raise NoAnswer(found.error)
    return found


def _group_pods(case: Case) -> Answer:
    reading = pod_reading(case["pods"], [pod["value"] for pod in case["pods"]])
    groups = pod_rules.group_pods(pods_of(case["pods"]), reading.samples, case["resource"], settings_of(case), 0.0)
    return {
        "ready_count": groups.counted,
        "unready": list(groups.unready),
        "missing": list(groups.missing),
        "ignored": list(groups.ignored),
    }


def _pod_requests(case: Case) -> Answer:
    requests = {}
    for pod in case["pods"]:
        sidecars = [item for item in pod.get("init_containers", ()) if item.get("restart_always")]
        requests[pod["name"]] = pod_rules.pod_request(
            pod["name"],
            case["resource"],
            [pod_rules.ContainerRequest(c["name"], c["request"]) for c in [*pod["containers"], *sidecars]],
            container=case.get("container"),
            pod_level_request=pod.get("pod_level_request") if case["pod_level_resources_enabled"] else None,
        )
    return {"requests": requests}


def _utilization_ratio(case: Case) -> Answer:
    ratio, utilization, average = metrics.utilization_ratio(case["usage"], case["requests"], case["target_utilization"])
    return {"ratio": ratio, "utilization": utilization, "raw_average": average}


def _usage_ratio(case: Case) -> Answer:
    ratio, usage = metrics.usage_ratio(case["usage"], case["target"])
    return {"ratio": ratio, "usage": usage}


def _reconcile(case: Case) -> Answer:
    pairs = [metric_and_reading(case["pods"], item) for item in case["metrics"]]
    prior = case["prior_recommendations"]
    behavior = case["behavior"]
    hpa = HpaSpec(
        case["min_replicas"],
        case["max_replicas"],
        tuple(target for target, _ in pairs),
        None
        if behavior is None
        else Behavior(rules_of(behavior.get("scale_up")), rules_of(behavior.get("scale_down"))),
        settings_of(case),
    )
    state = HpaState(
        None if prior is None else log_of(prior),
        events_of(case.get("scale_up_events", ())),
        events_of(case.get("scale_down_events", ())),
    )
    decision = decide(
        hpa,
        state,
        pods_of(case["pods"]),
        [reading for _, reading in pairs],
        case["spec_replicas"],
        case["status_replicas"],
        0.0,
    )
    answered: Answer = {"desired_replicas": decision.desired, "scaling_blocked": decision.blocked}
    if decision.reported_utilisation is not None:
        answered["reported_utilization"] = decision.reported_utilisation
    if decision.limited_reason is not None:
        answered["scaling_limited_reason"] = decision.limited_reason
    return answered


def _limit_without_behavior(case: Case) -> Answer:
    replicas, reason = rates.limit_without_behavior(
        case["current_replicas"], case["desired_replicas"], case["min_replicas"], case["max_replicas"]
    )
    return {"replicas": replicas, "reason": reason}


def _rate_limit(case: Case) -> Answer:
    replicas, reason = rates.limit_by_rates(
        case["current_replicas"],
        case["desired_replicas"],
        case["min_replicas"],
        case["max_replicas"],
        scale_up_rules(rules_of(case["scale_up_rules"])),
        scale_down_rules(rules_of(case["scale_down_rules"]), 300.0),
        events_of(case["scale_up_events"]),
        events_of(case["scale_down_events"]),
        0.0,
    )
    return {"replicas": replicas, "reason": reason}


def _scale_limit(case: Case) -> Answer:
    up_events, down_events = events_of(case["scale_up_events"]), events_of(case["scale_down_events"])
    if case["kind"] == "scale_up_limit":
        limit, rules = rates.scale_up_limit, scale_up_rules(rules_of(case["rules"]))
    else:
        limit, rules = rates.scale_down_limit, scale_down_rules(rules_of(case["rules"]), 300.0)
    return {"limit": limit(case["current_replicas"], up_events, down_events, rules, 0.0)}


def _stabilize_without_behavior(case: Case) -> Answer:
    replicas, log = stabilise.stabilise_without_behavior(
        log_of(case["prior_recommendations"]), case["desired_replicas"], case["window_s"], 0.0
    )
    return {"replicas": replicas, "log_length": len(log)}


def _stabilize_with_behavior(case: Case) -> Answer:
    replicas, log = stabilise.stabilise_with_behavior(
        log_of(case["prior_recommendations"]),
        case["current_replicas"],
        case["desired_replicas"],
        case["scale_up_window_s"],
        case["scale_down_window_s"],
        0.0,
    )
    return {"replicas": replicas, "log": [entry.replicas for entry in log]}


def _store_event(case: Case) -> Answer:
    """Both directions keep their log by the same rule, so the case is asked once for all `directions`."""
    before = events_of(case["prior_events"])
    rules = None if case["rules"] is None else scale_up_rules(rules_of(case["rules"]))
    after = rates.store_event(before, case["replica_change"], rules, 0.0)
    return {
        "change_in_last_60s_before": rates.change_within(before, 60, 0.0),
        "events_after": [{"change": event.change, "outdated": event.outdated} for event in after],
    }


_KINDS: dict[str, Callable[[Case], Answer]] = {
    "resource_utilization": _resource_utilization,
    "pods_metric": _pods_metric,
    "object_metric": _total_metric,
    "external_metric": _total_metric,
    "object_per_pod_metric": _total_metric,
    "external_per_pod_metric": _total_metric,
    "group_pods": _group_pods,
    "pod_requests": _pod_requests,
    "utilization_ratio": _utilization_ratio,
    "usage_ratio": _usage_ratio,
    "reconcile": _reconcile,
    "limit_without_behavior": _limit_without_behavior,
    "rate_limit": _rate_limit,
    "scale_up_limit": _scale_limit,
    "scale_down_limit": _scale_limit,
    "stabilize_without_behavior": _stabilize_without_behavior,
    "stabilize_with_behavior": _stabilize_with_behavior,
    "store_event": _store_event,
}

KINDS: tuple[str, ...] = tuple(_KINDS)
"""The kinds of case that `answer` understands."""
