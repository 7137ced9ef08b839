"""Which tests hold a component, counted from the files."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]


def of_files(names: list[str]) -> str:
    """A line for each test file: what it says it holds, how many tests, how many of them are properties."""
    return "Tests that hold it:\n\n" + "\n".join(_line(name) for name in names) + "\n"


def _line(name: str) -> str:
    tree = ast.parse((ROOT / "tests" / name).read_text(encoding="utf-8"))
    tests = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    ]
    properties = sum(any("given" in ast.unparse(one) for one in test.decorator_list) for test in tests)
    said = (ast.get_docstring(tree) or "").split("\n\n")[0].replace("\n", " ")
    many = f"{len(tests)} test{'' if len(tests) == 1 else 's'}"
    counted = many + (f", {properties} of them properties (hypothesis)" if properties else "")
    return f"* `tests/{name}` ({counted}): {said}"
