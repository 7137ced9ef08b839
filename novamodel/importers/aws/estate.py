"""What a folder declares on AWS, whichever files say it, and which resources belong together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from novamodel.importers.declared import Resource
from novamodel.importers.node import Node
from novamodel.importers.terraform.values import Unknown

_IDENTITIES = (
    "id", "arn", "name", "identifier", "cluster_identifier", "family", "replication_group_id", "url", "function_name",
)  # fmt: skip
_NAMED = {
    "cluster_identifier": ("aws_rds_cluster", "aws_docdb_cluster", "aws_neptune_cluster"),
    "replicate_source_db": ("aws_db_instance",),
    "replication_group_id": ("aws_elasticache_replication_group",),
    "function_name": ("aws_lambda_function",),
    "task_definition": ("aws_ecs_task_definition",),
    "launch_configuration": ("aws_launch_configuration",),
    "launch_template.#.name": ("aws_launch_template",),
    "cluster_name": ("aws_ecs_cluster", "aws_eks_cluster"),
}
"""Values that name another resource where they do not refer to it."""
_SCALED = ("aws_dynamodb_table", "aws_elasticache_replication_group", "aws_msk_cluster", "aws_rds_cluster")
"""What else but services application autoscaling scales; its target names them in a path."""
_NAMING = {kind for kinds in _NAMED.values() for kind in kinds}
MOST_LINKS = 40


@dataclass
class Estate:
    """Declared resources in the order of files, and the ECS task definitions of files of their own."""

    resources: list[Resource] = field(default_factory=list)
    task_files: list[Node] = field(default_factory=list)

    def of(self, *types: str) -> list[Resource]:
        """Declared resources of some types in the deployment's region: those of other regions are none of its parts."""
        home = self.region
        return [one for one in self.resources if one.type in types and one.text("provider_region") in ("", home)]

    @property
    def region(self) -> str:
        """The region of the provider without an alias; empty where none is written."""
        named = (one.text("region") for one in self.resources if one.type == "provider" and one.name == "aws")
        return next((region for region in named if region), "us-east-1")

    def linked(self, value: Node, *types: str) -> Resource | None:
        """The resource of some types that a value names: by reference, else by one of its identities."""
        found = value.value
        candidates = [one for one in self.resources if one.type in types]
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

    def link(self) -> None:
        """Note in every resource which others its values refer to, by reference or by their names."""
        known = {one.address: f"{one.type}.{one.name}" for one in self.resources}
        named: dict[tuple[str, str], Resource] = {}
        for one in self.resources:
            for text in _names(one) if one.type in _NAMING else ():
                named.setdefault((one.type, text), one)
        for one in self.resources:
            for key, refs in one.references():
                target = next((known[ref] for ref in refs if ref in known), None)
                if target is not None and len(one.links) < MOST_LINKS:
                    one.links.setdefault(key, target)
            for key, types in _NAMED.items():
                node = one.body.at(*(0 if word == "#" else word for word in key.split(".")))
                name = key.replace(".#", "")
                found = None if name in one.links or not node.text else _named(node.text, types, named)
                if found is not None and found is not one:
                    one.links[name] = f"{found.type}.{found.name}"
            if one.type == "aws_appautoscaling_target" and "resource_id" not in one.links:
                words = {*one.text("resource_id").replace(":", "/").split("/")[1:]}
                scaled = next((each for each in self.of(*_SCALED) if words & _names(each)), None)
                if scaled is not None:
                    one.links["resource_id"] = f"{scaled.type}.{scaled.name}"

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


def _names(one: Resource) -> set[str]:
    """Names that a resource goes by outside of Terraform."""
    return {text for key in _IDENTITIES if (text := one.text(key))}


def _named(text: str, types: tuple[str, ...], named: dict[tuple[str, str], Resource]) -> Resource | None:
    """The resource of some types that goes by a name or an ARN."""
    last = text.rpartition("/")[2].split(":")[0] if text.startswith("arn:") else text
    return next((named[kind, word] for kind in types for word in (text, last) if (kind, word) in named), None)
