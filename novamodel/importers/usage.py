"""Usage files: what is done in a month with what Terraform declares, in the form that Infracost reads.

``resource_usage`` names resources by their address (``aws_s3_bucket.logs``), ``resource_type_default_usage`` gives what
holds for all of a type. A resource that stands only there (``aws_data_transfer``) is use that no resource declares.
"""

from __future__ import annotations

import re
from typing import Any

from novamodel.importers.declared import Resource
from novamodel.importers.node import Node
from novamodel.importers.quantity import whole
from novamodel.importers.report import Draft

_INDEX = re.compile(r"\[[^\]]*\]")
USE_ALONE = ("aws_data_transfer",)
"""Types that usage files know and Terraform does not."""
MOST_FIGURES = 200


def read_usage(documents: list[Node], declared: list[Resource], draft: Draft) -> list[Resource]:
    """Note in each resource what is done with it; the resources that only usage files name."""
    by_address: dict[str, list[Resource]] = {}
    for one in declared:
        by_address.setdefault(_INDEX.sub("", one.address), []).append(one)
    alone = []
    for document in documents:
        for kind, node in document["resource_type_default_usage"].entries():
            for one in declared:
                if one.type == kind:
                    one.usage |= _figures(node)
        for address, node in document["resource_usage"].entries():
            found = by_address.get(_INDEX.sub("", address), [])
            found = found or [one for one in declared if one.type == address]
            figures = _figures(node)
            for one in found:
                one.usage |= figures
            kind, _, name = address.partition(".")
            if kind in USE_ALONE and not found:
                body = Node({}, node.file, {})
                alone.append(Resource(kind, name, address, body, node.file, node.line, usage=figures))
            elif not found:
                draft.leave(node.file, node.line, f"usage of {address[:80]}", "no file declares it")
    return alone


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
