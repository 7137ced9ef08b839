"""Objects of Kubernetes manifests by kind: names, namespaces, pod templates and their containers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from novamodel.importers.kubernetes.charts import leaves, matters
from novamodel.importers.kubernetes.operators import as_stores
from novamodel.importers.kubernetes.poolers import as_pooler
from novamodel.importers.names import is_infrastructure, short_name
from novamodel.importers.node import Node
from novamodel.importers.pools.capacity_words import speaks
from novamodel.importers.report import Draft

WORKLOADS = (
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "ReplicaSet",
    "Rollout",
    "DeploymentConfig",
    "ReplicationController",
)
JOBS = ("Job", "CronJob")
MOST = 30
"""Values of an object of a kind that is not known."""
SCALERS = ("HorizontalPodAutoscaler", "ScaledObject")
ROUTES = ("Ingress", "HTTPRoute", "GRPCRoute", "IngressRoute", "VirtualService")
_READ = {*WORKLOADS, *SCALERS, *ROUTES, "Service", "Pod"}
_QUIET = {
    "Namespace", "ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "Secret", "ConfigMap",
    "NetworkPolicy", "CustomResourceDefinition", "ServiceMonitor", "PodMonitor", "PrometheusRule", "Certificate",
    "Issuer", "ClusterIssuer", "SealedSecret", "ExternalSecret", "MutatingWebhookConfiguration", "APIService",
    "ValidatingWebhookConfiguration", "PodSecurityPolicy", "SecretStore", "ClusterSecretStore", "IngressClass",
    "Kustomization", "Component", "ApplicationSet", "AppProject", "Gateway", "GatewayClass",
    "TriggerAuthentication", "ClusterTriggerAuthentication", "ClusterConfig", "HelmRepository", "OCIRepository",
    "GitRepository",
}  # fmt: skip
"""Kinds that neither cost nor limit by themselves."""
_BESIDE = re.compile(
    r"(^|[-_])(xtrabackup|backup|exporter|agent|sidecar|metrics|reload(er)?|proxy|istio|envoy|filebeat|fluent\w*|logrotate|"
    r"cloud-?sql-?proxy|vault)([-_]|$)"
)
"""Names of containers that stand beside the one that answers."""
_MATTERS = {
    "PodDisruptionBudget": ("minAvailable", "maxUnavailable"),
    "ResourceQuota": ("hard",),
    "LimitRange": ("limits",),
    "VerticalPodAutoscaler": ("updatePolicy", "resourcePolicy"),
    "PersistentVolumeClaim": ("resources", "storageClassName"),
    "PersistentVolume": ("capacity", "storageClassName"),
    "PriorityClass": ("value",),
    "StorageClass": ("provisioner", "parameters"),
}
"""Kinds that limit or cost, and where their values stand."""


_VALUES_AT = {"HelmRelease": ("values",), "HelmChart": ("valuesContent",), "Application": ("source", "helm")}
"""Kinds that have charts rendered, and where they say the values of those."""


@dataclass
class Cluster:
    """The objects of all manifests by kind."""

    objects: dict[str, list[Node]] = field(default_factory=dict)
    sharing: dict[str, set[str]] = field(default_factory=dict)

    def of(self, *kinds: str) -> list[Node]:
        """All objects of some kinds, in the order of files."""
        return [found for kind in kinds for found in self.objects.get(kind, [])]

    @cached_property
    def prefixes(self) -> list[str]:
        """Namespaces, which names often repeat as a prefix; asked for when all objects are there."""
        spaces = {namespace(found) for group in self.objects.values() for found in group}
        return sorted(spaces - {"default", ""}, key=lambda space: (-len(space), space))


def namespace(found: Node) -> str:
    """Namespace of an object; empty where it names none: it takes that of ``kubectl -n``."""
    return found.at("metadata", "namespace").text


def together(one: Node, other: Node) -> bool:
    """Whether two objects may stand in one namespace: only two different written ones disagree."""
    left, right = namespace(one), namespace(other)
    return not left or not right or left == right


def name_of(found: Node) -> str:
    """Name of an object."""
    return found.at("metadata", "name").text


def template_of(found: Node) -> Node:
    """The pod template of any object that has one."""
    if found["kind"].text == "CronJob":
        return found.at("spec", "jobTemplate", "spec", "template")
    return found if found["kind"].text == "Pod" else found.at("spec", "template")


def containers(found: Node) -> list[Node]:
    """The containers of a workload's pod template."""
    return [box for box in template_of(found).at("spec", "containers") if isinstance(box.value, dict)]


def main_container(found: Node) -> Node:
    """The container that answers requests: the first one that is no infrastructure, else the first."""
    boxes = containers(found)
    own = [box for box in boxes if not is_infrastructure(box["image"].text) and not _BESIDE.search(box["name"].text)]
    return (own or boxes or [template_of(found).at("spec", "containers", 0)])[0]


