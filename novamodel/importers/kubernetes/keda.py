"""KEDA's ScaledObject to the scenario's autoscaler: its CPU and memory triggers; others are listed."""

from __future__ import annotations

from novamodel.importers.kubernetes.hpa import behavior_of
from novamodel.importers.node import Node
from novamodel.importers.quantity import whole
from novamodel.importers.report import Draft, Said

KEDA = "documented: KEDA"
_DEFAULT_MAX = 100


def scaled_by(objects: list[Node], box: Node, draft: Draft) -> tuple[Said, ...]:
    """What the (first) ScaledObject of a workload says; nothing where no trigger of it is modelled."""
    found = objects[0]
    spec = found["spec"]
    goals = [goal for trigger in spec["triggers"] if (goal := _goal(trigger, draft)) is not None]
    for key in ("pollingInterval", "cooldownPeriod", "idleReplicaCount"):
        if spec[key]:
            draft.leave(found.file, spec[key].line, f"{key} {spec[key].text}", "no place in the model")
    low, high = whole(spec["minReplicaCount"].value), whole(spec["maxReplicaCount"].value)
    if not goals:
        words = ", ".join(f"{key} {spec[key].text}" for key in ("minReplicaCount", "maxReplicaCount") if spec[key])
        name = found.at("metadata", "name").text
        draft.leave(found.file, found["kind"].line, f"ScaledObject {name}: {words}", "none of its triggers is modelled")
        return ()
    said = [Said("autoscaler", None, found.file, spec.line)]
    if isinstance(low, int) and low > 0:
        said.append(Said("autoscaler.min_replicas", low, spec["minReplicaCount"].file, spec["minReplicaCount"].line))
    if isinstance(high, int):
        said.append(Said("autoscaler.max_replicas", high, spec["maxReplicaCount"].file, spec["maxReplicaCount"].line))
    else:
        why = f"{KEDA}: maxReplicaCount left out"
        said.append(Said("autoscaler.max_replicas", _DEFAULT_MAX, found.file, spec.line, why, "documented"))
    behavior = spec.at("advanced", "horizontalPodAutoscalerConfig", "behavior")
    return (*said, *goals, *behavior_of(behavior, draft))


def _goal(trigger: Node, draft: Draft) -> Said | None:
    kind, value = trigger["type"].text, trigger.at("metadata", "value")
    style = trigger["metricType"].text or trigger.at("metadata", "type").text or "Utilization"
    number = whole(value.value)
    if kind in ("cpu", "memory") and style == "Utilization" and isinstance(number, int | float):
        return Said(f"autoscaler.{kind}_target", f"{number} %", value.file, value.line)
    words = ", ".join(f"{key} {node.text[:60]}" for key, node in trigger["metadata"].entries() if node.text)
    draft.leave(
        trigger.file, trigger.line, f"trigger {kind or '?'}: {words}"[:200], "this trigger has no place in the model"
    )
    return None
