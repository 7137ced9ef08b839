"""Helm charts that are not rendered: each is named with the command to type, and what its values say is listed."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator

from novamodel.importers.node import Node
from novamodel.importers.pools.capacity_words import speaks
from novamodel.importers.report import Draft

NAMES = ("Chart.yaml", "Chart.yml")
_INSIDE = re.compile(r"^(templates/|charts/|crds/|ci/|values[^/]*\.ya?ml$|Chart\.)")
_MATTERS = (
    "replica", "cpu", "memory", "storage", "size", "connections", "workers", "threads", "concurrency", "instances",
    "timeout", "limit", "rate", "burst", "utilization", "capacity", "heap", "javaopts", "java_opts", "pool", "policy",
    "max", "min", "shards", "retention", "xmx", "target",
)  # fmt: skip
"""Words in the last part of a value's path that speak of sizes and counts."""
_SWITCHES = re.compile(r"(enabled|enable|create|deploy|install)$")
_SETTING = re.compile(r"[ \t]*([A-Za-z_][\w.-]{1,60})(?:[ \t]*[=:][ \t]*|[ \t]+)(\S{1,40})[ \t]*;?")
_VALUES = re.compile(r"values[^/]*\.ya?ml")
MOST = 250
"""Values of one file that are listed."""


def charts_of(names: frozenset[str]) -> list[str]:
    """Folders of charts, without those inside of others."""
    folders = sorted(posixpath.dirname(name) for name in names if posixpath.basename(name) in NAMES)

    def inside(one: str, top: str) -> bool:
        return one != top and one.startswith(f"{top}/" if top else "")

    return [one for one in folders if not any(inside(one, top) for top in folders)]


def belongs(name: str, charts: list[str]) -> bool:
    """Whether a file is a part of a chart: it means nothing until it is rendered."""
    for chart in charts:
        inside = not chart or name.startswith(f"{chart}/")
        if inside and _INSIDE.match(name[len(chart) + 1 :] if chart else name):
            return True
    return False


def list_charts(charts: list[str], documents: Callable[[str], list[Node]], names: frozenset[str], draft: Draft) -> None:
    """Name each chart, and list what its values say about sizes and counts."""
    for chart in charts:
        below = f"{chart}/" if chart else ""
        place = next(f"{below}{one}" for one in NAMES if f"{below}{one}" in names)
        command = f"helm template {chart or '.'} | novamodel import -"
        draft.leave(place, 1, "Helm chart", f"not rendered: type  {command}")
        message = "this Helm chart is not rendered: nothing of it is read"
        draft.find("warning", "chart-not-rendered", place, 1, message, command)
        for name in sorted(names):
            if name.startswith(below) and _VALUES.fullmatch(name[len(below) :]):
                _list_values(name, documents(name), draft)


def _list_values(name: str, documents: list[Node], draft: Draft) -> None:
    found = [pair for document in documents for pair in leaves(document, "") if matters(pair[0])]
    for path, node in found[:MOST]:
        draft.leave(name, node.line, f"{path} {node.text}"[:120], "a value of a chart that is not rendered")


def matters(path: str) -> bool:
    """Whether a value's path speaks of a size, a count or a switch."""
    last = path.rpartition(".")[2].lower()
    return any(word in last for word in _MATTERS) or (bool(_SWITCHES.search(last)) and path.count(".") < 3)


def leaves(node: Node, path: str, depth: int = 0) -> list[tuple[str, Node]]:
    """Short values below a node by their dotted paths; variables (``name`` and ``value``) by their name."""
    if depth > 8:
        return []
    if isinstance(node.value, dict):
        if node["name"].text and node["value"].text:
            return [(f"{path}.{node['name'].text}", node["value"])]
        return [pair for key, inner in node.entries() for pair in leaves(inner, f"{path}.{key}".strip("."), depth + 1)]
    if isinstance(node.value, list):
        return [pair for inner in node for pair in leaves(inner, path, depth + 1)]
    if "\n" in node.text and len(node.text) < 20_000:
        return list(_inside(node, path))
    return [(path, node)] if node.text and len(node.text) < 60 else []


def _inside(node: Node, path: str) -> Iterator[tuple[str, Node]]:
    """Settings in a text of several lines, such as redis.conf in the values of a chart."""
    for number, line in enumerate(node.text.split("\n"), 1):
        match = _SETTING.fullmatch(line.rstrip())
        if match and ("policy" in match[1] or speaks(match[1], match[2].rstrip(";").strip("'\""))):
            yield f"{path}.{match[1]}", Node(match[2].rstrip(";"), node.file, {("x",): node.line + number}, ("x",))
