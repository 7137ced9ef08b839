"""What follows from the machines that a scenario names: cores, memory, connections, storage operations, start-up.

The one place where an RDS class, an ElastiCache node type or Fargate becomes figures. A value that somebody has said
stays; where it contradicts the machine, that is a finding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from novamodel import units
from novamodel.errors import UserError
from novamodel.scenario.backend import CacheCluster, Database
from novamodel.scenario.database_memory import RDS, RDS_BUFFERS_SHARE, rds_maintenance
from novamodel.scenario.goals import Platform
from novamodel.scenario.machines import (
    GIB,
    cache_nodes,
    database_classes,
    gp2_iops,
    gp3_striped_from,
    gp3_volume,
    most_connections,
    nearest,
    source_of,
)
from novamodel.scenario.origin import Origin, Tree

EBS = ("baseline_iops", "most_iops", "baseline_mb_s", "most_mb_s")
"""What an instance class lets through to its volume, as `InstanceStorage` names it."""
UNITS = {"memory": "B", "shared_buffers": "B", "maintenance_work_mem": "B", "start_delay": "s"}
FARGATE_START = {
    "ecs": (40.0, "AWS re:Post: 30 to 45 s or longer from launch to start, for instance, network interface and image"),
    "eks": (60.0, "aws/containers-roadmap issue 649: 30 to 45 s for the pod's own node, over a minute in all"),
}
"""Seconds from the wish for a replica on Fargate until its process starts, and who says so."""


class Fact(NamedTuple):
    """One value that follows from another: its path, the value (SI), the path and value it follows from, the source."""

    path: str
    value: float
    because: str
    cause: str
    source: str
    holds_always: bool
    """Whether another value contradicts the machine (a setting may well differ from its default)."""


def derived_tree(tree: Tree) -> Tree:
    """The values that follow from the machine types of ``tree`` and that nobody has said, with their origin.

    An unknown type is a ``UserError`` with file, line and the nearest known names, unless the scenario says
    itself what the machine holds.
    """
    result = Tree()
    for fact in _facts(tree):
        *parts, name = fact.path.split(".")
        said, part = tree.values, result.values
        for word in parts:
            said = said.get(word, {})
        if name in said:
            continue
        for word in parts:
            part = part.setdefault(word, {})
        unit = UNITS.get(name)
        part[name] = f"{fact.value:.0f} {unit}" if unit else fact.value
        where = tree.origin(fact.because)
        source = f"derived from {fact.because} ({fact.cause}): {fact.source}"
        result.origins[fact.path] = Origin("derived", source, where and where.file, where and where.line)
    return result


def contradictions(tree: Tree, resolved: Mapping[str, Any]) -> dict[str, str]:
    """Sentences by path: what somebody has said and the machine type contradicts. ``resolved`` holds SI values."""
    return {
        fact.path: f"{fact.cause} has {_shown(fact)}, not {_shown(fact._replace(value=float(resolved[fact.path])))}"
        for fact in _facts(tree)
        if fact.holds_always and not _same(float(resolved[fact.path]), fact.value)
    }


def contradiction_findings(tree: Tree, found: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """The contradictions as findings, with the place of the value that was said."""
    for path, sentence in found.items():
        origin = tree.origin(path)
        yield {
            "level": "warning",
            "code": "machine-contradicted",
            "file": origin.file if origin else None,
            "line": origin.line if origin else None,
            "message": f"{path}: {sentence} (the value that is said holds)",
            "fix": f"leave {path} out, so that it follows from the machine type",
        }


def _facts(tree: Tree) -> Iterator[Fact]:
    for path, part in _named(tree, "database", "databases"):
        yield from _database_facts(tree, path, part)
    for path, part in _named(tree, "cache", "caches"):
        yield from _cache_facts(tree, path, part)
    yield from _start_facts(tree)


def _named(tree: Tree, one: str, many: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The part that stands by itself and the ones by name, each with its path."""
    further = tree.values.get(many)
    parts = {one: tree.values.get(one)} | {
        f"{many}.{name}": part for name, part in (further if isinstance(further, dict) else {}).items()
    }
    yield from ((path, part) for path, part in parts.items() if isinstance(part, dict))


