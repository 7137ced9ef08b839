"""Everything that was read from a folder, before a platform is chosen."""

from __future__ import annotations

from dataclasses import dataclass, field

from novamodel.importers.aws.estate import Estate
from novamodel.importers.compose.project import Project
from novamodel.importers.folder import Found
from novamodel.importers.graph.boxes import Box, Text
from novamodel.importers.graph.system import System
from novamodel.importers.kubernetes import read as kubernetes
from novamodel.importers.kubernetes.read import Cluster
from novamodel.importers.nginx.read import Nginx
from novamodel.importers.node import Node
from novamodel.importers.pgbouncer import read as pgbouncer
from novamodel.importers.pools.said import Row
from novamodel.importers.report import Workload
from novamodel.importers.terraform.read import Terraform


@dataclass
class Sources:
    """What each reader found; ``workloads`` and ``boxes`` by platform (eks, ecs, compose).

    ``system`` is that of the platform that was chosen; ``idle`` names containers that are no service or worker.
    """

    found: Found
    cluster: Cluster
    compose: Node | None
    estate: Estate
    terraform: Terraform
    nginx: Nginx | None
    pools: list[Row]
    settings: list[tuple[str, int, str]]
    pgbouncer: list[pgbouncer.Setting]
    workloads: dict[str, list[Workload]] = field(default_factory=dict)
    boxes: dict[str, list[Box]] = field(default_factory=dict)
    project: Project | None = None
    redis: list[tuple[str, Text]] = field(default_factory=list)
    dotenv: dict[str, dict[str, Text]] = field(default_factory=dict)
    system: System = field(default_factory=System)
    idle: set[str] = field(default_factory=set)

    @property
    def known_names(self) -> set[str]:
        """Names that answer somewhere: compose services and Kubernetes Services."""
        names = {kubernetes.name_of(service) for service in self.cluster.of("Service")}
        return names | {name for name, _ in (self.compose["services"].entries() if self.compose else [])}
