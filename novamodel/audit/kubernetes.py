"""Workloads and Services of Kubernetes manifests."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator

from novamodel.audit.form import NotChecked, fault, open_question
from novamodel.audit.names import is_fixed
from novamodel.audit.seen import Seen
from novamodel.importers.graph.deployed import services_of
from novamodel.importers.kubernetes.objects import (
    WORKLOADS,
    containers,
    main_container,
    name_of,
    template_of,
    together,
)
from novamodel.importers.node import Node
from novamodel.importers.quantity import kubernetes_memory, whole
from novamodel.scenario import Finding
from novamodel.units import parse_bytes, parse_cores

_SERVING = ("Deployment", "StatefulSet", "ReplicaSet", "Rollout", "DeploymentConfig")


def find(seen: Seen) -> Iterator[Finding | NotChecked]:
    """Every fault of workloads and Services."""
    cluster = seen.sources.cluster
    for service in cluster.of("Service"):
        yield from _service(service, seen)
    for found in cluster.of(*WORKLOADS):
        selected = services_of(found, template_of(found), cluster)
        for box in containers(found):
            yield from _image(box)
            yield from _sizes(found, box)
        yield from _probes(found, bool(selected), bool(cluster.of("Service")))
        if found["kind"].text in _SERVING:
            yield from _replicas(found, seen)


def _service(service: Node, seen: Seen) -> Iterator[Finding | NotChecked]:
    cluster, selector = seen.sources.cluster, service.at("spec", "selector")
    if not isinstance(selector.value, dict) or not selector.value or service in cluster.of("StoreService"):
        return
    wanted = selector.value.items()
    pods = cluster.of(*WORKLOADS, "Pod", "Job", "CronJob", "Store", "Pooler")
    near = [found for found in pods if together(found, service)]
    chosen = [found for found in near if _carries(found, wanted)]
    if chosen:
        yield from _target_ports(service, chosen)
        return
    name = name_of(service)
    if seen.unread or seen.makers or not near or not seen.deploys_beside(service.file):
        why = seen.unread or (f"a {seen.makers} may make the pods" if seen.makers else "no manifest makes pods there")
        yield open_question("service-selects-nothing", selector, f"which pods Service {name} selects: {why}")
        return
    message = f"Service {name} selects no pod of these manifests"
    fix = "make spec.selector equal to the labels of the pod template"
    yield fault("service-selects-nothing", selector, message, fix)


def _carries(found: Node, wanted: ItemsView[str, object]) -> bool:
    labels = template_of(found).at("metadata", "labels").value
    return isinstance(labels, dict) and wanted <= labels.items()


def _target_ports(service: Node, chosen: list[Node]) -> Iterator[Finding]:
    """A target port by a name that no container has leads nowhere; a number needs no containerPort to be there."""
    listed = [port for found in chosen for box in containers(found) for port in box["ports"]]
    names = {port["name"].text for port in listed} - {""}
    for port in service.at("spec", "ports"):
        target = port["targetPort"]
        if listed and target.text and not target.text.isdecimal() and target.text not in names:
            own = ", ".join(sorted(names)) or "no names"
            message = f"Service {name_of(service)} sends to port {target.text}, and {name_of(chosen[0])} has {own}: "
            yield fault("service-port-unknown", target, f"{message}it is refused", "name a port of the container")


def _image(box: Node) -> Iterator[Finding]:
    image = box["image"]
    if image and not is_fixed(image.text):
        message = f"image {image.text} has no fixed version: a restart may run other code, a rollback is guesswork"
        yield fault("image-latest", image, message, "name a version or a digest")


def _sizes(found: Node, box: Node) -> Iterator[Finding]:
    """A request over its limit is refused by the API server."""
    for what, plain, parse in (("cpu", str, parse_cores), ("memory", kubernetes_memory, parse_bytes)):
        request, limit = (box.at("resources", part, what) for part in ("requests", "limits"))
        try:
            if request and limit and parse(plain(request.value)) > parse(plain(limit.value)):
                message = f"{name_of(found)} requests {request.text} of {what} and is limited to {limit.text}"
                yield fault("request-over-limit", request, f"{message}: it is refused", "a request up to the limit")
        except (ValueError, TypeError, AttributeError):
            continue


def _probes(found: Node, serves: bool, known: bool) -> Iterator[Finding | NotChecked]:
    """``serves``: a Service selects the pods; ``known``: the manifests have Services at all."""
    box, name = main_container(found), name_of(found)
    if not known and box["ports"] and not box["readinessProbe"]:
        yield open_question("no-readiness-probe", box, f"whether {name} gets requests: no manifest makes a Service")
    if serves and not box["readinessProbe"] and not box["startupProbe"]:
        message = f"{name} has no readinessProbe: it gets requests before it can answer"
        yield fault("no-readiness-probe", box, message, "add a readinessProbe")
    live, ready = box.at("livenessProbe", "httpGet"), box.at("readinessProbe", "httpGet")
    if not live or live.value != ready.value:
        return
    longer = any(
        _number(box["livenessProbe"][key], usual) > _number(box["readinessProbe"][key], usual)
        for key, usual in (("timeoutSeconds", 1), ("failureThreshold", 3))
    )
    if not longer:
        message = f"{name}: the liveness probe asks the same page as the readiness probe with no longer a time-out: "
        message += "under overload replicas are restarted just when they are needed"
        fix = "give the liveness probe a page of its own and a longer timeoutSeconds"
        yield fault("liveness-equals-readiness", live, message, fix)


def _number(node: Node, usual: int) -> int:
    value = whole(node.value)
    return value if isinstance(value, int) and not isinstance(value, bool) else usual


def _replicas(found: Node, seen: Seen) -> Iterator[Finding | NotChecked]:
    """Several replicas are worth little when one drain takes them all; too careful a budget lets no node go."""
    scaled = [
        hpa
        for hpa in seen.sources.cluster.of("HorizontalPodAutoscaler")
        if hpa.at("spec", "scaleTargetRef", "name").text == name_of(found) and together(hpa, found)
    ]
    least = min([_number(hpa.at("spec", "minReplicas"), 1) for hpa in scaled], default=0)
    count = least or _number(found.at("spec", "replicas"), 1)
    if count < 2:
        return
    labels = template_of(found).at("metadata", "labels").value
    budgets = [
        budget
        for budget in seen.sources.cluster.of("PodDisruptionBudget")
        if together(budget, found) and _selects(budget, labels)
    ]
    name, place = name_of(found), found["metadata"]["name"]
    for budget in budgets:
        keeps, gives = budget.at("spec", "minAvailable"), budget.at("spec", "maxUnavailable")
        whole_lot = keeps.text == "100%" or (keeps.text.isdecimal() and int(keeps.text) >= count)
        if whole_lot or gives.text in ("0", "0%"):
            says = f"minAvailable: {keeps.text}" if keeps else f"maxUnavailable: {gives.text}"
            message = f"{says} lets none of the {count} replicas of {name} go: no node can be drained or upgraded"
            yield fault("budget-blocks-drain", keeps or gives, message, "let at least one replica go")
    if not budgets:
        if seen.unread and scaled:
            yield open_question("no-disruption-budget", place, f"the budget of {name}: {seen.unread}")
        elif scaled:
            message = f"{name} has {count} replicas or more and no PodDisruptionBudget: a drain may take all at once"
            yield fault("no-disruption-budget", place, message, "add a PodDisruptionBudget with maxUnavailable: 1")


def _selects(budget: Node, labels: object) -> bool:
    wanted = budget.at("spec", "selector", "matchLabels").value
    plain = not budget.at("spec", "selector", "matchExpressions")
    return isinstance(labels, dict) and (not plain or not isinstance(wanted, dict) or wanted.items() <= labels.items())
