"""Which database classes, cache nodes and types of node may be chosen, and what they cost a month."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from novamodel.cost import load_book, regions
from novamodel.scenario import Scenario, cache_nodes, database_classes, machine, node_types

BURSTABLE = ".t"
"""Families that earn CPU credits (db.t4g, cache.t4g), which the model does not know."""
MOST_GROWTH = 8
"""A machine has at most this many times today's cores (cache: memory)."""
NODE_FAMILIES = {
    "m5": ("m6i", "m6g"),
    "m6i": ("m6g", "c6i", "c6g", "r6i", "r6g"),
    "c6i": ("c6g", "m6i", "m6g"),
    "r6i": ("r6g", "m6i", "m6g"),
    "m7i": ("m7g", "c7i", "c7g", "r7i", "r7g"),
    "c7i": ("c7g", "m7i", "m7g"),
    "r7i": ("r7g", "m7i", "m7g"),
    "m6g": ("c6g", "r6g"),
    "c6g": ("m6g",),
    "r6g": ("m6g",),
    "m7g": ("c7g", "r7g"),
    "c7g": ("m7g",),
    "r7g": ("m7g",),
}
"""Families of one generation that may take each other's place: more or less memory a vCPU, Intel or Graviton.

The model takes a vCPU of all of them to be as fast: `core_speed` says how fast.
"""
Choices = tuple[str, tuple[str, ...], tuple[tuple[Any, ...], ...]]
"""Name of the variable, its paths, its rows of values from cheap to dear."""


def database_choices(scenario: Scenario) -> Choices:
    """RDS classes with a price that hold as much memory as today's.

    Less memory would read from storage what is in memory today, which is not modelled; burstable classes are
    offered only where today's is one.
    """
    database = scenario.database
    name = database.instance_class
    paths = _paths(scenario, "database.instance_class", ("cores", "memory", "max_connections"))
    today = tuple(scenario.paths()[path] for path in paths)
    rows = [(0.0, today)]
    if name is not None:
        price = database_price(scenario, name)
        rows = [(price or 0.0, today)]
        for machine in database_classes():
            fits = database.memory <= machine.memory * 1.005 and machine.cores <= MOST_GROWTH * database.cores
            price = database_price(scenario, machine.name)
            if machine.name == name or not fits or price is None or not _same_kind(machine.name, name):
                continue
            facts = {"cores": machine.cores, "memory": machine.memory, "max_connections": machine.max_connections}
            rows.append((price, _row(machine.name, paths, facts)))
    return "database class", paths, tuple(row for _, row in sorted(rows, key=lambda item: (item[0], item[1][0] or "")))


def cache_choices(scenario: Scenario) -> Choices:
    """ElastiCache node types with a price, up to some times today's memory."""
    cache = scenario.cache
    paths = _paths(scenario, "cache.node_type", ("memory",))
    today = tuple(scenario.paths()[path] for path in paths)
    rows = [(0.0, today)]
    if cache.node_type is not None:
        rows = [(cache_price(scenario, cache.node_type) or 0.0, today)]
        for node in cache_nodes():
            price = cache_price(scenario, node.name)
            fits = node.memory_usable <= MOST_GROWTH * cache.memory
            if node.name == cache.node_type or not fits or price is None or not _same_kind(node.name, cache.node_type):
                continue
            rows.append((price, _row(node.name, paths, {"memory": node.memory_usable})))
    return "cache node", paths, tuple(row for _, row in sorted(rows, key=lambda item: (item[0], item[1][0] or "")))


def node_choices(scenario: Scenario) -> Choices:
    """EC2 types with a price that the nodes may be of, where there is one group of them that grows with the pods."""
    platform = scenario.platform
    paths = ("platform.node_type",)
    if not platform.on_machines or platform.node_groups or platform.kind == "compose":
        return "node type", paths, ((platform.node_type,),)
    family, now = platform.node_type.partition(".")[0], machine(platform.node_type)
    rows = [(node_price(scenario, now.name) or 0.0, (now.name,))]
    for one in node_types():
        price, kind = node_price(scenario, one.name), one.name.partition(".")[0]
        fits = kind in (family, *NODE_FAMILIES.get(family, ())) and one.cores <= MOST_GROWTH * now.cores
        if one.name != now.name and fits and price is not None:
            rows.append((price, (one.name,)))
    return "node type", paths, tuple(row for _, row in sorted(rows, key=lambda item: (item[0], item[1][0])))


def node_price(scenario: Scenario, name: str) -> float | None:
    """USD a month of one node of a type; None where the book has no price."""
    return _monthly(scenario, f"ec2.linux.{name}")


def database_price(scenario: Scenario, name: str | None) -> float | None:
    """USD a month of an RDS instance of a class; None where the book has no price."""
    zones = "multi_az" if scenario.database.multi_az else "single_az"
    return _monthly(scenario, f"rds.postgres.{name}.{zones}")


def cache_price(scenario: Scenario, name: str | None) -> float | None:
    """USD a month of all ElastiCache nodes of a type; None where the book has no price."""
    each = _monthly(scenario, f"elasticache.{scenario.cache.engine}.{name}")
    return None if each is None else each * scenario.cache.nodes


def _monthly(scenario: Scenario, key: str) -> float | None:
    pricing = scenario.pricing
    if pricing.region not in regions():
        return None
    prices = load_book(pricing.region).prices
    return float(prices[key].flat) * pricing.hours_per_month if key in prices else None


def _paths(scenario: Scenario, path: str, facts: Iterable[str]) -> tuple[str, ...]:
    """The machine's path, and those of its facts that would not follow from it because somebody has said them."""
    part = path.split(".")[0]
    said = [f"{part}.{fact}" for fact in facts if scenario.origin(f"{part}.{fact}").kind != "derived"]
    return (path, *said)


def _row(name: str, paths: tuple[str, ...], facts: dict[str, float]) -> tuple[Any, ...]:
    return (name, *(facts[path.split(".")[1]] for path in paths[1:]))


def _same_kind(one: str, other: str) -> bool:
    return BURSTABLE not in one or BURSTABLE in other
