"""Resources that infrastructure files declare, whichever language they are written in, with the place of each value."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from typing import Any

from novamodel.importers.node import Node
from novamodel.importers.quantity import whole
from novamodel.importers.terraform.values import Unknown

_SECRET = re.compile(
    r"passw|secret|token|private_key|access_key|api_key|credential|user_data|certificate|ssh_key|passphrase|(^|\.)value$"
)
_WORDY = re.compile(
    r"(^|\.)(tags|tags_all|tag|description|comment|\w*arns?|\w*_ids?|id|\w*prefix|environment|variables|subnets|"
    r"container_definitions|template_body|definition|source_code_hash|\w*role|\w*security_groups|cidr_block|"
    r"depends_on|triggers|timeouts|lifecycle|provisioner|connection|\w*window|\w*username|default_tags)(\.|$)|(^|\.)\w*policy$"
)
_NAMES = re.compile(
    r"(^|\.)(name|bucket|family|filename|dimensions|\w*_name|dashboard_body|event_pattern|\w*tags|alias|aliases|fqdn|"
    r"domains?|\w*_patterns?|\w*_roles|\w*_accounts|\w*url|zone)(\.|$)"
)
"""Values that are names: where they are not known, nothing is lost."""
_WORDS = ("version", "name", "family", "class", "_type")
MOST_VALUES = 150
MOST_TEXT = 120
MOST_DEPTH = 14
"""Levels of blocks, each of which is a list of mappings."""
COUNTED = ("subnet_ids", "subnet_mapping", "availability_zones", "replica", "domain_validation_options")
"""Lists whose length decides on a price, though what stands in them may be known only when Terraform runs."""
PRESENT = ("transit_gateway_id", "host_id", "snapshot_id", "certificate_authority_arn")
"""Names of other things that decide on a price by being there."""


@dataclass
class Resource:
    """One declared resource: Terraform's type, its name, its attributes as a node (blocks are lists of mappings)."""

    type: str
    name: str
    address: str
    body: Node
    file: str
    line: int
    count: int = 1
    modelled: str | None = None
    gaps: list[tuple[str, str, int]] = field(default_factory=list)
    listed: bool = False
    usage: dict[str, Any] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    instances: list[str] = field(default_factory=list)
    """Keys of its instances, where count or for_each makes them."""

    @property
    def label(self) -> str:
        """Type and name as one word."""
        return f"{self.type}.{self.name}"

    def get(self, *words: str | int) -> Any:
        """The value at some words where it is known; None else."""
        value = self.body.at(*words).value
        return value if isinstance(value, str | int | float | bool) else None

    def text(self, *words: str | int) -> str:
        """The value at some words as text; empty where there is none."""
        return self.body.at(*words).text

    def place(self, *words: str | int) -> tuple[str, int]:
        """File and line of a value, or of the resource where it is not written."""
        node = self.body.at(*words)
        return (node.file, node.line) if node else (self.file, self.line)

    def refs(self, key: str) -> tuple[str, ...]:
        """Addresses that a value refers to."""
        value = self.body[key].value
        found: list[str] = []
        for one in value if isinstance(value, list) else [value]:
            found += getattr(one, "refs", ())
        return tuple(found)

    def row(self) -> dict[str, Any]:
        """The resource as the scenario lists it."""
        row: dict[str, Any] = {"type": self.type, "name": self.name}
        if self.count != 1:
            row["count"] = self.count
        row |= {"file": self.file, "line": self.line, "values": self.scalars()}
        row |= {key: value for key, value in (("usage", self.usage), ("links", self.links)) if value}
        return row | ({"modelled": self.modelled} if self.modelled else {})

    def open_values(self) -> list[tuple[str, str, int]]:
        """(text, reason, line) of values that may matter and that no file says."""
        found = []
        for what, why, line in self.gaps:
            key = what.partition(" = ")[0]
            if not (_SECRET.search(key) or _WORDY.search(key) or _NAMES.search(key)) and self.type != "provider":
                found.append((what, why, line))
        return found

    def scalars(self) -> dict[str, Any]:
        """Numbers, switches and short words among the values, nested ones with dots; no secrets."""
        result: dict[str, Any] = {}
        for key, value in _leaves(self.body.value, ""):
            if _SECRET.search(key) or _WORDY.search(key) or (isinstance(value, str) and len(value) > MOST_TEXT):
                continue
            number = value if key.endswith(_WORDS) else _number(value)
            result[key] = number
            if len(result) >= MOST_VALUES:
                break
        result |= _counts(self.body.value, "")
        return result | {key: True for key in PRESENT if self.body[key]}

    def with_lines(self, most: int = 24, told: Container[tuple[str, int]] = ()) -> str:
        """The values, each with its line where it is another than the resource's, but for places that are told."""
        shown: list[str] = []
        for key, value in self.scalars().items():
            line = self.line if key.endswith(".count") else self.body.at(*_path(key)).line
            place = (self.body.file, line)
            if place not in told and len(shown) < most:
                shown.append(f"{key} {value}" + (f" (:{line})" if line not in (1, self.line) else ""))
        return ", ".join(shown)

    def references(self) -> list[tuple[str, tuple[str, ...]]]:
        """(dotted path, addresses) of the values that refer to other resources."""
        return [(key, value.refs) for key, value in _leaves(self.body.value, "", 0, (Unknown,)) if value.refs]


