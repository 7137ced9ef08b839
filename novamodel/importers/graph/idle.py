"""Containers that take no requests of customers: named, with what they ask for and what bounds them."""

from __future__ import annotations

from novamodel.importers.graph.boxes import Box
from novamodel.importers.graph.system import System
from novamodel.importers.names import is_infrastructure
from novamodel.importers.node import Node
from novamodel.importers.pools.capacity_words import of_variables, of_words
from novamodel.importers.report import Draft

_WHY = "read, not modelled: it takes no customers"


def list_idle(system: System, kind: str, draft: Draft) -> None:
    """List jobs, load generators, proxies and tools; on Kubernetes infrastructure images are listed by their reader."""
    for box, role in system.idle:
        if role.what in ("job", "load") or kind == "compose" or not is_infrastructure(box.image_name):
            why = f"{role.why or 'infrastructure image'}: it takes no customers"
            draft.leave(box.file, box.line, f"{box.name} ({role.program or role.what})", why)
        list_sizes(box, draft)
        for what, text in (*of_variables(box.env), *of_words(box.words)):
            draft.leave(text.file, text.line, f"{box.name} {what}", _WHY)


def list_sizes(box: Box, draft: Draft) -> None:
    """Replicas, requests and limits of a container that is not modelled."""
    for name, place in _sizes(box):
        draft.leave(place.file, place.line, f"{box.name} {name}: {place.text}", _WHY)


def _sizes(box: Box) -> list[tuple[str, Node]]:
    node, owner = box.node, box.owner
    if node is None or owner is None:
        return []
    found = [("replicas", place) for place in (owner.at("spec", "replicas"), node.at("deploy", "replicas"))]
    for part in (node["resources"], node.at("deploy", "resources")):
        for kind in ("requests", "limits", "reservations"):
            found += [(f"{kind}.{key}", place) for key, place in part[kind].entries()]
    found += [(key, node[key]) for key in ("cpus", "mem_limit", "mem_reservation")]
    return [(name, place) for name, place in found if place.text]
