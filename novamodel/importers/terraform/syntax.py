"""Terraform files as blocks and expressions with their lines; what is broken is passed over with its line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NamedTuple

import tree_sitter_hcl
from tree_sitter import Language, Node, Parser

from novamodel.yamlfile import read_text

MAX_DEPTH = 60
"""Levels of nesting that are followed."""


class Expression(NamedTuple):
    """An attribute's value as parsed (nodes over the bytes of its file), with its place."""

    nodes: tuple[Node, ...]
    source: bytes
    file: str
    line: int

    @property
    def text(self) -> str:
        """The expression as written."""
        if not self.nodes:
            return ""
        return self.source[self.nodes[0].start_byte : self.nodes[-1].end_byte].decode("utf-8", "replace").strip()

    def inner(self, *nodes: Node) -> Expression:
        """A part of this expression."""
        line = nodes[0].start_point[0] + 1 if nodes else self.line
        return Expression(nodes, self.source, self.file, self.line if self.file == "" else line)


@dataclass
class Block:
    """One block: ``resource "aws_db_instance" "primary" { ... }``."""

    kind: str
    labels: tuple[str, ...]
    file: str
    line: int
    attributes: dict[str, Expression] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)

    def inner(self, kind: str) -> list[Block]:
        """Blocks of a kind inside this one."""
        return [block for block in self.blocks if block.kind == kind]

    def expressions(self) -> Iterator[Expression]:
        """Every attribute in this block and below."""
        yield from self.attributes.values()
        for block in self.blocks:
            yield from block.expressions()


class Parsed(NamedTuple):
    """The blocks of a file, its attributes outside of blocks (tfvars), and the line of the first mistake."""

    body: Block
    broken_at: int | None

    @property
    def blocks(self) -> list[Block]:
        """Top-level blocks."""
        return self.body.blocks


def read_file(path: Path, shown: str) -> Parsed:
    """A Terraform file. What cannot be read at all is a ``UserError``; a mistake inside is passed over."""
    return parse(read_text(path), shown)


def parse(text: str, shown: str) -> Parsed:
    """The blocks and attributes of a text in Terraform's language."""
    source = text.encode("utf-8")
    root = _parser().parse(source).root_node
    body = Block("", (), shown, 1)
    for child in root.children:
        if child.type == "body" or child.type == "ERROR":
            _body(child, source, body, 0)
    return Parsed(body, _first_mistake(root) if root.has_error else None)


def parse_template(text: str, shown: str, line: int) -> Expression | None:
    """A text with ``${...}`` in it as an expression; None where it cannot be parsed."""
    word = "NOVAMODEL_END"
    if word in text:
        return None
    found = parse(f"x = <<{word}\n{text}\n{word}\n", "").body.attributes.get("x")
    return found._replace(file=shown, line=line) if found else None


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_hcl.language()))


def _first_mistake(root: Node) -> int:
    """Line of the first broken place."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.type == "ERROR" or node.is_missing:
            return node.start_point[0] + 1
        waiting += [child for child in reversed(node.children) if child.has_error or child.is_missing]
    return root.start_point[0] + 1


def _word(node: Node, source: bytes) -> str:
    text = source[node.start_byte : node.end_byte].decode("utf-8", "replace")
    return text.strip('"') if node.type == "string_lit" else text


def _body(node: Node, source: bytes, into: Block, depth: int) -> None:
    if depth > MAX_DEPTH:
        return
    for child in node.children:
        if child.type == "attribute":
            name, values = child.children[0], child.children[2:]
            after = child.next_sibling or (node.next_sibling if child == node.children[-1] else None)
            cut = after is not None and after.type == "ERROR" and after.start_byte == child.end_byte  # such as 1e3
            if cut:
                into.attributes.setdefault(
                    _word(name, source), Expression((), source, into.file, child.start_point[0] + 1)
                )
            elif values and values[0].type == "expression":
                expression = Expression((values[0],), source, into.file, child.start_point[0] + 1)
                into.attributes.setdefault(_word(name, source), expression)
        elif child.type == "block":
            words = [_word(part, source) for part in child.children if part.type in ("identifier", "string_lit")]
            if not words:
                continue
            block = Block(words[0], tuple(words[1:]), into.file, child.start_point[0] + 1)
            for part in child.children:
                if part.type in ("body", "ERROR"):
                    _body(part, source, block, depth + 1)
            into.blocks.append(block)
        elif child.type in ("ERROR", "body"):
            _body(child, source, into, depth + 1)
