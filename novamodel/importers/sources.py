"""Everything that was read from a folder, before a platform is chosen."""

from __future__ import annotations

from dataclasses import dataclass, field

from novamodel.importers.aws.estate import Estate
from novamodel.importers.folder import Found
from novamodel.importers.kubernetes import read as kubernetes
from novamodel.importers.kubernetes.read import Cluster
from novamodel.importers.nginx.read import Nginx
from novamodel.importers.node import Node
from novamodel.importers.nodejs import pool
from novamodel.importers.pgbouncer import read as pgbouncer
from novamodel.importers.report import Workload
from novamodel.importers.terraform.read import Terraform


@dataclass
class Sources:
    """What each reader found; ``workloads`` by platform (eks, ecs, compose)."""

    found: Found
    cluster: Cluster
    compose: Node | None
    estate: Estate
    terraform: Terraform
    nginx: Nginx | None
    pools: list[pool.Pool]
    settings: list[tuple[str, int, str]]
    pgbouncer: list[pgbouncer.Setting]
    workloads: dict[str, list[Workload]] = field(default_factory=dict)

    @property
    def known_names(self) -> set[str]:
        """Names that answer somewhere: compose services and Kubernetes Services."""
        names = {kubernetes.name_of(service) for service in self.cluster.of("Service")}
        return names | {name for name, _ in (self.compose["services"].entries() if self.compose else [])}
