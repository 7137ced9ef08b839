"""HorizontalPodAutoscaler (autoscaling/v2 and v1) to the scenario's autoscaler."""

from __future__ import annotations

from typing import Any

from novamodel.importers.node import Node
from novamodel.importers.quantity import seconds, whole
from novamodel.importers.report import Draft, Said

K8S = "documented: Kubernetes"
_DEFAULTS: dict[str, tuple[int, list[list[Any]]]] = {
    "scaleUp": (0, [["Pods", 4, "15 s"], ["Percent", 100, "15 s"]]),
    "scaleDown": (300, [["Percent", 100, "15 s"]]),
}
"""What the API server fills in as soon as ``behavior`` is there (autoscaling/v2 defaults)."""


def autoscaler(hpas: list[Node], draft: Draft) -> tuple[Said, ...]:
    """What the (first) autoscaler of a workload says; nothing where it scales on something that is not modelled."""
    if not hpas:
        return ()
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
    targets = _targets(spec, draft)
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
            said.append(Said(f"autoscaler.{path}", whole(spec[key].value), hpa.file, spec[key].line))
    return (*said, *targets, *_behavior(spec["behavior"], draft))


def _targets(spec: Node, draft: Draft) -> list[Said]:
    said: list[Said] = []
    for metric in spec["metrics"]:
        resource, target = metric["resource"], metric.at("resource", "target")
        name, use = resource["name"].text, target["averageUtilization"]
        if metric["type"].text == "Resource" and name in ("cpu", "memory") and use:
            said.append(Said(f"autoscaler.{name}_target", _percent(use), use.file, use.line))
        else:
            what = f"metric {metric['type'].text or '?'} {name}".strip()
            draft.leave(metric.file, metric.line, what, "only CPU and memory utilisation are modelled")
    old = spec["targetCPUUtilizationPercentage"]
    if old:
        said.append(Said("autoscaler.cpu_target", _percent(old), old.file, old.line))
    elif not spec["metrics"] and spec:
        why = f"{K8S}: without metrics the target is 80 % CPU"
        said.append(Said("autoscaler.cpu_target", "80 %", spec.file, spec.line, why, "documented"))
    return said


def _percent(node: Node) -> Any:
    value = whole(node.value)
    return f"{value} %" if isinstance(value, int | float) and not isinstance(value, bool) else value


def _behavior(behavior: Node, draft: Draft) -> list[Said]:
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
