"""References to variables and resources that no file of their folder declares: ``terraform plan`` refuses them."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from novamodel.importers.report import Draft
from novamodel.importers.terraform.read import Terraform
from novamodel.importers.terraform.syntax import Block, Expression


def find_undeclared(terraform: Terraform, draft: Draft) -> None:
    """Note each of them."""
    seen: set[str] = set()
    for module in terraform.modules:
        if module.path in seen:
            continue
        seen.add(module.path)
        for name, file, line in _undeclared(module.blocks):
            what = "variable" if name.startswith("var.") else "resource"
            draft.find(
                "error",
                f"terraform-{what}-undeclared",
                file,
                line,
                f"{name} is declared in no file of this folder: terraform plan fails",
                f"declare the {what}, or import the folder that does",
            )


def _undeclared(blocks: list[Block]) -> Iterator[tuple[str, str, int]]:
    variables = {block.labels[0] for block in blocks if block.kind == "variable" and block.labels}
    made = {block.labels for block in blocks if block.kind == "resource"}
    for block in blocks:
        for expression in block.expressions():
            for first, second, line in _names(expression):
                if first == "var" and second not in variables:
                    yield f"var.{second}", expression.file, line
                elif first.startswith("aws_") and (first, second) not in made:
                    yield f"{first}.{second}", expression.file, line


def _names(expression: Expression) -> Iterator[tuple[str, str, int]]:
    """(first word, second word, line) of every dotted name in an expression."""
    waiting = list(expression.nodes)
    while waiting:
        node = waiting.pop()
        children = node.children
        for place, child in enumerate(children[:-1]):
            if child.type == "variable_expr" and children[place + 1].type == "get_attr":
                after = children[place + 1].children[-1]
                yield _text(expression, child), _text(expression, after), child.start_point[0] + 1
        waiting += children


def _text(expression: Expression, node: Node) -> str:
    return expression.source[node.start_byte : node.end_byte].decode("utf-8", "replace")
