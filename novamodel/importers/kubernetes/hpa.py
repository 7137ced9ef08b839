"""HorizontalPodAutoscaler (autoscaling/v1, v2beta1, v2beta2, v2) to the scenario's autoscaler."""

from __future__ import annotations

import re
from typing import Any

from novamodel.importers.kubernetes.metric_words import Shown, key_of, metric_said, shown_by_name
from novamodel.importers.node import Node
from novamodel.importers.quantity import seconds, whole
from novamodel.importers.report import Draft, Said
from novamodel.scenario.scaling_metric import OF_QUEUES
from novamodel.units import parse_amount

_TARGET = re.compile(r"autoscaler\.((cpu|memory)_target|metrics\.[^.]+)")
K8S = "documented: Kubernetes"
_DEFAULTS: dict[str, tuple[int, list[list[Any]]]] = {
    "scaleUp": (0, [["Pods", 4, "15 s"], ["Percent", 100, "15 s"]]),
    "scaleDown": (300, [["Percent", 100, "15 s"]]),
}
"""What the API server fills in as soon as ``behavior`` is there (autoscaling/v2 defaults)."""


_FURTHER = ("Pods", "Object", "External")
REMOVED = {"autoscaling/v2beta1": "1.25", "autoscaling/v2beta2": "1.26"}
"""API versions that the API server no longer takes, and since which version of Kubernetes."""


def autoscaler(hpas: list[Node], box: Node, draft: Draft) -> tuple[Said, ...]:
    """What the (first) autoscaler of a workload says; nothing where it scales on something that is not modelled.

    ``box`` is the workload's container, whose requests an absolute target is a share of.
    """
    hpa = hpas[0]
    for other in hpas[1:]:
        draft.find(
            "error",
            "hpa-twice",
            other.file,
            other["kind"].line,
            "a second autoscaler moves the same Deployment: the two fight",
            "keep one",
        )
    spec = hpa["spec"]
    targets = _targets(spec, box, draft)
    if not targets:
        nothing_modelled(hpa.file, spec.line, draft)
        for key in ("minReplicas", "maxReplicas"):
            if spec[key]:
                draft.leave(spec[key].file, spec[key].line, f"{key}: {spec[key].text}", "the autoscaler is left out")
        return ()
    bounds = spec["minReplicas"] or spec["maxReplicas"] or spec
    said = [Said("autoscaler", None, hpa.file, bounds.line)]
    for key, path in (("minReplicas", "min_replicas"), ("maxReplicas", "max_replicas")):
        if spec[key]:
            said.append(Said(f"autoscaler.{path}", whole(spec[key].value), spec[key].file, spec[key].line))
    return (*said, *targets, *behavior_of(spec["behavior"]))


def nothing_modelled(file: str | None, line: int | None, draft: Draft) -> None:
    """An autoscaler is left out."""
    draft.find(
        "warning",
        "hpa-metric-not-modelled",
        file,
        line,
        "nothing that this autoscaler scales on is modelled: it is left out and replicas stay constant",
        "say by hand what its metrics show (services.NAME.autoscaler.metrics)",
    )


def answered(said: tuple[Said, ...], queues: bool, pools: bool, draft: Draft) -> tuple[Said, ...]:
    """What is said of a service; metrics of queues or pools that no file shows it to have are listed instead."""
    gone = {*(() if queues else OF_QUEUES), *(() if pools else ("pool waits",))}
    lost = {one.path.removesuffix(".reads"): one for one in said if one.path.endswith(".reads") and one.value in gone}
    for path, one in lost.items():
        what = f"metric {path.rsplit('.', 1)[-1]} ({one.value})"
        draft.leave(one.file or "", one.line, what, "no file shows which queue or pool of this service it means")
    kept = tuple(one for one in said if not any(one.path == path or one.path.startswith(f"{path}.") for path in lost))
    if lost and not any(_TARGET.fullmatch(one.path) for one in kept):
        place = next(one for one in said if one.path == "autoscaler")
        nothing_modelled(place.file, place.line, draft)
        return tuple(one for one in kept if one.path.split(".")[0] != "autoscaler")
    return kept


