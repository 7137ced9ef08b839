"""What a folder declares on AWS, whichever files say it, and which resources belong together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from novamodel.importers.declared import Resource
from novamodel.importers.node import Node
from novamodel.importers.terraform.values import Unknown

_IDENTITIES = ("id", "arn", "name", "identifier", "cluster_identifier", "family", "replication_group_id", "url")


@dataclass
class Estate:
    """Declared resources in the order of files, and the ECS task definitions of files of their own."""

    resources: list[Resource] = field(default_factory=list)
    task_files: list[Node] = field(default_factory=list)

    def of(self, *types: str) -> list[Resource]:
        """Declared resources of some types."""
        return [one for one in self.resources if one.type in types]

    def linked(self, value: Node, *types: str) -> Resource | None:
        """The resource of some types that a value names: by reference, else by one of its identities."""
        found = value.value
        candidates = self.of(*types)
        if isinstance(found, Unknown):
            for one in candidates:
                if one.address in found.refs:
                    return one
            text = found.text
        else:
            text = value.text
        if not text or "${" in text:
            return None
        for one in candidates:
            names = [one.text(key) for key in _IDENTITIES]
            if text in names or (text.startswith("arn:") and text.rpartition("/")[2].split(":")[0] in names):
                return one
        return None

    def refers(self, value: Node, target: Resource) -> bool:
        """Whether a value refers to a resource."""
        return isinstance(value.value, Unknown) and target.address in value.value.refs

    @property
    def platform(self) -> str | None:
        """The platform that the resources speak of."""
        types = {one.type for one in self.resources}
        if "aws_eks_cluster" in types or "aws_eks_node_group" in types:
            return "eks"
        return "ecs" if any(name.startswith("aws_ecs_") for name in types) else None

    @property
    def files(self) -> list[str]:
        """Files that declare something."""
        return list(dict.fromkeys(one.file for one in self.resources))


def total(resources: Iterable[Resource]) -> int:
    """How many there are, each with its count."""
    return sum(one.count for one in resources)
