"""The documentation's Sphinx extension: notebooks as pages, and what pages say of the model taken from data.

A fenced block `{made} NAME` in a page is replaced by what the function of that name makes of the lines in it.
"""

from __future__ import annotations

import re
from itertools import count
from typing import Any

from tools.site import accuracy, commands, limits, notebooks, offline, rules, said, tested

MADE = {
    "accuracy": accuracy.of_files,
    "accuracy-of-all": accuracy.of_all,
    "accuracy-pages": accuracy.pages,
    "commands": commands.reference,
    "keys": limits.keys,
    "limits": limits.of_parts,
    "limits-of-all": limits.of_all,
    "questions": notebooks.questions,
    "rules": rules.of_modules,
    "screen": said.screen,
    "stack": accuracy.of_stack,
    "tests": tested.of_files,
}
"""What a block may be made of: lines in, Markdown out. `said` knows the page too, and which of its commands it is."""
BLOCK = re.compile(r"^```\{made\} ([a-z-]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def made(text: str, page: str) -> str:
    """A page with its blocks made; an unknown name is a KeyError."""
    numbers = count(1)

    def of(block: re.Match[str]) -> str:
        lines = block[2].splitlines()
        return said.block(lines, page, next(numbers)) if block[1] == "said" else MADE[block[1]](lines)

    return BLOCK.sub(of, text)


def _read(app: Any, page: str, source: list[str]) -> None:
    source[0] = made(source[0], page)


def setup(app: Any) -> dict[str, Any]:
    """Sphinx's entry."""
    app.connect("builder-inited", notebooks.copy)
    app.connect("html-page-context", notebooks.add_scripts)
    app.connect("source-read", _read)
    app.connect("build-finished", offline.check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
