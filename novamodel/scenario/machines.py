"""The machine types of AWS that a scenario may name, and what each holds (``data/machines.json``, with its sources)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

from novamodel.errors import near
from novamodel.resources import data_dir

GIB = 1024.0**3


class DatabaseClass(NamedTuple):
    """An RDS instance class: vCPU, memory in bytes, PostgreSQL's ``max_connections`` there; what it lets through to its
    volumes: baseline and most operations a second, baseline and most MB/s."""

    name: str
    cores: int
    memory: float
    max_connections: int
    ebs: tuple[int, int, float, float]


class CacheNode(NamedTuple):
    """An ElastiCache node type: vCPU, and the bytes that entries may fill (``maxmemory`` less what is reserved)."""

    name: str
    cores: int
    memory_usable: float


class NodeType(NamedTuple):
    """An EC2 instance type: vCPU, memory in bytes, pods that EKS puts on it at most."""

    name: str
    cores: int
    memory: float
    max_pods: int


@cache
def _facts() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((data_dir() / "machines.json").read_text(encoding="utf-8"))
    return found


def source_of(kind: str) -> str:
    """Where figures come from: ``rds``, ``rds_ebs``, ``rds_max_connections``, ``rds_gp3``, ``elasticache``, ``ec2``."""
    return str(_facts()["sources"][kind])


@cache
def database_classes() -> tuple[DatabaseClass, ...]:
    """RDS instance classes, by family and size; memory is the nominal one, as for ``max_connections``."""
    found = []
    for name, shape in _facts()["rds"].items():
        memory = shape["memory_gib"] * GIB
        found.append(DatabaseClass(name, shape["cores"], memory, most_connections(memory), tuple(shape["ebs"])))
    return tuple(found)


@cache
def cache_nodes() -> tuple[CacheNode, ...]:
    """ElastiCache node types, by family and size; a quarter of ``maxmemory`` is reserved (AWS's default)."""
    facts = _facts()
    share = 1 - facts["elasticache_reserved_share"]
    return tuple(
        CacheNode(name, shape["cores"], float(int(shape["maxmemory"] * share)))
        for name, shape in facts["elasticache"].items()
    )


@cache
def node_types() -> tuple[NodeType, ...]:
    """EC2 instance types, by family and size."""
    return tuple(
        NodeType(name, shape["cores"], shape["memory_gib"] * GIB, shape["max_pods"])
        for name, shape in _facts()["ec2"].items()
    )


def most_connections(memory: float) -> int:
    """``max_connections`` that RDS for PostgreSQL sets with this memory (bytes): LEAST(memory / 9531392, 5000)."""
    rule = _facts()["rds_max_connections"]
    return int(min(memory // rule["bytes_per_connection"], rule["at_most"]))


class Volume(NamedTuple):
    """What gp3 storage of RDS for PostgreSQL includes: IOPS, throughput in MiB/s, volumes that it is spread over."""

    iops: int
    throughput_mib_s: int
    volumes: int


def gp3_volume(storage: float) -> Volume:
    """What RDS includes with this much gp3 storage (bytes)."""
    rule = _facts()["rds_gp3"]
    return Volume(*(rule["below"] if storage < gp3_striped_from() else rule["from"]))


def gp2_iops(storage: float) -> int:
    """Storage operations a second of RDS gp2 storage (bytes): 3 a GiB, and the burst while it has credits."""
    rule = _facts()["rds_gp2"]
    burst = rule["burst_iops"] * (rule["volumes"] if storage >= gp3_striped_from() else 1)
    return int(min(rule["most_iops"], max(burst, rule["iops_per_gib"] * storage / GIB)))


def gp3_striped_from() -> float:
    """Bytes from which RDS spreads gp3 storage of PostgreSQL over several volumes."""
    return float(_facts()["rds_gp3"]["striped_from_gib"] * GIB)


def nearest(name: str, machines: Iterable[DatabaseClass | CacheNode | NodeType]) -> str:
    """The known names nearest to one that is not known, as a sentence."""
    names = [machine.name for machine in machines]
    close = near(name, names, 3, 0.5)
    return f"nearest: {', '.join(close)}" if close else f"known: {', '.join(names[:6])} and {len(names) - 6} more"
