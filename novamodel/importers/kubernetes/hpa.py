"""HorizontalPodAutoscaler (autoscaling/v1, v2beta1, v2beta2, v2) to the scenario's autoscaler."""

from __future__ import annotations

from typing import Any

from novamodel.errors import UserError
from novamodel.importers.node import Node
from novamodel.importers.quantity import kubernetes_memory, seconds, whole
from novamodel.importers.report import Draft, Said
from novamodel.units import parse_bytes, parse_cores

K8S = "documented: Kubernetes"
_DEFAULTS: dict[str, tuple[int, list[list[Any]]]] = {
    "scaleUp": (0, [["Pods", 4, "15 s"], ["Percent", 100, "15 s"]]),
    "scaleDown": (300, [["Percent", 100, "15 s"]]),
}
"""What the API server fills in as soon as ``behavior`` is there (autoscaling/v2 defaults)."""


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
        draft.find(
            "warning",
            "hpa-metric-not-modelled",
            hpa.file,
            spec.line,
            "this autoscaler has no CPU or memory utilisation target: it is left out and replicas stay constant",
            "add a Resource metric with averageUtilization",
        )
        return ()
    bounds = spec["minReplicas"] or spec["maxReplicas"] or spec
    said = [Said("autoscaler", None, hpa.file, bounds.line)]
    for key, path in (("minReplicas", "min_replicas"), ("maxReplicas", "max_replicas")):
        if spec[key]:
            said.append(Said(f"autoscaler.{path}", whole(spec[key].value), spec[key].file, spec[key].line))
    return (*said, *targets, *behavior_of(spec["behavior"], draft))


def metric_of(metric: Node) -> tuple[str, Node, Node]:
    """(cpu, memory or another name; utilisation; absolute value) of a resource metric in any API version."""
    part = metric["resource"] or metric["containerResource"]
    target = part["target"]
    use = target["averageUtilization"] or part["targetAverageUtilization"]
    return part["name"].text, use, target["averageValue"] or part["targetAverageValue"]


def _targets(spec: Node, box: Node, draft: Draft) -> list[Said]:
    said: list[Said] = []
    for metric in spec["metrics"]:
        name, use, absolute = metric_of(metric)
        share = _share(name, absolute, box)
        if name in ("cpu", "memory") and use:
            said.append(Said(f"autoscaler.{name}_target", _percent(use), use.file, use.line))
        elif name in ("cpu", "memory") and share is not None:
            why = f"derived: {absolute.text} of a request of {box.at('resources', 'requests', name).text}"
            said.append(Said(f"autoscaler.{name}_target", share, absolute.file, absolute.line, why, "derived"))
        else:
            what = f"metric {metric['type'].text or '?'} {name}".strip() + _words(metric)
            draft.leave(metric.file, metric.line, what, "only CPU and memory utilisation are modelled")
    old = spec["targetCPUUtilizationPercentage"]
    if old:
        said.append(Said("autoscaler.cpu_target", _percent(old), old.file, old.line))
    elif not spec["metrics"] and spec:
        why = f"{K8S}: without metrics the target is 80 % CPU"
        said.append(Said("autoscaler.cpu_target", "80 %", spec.file, spec.line, why, "documented"))
    return said


def _share(name: str, absolute: Node, box: Node) -> str | None:
    """An absolute target as a share of what the container requests; None where one of them is not known."""
    request = box.at("resources", "requests", name) or box.at("resources", "limits", name)
    parse = parse_cores if name == "cpu" else parse_bytes
    if not absolute or not request:
        return None
    try:
        wanted, asked = parse(kubernetes_memory(absolute.value)), parse(kubernetes_memory(request.value))
    except (UserError, ValueError, TypeError):
        return None
    return f"{100 * wanted / asked:.6g} %" if asked > 0 else None


def _words(metric: Node) -> str:
    """Name and target of any other metric, for the list of what is not modelled."""
    part = next((metric[key] for key in ("pods", "object", "external") if metric[key]), metric["nothing"])
    name = part.at("metric", "name").text or part["metricName"].text
    target = next((node.text for _, node in part["target"].entries() if node.text not in ("Value", "AverageValue")), "")
    return f" {name} at {target or part['targetAverageValue'].text or '?'}" if name else ""


def _percent(node: Node) -> Any:
    value = whole(node.value)
    return f"{value} %" if isinstance(value, int | float) and not isinstance(value, bool) else value


def behavior_of(behavior: Node, draft: Draft) -> list[Said]:
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
        if rules["tolerance"]:
            draft.leave(rules.file, rules["tolerance"].line, f"{key}.tolerance", "one tolerance is modelled: 10 %")
    return said