def _counts(value: Any, path: str, depth: int = 0) -> dict[str, int]:
    """Lengths of the lists whose length matters, by their dotted paths."""
    found: dict[str, int] = {}
    if isinstance(value, list) and depth < MOST_DEPTH:
        for number, inner in enumerate(value[:10]):
            found |= _counts(inner, f"{path}.{number}" if number else path, depth + 1)
    for key, inner in value.items() if isinstance(value, dict) and depth < MOST_DEPTH else ():
        below = f"{path}.{key}" if path else str(key)
        if key in COUNTED and isinstance(inner, list) and inner:
            found[f"{below}.count"] = len(inner)
        elif isinstance(inner, list):
            found |= _counts(inner, below, depth + 1)
    return found


def _number(value: Any) -> Any:
    value = whole(value)
    if isinstance(value, str) and re.fullmatch(r"\d{1,12}\.\d{1,9}", value):
        return float(value)
    return value


def _leaves(
    value: Any, path: str, depth: int = 0, kinds: tuple[type, ...] = (bool, int, float, str)
) -> Iterator[tuple[str, Any]]:
    """(dotted path, scalar) of what is written; the first of a list has no number."""
    if depth > MOST_DEPTH:
        return
    if isinstance(value, dict) and (pair := _pair(value)) is not None and path:
        yield from _leaves(value["value"], f"{path.rstrip('.0123456789')}.{pair}", depth + 1, kinds)
    elif isinstance(value, dict):
        for key, inner in list(value.items())[:200]:
            yield from _leaves(inner, f"{path}.{key}" if path else str(key), depth + 1, kinds)
    elif isinstance(value, list):
        for number, inner in enumerate(value[:10]):
            yield from _leaves(inner, f"{path}.{number}" if number else path, depth + 1, kinds)
    elif isinstance(value, kinds) and value != "" and path:
        yield path, value


def _path(key: str) -> list[str | int]:
    """A dotted path as the words of a node: the first block of a list has no number."""
    words: list[str | int] = []
    for word in key.split("."):
        if words and isinstance(words[-1], str) and not word.isdecimal():
            words.append(0)
        words.append(int(word) if word.isdecimal() else word)
    return words


def _pair(value: dict[Any, Any]) -> str | None:
    """The name of a setting that is written as a name and a value; None where it is none."""
    name = next((value[key] for key in ("name", "key") if isinstance(value.get(key), str)), None)
    plain = isinstance(value.get("value"), bool | int | float | str)
    return name[:80] if name and plain and value.keys() <= _PAIR else None


_PAIR = {"name", "key", "value", "apply_method", "type", "namespace"}
FREE = re.compile(
    r"aws_(iam_|security_group|vpc_security_group|subnet|route(_table\w*)?$|route_table|internet_gateway|egress_only|"
    r"vpc$|vpc_ipv4|vpc_dhcp|main_route|default_|network_acl|db_subnet_group|elasticache_subnet_group|"
    r"elasticache_user|lb_listener|alb_listener|autoscaling_attachment|"
    r"ecr_lifecycle|ecr_repository_policy|s3_bucket_(?!inventory|analytics)\w+|acm_certificate_|"
    r"cloudwatch_event_target|cloudwatch_log_resource|lambda_permission|lambda_alias|sns_topic_policy|"
    r"sqs_queue_policy|sqs_queue_redrive|kms_alias|key_pair|service_discovery_service|"
    r"service_discovery_private_dns|eip_association|volume_attachment|caller_identity|api_gateway_(account|deployment|"
    r"resource|method|integration|domain|base_path|authorizer|model|gateway_resp|request)\w*|apigatewayv2_"
    r"(integration|route|deployment|api_mapping|domain_name|authorizer)|eks_access|eks_identity|eks_pod_identity|"
    r"wafv2_web_acl_association|cloudfront_origin_access|placement_group|ssm_(association|document)|backup_selection|"
    r"cognito_(user_pool_client|user_pool_domain|identity_pool_role)|efs_mount_target|efs_access_point|"
    r"rds_cluster_role|db_instance_role|secretsmanager_secret_version)"
    r"|kubernetes_(namespace|role|cluster_role|service_account|config_map|secret|network_policy|manifest)\w*"
    r"|random_|null_resource|tls_|local_|time_|template_|terraform_data|archive_"
)
"""Resources that neither cost nor limit by themselves."""


def is_free(kind: str) -> bool:
    """Whether a resource neither costs nor limits by itself."""
    return FREE.match(kind) is not None


def same_values(resources: list[Resource]) -> list[Resource]:
    """Instances of one block that are alike in all but names of tags and links become one with their count."""
    result: list[Resource] = []
    for one in resources:
        twin = next((other for other in result if _like(other, one)), None)
        if twin is None:
            result.append(one)
        else:
            twin.count += one.count
            twin.instances += one.instances
    return result


def _like(one: Resource, other: Resource) -> bool:
    deep = ("container_definitions", "user_data", "parameter")
    return one.scalars() == other.scalars() and all(one.body[key].value == other.body[key].value for key in deep)
