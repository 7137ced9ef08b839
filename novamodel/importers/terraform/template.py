"""Texts with ``${...}`` and ``%{...}`` in them: quoted ones, heredocs and template files."""

from __future__ import annotations

import re
from typing import Any, Protocol

from tree_sitter import Node

from novamodel.importers.terraform.syntax import Expression
from novamodel.importers.terraform.values import Unknown, joined

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)|(\$|%)(\2)(?=\{)")


class Place(Protocol):
    """Where names have a meaning: an evaluator."""

    def nodes(self, at: Expression, nodes: list[Node]) -> Any:
        """The value of some nodes of an expression."""

    def having(self, **own: Any) -> Place:
        """The same place with further names."""


def value(place: Place, at: Expression, node: Node) -> Any:
    """What a template comes to; an interpolation that stands alone keeps its type."""
    while node.children and node.children[0].type == "quoted_template":
        node = node.children[0]
    raw = node.type == "heredoc_template"
    parts = _pieces(place, at, _inside(node), raw)
    if not raw:
        return joined(parts) if parts else ""
    known = [part for part in parts if not (isinstance(part, str) and not part.strip())]
    if len(known) == 1 and not isinstance(known[0], str):
        return known[0]
    made = joined(parts) if parts else ""
    if not isinstance(made, str):
        return made
    indented = any(
        child.type == "heredoc_start" and at.source[child.start_byte :].startswith(b"<<-") for child in node.children
    )
    return (
        _dedented(made) if indented else made[: made.rfind("\n") + 1] if not made.rpartition("\n")[2].strip() else made
    )


def _dedented(text: str) -> str:
    """A heredoc of ``<<-`` without the indentation that all its lines have."""
    lines = text.split("\n")
    last = lines.pop() if not lines[-1].strip() else None
    indents = [len(line) - len(line.lstrip()) for line in lines if line.strip()]
    cut = min(indents, default=0)
    return "\n".join([line[cut:] for line in lines] + ([""] if last is not None else []))


def _inside(node: Node) -> list[tuple[Node | None, int, int]]:
    """(node, start, end) of what stands between the quotes; a None node is text that the grammar leaves out."""
    ends = {"quoted_template_start": "quoted_template_end", "heredoc_identifier": "heredoc_identifier"}
    opened = next((child for child in node.children if child.type in ends), None)
    if opened is None:
        return []
    result: list[tuple[Node | None, int, int]] = []
    begun, end = False, opened.end_byte + (node.type == "heredoc_template")
    for child in node.children:
        if child.start_byte == opened.start_byte:
            begun = True
            continue
        if not begun:
            continue
        if child.start_byte > end:
            result.append((None, end, child.start_byte))
        if child.type == ends[opened.type]:
            break
        result.append((child, child.start_byte, child.end_byte))
        end = max(end, child.end_byte)
    return result


def _pieces(place: Place, at: Expression, inside: list[tuple[Node | None, int, int]], raw: bool) -> list[Any]:
    parts: list[Any] = []
    for node, start, end in inside:
        if node is None or node.type == "template_literal":
            parts.append(_literal(at.source[start:end], raw))
        elif node.type == "template_interpolation":
            parts.append(place.nodes(at, [child for child in node.children if child.type == "expression"]))
        elif node.type == "template_directive" and node.children:
            parts.append(_directive(place, at, node.children[0], raw))
    return [part for part in parts if not (isinstance(part, str) and part == "")]


def _directive(place: Place, at: Expression, node: Node, raw: bool) -> Any:
    """``%{ if }`` and ``%{ for }``."""
    intro = node.children[0]
    tests = [place.nodes(at, [child]) for child in intro.children if child.type == "expression"]
    if not tests or isinstance(tests[0], Unknown):
        text = at.source[node.start_byte : node.end_byte].decode("utf-8", "replace")
        return Unknown(text, (), "a template's condition is not known")
    bodies: list[list[tuple[Node | None, int, int]]] = [[]]
    end = intro.end_byte
    for child in node.children[1:]:
        if child.start_byte > end:
            bodies[-1].append((None, end, child.start_byte))
        end = child.end_byte
        if child.type == "template_else_intro":
            bodies.append([])
        elif child.type not in ("template_if_end", "template_for_end"):
            bodies[-1].append((child, child.start_byte, child.end_byte))
    if intro.type == "template_if_intro":
        chosen = bodies[0] if tests[0] in (True, "true") else bodies[1] if len(bodies) > 1 else []
        return joined(_pieces(place, at, chosen, raw) or [""])
    made = []
    words = [
        at.source[child.start_byte : child.end_byte].decode("utf-8", "replace")
        for child in intro.children
        if child.type == "identifier"
    ]
    for key, one in pairs(tests[0]):
        names = {words[0]: key, words[1]: one} if len(words) > 1 else {words[0]: one}
        made.append(joined(_pieces(place.having(**names), at, bodies[0], raw) or [""]))
    return joined(made or [""])


def pairs(over: Any) -> list[tuple[Any, Any]]:
    """What a ``for`` goes over: keys and values."""
    if isinstance(over, dict):
        return list(over.items())
    return list(enumerate(over)) if isinstance(over, list) else []


def _literal(source: bytes, raw: bool) -> str:
    text = source.decode("utf-8", "replace")
    return _ESCAPE.sub(lambda m: m[0] if raw and m[1] else _escaped(m), text) if "\\" in text or "{" in text else text


def _escaped(match: re.Match[str]) -> str:
    word = match[1]
    if word is None:
        return str(match[2])
    if word[0] in "uU" and len(word) > 1:
        code = int(word[1:], 16)
        return chr(code) if code < 0x110000 else match[0]
    return _ESCAPES.get(word, match[0])
