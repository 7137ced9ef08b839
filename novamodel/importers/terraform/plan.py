"""``terraform show -json`` of a plan or a state, and a state file itself, as declared resources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from novamodel.importers.declared import Resource, same_values
from novamodel.importers.node import Node
from novamodel.importers.report import Draft
from novamodel.importers.terraform.values import Unknown
from novamodel.yamlfile import Lines

_MAX_LEVELS = 12


def is_plan(node: Node) -> bool:
    """Whether a JSON document is a plan, a state as ``terraform show -json`` writes it, or a state file."""
    if node["format_version"] and (node.at("planned_values", "root_module") or node.at("values", "root_module")):
        return True
    return bool(node["terraform_version"]) and isinstance(node["resources"].value, list) and bool(node["lineage"])


def read_plans(documents: list[Node], beside_files: bool, draft: Draft) -> list[Resource]:
    """The resources of the first plan, else of a state; none where the Terraform files themselves are there."""
    if beside_files:
        for other in documents:
            draft.leave(other.file, 1, "Terraform plan or state", "the Terraform files beside it are read")
        return []
    for other in documents[1:]:
        draft.leave(other.file, 1, "Terraform plan or state", f"{documents[0].file} is taken")
    return _resources(documents[0]) if documents else []


def _resources(document: Node) -> list[Resource]:
    result = [_provider(document, name) for name, _ in document.at("configuration", "provider_config").entries()]
    found: list[Resource] = []
    if document["lineage"]:
        found = list(_state(document))
    else:
        top = document.at("planned_values", "root_module") or document.at("values", "root_module")
        found = list(_module(document, top, document.at("configuration", "root_module"), 0))
    by_block: dict[str, list[Resource]] = {}
    for one in found:
        by_block.setdefault(one.address, []).append(one)
    for group in by_block.values():
        result += same_values(group)
    return result


def _module(document: Node, module: Node, configuration: Node, level: int) -> Iterator[Resource]:
    written = {one["address"].text: one["expressions"] for one in configuration["resources"]}
    prefix = f"{module['address'].text}." if module["address"] else ""
    for one in module["resources"]:
        if one["mode"].text != "managed":
            continue
        local = f"{one['type'].text}.{one['name'].text}"
        yield _one(one, one["values"], f"{prefix}{local}", prefix, written.get(local))
    for child in module["child_modules"] if level < _MAX_LEVELS else []:
        name = child["address"].text.removeprefix(prefix).partition(".")[2].partition("[")[0]
        inner = configuration.at("module_calls", name, "module")
        yield from _module(document, child, inner, level + 1)


def _one(one: Node, values: Node, address: str, prefix: str, expressions: Node | None) -> Resource:
    body = dict(values.value) if isinstance(values.value, dict) else {}
    lines: Lines = {path[len(values.path) :]: at for path, at in _below(values)}
    for key, expression in expressions.entries() if expressions is not None else []:
        if body.get(key) is None and isinstance(expression["references"].value, list):
            refs = tuple(f"{prefix}{'.'.join(ref.text.split('.')[:2])}" for ref in expression["references"])
            body[key] = Unknown(f"{key}", refs, "known after apply")
    body = {key: value for key, value in body.items() if value is not None}
    name = f"{prefix}{one['name'].text}"
    return Resource(one["type"].text, name, address, Node(body, one.file, lines), one.file, one.line)


def _below(node: Node) -> list[tuple[tuple[str | int, ...], int]]:
    """Lines of the values of one resource: keys of it and what is below them."""
    found: list[tuple[tuple[str | int, ...], int]] = []
    waiting: list[tuple[tuple[str | int, ...], Any]] = [(node.path, node.value)]
    while waiting and len(found) < 2000:
        path, value = waiting.pop()
        if path in node.lines:
            found.append((path, node.lines[path]))
        if isinstance(value, dict):
            waiting += [((*path, key), inner) for key, inner in value.items()]
        elif isinstance(value, list):
            waiting += [((*path, index), inner) for index, inner in enumerate(value)]
    return found


def _state(document: Node) -> Iterator[Resource]:
    for one in document["resources"]:
        if one["mode"].text != "managed":
            continue
        prefix = f"{one['module'].text}." if one["module"] else ""
        address = f"{prefix}{one['type'].text}.{one['name'].text}"
        for instance in one["instances"]:
            yield _one(one, instance["attributes"], address, prefix, None)


def _provider(document: Node, name: str) -> Resource:
    """A provider with its region: a constant, or a variable of the plan."""
    region = document.at("configuration", "provider_config", name, "expressions", "region")
    value = region["constant_value"]
    if not value and region["references"]:
        word = region["references"][0].text.removeprefix("var.")
        value = document.at("variables", word, "value")
    body = {"region": value.value} if value else {}
    place = value.line if value else region.line
    return Resource(
        "provider", name, f"provider.{name}", Node(body, document.file, {("region",): place}), document.file, place
    )
