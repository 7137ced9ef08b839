"""The workloads that Kubernetes manifests deploy, with everything that is said about each."""

from __future__ import annotations

import itertools
import re

from novamodel.importers.kubernetes.hpa import autoscaler
from novamodel.importers.kubernetes.keda import scaled_by
from novamodel.importers.kubernetes.objects import (
    WORKLOADS,
    Cluster,
    containers,
    main_container,
    name_of,
    namespace,
    read_cluster,
    service_name,
    template_of,
)
from novamodel.importers.names import is_infrastructure
from novamodel.importers.node import Node
from novamodel.importers.quantity import kubernetes_memory, seconds, whole
from novamodel.importers.report import Draft, Said, Workload

__all__ = [
    "WORKLOADS",
    "Cluster",
    "containers",
    "main_container",
    "name_of",
    "namespace",
    "read_cluster",
    "service_name",
    "workloads",
]
K8S = "documented: Kubernetes"


def workloads(cluster: Cluster, draft: Draft) -> list[Workload]:
    """The services that the manifests deploy, with everything that is said about each."""
    result: dict[str, Workload] = {}
    own = any(not is_infrastructure(main_container(one)["image"].text) for one in cluster.of(*WORKLOADS))
    alone = [] if own else [one for one in cluster.of("Pod") if one.at("spec", "restartPolicy").text in ("", "Always")]
    for pod in cluster.of("Pod"):
        if pod not in alone:
            draft.leave(
                pod.file, pod["kind"].line, f"Pod {name_of(pod)}", "no workload keeps it: it takes no customers"
            )
            for box in containers(pod):
                list_sizes(f"Pod {name_of(pod)}", box, draft)
    for found in [*cluster.of(*WORKLOADS), *alone]:
        if found.at("spec", "workloadRef"):
            continue  # its pods are those of the Deployment that it names
        if not containers(found):
            what = f"{found['kind'].text} {name_of(found)}"
            place = found.at("metadata", "name").line
            message = f"{what} has no container: the API server refuses it (left out here)"
            draft.find(
                "error", "workload-without-containers", found.file, place, message, "add spec.template.spec.containers"
            )
            continue
        box = main_container(found)
        if is_infrastructure(box["image"].text):
            draft.leave(
                found.file,
                found["kind"].line,
                f"{found['kind'].text} {name_of(found)}",
                "infrastructure image",
            )
            continue
        name = service_name(found, cluster)
        if found["kind"].text == "DaemonSet":
            what = f"DaemonSet {name_of(found)}"
            draft.leave(found.file, found["kind"].line, what, "one replica a node: their number follows the nodes")
        if name in result:
            if (result[name].file, result[name].line) == (found.file, found.at("metadata", "name").line):
                continue  # one base under two overlays
            draft.find(
                "note",
                "deployment-twice",
                found.file,
                found.at("metadata", "name").line,
                f"{name} is deployed in {result[name].file} too: the first is taken",
                "import the folder of one environment, or render the overlay first",
            )
            continue
        for other in containers(found):
            if other.path != box.path:
                name_there = f"container {other['name'].text}"
                draft.leave(other.file, other.line, name_there, "one container a pod is modelled")
                list_sizes(name_there, other, draft)
        for extra in template_of(found).at("spec", "initContainers"):
            draft.leave(extra.file, extra.line, f"init container {extra['name'].text}", "start-up is one delay")
            list_sizes(f"init container {extra['name'].text}", extra, draft)
        if found.at("spec", "strategy", "type").text == "Recreate":
            strategy = found.at("spec", "strategy", "type")
            draft.leave(found.file, strategy.line, "strategy Recreate", "a rollout is a rolling update")
        if box["startupProbe"]:
            draft.leave(box.file, box["startupProbe"].line, "startupProbe", "start-up is one delay")
        result[name] = Workload(
            name,
            name_of(found),
            found.file,
            found.at("metadata", "name").line,
            tuple(_said(found, box, _rolled_by(found, cluster))) + _scaling(found, box, cluster, draft),
            whole(box.at("ports", 0, "containerPort").value) if box.at("ports", 0, "containerPort") else None,
            box["image"].text,
            tuple(entry["name"].text for entry in box["env"]),
        )
    return list(result.values())


def list_sizes(what: str, box: Node, draft: Draft) -> None:
    """What a container that is not modelled asks for and may use."""
    for kind in ("requests", "limits"):
        for key, node in box["resources"][kind].entries():
            if node.text:
                draft.leave(node.file, node.line, f"{what}: {kind}.{key} {node.text}", "read, not modelled")


