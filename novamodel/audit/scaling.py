"""Autoscalers of Kubernetes against what they scale."""

from __future__ import annotations

from collections.abc import Iterator

from novamodel.audit.form import NotChecked, fault, open_question
from novamodel.audit.seen import Seen
from novamodel.errors import near
from novamodel.importers.kubernetes.hpa import REMOVED, metric_of
from novamodel.importers.kubernetes.objects import WORKLOADS, main_container, name_of, namespace, together
from novamodel.importers.node import Node
from novamodel.importers.quantity import whole
from novamodel.scenario import Finding


def find(seen: Seen) -> Iterator[Finding | NotChecked]:
    """Every fault of autoscalers."""
    for hpa in seen.sources.cluster.of("HorizontalPodAutoscaler"):
        version = hpa["apiVersion"]
        if version.text in REMOVED:
            message = f"{version.text} is gone since Kubernetes {REMOVED[version.text]}: the API server refuses this "
            fix = "write apiVersion: autoscaling/v2 (metrics with resource.target)"
            yield fault("hpa-api-removed", version, f"{message}autoscaler", fix)
        named = [
            found
            for found in seen.sources.cluster.of(*WORKLOADS)
            if name_of(found) == hpa.at("spec", "scaleTargetRef", "name").text
        ]
        yield from _target(hpa, named, seen)
        yield from _bounds(hpa)
        for found in named:
            yield from _scaled(hpa, found, seen)
        for metric in hpa.at("spec", "metrics"):
            if metric_of(metric)[0] == "memory":
                message = "memory hardly falls when load falls: a memory target keeps replicas that CPU no longer needs"
                fix = "scale on CPU only, or set the memory request so that a resting replica is far below the target"
                yield fault("hpa-memory-target", metric, message, fix)


def _target(hpa: Node, named: list[Node], seen: Seen) -> Iterator[Finding | NotChecked]:
    target, place = hpa.at("spec", "scaleTargetRef", "name"), hpa["metadata"]
    here = [found for found in named if together(found, hpa)]
    if named and not here:
        space = namespace(named[0])
        message = f"the autoscaler is in namespace {namespace(hpa)}, its target {target.text} in {space}: "
        message += "it finds nothing and never scales (read as meant for that target)"
        yield fault("hpa-namespace", place, message, f"add metadata.namespace: {space}", "error")
    elif named and not namespace(hpa) and all(namespace(found) for found in named):
        space = namespace(named[0])
        message = f"the autoscaler names no namespace, its target {target.text} names {space}: applied without "
        message += f"-n {space} it stands in default, finds nothing and never scales (read as meant for that target)"
        yield fault("hpa-namespace", place, message, f"add metadata.namespace: {space}")
    elif not named:
        kind = hpa.at("spec", "scaleTargetRef", "kind").text
        others = [found for found in seen.sources.cluster.of(*WORKLOADS) if together(found, hpa)]
        own = kind in WORKLOADS or not kind
        slip = near(target.text, [name_of(found) for found in others], cutoff=0.8)
        beside = seen.deploys_beside(hpa.file) or slip
        if seen.unread or seen.makers or not own or not others or not beside:
            why = seen.unread or (f"it is a {kind}" if not own else "no manifest beside it deploys anything")
            yield open_question("hpa-target-missing", target, f"target {target.text} of an autoscaler: {why}")
            return
        message = f"the autoscaler's target {target.text or '(none)'} is in no manifest"
        known = ", ".join(slip or sorted({name_of(found) for found in others})[:5])
        yield fault("hpa-target-missing", target, message, f"correct scaleTargetRef.name ({known})")


def _bounds(hpa: Node) -> Iterator[Finding]:
    least, most = (whole(hpa.at("spec", key).value) for key in ("minReplicas", "maxReplicas"))
    if isinstance(least, int) and isinstance(most, int) and least > most:
        message = f"minReplicas {least} is more than maxReplicas {most}: the autoscaler is refused"
        yield fault("hpa-bounds", hpa.at("spec", "minReplicas"), message, "minReplicas up to maxReplicas")


def _scaled(hpa: Node, found: Node, seen: Seen) -> Iterator[Finding]:
    replicas, target = found.at("spec", "replicas"), name_of(found)
    if replicas:
        message = f"replicas: {replicas.text} stands beside an autoscaler: every apply sets the count back to it"
        yield fault("replicas-with-hpa", replicas, message, "leave spec.replicas out")
    resources = main_container(found)["resources"]
    ranged = any(together(one, found) for one in seen.sources.cluster.of("LimitRange"))
    for metric in hpa.at("spec", "metrics"):
        name, use, _ = metric_of(metric)
        if not use or name not in ("cpu", "memory") or ranged:
            continue
        if not resources["requests"][name] and not resources["limits"][name]:
            message = f"the target is a share of the {name} request, and {target} requests none: it never scales"
            yield fault("hpa-without-request", metric, message, f"set resources.requests.{name}")
