"""The rules of a component with their sources, in the words of the modules that runs call."""

from __future__ import annotations

import ast
import runpy
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "novamodel"
UNUSED = ROOT / "tests" / "project" / "test_rules_in_runs.py"
COMPONENTS = "components."


def of_modules(names: list[str]) -> str:
    """Each named module of `novamodel`: what it says of itself, and its functions, those that no run calls marked."""
    return "\n".join(_of_module(name) for name in names)


@cache
def unused() -> dict[str, str]:
    """Rule -> why no run calls it, from the test that holds the list."""
    return dict(runpy.run_path(str(UNUSED))["NOT_IN_RUNS"])


def _of_module(name: str) -> str:
    file = PACKAGE / f"{name.replace('.', '/')}.py"
    if not file.is_file():
        file = PACKAGE / name.replace(".", "/") / "__init__.py"
    tree = ast.parse(file.read_text(encoding="utf-8"))
    lines = [f"### `{name}`", "", markdown(ast.get_docstring(tree) or ""), ""]
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            said = markdown(ast.get_docstring(node) or "").split("\n\n")[0].replace("\n", " ")
            why = unused().get(f"{name}.{node.name}".removeprefix(COMPONENTS))
            lines.append(f"* `{node.name}`: {said}" + (f" *No run calls it: {markdown(why)}.*" if why else ""))
    return "\n".join([*lines, ""])


def markdown(text: str) -> str:
    """A docstring as Markdown: its code marks are single, its angle brackets, stars and underscores are meant."""
    parts = text.replace("``", "`").split("`")
    parts[::2] = [_plain(part) for part in parts[::2]]
    return "`".join(parts)


def _plain(text: str) -> str:
    lines = []
    for line in text.replace("<", "&lt;").split("\n"):
        begin = "* " if line.startswith("* ") else ""
        lines.append(begin + line[len(begin) :].replace("*", "\\*").replace("_", "\\_").replace("[", "\\["))
    return "\n".join(lines)
