"""The command reference, from the commands themselves."""

from __future__ import annotations

from typing import Any

import typer

from novamodel.cli.app import command

WIDTH = 100
"""Characters of a line of help."""


def reference(lines: list[str]) -> str:
    """Each command with its help, word for word; groups after themselves."""
    parts = []
    for path, one in walk(command, "novamodel"):
        level = "##" if path.count(" ") < 2 else "###"
        parts += [f"{level} {path}", "", "```text", help_of(path, one), "```", ""]
    return "\n".join(parts)


def walk(one: Any, path: str) -> list[tuple[str, Any]]:
    """A command and those below it, with the words that call them."""
    found = [(path, one)]
    for name, below in getattr(one, "commands", {}).items():
        found += walk(below, f"{path} {name}")
    return found


def help_of(path: str, one: Any) -> str:
    """What `--help` prints, `WIDTH` characters wide."""
    above: typer.Context | None = None
    for word in path.split()[:-1]:
        above = typer.Context(command, info_name=word, parent=above)
    context = one.make_context(path.split()[-1], ["--help"], parent=above, resilient_parsing=True)
    context.terminal_width = context.max_content_width = WIDTH
    return str(one.get_help(context)).rstrip()