def metric_of(metric: Node) -> tuple[str, Node, Node]:
    """(cpu, memory or another name; utilisation; absolute value) of a resource metric in any API version."""
    part = metric["resource"] or metric["containerResource"]
    target = part["target"]
    use = target["averageUtilization"] or part["targetAverageUtilization"]
    return part["name"].text, use, target["averageValue"] or part["targetAverageValue"]


def _targets(spec: Node, box: Node, draft: Draft) -> list[Said]:
    said: list[Said] = []
    taken: set[str] = set()
    for metric in spec["metrics"]:
        name, use, absolute = metric_of(metric)
        container = metric.at("containerResource", "container")
        if container and container.text != box["name"].text:
            what = f"metric ContainerResource {name} of container {container.text}"
            draft.leave(metric.file, metric.line, what, "one container a pod is modelled")
        elif name in ("cpu", "memory") and use:
            said.append(Said(f"autoscaler.{name}_target", _percent(use), use.file, use.line))
        elif name in ("cpu", "memory") and absolute:
            kind, key = "ContainerResource" if container else "Resource", key_of(name, taken)
            said += metric_said(key, kind, Shown(name), metric, "average_target", absolute)
            if container:
                said.append(Said(f"autoscaler.metrics.{key}.container", container.text, container.file, container.line))
        else:
            said += _further(metric, taken, draft)
    old = spec["targetCPUUtilizationPercentage"]
    if old:
        said.append(Said("autoscaler.cpu_target", _percent(old), old.file, old.line))
    elif not spec["metrics"] and spec:
        why = f"{K8S}: without metrics the target is 80 % CPU"
        said.append(Said("autoscaler.cpu_target", "80 %", spec.file, spec.line, why, "documented"))
    return said


def _further(metric: Node, taken: set[str], draft: Draft) -> list[Said]:
    """A Pods, Object or External metric whose name says what it shows; any other is listed."""
    kind = metric["type"].text
    part = metric[kind.lower()] if kind in _FURTHER else metric["nothing"]
    name, target = part.at("metric", "name") or part["metricName"], part["target"]
    average = target["averageValue"] or part["targetAverageValue"] or part["averageValue"]
    node = average or target["value"] or part["targetValue"]
    shown = shown_by_name(name.text)
    if shown is None or not node or (kind == "Pods" and (not average or shown.reads in OF_QUEUES)):
        what = f"metric {kind or '?'} {name.text or metric_of(metric)[0]}".strip()
        why = "its name does not say what the model could show it: add it to autoscaler.metrics by hand"
        draft.leave(metric.file, metric.line, f"{what} at {node.text}" if node else what, why)
        return []
    field = "average_target" if average else "value_target"
    return metric_said(key_of(name.text, taken), kind, shown, name, field, node)


def _percent(node: Node) -> Any:
    value = whole(node.value)
    return f"{value} %" if isinstance(value, int | float) and not isinstance(value, bool) else value


def _share_of(node: Node) -> Any:
    """A tolerance, which is a Kubernetes quantity, in percent."""
    try:
        return f"{100 * parse_amount(node.value):g} %"
    except ValueError:
        return node.value


def behavior_of(behavior: Node) -> list[Said]:
    """Windows and policies of ``behavior``, with what the API server fills in."""
    if not behavior:
        return []
    said = []
    for key, path in (("scaleUp", "autoscaler.scale_up"), ("scaleDown", "autoscaler.scale_down")):
        rules = behavior[key]
        window, policies = rules["stabilizationWindowSeconds"], rules["policies"]
        default_window, default_policies = _DEFAULTS[key]
        why = f"{K8S}: default of behavior.{key}"

        def say(part: str, node: Node, value: Any, default: Any, path: str = path, why: str = why) -> None:
            if node:
                said.append(Said(f"{path}.{part}", value, node.file, node.line))
            elif default is not None:
                said.append(Said(f"{path}.{part}", default, behavior.file, behavior.line, why, "documented"))

        say("stabilization_window", window, seconds(window.value), f"{default_window} s")
        listed = [[p["type"].text, whole(p["value"].value), seconds(p["periodSeconds"].value)] for p in policies]
        say("policies", policies, listed, default_policies)
        say("select_policy", rules["selectPolicy"], rules["selectPolicy"].value, None)
        near = rules["tolerance"]
        if near:
            said.append(Said(f"{path}.tolerance", _share_of(near), near.file, near.line))
    return said
