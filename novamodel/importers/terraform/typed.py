"""A variable's declared type: numbers written as text, and the defaults of ``optional(...)``."""

from __future__ import annotations

from typing import Any

from tree_sitter import Node

from novamodel.importers.terraform.evaluate import Evaluator
from novamodel.importers.terraform.syntax import Block, Expression
from novamodel.importers.terraform.values import number


def with_type(block: Block | None, value: Any, place: Evaluator) -> Any:
    """The value as the variable's type makes it."""
    expression = block.attributes.get("type") if block is not None else None
    return value if expression is None else _typed(expression, list(expression.nodes), value, place, 0)


def _typed(at: Expression, nodes: list[Node], value: Any, place: Evaluator, depth: int) -> Any:
    while len(nodes) == 1 and nodes[0].type == "expression":
        nodes = nodes[0].children
    if not nodes or depth > 10:
        return value
    node = nodes[0]
    word = at.source[node.start_byte : node.end_byte].decode("utf-8", "replace")
    if node.type == "variable_expr":
        if word == "number" and isinstance(value, str):
            try:
                return number(value)
            except ValueError:
                return value
        return value
    if node.type != "function_call" or value is None:
        return value
    name = word.partition("(")[0].strip()
    listed = next((child for child in node.children if child.type == "function_arguments"), None)
    args = [child for child in listed.children if child.type == "expression"] if listed else []
    if not args:
        return value
    if name == "optional":
        return _typed(at, [args[0]], value, place, depth + 1)
    if name == "map" and isinstance(value, dict):
        return {key: _typed(at, [args[0]], one, place, depth + 1) for key, one in value.items()}
    if name in ("list", "set") and isinstance(value, list):
        return [_typed(at, [args[0]], one, place, depth + 1) for one in value]
    if name == "object" and isinstance(value, dict):
        return _object(at, args[0], value, place, depth)
    return value


def _object(at: Expression, node: Node, value: dict[str, Any], place: Evaluator, depth: int) -> dict[str, Any]:
    result = dict(value)
    waiting = [node]
    while waiting:
        inner = waiting.pop()
        if inner.type == "object_elem":
            key, kind = [child for child in inner.children if child.type == "expression"][:2]
            name = at.source[key.start_byte : key.end_byte].decode("utf-8", "replace").strip('"')
            if result.get(name) is not None:
                result[name] = _typed(at, [kind], result[name], place, depth + 1)
            else:
                default = _default(at, kind, place)
                result[name] = _typed(at, [kind], default, place, depth + 1)
        else:
            waiting += inner.children
    return result


def _default(at: Expression, kind: Node, place: Evaluator) -> Any:
    """The second argument of ``optional(TYPE, DEFAULT)``; None where there is none."""
    call = kind.children[0] if kind.children else kind
    if call.type != "function_call" or not at.source[call.start_byte :].startswith(b"optional"):
        return None
    listed = next((child for child in call.children if child.type == "function_arguments"), None)
    args = [child for child in listed.children if child.type == "expression"] if listed else []
    return place.nodes(at, [args[1]]) if len(args) > 1 else None
