"""Terraform resources on AWS: RDS, ElastiCache, ECS services (literals, variables with defaults and locals only)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from novamodel.importers.names import match
from novamodel.importers.quantity import whole
from novamodel.importers.report import Draft, Said
from novamodel.importers.terraform.hclfile import Block, Expression
from novamodel.importers.terraform.resources import Terraform, place
from novamodel.importers.terraform.scaling import POLICY, TARGET, say_scaling
from novamodel.scenario import cache_nodes, database_classes, gp3_striped_from
from novamodel.scenario.not_modelled import NOT_MODELLED

_DATABASE = "aws_db_instance"
_CACHES = ("aws_elasticache_replication_group", "aws_elasticache_cluster")
_READ = {_DATABASE, *_CACHES, "aws_ecs_service", "aws_db_parameter_group", TARGET, POLICY}
PRICED = "us-east-1"
"""The region of the price book; ``tests/unit/test_import_formats.py`` holds it against ``cost.regions``."""
_REFERENCE = re.compile(r"(?<![\w.])(aws_\w+)\.(\w+)\.|(?<![\w.])var\.(\w+)")


def say(terraform: Terraform, services: list[str], draft: Draft) -> None:
    """Write database, cache and desired counts."""
    primaries = [b for b in terraform.resources(_DATABASE) if "replicate_source_db" not in b.attributes]
    for block in primaries[1:]:
        draft.leave(block.file, block.line, f"{_DATABASE} {block.labels[1]}", "one database is modelled")
    for block in primaries[:1]:
        _database(terraform, block, draft)
    copies = [b for b in terraform.resources(_DATABASE) if "replicate_source_db" in b.attributes]
    if primaries and copies:
        _read_replicas(terraform, copies, draft)
    for block in terraform.resources(*_CACHES)[:1]:
        _cache(terraform, block, draft)
    for block in terraform.resources("aws_ecs_service"):
        _service(terraform, block, services, draft)
    say_scaling(terraform, services, draft)
    for block in terraform.resources():
        if block.labels[0] not in _READ:
            draft.leave(block.file, block.line, f"resource {'.'.join(block.labels)}", "read, not modelled")
    for block in terraform.blocks:
        if block.kind == "provider" and block.labels == ("aws",) and "alias" not in block.attributes:
            _region(terraform, block, draft)
        if block.kind in ("module", "data"):
            draft.leave(block.file, block.line, f"{block.kind} {'.'.join(block.labels)}", "not resolved")


def _region(terraform: Terraform, block: Block, draft: Draft) -> None:
    """The region where prices of it are known; else a warning that the bill is of another one."""
    region = terraform.value(block, "region", draft)
    if region == PRICED:
        draft.say(Said("pricing.region", region, *place(block, "region")))
    elif region is not None:
        why = f"the region is {region}, of which there are no prices"
        draft.say(Said("pricing.region", PRICED, *place(block, "region"), why, "assumed"))
        draft.find(
            "warning",
            "region-unpriced",
            *place(block, "region"),
            f"the region is {region}: there are no prices of it, and the bill is priced as {PRICED}",
            f"read the costs as those of {PRICED}",
        )


_PLAIN: tuple[tuple[str, str], ...] = (
    ("multi_az", "multi_az"),
    ("storage_type", "storage_type"),
    ("backup_retention_period", "backup_retention_days"),
)


def _database(terraform: Terraform, block: Block, draft: Draft) -> None:
    def put(path: str, value: Any, key: str, why: str = "", kind: str = "file") -> None:
        draft.say(Said(f"database.{path}", value, *place(block, key), why, kind))

    draft.say(Said("database", None, block.file, block.line))
    for key, path in _PLAIN:
        value = terraform.value(block, key, draft)
        if value is not None:
            put(path, value, key)
    version = terraform.value(block, "engine_version", draft)
    if version is not None:
        put("version", str(version).split(".")[0], "engine_version")
    engine = terraform.value(block, "engine", draft)
    if engine not in (None, "postgres"):
        file, line = place(block, "engine")
        message = f"the engine is {engine}: it is simulated and priced as PostgreSQL"
        fix = "read latency, use and price of the database as those of PostgreSQL"
        draft.find("warning", "database-engine", file, line, message, fix)
    size = terraform.value(block, "allocated_storage", draft)
    if isinstance(whole(size), int):
        put("storage", f"{whole(size)} GiB", "allocated_storage")
    elif size is not None:
        put("storage", size, "allocated_storage")  # the scenario refuses it with file and line
    iops = whole(terraform.value(block, "iops", draft))
    if iops is not None:
        put("iops", iops, "iops")
    if terraform.value(block, "max_allocated_storage", draft) is not None:
        file, line = place(block, "max_allocated_storage")
        draft.leave(file, line, "max_allocated_storage", f"not modelled: {NOT_MODELLED['storage growth']}")
    _class(terraform, block, put, draft)


def _read_replicas(terraform: Terraform, blocks: list[Block], draft: Draft) -> None:
    """How many there are, and the class of the first: those that are alike are modelled."""
    first = blocks[0]
    name = terraform.value(first, "instance_class", draft)
    alike = [block for block in blocks if terraform.value(block, "instance_class", draft) == name]
    for block in blocks:
        if block not in alike:
            draft.leave(
                block.file, block.line, f"{_DATABASE} {block.labels[1]}", "read replicas of one class are modelled"
            )
    counts = [whole(terraform.value(block, "count", draft)) or 1 for block in alike]
    path = "database.read_replicas"
    draft.say(Said(path, None, first.file, first.line))
    draft.say(Said(f"{path}.count", sum(counts), first.file, first.line))
    if any(name == known.name for known in database_classes()):
        draft.say(Said(f"{path}.instance_class", name, *place(first, "instance_class")))
    draft.say(
        Said(f"{path}.share", "0 %", first.file, first.line, "no file says that the services read there", "assumed")
    )
    draft.find(
        "warning",
        "read-replica-unread",
        first.file,
        first.line,
        f"{first.labels[1]} is a read replica, and no file says which reads the services send there",
        f"set {path}.share to the share of requests whose reads go there",
    )


def _class(terraform: Terraform, block: Block, put: Any, draft: Draft) -> None:
    """The class alone: the scenario derives cores, memory and connections from it."""
    name = terraform.value(block, "instance_class", draft)
    if name is not None and all(name != known.name for known in database_classes()):
        message = f"RDS class {name!r} is not known: cores and memory are defaults, and nothing prices it"
        fix = "set database.instance_class to a known class, or database.cores and database.memory"
        draft.find("warning", "instance-class-unknown", *place(block, "instance_class"), message, fix)
    elif name is not None:
        put("instance_class", name, "instance_class")
    written = _parameter(terraform, "max_connections", draft)
    if written is not None:
        group = written[1]
        draft.say(Said("database.max_connections", written[0], group.file, group.line, "parameter group"))


def _parameter(terraform: Terraform, name: str, draft: Draft) -> tuple[int, Block] | None:
    for group in terraform.resources("aws_db_parameter_group"):
        for block in group.inner("parameter"):
            value = whole(terraform.value(block, "value", draft))
            if terraform.value(block, "name", draft) == name and isinstance(value, int):
                return value, block
    return None


def _cache(terraform: Terraform, block: Block, draft: Draft) -> None:
    draft.say(Said("cache", None, block.file, block.line))
    engine = terraform.value(block, "engine", draft)
    if engine is not None:
        draft.say(Said("cache.engine", engine, *place(block, "engine")))
    node_type = terraform.value(block, "node_type", draft)
    if node_type is not None and all(node_type != known.name for known in cache_nodes()):
        message = f"ElastiCache node type {node_type!r} is not known: its memory is a default, and nothing prices it"
        fix = "set cache.node_type to a known type, or cache.memory"
        draft.find("warning", "cache-node-unknown", *place(block, "node_type"), message, fix)
    elif node_type is not None:
        draft.say(Said("cache.node_type", node_type, *place(block, "node_type")))
    for key in ("num_cache_clusters", "num_cache_nodes"):
        count = whole(terraform.value(block, key, draft))
        if count is not None:
            draft.say(Said("cache.nodes", count, *place(block, key)))


def _service(terraform: Terraform, block: Block, services: list[str], draft: Draft) -> None:
    name = terraform.value(block, "name", draft) or block.labels[1]
    service = match(str(name), services)
    count = whole(terraform.value(block, "desired_count", draft))
    if service is not None and count is not None:
        draft.say(Said(f"services.{service}.replicas", count, *place(block, "desired_count")))
    for key, path in (
        ("deployment_minimum_healthy_percent", "minimum_healthy"),
        ("deployment_maximum_percent", "maximum"),
    ):
        percent = whole(terraform.value(block, key, draft))
        if service is not None and percent is not None:
            draft.say(Said(f"services.{service}.rollout.{path}", f"{percent} %", *place(block, key)))


def references(terraform: Terraform) -> Iterator[tuple[str, Expression]]:
    """Every (reference, expression) to a resource or a variable that no file of the folder declares."""
    made = {block.labels for block in terraform.resources()}
    for block in terraform.blocks:
        for expression in block.expressions():
            for found in _REFERENCE.finditer(expression.text):
                if found[3] is not None and found[3] not in terraform.names.declared:
                    yield f"var.{found[3]}", expression
                elif found[1] is not None and (found[1], found[2]) not in made:
                    yield f"{found[1]}.{found[2]}", expression


def find_faults(terraform: Terraform, cache_named: bool, draft: Draft) -> None:
    """Note what Terraform would refuse and what a bank would not want.

    ``cache_named``: whether a service is given the address of a cache.
    """
    for name, expression in references(terraform):
        what = "variable" if name.startswith("var.") else "resource"
        draft.find(
            "error",
            f"terraform-{what}-undeclared",
            expression.file,
            expression.line,
            f"{name} is declared in no file of this folder: terraform plan fails",
            f"declare the {what}, or import the folder that does",
        )
    for block in terraform.resources(_DATABASE):
        if terraform.value(block, "multi_az", draft) is not True and "replicate_source_db" not in block.attributes:
            draft.find(
                "warning",
                "database-single-az",
                block.file,
                block.line,
                f"{block.labels[1]} runs in one availability zone: a lost zone or a broken machine stops everything",
                "set multi_az = true (it doubles the price of the instance)",
            )
        size = whole(terraform.value(block, "allocated_storage", draft))
        gp3 = terraform.value(block, "storage_type", draft) == "gp3"
        small = isinstance(size, int) and size * 2**30 < gp3_striped_from()
        if gp3 and small and "iops" in block.attributes:
            draft.find(
                "error",
                "gp3-iops-too-small",
                *place(block, "iops"),
                "gp3 of PostgreSQL takes no iops below 400 GiB: they are fixed at 3000",
                "leave iops out, or allocate 400 GiB",
            )
    if cache_named and terraform.resources(_DATABASE) and not terraform.resources(*_CACHES):
        block = terraform.resources(_DATABASE)[0]
        draft.find(
            "warning",
            "cache-not-provisioned",
            block.file,
            block.line,
            "Terraform makes a database and no cache: what REDIS_URL names must come from elsewhere",
            "add an aws_elasticache_replication_group",
        )
