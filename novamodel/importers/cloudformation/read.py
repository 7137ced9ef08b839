"""CloudFormation, SAM and CDK templates as declared resources; nested stacks with what they are given."""

from __future__ import annotations

import posixpath
from typing import Any

from novamodel.importers.cloudformation.template import Template
from novamodel.importers.cloudformation.types import FREE, TYPES, as_terraform
from novamodel.importers.declared import Resource
from novamodel.importers.node import Node
from novamodel.importers.report import Draft
from novamodel.importers.terraform.values import TooMuch, Unknown, gaps_in

STACKS = ("AWS::CloudFormation::Stack", "AWS::Serverless::Application")
MAX_LEVELS = 6


def is_template(node: Node) -> bool:
    """Whether a document is a template: resources of AWS's types."""
    resources = node["Resources"].value
    return isinstance(resources, dict) and any(
        isinstance(one, dict) and str(one.get("Type", "")).startswith(("AWS::", "Custom::", "Alexa::"))
        for one in list(resources.values())[:50]
    )


def read_templates(documents: list[Node], region: str | None, draft: Draft) -> list[Resource]:
    """The resources of all templates; those of a nested stack with the parameters that its parent gives."""
    result: list[Resource] = []
    seen: set[tuple[str, int]] = set()
    made: set[str] = set()
    nested = {target.file for one in documents for _, target in _nested(one, documents)}
    for document in documents:
        if document.file in nested:
            continue
        found: list[Resource] = []
        own = {name for name, _ in document["Resources"].entries()}
        prefix = f"{document.file.rpartition('.')[0]}." if own & made else ""
        made |= own
        _read(Template(document, {}, prefix, {}, region), documents, found, draft, 0)
        again = [one for one in found if (one.file, one.line) in seen]
        if again:
            why = "another stack here makes them too: counted once"
            draft.leave(document.file, 1, f"{len(again)} resources of nested stacks", why)
        result += [one for one in found if (one.file, one.line) not in seen]
        seen |= {(one.file, one.line) for one in found}
    return result


def _nested(document: Node, documents: list[Node]) -> list[tuple[str, Node]]:
    """(logical name, template) of the nested stacks whose template is in the folder, told by the end of its address."""
    found = []
    for name, resource in document["Resources"].entries():
        if resource["Type"].text in STACKS:
            place = resource["Properties"]["TemplateURL"] or resource["Properties"]["Location"]
            target = _template_at(_address(place.value), document, documents)
            if target is not None and target.file != document.file:
                found.append((name, target))
    return found


def _address(value: Any) -> str:
    if isinstance(value, dict) and len(value) == 1:
        inner = next(iter(value.values()))
        if isinstance(inner, list) and inner and isinstance(inner[-1], list):
            return "".join(part for part in inner[-1] if isinstance(part, str))
        return _address(inner[0] if isinstance(inner, list) and inner else inner)
    return value if isinstance(value, str) else ""


def _template_at(address: str, document: Node, documents: list[Node]) -> Node | None:
    path = address.split("?")[0]
    here = posixpath.normpath(posixpath.join(posixpath.dirname(document.file), path))
    tail = path.rpartition("}")[2].strip("/")
    for wanted in (here, tail, "/".join(tail.split("/")[-2:]), tail.rpartition("/")[2]):
        for one in documents:
            if wanted and (one.file == wanted or one.file.endswith(f"/{wanted}")):
                return one
    return None


def _read(template: Template, documents: list[Node], result: list[Resource], draft: Draft, level: int) -> None:
    children = dict(_nested(template.root, documents)) if level < MAX_LEVELS else {}
    for name, target in children.items():
        given = template.root.at("Resources", name, "Properties", "Parameters")
        values = {key: _safe(template, node) for key, node in given.entries()}
        prefix = f"{template.prefix}{name}."
        template.nested[name] = Template(target, values, prefix, {}, template.region, template.left)
    for name, resource in template.root["Resources"].entries():
        if name in template.nested:
            _read(template.nested[name], documents, result, draft, level + 1)
            continue
        exists = _exists(template, resource)
        if exists is False or FREE.match(resource["Type"].text):
            continue
        made = _resource(template, name, resource)
        if made is not None:
            if exists is None:
                what = f"Condition {resource['Condition'].text}"
                made.gaps.append((what, "known when it is deployed; taken to hold", resource["Condition"].line))
            result.append(made)


def _exists(template: Template, resource: Node) -> bool | None:
    try:
        return template.exists(resource)
    except (TooMuch, RecursionError, TypeError, ValueError):
        return None


def _safe(template: Template, node: Node) -> Any:
    depth = template.depth
    try:
        return template.value(node)
    except (TooMuch, RecursionError, TypeError, ValueError) as problem:
        return Unknown(node.text[:80], (), f"not worked out: {type(problem).__name__}")
    finally:
        template.depth = depth


def _resource(template: Template, name: str, resource: Node) -> Resource | None:
    kind = resource["Type"].text
    if not kind:
        return None
    known = TYPES.get(kind)
    properties = resource["Properties"]
    value = {key: _safe(template, node) for key, node in properties.entries()}
    body, lines = as_terraform(kind, value, properties.lines, properties.path)
    terraform = known[0] if known else kind
    if terraform == "aws_db_instance" and body.get("cluster_identifier") is not None:
        terraform = "aws_rds_cluster_instance"
    gaps = []
    for key, inner in value.items():
        for gap in [one for one in gaps_in(inner) if not one.refs][:5]:
            gaps.append((f"{key}: {gap.text[:80]}", gap.reason, properties[key].line))
    place = resource.line
    address = f"{template.prefix}{name}"
    return Resource(terraform, address, address, Node(body, resource.file, lines), resource.file, place, 1, None, gaps)
