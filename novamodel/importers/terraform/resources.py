"""A folder's Terraform files: resources by type, values of attributes, where each is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from novamodel.importers.report import Draft
from novamodel.importers.terraform.hclfile import Block, Names, Unresolved, read_blocks


class Terraform:
    """All blocks of a folder's Terraform files and the names they declare."""

    def __init__(self, paths: list[tuple[Path, str]]) -> None:
        self.blocks = [block for path, shown in paths for block in read_blocks(path, shown)]
        self.names = Names(self.blocks)

    def resources(self, *types: str) -> list[Block]:
        """Resource blocks of some types; all of them without arguments."""
        found = [block for block in self.blocks if block.kind == "resource" and len(block.labels) == 2]
        return [block for block in found if not types or block.labels[0] in types]

    @property
    def platform(self) -> str | None:
        """The platform that the resources speak of."""
        types = {block.labels[0] for block in self.resources()}
        if "aws_eks_cluster" in types:
            return "eks"
        return "ecs" if any(name.startswith("aws_ecs_") for name in types) else None

    def value(self, block: Block, key: str, draft: Draft) -> Any:
        """The resolved value of an attribute; None (and a note) where only Terraform can work it out."""
        expression = block.attributes.get(key)
        if expression is None:
            return None
        try:
            return self.names.resolve(expression)
        except Unresolved as why:
            draft.leave(
                expression.file, expression.line, f"{key} = {expression.text[:60]}", f"not resolved: {str(why)[:60]}"
            )
            return None


def place(block: Block, key: str) -> tuple[str, int]:
    """File and line of an attribute, or of the block that leaves it out."""
    expression = block.attributes.get(key)
    return (expression.file, expression.line) if expression else (block.file, block.line)
