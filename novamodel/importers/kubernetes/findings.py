"""What is inconsistent in Kubernetes manifests: targets that are not there, annotations that do nothing."""

from __future__ import annotations

from novamodel.importers.kubernetes.hpa import REMOVED, metric_of
from novamodel.importers.kubernetes.objects import (
    ROUTES,
    WORKLOADS,
    Cluster,
    containers,
    main_container,
    name_of,
    namespace,
    template_of,
    together,
)
from novamodel.importers.kubernetes.routes import ANNOTATION, backends
from novamodel.importers.names import image_tag
from novamodel.importers.node import Node
from novamodel.importers.quantity import whole
from novamodel.importers.report import Draft

_LIMITS = {
    "limit-rps",
    "limit-rpm",
    "limit-connections",
    "limit-burst-multiplier",
    "limit-rate",
    "limit-rate-after",
    "limit-whitelist",
    "limit-allowlist",
}
"""Rate annotations that ingress-nginx reads (kubernetes/ingress-nginx, internal/ingress/annotations/ratelimit)."""


def find_faults(cluster: Cluster, draft: Draft) -> None:
    """Note every fault of the manifests."""
    for hpa in cluster.of("HorizontalPodAutoscaler"):
        _hpa(hpa, cluster, draft)
    for ingress in cluster.of(*ROUTES):
        _ingress(ingress, cluster, draft)
    for service in cluster.of("Service"):
        _service(service, cluster, draft)
    for found in cluster.of(*WORKLOADS):
        _workload(found, draft)


def _hpa(hpa: Node, cluster: Cluster, draft: Draft) -> None:
    target = hpa.at("spec", "scaleTargetRef", "name")
    named = [found for found in cluster.of(*WORKLOADS) if name_of(found) == target.text]
    here = [found for found in named if together(found, hpa)]
    version = hpa["apiVersion"]
    if version.text in REMOVED:
        draft.find(
            "note",
            "hpa-api-removed",
            hpa.file,
            version.line,
            f"{version.text} is gone since Kubernetes {REMOVED[version.text]}: the API server refuses this autoscaler",
            "write apiVersion: autoscaling/v2 (metrics with resource.target)",
        )
    if named and not here:
        draft.find(
            "error",
            "hpa-namespace",
            hpa.file,
            hpa["metadata"].line,
            f"the autoscaler is in namespace {namespace(hpa)}, its target {target.text} in {namespace(named[0])}: "
            "it finds nothing and never scales (read as meant for that target)",
            f"add metadata.namespace: {namespace(named[0])}",
        )
    elif named and not namespace(hpa) and all(namespace(found) for found in named):
        space = namespace(named[0])
        draft.find(
            "warning",
            "hpa-namespace",
            hpa.file,
            hpa["metadata"].line,
            f"the autoscaler names no namespace, its target {target.text} names {space}: applied without -n {space} it "
            "stands in default, finds nothing and never scales (read as meant for that target)",
            f"add metadata.namespace: {space}",
        )
    elif not named:
        draft.find(
            "error",
            "hpa-target-missing",
            hpa.file,
            target.line,
            f"the autoscaler's target {target.text or '(none)'} is in no manifest",
            "correct scaleTargetRef.name",
        )
    for found in named:
        replicas = found.at("spec", "replicas")
        if replicas:
            draft.find(
                "warning",
                "replicas-with-hpa",
                found.file,
                replicas.line,
                f"replicas: {replicas.text} stands beside an autoscaler: every apply sets the count back to it",
                "leave spec.replicas out",
            )
        resources = main_container(found)["resources"]
        for metric in hpa.at("spec", "metrics"):
            name, use, _ = metric_of(metric)
            if not use or name not in ("cpu", "memory"):
                continue
            if not resources["requests"][name] and not resources["limits"][name]:
                draft.find(
                    "error",
                    "hpa-without-request",
                    hpa.file,
                    metric.line,
                    f"the target is a share of the {name} request, and {target.text} requests none: it never scales",
                    f"set resources.requests.{name}",
                )
    for metric in hpa.at("spec", "metrics"):
        if metric_of(metric)[0] == "memory":
            draft.find(
                "warning",
                "hpa-memory-target",
                hpa.file,
                metric.line,
                "memory hardly falls when load falls: a memory target keeps replicas that CPU no longer needs",
                "scale on CPU only, or set the memory request so that a resting replica is far below the target",
            )


