"""Parameters of a notebook: what they may be, and those that it lacks refused.

papermill only warns of a parameter that a notebook does not have, and would run it with the rest; it does not enforce
annotations either.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from novamodel.changes import changes_from, yaml_value
from novamodel.errors import UserError

INJECTED = "# Parameters\n"
"""How papermill begins the cell of the parameters that it was given."""
_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "dict": (dict,),
    "list": (list,),
    "tuple": (list,),
    "None": (type(None),),
}


def checked_parameters(names: Mapping[str, Any]) -> dict[str, Any]:
    """The overrides that a notebook was given, as a mapping; a parameter that it does not have is a ``UserError``.

    ``names``: the notebook's ``globals()``. Overrides may be a mapping, or a text: one as YAML or JSON, or
    ``PATH=VALUE; PATH=VALUE``.
    """
    cells = [text for text in names.get("In", ()) if isinstance(text, str)]
    declared = next((kinds for kinds in map(_kinds, cells) if "scenario" in kinds), {})
    given = [name for text in cells if text.startswith(INJECTED) for name in _assigned(text)]
    for name in given if declared else ():
        if name not in declared:
            raise UserError(f"this notebook has no parameter {name!r}", valid=list(declared), given=name)
    for name, kind in declared.items():
        if name != "overrides" and name in names and not fits(names[name], kind):
            raise UserError(f"parameter {name}: {names[name]!r} is a {type(names[name]).__name__}", valid=kind)
    return _overrides(names.get("overrides") or {})


def _overrides(written: Any) -> dict[str, Any]:
    if isinstance(written, str):
        parts = [part.strip() for part in written.replace("\n", ";").split(";") if part.strip()]
        whole = None if all("=" in part for part in parts) else yaml_value(written, "overrides")
        written = whole if isinstance(whole, dict) else changes_from(parts, "overrides:")
    if not isinstance(written, dict):
        valid = "a mapping of paths to values, or a text: PATH=VALUE; PATH=VALUE"
        raise UserError(f"parameter overrides: {written!r} is a {type(written).__name__}", valid=valid)
    return written


def _kinds(source: str) -> dict[str, str]:
    try:
        return kinds_of(source)
    except (SyntaxError, ValueError):  # a cell of another kind: a magic, or one that computes
        return {}


def _assigned(source: str) -> list[str]:
    """Names that a cell of plain assignments gives values to."""
    statements = ast.parse(source).body
    return [s.targets[0].id for s in statements if isinstance(s, ast.Assign) and isinstance(s.targets[0], ast.Name)]


def kinds_of(source: str) -> dict[str, str]:
    """Name of each parameter in a parameters cell to its annotation, or the type of its default where it has none."""
    kinds = {}
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            kinds[statement.target.id] = ast.unparse(statement.annotation)
        elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            default = ast.literal_eval(statement.value)
            kinds[statement.targets[0].id] = "Any" if default is None else type(default).__name__
    return kinds


def fits(value: Any, kind: str) -> bool:
    """Whether a value is of an annotated kind, such as ``int | None`` or ``dict[str, int]``; unknown kinds fit."""
    found: list[type] = []
    for part in kind.split("|"):
        name = part.strip().partition("[")[0]
        if name not in _TYPES:
            return True
        found += _TYPES[name]
    if isinstance(value, bool):
        return bool in found
    return isinstance(value, tuple(found))
