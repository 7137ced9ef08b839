"""Terraform files as blocks with lines; only literals, variables with defaults and locals are resolved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import hcl2
from lark import Token, Tree
from lark.exceptions import LarkError, UnexpectedInput

from novamodel.errors import UserError
from novamodel.yamlfile import read_text

MAX_STEPS = 20


class Expression(NamedTuple):
    """An attribute's value as parsed, with its text and place."""

    tree: Any
    text: str
    file: str
    line: int


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


class Unresolved(Exception):
    """An expression that only Terraform itself can work out; its text says which part."""


def read_blocks(path: Path, shown: str) -> list[Block]:
    """The top-level blocks of a Terraform file; a broken file is a ``UserError`` with its line."""
    text = read_text(path)
    try:
        tree = hcl2.parses_to_tree(text)
    except UnexpectedInput as problem:
        line = min(max(problem.line, 1), text.count("\n") + 1) if isinstance(problem.line, int) else None
        at_end = "$END" in str(problem)
        why = "the file ends inside a block" if at_end else _near(text, line)
        raise UserError(f"not valid Terraform: {why}", file=path, line=line) from None
    except (LarkError, RecursionError, ValueError) as problem:
        raise UserError(f"not valid Terraform: {str(problem).splitlines()[0]}", file=path) from None
    try:
        return _body(tree.children[0], text, shown).blocks if tree.children else []
    except RecursionError:
        raise UserError("not valid Terraform: nested too deeply", file=path) from None


def _near(text: str, line: int | None) -> str:
    lines = text.splitlines()
    return f"near {lines[line - 1].strip()[:60]!r}" if line and line <= len(lines) else "it cannot be parsed"


def _body(body: Any, text: str, shown: str) -> Block:
    result = Block("", (), shown, 1)
    for child in getattr(body, "children", []):
        if not isinstance(child, Tree):
            continue
        if child.data == "attribute":
            name, value = _leaf(child.children[0]), child.children[-1]
            result.attributes[name] = _expression(value, text, shown)
        elif child.data == "block":
            words = [_leaf(part) for part in child.children[:-1] if isinstance(part, Tree) and part.data != "body"]
            words = [word for word in words if word]
            inner = next((part for part in child.children if isinstance(part, Tree) and part.data == "body"), None)
            block = _body(inner, text, shown)
            block.kind, block.labels, block.line = words[0], tuple(words[1:]), child.meta.line
            result.blocks.append(block)
    return result


def _expression(tree: Any, text: str, shown: str) -> Expression:
    if isinstance(tree, Token):
        return Expression(tree, str(tree), shown, tree.line or 1)
    meta = tree.meta
    if meta.empty:
        return Expression(tree, "", shown, 1)
    return Expression(tree, text[meta.start_pos : meta.end_pos].strip(), shown, meta.line)


def _leaf(tree: Any) -> str:
    """The word inside an identifier or a plain string."""
    if isinstance(tree, Token):
        return str(tree)
    words = [str(token) for token in tree.scan_values(lambda t: isinstance(t, Token))]
    return "".join(word for word in words if word != '"').strip() if tree.data != "new_line_or_comment" else ""


class Names:
    """Variables with defaults and locals of a folder."""

    def __init__(self, blocks: list[Block]) -> None:
        self.declared = {block.labels[0] for block in blocks if block.kind == "variable" and block.labels}
        self.values: dict[str, Expression] = {}
        for block in blocks:
            if block.kind == "variable" and block.labels and "default" in block.attributes:
                self.values[f"var.{block.labels[0]}"] = block.attributes["default"]
            elif block.kind == "locals":
                self.values |= {f"local.{name}": value for name, value in block.attributes.items()}

    def resolve(self, expression: Expression) -> Any:
        """The plain value of a literal, a variable with a default or a local; else ``Unresolved``."""
        return self._value(expression.tree, expression.text, 0)

    def _value(self, tree: Any, text: str, steps: int) -> Any:
        if steps > MAX_STEPS:
            raise Unresolved(text)
        if isinstance(tree, Token):
            return self._token(tree, text)
        parts = [p for p in tree.children if not (isinstance(p, Tree) and p.data == "new_line_or_comment")]
        if tree.data == "string":
            return self._string(parts, text, steps)
        if tree.data == "get_attr_expr_term":
            name = "".join(str(t) for t in tree.scan_values(lambda t: isinstance(t, Token))).strip()
            if name in self.values:
                inner = self.values[name]
                return self._value(inner.tree, inner.text, steps + 1)
            raise Unresolved(text)
        if tree.data == "unary_op" and len(parts) == 2 and "-" in str(_leaf(parts[0])):
            number = self._value(parts[1], text, steps + 1)
            if isinstance(number, int | float):
                return -number
            raise Unresolved(text)
        if tree.data == "identifier" and _leaf(tree) in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[_leaf(tree)]
        if len(parts) == 1 and tree.data not in ("identifier", "tuple", "object"):
            return self._value(parts[0], text, steps + 1)
        raise Unresolved(text)

    def _token(self, token: Token, text: str) -> Any:
        word = str(token).strip()
        if word in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[word]
        try:
            return int(word) if word.isdecimal() and len(word) < 16 else float(word)
        except ValueError:
            raise Unresolved(text) from None

    def _string(self, parts: list[Any], text: str, steps: int) -> str:
        result = ""
        for part in parts:
            if isinstance(part, Token):
                continue
            for piece in part.children:
                if isinstance(piece, Token):
                    result += str(piece)
                else:
                    inner = [p for p in piece.children if isinstance(p, Tree)]
                    value = self._value(inner[0], text, steps + 1) if len(inner) == 1 else None
                    if not isinstance(value, str | int | float):
                        raise Unresolved(text)
                    result += str(value)
        return result