def read_cluster(documents: Iterable[Node], draft: Draft) -> Cluster:
    """Sort the objects of all manifests by kind; kinds that are not modelled are listed with their values."""
    cluster = Cluster()
    for document in documents:
        for found in _items(document):
            kind = found["kind"].text
            pooler = as_pooler(found)
            if pooler:
                cluster.objects.setdefault("Pooler", []).extend(pooler[:1])
                cluster.objects.setdefault("StoreService", []).extend(pooler[1:])
                cluster.objects.setdefault("Service", []).extend(pooler[1:])
                if kind == "Pooler":
                    continue
            stores = as_stores(found, draft)
            if stores:
                cluster.objects.setdefault("Store", []).extend(stores[:1])
                cluster.objects.setdefault("StoreService", []).extend(stores[1:])
                cluster.objects.setdefault("Service", []).extend(stores[1:])
                continue
            cluster.objects.setdefault(kind, []).append(found)
            if kind in ROUTES or kind == "Service":
                _list_route(found, draft)
            if kind not in _READ and kind not in _QUIET:
                _leave(found, kind, draft)
    prefixes = cluster.prefixes
    for found in cluster.of(*WORKLOADS):
        cluster.sharing.setdefault(_short(found, prefixes), set()).add(name_of(found))
    return cluster


def _items(document: Node) -> list[Node]:
    """The objects of a document; those of a List."""
    if document["kind"].text.endswith("List") and isinstance(document["items"].value, list):
        return [found for found in document["items"] if isinstance(found.value, dict)]
    return [document] if isinstance(document.value, dict) else []


def _leave(found: Node, kind: str, draft: Draft) -> None:
    words = []
    for key in _MATTERS.get(kind, ()):
        words += [f"{path} {value}" for path, value in _scalars(found["spec"][key] or found[key], key)]
    if kind in JOBS:
        size = main_container(found)["resources"]
        words += [f"schedule {found.at('spec', 'schedule').text}"] if kind == "CronJob" else []
        words += [f"{path} {value}" for path, value in _scalars(size, "")]
    shown = f"{kind or 'document without kind'} {name_of(found)}".strip() + (
        f": {', '.join(words)[:400]}" if words else ""
    )
    why = "takes no customers" if kind in JOBS else "no place in the model"
    draft.leave(found.file, found["kind"].line, shown, why)
    if kind in _VALUES_AT:
        for path, node in leaves(found.at("spec", *_VALUES_AT[kind]), "values"):
            if matters(path):
                draft.leave(node.file, node.line, f"{kind} {name_of(found)}: {path} {node.text}", "Helm renders it")
    elif kind not in JOBS and kind not in _MATTERS:
        for path, node in _leaves(found["spec"], "spec")[:MOST]:
            draft.leave(node.file, node.line, f"{kind} {name_of(found)}: {path} {node.text}", why)


def _leaves(node: Node, path: str, depth: int = 0) -> list[tuple[str, Node]]:
    """Values that say how much, how many or how long, anywhere below."""
    if depth > 8:
        return []
    if isinstance(node.value, dict):
        below = [(f"{path}.{key}", inner) for key, inner in node.entries()]
    else:
        below = [(path, inner) for inner in node]
    found = [pair for place, inner in below for pair in _leaves(inner, place, depth + 1)]
    last = ".".join(path.split(".")[-2:])
    return [*found, *([(path, node)] if node.text and not below and speaks(last, node.text) else [])]


def _list_route(found: Node, draft: Draft) -> None:
    """Times, limits and tries of a route or a Service that no reader takes."""
    rows = _leaves(found["spec"], "spec") if found["kind"].text in ROUTES else []
    for key, node in found.at("metadata", "annotations").entries():
        last = key.rpartition("/")[2]
        if not last.startswith(("limit-", "proxy-read-timeout")) and (
            speaks(last, node.text) or (last.endswith("attributes") and node.text)
        ):
            rows.append((key, node))
    for path, node in rows[:MOST]:
        what = f"{found['kind'].text} {name_of(found)}: {path} {node.text[:100]}"
        draft.leave(node.file, node.line, what, "read, not modelled")


def _scalars(node: Node, path: str, depth: int = 0) -> list[tuple[str, str]]:
    if depth > 5:
        return []
    if isinstance(node.value, dict):
        return [
            pair for key, inner in node.entries() for pair in _scalars(inner, f"{path}.{key}".strip("."), depth + 1)
        ]
    if isinstance(node.value, list):
        return [pair for inner in node for pair in _scalars(inner, path, depth + 1)]
    return [(path, node.text)] if node.text else []


def service_name(found: Node, cluster: Cluster) -> str:
    """The scenario's name of a workload: short where that is still one workload's alone."""
    short = _short(found, cluster.prefixes)
    shared = cluster.sharing.get(short, set()) - {name_of(found)}
    return short_name(name_of(found), cluster.prefixes) if shared else short


def _short(found: Node, prefixes: list[str]) -> str:
    return short_name(name_of(found), prefixes, main_container(found)["name"].text)
