"""What kind of configuration a JSON file is, by a look inside; places that a script fills in are left open."""

from __future__ import annotations

import json
import re
from pathlib import Path

from novamodel.errors import UserError
from novamodel.importers.cloudformation.read import is_template
from novamodel.importers.ecs.services import services_in
from novamodel.importers.jsonfile import read_json_text
from novamodel.importers.node import Node
from novamodel.importers.terraform.plan import is_plan
from novamodel.yamlfile import read_text

Found = tuple[str | None, tuple[Node, ...], str]
_BLANK = re.compile(
    r"([:\[,][ \t]*)(<[\w .-]{1,60}>|\{\{[^{}\n]{1,80}\}\}|@{1,2}\w{1,60}@{1,2}|%\w{1,60}%|__\w{1,60}__|\$\w{1,60})"
    r"(?=\s*[,}\]])"
)
"""A value that is not JSON: a name that is replaced before the file is used."""
_SUSPECT_JSON = re.compile(
    r'"(containerDefinitions|taskDefinition|ContainerDefinitions|apiVersion|panels|dashboard)"|"AWS::\w'
)
_PLAN_JSON = re.compile(r'"(format_version|terraform_version)"')


def kind_of_json(path: Path, shown: str) -> Found:
    """(kind or None, documents, why it is none) of a JSON file. Raises ``UserError`` where it cannot be read."""
    text = read_text(path)
    named = re.search(r"task[-_.]?def", path.name.lower()) is not None
    if (named or '"containerDefinitions"' in text) and _BLANK.search(text) and not _is_json(text):
        text = _BLANK.sub(r"\1null", text)  # a place that a script or a workflow fills in
        if not _is_json(text):
            return None, (), "a template: a script fills it in"
    if not named and not _SUSPECT_JSON.search(text) and not _PLAN_JSON.search(text[:5000]):
        return None, (), "no kind of JSON that is known"
    if "${" in text and re.search(r":[ \t]*\$\{", text):
        return None, (), "a template: Terraform or a script fills it in"
    if not named and not _may_be_known(text):
        return None, (), "no kind of JSON that is known"
    value, lines = read_json_text(text, path)
    node = Node(value, shown, lines)
    if isinstance(value, list) and value and all(isinstance(one, dict) and "image" in one for one in value):
        return None, (), "containers without their task: Terraform names the file"
    if is_template(node):
        return "cloudformation", (node,), ""
    if is_plan(node):
        return "plan", (node,), ""
    inner = node["taskDefinition"] or node
    if inner["containerDefinitions"]:
        return "ecs", (inner,), ""
    if services_in(node):
        return "ecs-service", (node,), ""
    if named and not node["Statement"]:
        raise UserError("this is no ECS task definition: it has no containerDefinitions", file=path, line=1)
    if bool(node["apiVersion"] and node["kind"]):
        return "kubernetes", (node,), ""
    if isinstance(node["dashboard"].value, dict) or isinstance(node["panels"].value, list):
        return "grafana", (node,), ""
    return None, (), "no kind of JSON that is known"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _may_be_known(text: str) -> bool:
    """Whether JSON has the form of a kind that is known: reading it with its lines takes far longer than a look."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return True  # what is wrong with it is said where it is read
    node = Node(value, "", {})
    if isinstance(value, list):
        return bool(value) and all(isinstance(one, dict) and "image" in one for one in value)
    keys = ("containerDefinitions", "taskDefinition", "dashboard", "panels")
    return (
        bool(services_in(node))
        or is_template(node)
        or is_plan(node)
        or any(node[key] for key in keys)
        or bool(node["apiVersion"] and node["kind"])
    )
