"""A module's resources with their values: blocks, dynamic blocks, count and for_each, and the modules it calls."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tree_sitter import Node as Syntax

from novamodel.importers.declared import Resource, same_values
from novamodel.importers.node import Node
from novamodel.importers.terraform.evaluate import Evaluator
from novamodel.importers.terraform.modules import MAX_INSTANCES, Module
from novamodel.importers.terraform.syntax import Block, Expression
from novamodel.importers.terraform.template import pairs
from novamodel.importers.terraform.values import Encoded, TooMuch, Unknown, gaps_in
from novamodel.yamlfile import Lines

_MOST_WORK, _LEAST_WORK = 60_000, 200
"""Nodes that are evaluated for one expression: at most, and also when nothing is left for the folder."""
_REGION = re.compile(r"[a-z]{2}-[a-z-]{2,20}-\d")
_HANDED = re.compile(r"\b(aws(?:\.\w+)?)\s*[=:]\s*(aws(?:\.\w+)?)\b")
_META = {"count", "for_each", "provider", "depends_on", "lifecycle", "providers", "source"}


def resources(module: Module) -> list[Resource]:
    """What a module declares itself; instances with the same values are one, with their count."""
    result: list[Resource] = []
    for block in module.blocks:
        if block.kind == "resource" and len(block.labels) == 2:
            result += _instances(module, block)
    return result


def _instances(module: Module, block: Block) -> list[Resource]:
    kind, name = block.labels
    found: Any
    try:
        found = module.instances(block)
    except (TooMuch, RecursionError):
        found = Unknown("count", (), "too much work")
    gap = None
    if isinstance(found, Unknown):
        key = "count" if "count" in block.attributes else "for_each"
        gap = (f"{key} = {block.attributes[key].text[:80]}", found.reason, block.attributes[key].line)
        found = [(None, {"each": {"key": found, "value": found}, "count": {"index": 0}})]
    made = []
    for key, own in found[:MAX_INSTANCES]:
        one = build(module, block, own, kind, f"{module.prefix}{name}", f"{module.prefix}{kind}.{name}")
        one.instances = [] if key is None else [str(key)]
        made.append(one)
    result = same_values(made)
    if len(found) > MAX_INSTANCES and result:
        result[0].count += len(found) - MAX_INSTANCES
    if gap and result:
        result[0].gaps.append(gap)
    return result


def build(module: Module, block: Block, own: dict[str, Any], kind: str, name: str, address: str) -> Resource:
    """One resource of a block."""
    lines: Lines = {}
    gaps: list[tuple[str, str, int]] = []
    place = module.evaluator.having(**own)
    value = _values(place, block, (), lines, gaps, 0)
    region = _elsewhere(module, block, place)
    if region is not None:
        value["provider_region"] = region
    return Resource(kind, name, address, Node(value, block.file, lines), block.file, block.line, 1, None, gaps)


def _elsewhere(module: Module, block: Block, place: Evaluator) -> str | None:
    """The region of a block's own: as it says, or of the provider that it names; None where neither is known."""
    if block.kind == "module":
        return regions_given(module, block).get("")
    written = block.attributes.get("region") if block.kind == "resource" else None
    own = None if written is None else safe_value(place, written)
    if isinstance(own, str) and block.labels[0].startswith("aws_") and _REGION.fullmatch(own):
        return own
    named = block.attributes.get("provider")
    return _region_of(module, named.text if named is not None else "")


def _region_of(module: Module, provider: str) -> str | None:
    """The region of a provider by the name that a module knows it under, such as ``aws.west``."""
    _, _, alias = provider.strip().strip('"').partition(".")
    for other in module.blocks if alias else ():
        if other.kind == "provider" and "alias" in other.attributes:
            place = module.evaluator
            if safe_value(place, other.attributes["alias"]) == alias and "region" in other.attributes:
                region = safe_value(place, other.attributes["region"])
                return region if isinstance(region, str) else None
    return module.regions.get(alias)


def regions_given(module: Module, block: Block) -> dict[str, str]:
    """Regions of the providers that a call of a module hands over, by the names that they have in there."""
    given = block.attributes.get("providers")
    found = {} if module.regions.get("") is None else {"": module.regions[""]}
    for name, alias in _HANDED.findall(given.text) if given is not None else ():
        region = _region_of(module, alias)
        if region is not None:
            found[name.removeprefix("aws").removeprefix(".")] = region
    return found