def _ingress(ingress: Node, cluster: Cluster, draft: Draft) -> None:
    notes = ingress.at("metadata", "annotations")
    for key, note in notes.entries():
        word = key.removeprefix(ANNOTATION)
        about_limits = "rate-limit" in word or word.startswith("limit-")
        if key.startswith(ANNOTATION) and about_limits and word not in _LIMITS:
            draft.find(
                "error",
                "ingress-annotation-unknown",
                ingress.file,
                note.line,
                f"annotation {key} does not exist and is ignored in silence: it limits nothing "
                f"(meant: {note.text or '?'})",
                f'use {ANNOTATION}limit-rpm: "100" (its burst is 5 times that by default)'
                if "rate-limit" in word
                else f"one of {', '.join(sorted(_LIMITS))}",
            )
        if key == "kubernetes.io/ingress.class":
            draft.find(
                "note",
                "ingress-class-annotation",
                ingress.file,
                note.line,
                "the annotation kubernetes.io/ingress.class is deprecated",
                f"write spec.ingressClassName: {note.text}",
            )
    services = {name_of(found) for found in cluster.of("Service") if together(found, ingress)}
    for _, name in backends(ingress):
        if name.text and name.text not in services and "." not in name.text:
            draft.find(
                "error",
                "ingress-backend-missing",
                ingress.file,
                name.line,
                f"the ingress sends requests to Service {name.text}, which no manifest makes: they fail with 503",
                f"add the Service {name.text} and its Deployment",
            )


def _service(service: Node, cluster: Cluster, draft: Draft) -> None:
    selector = service.at("spec", "selector")
    if not isinstance(selector.value, dict):
        return
    wanted = selector.value.items()
    if service in cluster.of("StoreService") or not wanted:
        return
    for found in [*cluster.of(*WORKLOADS, "Pod", "Job", "CronJob", "Store")]:
        labels = template_of(found).at("metadata", "labels").value
        if isinstance(labels, dict) and together(found, service) and wanted <= labels.items():
            return
    draft.find(
        "error",
        "service-selects-nothing",
        service.file,
        selector.line,
        f"Service {name_of(service)} selects no pod of these manifests",
        "make spec.selector equal to the labels of the pod template",
    )


def _workload(found: Node, draft: Draft) -> None:
    box = main_container(found)
    name = name_of(found)
    for each in containers(found):
        if each["image"] and image_tag(each["image"].text) == "latest":
            draft.find(
                "note",
                "image-latest",
                found.file,
                each["image"].line,
                f"image {each['image'].text} has no fixed version: a restart may run other code, a "
                "rollback is guesswork",
                "name a version or a digest",
            )
    if not box["readinessProbe"]:
        draft.find(
            "warning",
            "no-readiness-probe",
            found.file,
            box.line,
            f"{name} has no readinessProbe: it gets requests before it can answer",
            "add a readinessProbe",
        )
    live, ready = box.at("livenessProbe", "httpGet"), box.at("readinessProbe", "httpGet")
    patience = [whole(box[probe]["timeoutSeconds"].value) or 1 for probe in ("livenessProbe", "readinessProbe")]
    longer = all(isinstance(one, int | float) for one in patience) and patience[0] > patience[1]
    if live and live.value == ready.value and not longer:
        draft.find(
            "note",
            "liveness-equals-readiness",
            found.file,
            live.line,
            f"{name}: the liveness probe asks the same page as the readiness probe with no longer a time-out: "
            "under overload replicas are restarted just when they are needed",
            "give the liveness probe a page of its own and a longer timeoutSeconds",
        )