def _database_facts(tree: Tree, path: str, part: dict[str, Any]) -> Iterator[Fact]:
    name = part.get("instance_class")
    if not isinstance(name, str):
        return
    because = f"{path}.instance_class"
    known = next((one for one in database_classes() if one.name == name), None)
    if known is None and not {"cores", "memory"} <= part.keys():
        valid = f"{nearest(name, database_classes())}; or say {path}.cores and {path}.memory"
        raise _unknown(f"RDS class {name!r} is not known", tree, because, valid)
    if known is not None:
        yield Fact(f"{path}.cores", known.cores, because, name, source_of("rds"), True)
        yield Fact(f"{path}.memory", known.memory, because, name, source_of("rds"), True)
        most = known.max_connections
        yield Fact(f"{path}.max_connections", most, because, name, source_of("rds_max_connections"), False)
        if isinstance(part.get("memory_settings", {}), dict):
            below = f"{path}.memory_settings"
            yield Fact(f"{below}.shared_buffers", RDS_BUFFERS_SHARE * known.memory, because, name, RDS, False)
            yield Fact(f"{below}.maintenance_work_mem", rds_maintenance(known.memory), because, name, RDS, False)
        if isinstance(part.get("instance_storage", {}), dict):
            for word, limit in zip(EBS, known.ebs, strict=True):
                yield Fact(f"{path}.instance_storage.{word}", limit, because, name, source_of("rds_ebs"), False)
    elif (memory := _bytes(part["memory"])) is not None:
        source = source_of("rds_max_connections")
        yield Fact(f"{path}.max_connections", most_connections(memory), f"{path}.memory", name, source, False)
    storage, kind = (part.get(word, Database.model_fields[word].default) for word in ("storage", "storage_type"))
    if kind in ("gp3", "gp2") and (storage := _bytes(storage)) is not None:
        fixed = kind == "gp2" or storage < gp3_striped_from()
        cause = f"{kind} of {storage / GIB:g} GiB"
        iops = gp3_volume(storage).iops if kind == "gp3" else gp2_iops(storage)
        yield Fact(f"{path}.iops", iops, f"{path}.storage", cause, source_of(f"rds_{kind}"), fixed)
        if kind == "gp3":
            throughput = gp3_volume(storage).throughput_mib_s
            source = source_of("rds_gp3")
            yield Fact(f"{path}.throughput_mib_s", throughput, f"{path}.storage", cause, source, fixed)


def _cache_facts(tree: Tree, path: str, part: dict[str, Any]) -> Iterator[Fact]:
    if isinstance(cluster := part.get("cluster"), dict):
        shards = cluster.get("shards", CacheCluster.model_fields["shards"].default)
        if isinstance(shards, int):
            yield Fact(f"{path}.nodes", shards, f"{path}.cluster", f"{shards} masters", "no replicas", False)
    name = part.get("node_type")
    if not isinstance(name, str):
        return
    because = f"{path}.node_type"
    known = next((one for one in cache_nodes() if one.name == name), None)
    if known is not None:
        yield Fact(f"{path}.memory", known.memory_usable, because, name, source_of("elasticache"), True)
    elif "memory" not in part:
        valid = f"{nearest(name, cache_nodes())}; or say {path}.memory"
        raise _unknown(f"ElastiCache node type {name!r} is not known", tree, because, valid)


def _start_facts(tree: Tree) -> Iterator[Fact]:
    platform, services = tree.values.get("platform", {}), tree.values.get("services")
    if not isinstance(platform, dict) or not isinstance(services, dict):
        return
    kind, compute = (platform.get(word, Platform.model_fields[word].default) for word in ("kind", "compute"))
    if compute != "fargate" or kind not in FARGATE_START:
        return
    seconds, source = FARGATE_START[kind]
    for name, service in services.items():
        if isinstance(service, dict) and isinstance(service.get("runtime", {}), dict):
            path = f"services.{name}.runtime.start_delay"
            yield Fact(path, seconds, "platform.compute", f"{kind} on Fargate", source, False)


def _unknown(message: str, tree: Tree, path: str, valid: str) -> UserError:
    origin = tree.origin(path)
    return UserError(
        message, file=origin.file if origin else None, line=origin.line if origin else None, path=path, valid=valid
    )


def _bytes(written: Any) -> float | None:
    """Bytes as written; None where the scenario's own check will refuse it."""
    try:
        return units.parse_bytes(written)
    except (ValueError, UserError):
        return None


def _same(one: float, other: float) -> bool:
    """Equal to half a percent: a size is written with two or three figures."""
    return abs(one - other) <= 0.005 * other


def _shown(fact: Fact) -> str:
    if fact.path.endswith("memory"):
        return f"{fact.value / GIB:.4g} GiB"
    return f"{fact.value:g} {fact.path.rpartition('.')[2]}"
