"""What the rules look at: everything that was read, which names answer, and what may stand outside of the folder."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from functools import cached_property

from novamodel.importers.graph.boxes import Box
from novamodel.importers.kubernetes.objects import WORKLOADS, name_of
from novamodel.importers.node import Node
from novamodel.importers.sources import Sources
from novamodel.yamlfile import read_text

_BUILT_IN = {
    *WORKLOADS, "Pod", "Job", "CronJob", "Service", "Ingress", "IngressClass", "ConfigMap", "Secret", "Namespace",
    "ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "NetworkPolicy", "Store",
    "StoreService", "Pooler", "HorizontalPodAutoscaler", "PodDisruptionBudget", "PersistentVolume",
    "PersistentVolumeClaim",
    "StorageClass", "ResourceQuota", "LimitRange", "PriorityClass", "ScaledObject", "VerticalPodAutoscaler",
    "HTTPRoute", "GRPCRoute", "Gateway", "GatewayClass", "Issuer", "ClusterIssuer", "Certificate", "ServiceMonitor",
    "PodMonitor", "PrometheusRule", "CustomResourceDefinition", "IngressRoute", "VirtualService", "DestinationRule",
    "SealedSecret", "ExternalSecret", "SecretStore", "ClusterSecretStore", "Kustomization", "Middleware",
}  # fmt: skip
"""Kinds that make no pods of their own beyond those that are read."""


MOST = 2000
"""Characters of a line that rules look at."""


@dataclass
class Seen:
    """What was read of a folder, the platform that was chosen, and whether prices are asked for."""

    sources: Sources
    kind: str
    priced: bool = False

    def exists(self, name: str) -> bool:
        """Whether a path inside the folder is there, hidden and skipped files too."""
        return (self.sources.found.folder / name).exists()

    def inside(self, folder: str) -> bool:
        """Whether a folder is there and holds anything: that of a submodule may be empty."""
        path = self.sources.found.folder / folder
        return path.is_dir() and any(path.iterdir())

    def text(self, name: str) -> str:
        """The text of a file of the folder; empty where it is none."""
        return self.sources.found.text(name) or ""

    def scripts(self) -> dict[str, list[str]]:
        """The lines of every shell script that was read, by its name."""
        pairs = self.sources.found.pairs("script")
        return {shown: [line[:MOST] for line in read_text(path).splitlines()] for path, shown in pairs}

    @cached_property
    def settings(self) -> list[tuple[str, int, str]]:
        """(file, line, text) of PostgreSQL's settings, access files and role scripts."""
        return [(shown, number, line[:MOST]) for shown, number, line in self.sources.settings]

    @cached_property
    def unread(self) -> str:
        """Why objects of the cluster may stand where they are not read; empty where all are."""
        found = self.sources.found
        if found.unrendered:
            return "a Helm chart of the folder is not rendered"
        if any(why.startswith("a template") for _, why in found.not_read):
            return "templates of the folder are not rendered"
        if found.broken:
            return "a file of the folder cannot be read"
        for one in found.all("kustomization"):
            if one["helmCharts"] or one["generators"]:
                return f"{one.file} makes objects when it is built"
            for key in ("resources", "bases", "components"):
                for entry in one[key]:
                    target = posixpath.normpath(posixpath.join(posixpath.dirname(one.file), entry.text))
                    if "://" in entry.text or entry.text.startswith("github.com") or target.startswith(".."):
                        return f"{one.file} takes {entry.text} from outside"
        return ""

    def deploys_beside(self, file: str) -> bool:
        """Whether a manifest of the same folder deploys anything: what it names is then meant to be there too."""
        return posixpath.dirname(file) in self._deploying

    @cached_property
    def _deploying(self) -> set[str]:
        return {posixpath.dirname(one.file) for one in self.sources.cluster.of(*WORKLOADS, "Pod")}

    @cached_property
    def makers(self) -> str:
        """A kind of object that may make pods and Services by itself; empty where there is none."""
        return next((kind for kind in self.sources.cluster.objects if kind and kind not in _BUILT_IN), "")

    @cached_property
    def compose_services(self) -> dict[str, Node]:
        """The services of the project by name."""
        return dict(self.sources.compose["services"].entries()) if self.sources.compose is not None else {}

    @cached_property
    def compose_hosts(self) -> set[str]:
        """Names by which containers of the project reach each other and the machine."""
        hosts = {host.lower() for box in self.sources.boxes.get("compose", []) for host in box.hosts}
        for service in self.compose_services.values():
            for entry in [*service["extra_hosts"], *service["external_links"], *service["links"]]:
                hosts |= {part.lower() for part in entry.text.replace("=", ":").split(":")[:2]}
            hosts |= {key.lower() for key, _ in service["extra_hosts"].entries()}
        return hosts | {"localhost", "host.docker.internal"}

    @cached_property
    def other_projects(self) -> dict[str, str]:
        """Names and images of the services of all compose files, those of projects that are not taken too."""
        found: dict[str, str] = {}
        for document in self.sources.found.all("compose"):
            for name, service in document["services"].entries():
                found[name.lower()] = service["image"].text
                found[service["container_name"].text.lower()] = service["image"].text
        return found

    @cached_property
    def compose_open(self) -> str:
        """Why names outside of the project may answer too; empty where only its own do."""
        if self.sources.compose is None:
            return "there is no Docker Compose file"
        for name, network in self.sources.compose["networks"].entries():
            if network["external"]:
                return f"network {name} is external"
        for name, service in self.compose_services.items():
            if service["network_mode"]:
                return f"{name} has a network_mode of its own"
        return ""

    @cached_property
    def cluster_hosts(self) -> set[str]:
        """Names of Kubernetes Services."""
        return {name_of(service).lower() for service in self.sources.cluster.of("Service")}

    def boxes(self) -> list[Box]:
        """The containers of all platforms."""
        return [box for group in self.sources.boxes.values() for box in group]

    def mounts(self, name: str) -> list[tuple[str, Node, str]]:
        """(service, its volume, path inside) of every compose service that mounts a file of the folder."""
        return [(raw, volume, inside) for raw, volume, source, inside in self.volumes if source == name]

    @cached_property
    def volumes(self) -> list[tuple[str, Node, str, str]]:
        """(service, its volume, path in the folder, path inside) of what compose services mount from the folder."""
        found = []
        for raw, service in self.compose_services.items():
            base = posixpath.dirname(service.file)
            for volume in service["volumes"]:
                parts = volume.text.split(":")
                source = volume["source"].text or (parts[0] if len(parts) > 1 else "")
                inside = volume["target"].text or (parts[1] if len(parts) > 1 else "")
                if not source.startswith(("./", "../")) or "$" in source:
                    continue
                path = posixpath.normpath(posixpath.join(base, source))
                if not path.startswith(".."):
                    found.append((raw, volume, path, inside))
        return found