def _scaling(found: Node, box: Node, cluster: Cluster, draft: Draft) -> tuple[Said, ...]:
    """The autoscaler that means a workload by its name; whether namespaces agree is a finding of its own."""
    kinds = (("HorizontalPodAutoscaler", autoscaler), ("ScaledObject", scaled_by))
    for kind, read in kinds:
        targets = [found, *_rolled_by(found, cluster)]
        meant = [one for one in cluster.of(kind) if any(_means(one, target) for target in targets)]
        if meant:
            near = max(_shared(one.file, found.file) for one in meant)
            return read([one for one in meant if _shared(one.file, found.file) == near], box, draft)
    return ()


def _shared(one: str, other: str) -> int:
    """How many folders two files have in common."""
    pairs = zip(one.split("/")[:-1], other.split("/")[:-1], strict=False)
    return len(list(itertools.takewhile(lambda pair: pair[0] == pair[1], pairs)))


def _means(scaler: Node, found: Node) -> bool:
    target = scaler.at("spec", "scaleTargetRef")
    return target["name"].text == name_of(found) and target["kind"].text in ("", found["kind"].text)


def _rolled_by(found: Node, cluster: Cluster) -> list[Node]:
    """The Rollouts of Argo that take their pods from a Deployment and scale it themselves."""
    refs = [(one, one.at("spec", "workloadRef")) for one in cluster.of("Rollout")]
    name, kind = name_of(found), found["kind"].text
    return [one for one, ref in refs if ref["name"].text == name and ref["kind"].text in ("", kind)]


def _said(found: Node, box: Node, rolled_by: list[Node]) -> list[Said]:
    said = []
    first = next(iter(rolled_by), found)
    replicas = first.at("spec", "replicas")
    if replicas:
        said.append(Said("replicas", whole(replicas.value), replicas.file, replicas.line))
    said += _resources(box)
    for key, path in (("readinessProbe", "readiness"), ("livenessProbe", "liveness")):
        said += _probe(box[key], path)
    if not box["readinessProbe"]:
        why = f"{K8S}: a pod without readinessProbe is ready when it has started"
        said.append(Said("readiness", None, box.file, box.line, why, "documented"))
    grace = template_of(found).at("spec", "terminationGracePeriodSeconds")
    if grace:
        said.append(Said("termination_grace", seconds(grace.value), grace.file, grace.line))
    return said + _rollout(first) + _pre_stop(box)


def _rollout(found: Node) -> list[Said]:
    strategy, ready = found.at("spec", "strategy"), found.at("spec", "minReadySeconds")
    rolling = strategy["rollingUpdate"] or strategy["rollingParams"] or strategy["canary"]
    bounds = (("maxSurge", "max_surge"), ("maxUnavailable", "max_unavailable"))
    said = [
        Said(f"rollout.{path}", whole(rolling[key].value), rolling[key].file, rolling[key].line)
        for key, path in bounds
        if rolling[key]
    ]
    return said + ([Said("rollout.min_ready", seconds(ready.value), ready.file, ready.line)] if ready else [])


def _pre_stop(box: Node) -> list[Said]:
    """A hook that sleeps: ``sleep: {seconds: 5}``, or a command with ``sleep 5`` in it."""
    hook = box.at("lifecycle", "preStop")
    words = " ".join(word.text for word in hook.at("exec", "command"))
    slept = re.search(r"\bsleep (\d+)\b", words)
    length = slept[1] if slept else hook.at("sleep", "seconds").value
    return [Said("pre_stop", seconds(whole(length)), hook.file, hook.line)] if length is not None else []


def _resources(box: Node) -> list[Said]:
    part = box["resources"]
    requests, limits = part["requests"], part["limits"]
    said = [Said("resources", None, box.file, (limits or part).line)] if part else []
    for key, plain in (("cpu", lambda value: value), ("memory", kubernetes_memory)):
        request, limit = requests[key], limits[key]
        if request:
            said.append(Said(f"resources.{key}_request", plain(request.value), request.file, request.line))
        elif limit:
            why = f"{K8S}: a request left out is the limit"
            value = plain(limit.value)
            said.append(Said(f"resources.{key}_request", value, limit.file, limit.line, why, "documented"))
        if limit:
            said.append(Said(f"resources.{key}_limit", plain(limit.value), limit.file, limit.line))
    return said


def _probe(probe: Node, path: str) -> list[Said]:
    if not probe:
        return []
    said = [Said(path, None, probe.file, probe.line)]
    for key, part in (
        ("initialDelaySeconds", "initial_delay"),
        ("periodSeconds", "period"),
        ("timeoutSeconds", "timeout"),
    ):
        if probe[key]:
            said.append(Said(f"{path}.{part}", seconds(probe[key].value), probe[key].file, probe[key].line))
    if probe["failureThreshold"]:
        value = whole(probe["failureThreshold"].value)
        said.append(Said(f"{path}.failures", value, probe["failureThreshold"].file, probe["failureThreshold"].line))
    return said