def safe_value(place: Evaluator, expression: Expression) -> Any:
    """The value of an expression; unknown where it asks for too much."""
    work = place.work
    depth, before = work.depth, work.left
    given = min(max(before, 0), _MOST_WORK) + _LEAST_WORK  # one that asks for too much leaves the others theirs
    work.left = given
    try:
        return place.value(expression)
    except TooMuch as problem:
        return Unknown(expression.text[:80], (), str(problem))
    except RecursionError:
        return Unknown(expression.text[:80], (), "nested too deeply")
    finally:
        work.depth = depth
        work.left = before - (given - work.left)


def _values(
    place: Evaluator,
    block: Block,
    path: tuple[str | int, ...],
    lines: Lines,
    gaps: list[tuple[str, str, int]],
    depth: int,
) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, expression in block.attributes.items():
        if key in _META and not path:
            continue
        value = safe_value(place, expression)
        for gap in gaps_in(value)[:5]:
            gaps.append((f"{'.'.join(map(str, (*path, key)))} = {expression.text[:80]}", gap.reason, expression.line))
        result[key] = value.value if isinstance(value, Encoded) else value
        lines[(*path, key)] = expression.line
        _literal_lines(expression, list(expression.nodes), (*path, key), lines, 0)
    for inner in block.blocks if depth < 12 else []:
        if inner.kind == "dynamic" and inner.labels:
            for names in _dynamic(place, inner):
                for content in inner.inner("content"):
                    _add(place.having(**names), inner.labels[0], content, path, result, lines, gaps, depth)
        elif inner.kind not in _META:
            _add(place, inner.kind, inner, path, result, lines, gaps, depth)
    return result


def _add(
    place: Evaluator,
    kind: str,
    block: Block,
    path: tuple[str | int, ...],
    result: dict[str, Any],
    lines: Lines,
    gaps: list[tuple[str, str, int]],
    depth: int,
) -> None:
    listed = result.setdefault(kind, [])
    if isinstance(listed, list) and len(listed) < 200:
        below = (*path, kind, len(listed))
        lines[below] = block.line
        lines.setdefault((*path, kind), block.line)
        listed.append(_values(place, block, below, lines, gaps, depth + 1))


def _dynamic(place: Evaluator, block: Block) -> Iterator[dict[str, Any]]:
    over = safe_value(place, block.attributes["for_each"]) if "for_each" in block.attributes else []
    named = block.attributes.get("iterator")
    word = named.text if named else block.labels[0]
    if isinstance(over, Unknown):
        return
    items = pairs(over)
    for key, value in items[:200]:
        yield {word: {"key": key, "value": value}}


def _literal_lines(at: Expression, nodes: list[Syntax], path: tuple[str | int, ...], lines: Lines, depth: int) -> None:
    """The line of each part of a literal object or list, also inside ``jsonencode(...)``."""
    while len(nodes) == 1 and nodes[0].type in ("expression", "collection_value"):
        nodes = nodes[0].children
    if not nodes or depth > 8:
        return
    node = nodes[0]
    if node.type == "function_call" and at.source[node.start_byte :].startswith(b"jsonencode"):
        listed = next((child for child in node.children if child.type == "function_arguments"), None)
        if listed is not None and listed.children:
            _literal_lines(at, [listed.children[0]], path, lines, depth + 1)
    elif node.type == "tuple":
        parts = [child for child in node.children if child.type == "expression"]
        for number, part in enumerate(parts[:500]):
            lines[(*path, number)] = part.start_point[0] + 1
            _literal_lines(at, [part], (*path, number), lines, depth + 1)
    elif node.type == "object":
        for child in node.children:
            parts = [part for part in child.children if part.type == "expression"]
            if child.type == "object_elem" and len(parts) == 2:
                key = at.source[parts[0].start_byte : parts[0].end_byte].decode("utf-8", "replace").strip('"')
                lines[(*path, key)] = child.start_point[0] + 1
                _literal_lines(at, [parts[1]], (*path, key), lines, depth + 1)
