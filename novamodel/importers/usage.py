"""Usage files: what is done in a month with what Terraform declares, in the form that Infracost reads.

``resource_usage`` names resources by their address (``aws_s3_bucket.logs``), ``resource_type_default_usage`` gives what
holds for all of a type. A resource that stands only there (``aws_data_transfer``) is use that no resource declares.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from novamodel.importers.declared import Resource
from novamodel.importers.node import Node
from novamodel.importers.quantity import whole
from novamodel.importers.report import Draft

_INDEX = re.compile(r"\[[^\[\]]{0,120}\]")
USE_ALONE = ("aws_data_transfer",)
"""Types that usage files know and Terraform does not."""
MOST_FIGURES = 200


def read_usage(documents: list[Node], declared: list[Resource], draft: Draft) -> list[Resource]:
    """Note in each resource what is done with it.

    Further resources: those that only usage files name, and instances that are used otherwise than their first.
    """
    by_address: dict[str, list[Resource]] = {}
    for one in declared:
        by_address.setdefault(_INDEX.sub("", one.address), []).append(one)
    alone = []
    said: dict[int, list[tuple[str, dict[str, Any]]]] = {}
    for document in documents:
        for kind, node in document["resource_type_default_usage"].entries():
            for one in declared:
                if one.type == kind:
                    one.usage |= _figures(node)
        for address, node in document["resource_usage"].entries():
            found = by_address.get(_INDEX.sub("", address), [])
            pattern = address if found else ""
            found = found or [one for one in declared if one.type == address]
            figures = _figures(node)
            for one in found:
                said.setdefault(id(one), []).append((pattern, figures))
            kind, _, name = address.partition(".")
            if kind in USE_ALONE and not found:
                body = Node({}, node.file, {})
                alone.append(Resource(kind, name, address, body, node.file, node.line, usage=figures))
            elif not found:
                draft.leave(node.file, node.line, f"usage of {address[:80]}", "no file declares it")
    for one in declared:
        if id(one) in said:
            alone += _used(one, said[id(one)])
    return alone


def _used(one: Resource, said: list[tuple[str, dict[str, Any]]]) -> list[Resource]:
    """Note the use of a resource's instances; copies of it for instances that are used otherwise than the first."""
    ways: list[tuple[dict[str, Any], list[str]]] = []
    for key in one.instances or [""]:
        address = f"{one.address}[{key}]" if key else one.address
        fits = [(loose, figures) for pattern, figures in said if (loose := _loose(pattern, address)) is not None]
        usage = dict(one.usage)
        for _, figures in sorted(fits, key=lambda fit: -fit[0]):
            usage |= figures
        same = next((keys for known, keys in ways if known == usage), None)
        if same is None:
            ways.append((usage, [key]))
        else:
            same.append(key)
    copies = [replace(one, usage=usage, instances=keys, count=len(keys)) for usage, keys in ways[1:]]
    one.count -= sum(copy.count for copy in copies)
    one.usage, one.instances = ways[0][0], ways[0][1] if one.instances else []
    return copies


def _loose(pattern: str, address: str) -> int | None:
    """How many indices of an address a pattern leaves open (``[*]``, or none at all); None where one is another."""
    own, asked = _indices(address), _indices(pattern)
    if any(asked.get(place, "*") not in ("*", key) for place, key in own.items()):
        return None
    return sum(asked.get(place, "*") == "*" for place in own)


def _indices(address: str) -> dict[int, str]:
    """Index by its place in the address without any."""
    found, taken = {}, 0
    for match in _INDEX.finditer(address):
        found[match.start() - taken] = match[0][1:-1].strip("\"'")
        taken += len(match[0])
    return found


def _figures(node: Node) -> dict[str, Any]:
    """Numbers and words of a resource's use, nested ones with dots."""
    found: dict[str, Any] = {}
    waiting: list[tuple[str, Node]] = [("", node)]
    while waiting and len(found) < MOST_FIGURES:
        prefix, at = waiting.pop()
        for key, inner in at.entries():
            if isinstance(inner.value, dict):
                waiting.append((f"{prefix}{key}.", inner))
            elif isinstance(inner.value, bool | int | float | str):
                found[f"{prefix}{key}"] = whole(inner.value)
    return found
