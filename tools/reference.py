"""Writes docs/scenario-reference.md: every key of a scenario, from the models themselves.

``python -m tools.reference`` writes the page; a test holds it in step.
"""

from __future__ import annotations

import json
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from novamodel.cli.schema import FILE_KEYS, SHORT_FORMS
from novamodel.scenario import Scenario
from novamodel.scenario.fields import Part
from novamodel.scenario.schema_walk import field_unit, part_of

PAGE = Path(__file__).parents[1] / "docs" / "scenario-reference.md"
WORDS = {"string": "text", "object": "text by path", "array": "list"}
"""JSON's types in a reader's words."""
PLAIN = {str: "text", int: "whole number", float: "number", bool: "true or false"}
SIZES = {
    "s": "time",
    "B": "size",
    "cores": "cores",
    "1/s": "rate",
    "s since midnight": "time of day",
}
"""What a quantity is called, by its SI unit."""
HEAD = """# Keys of a scenario

Written by `make reference` from the models: change those, not this page. [scenario.md](scenario.md) shows the language
by example. A key whose default is **needed** must be said. The last column says where a default comes from.
"""


def page() -> str:
    """The whole page."""
    parts = [
        HEAD,
        "## A file\n",
        *_table([(key, WORDS[facts["type"]], "", facts["description"], "") for key, facts in FILE_KEYS.items()]),
    ]
    for part in _parts_below(Scenario):
        parts += [f"\n## {part.__name__}\n", f"{_sentence(part)}\n"]
        if part.__name__ in SHORT_FORMS:
            examples = ", ".join(f"`{one}`" for one in SHORT_FORMS[part.__name__][1])
            parts.append(f"May be written as one text: {examples}.\n")
        parts += _table(list(_rows(part)))
    return "\n".join(parts) + "\n"


def _parts_below(root: type[Part]) -> list[type[Part]]:
    """Every part once, in the order in which a reader meets it."""
    found: dict[type[Part], None] = {root: None}
    for part in (queue := [root]):
        for field in part.model_fields.values():
            for inner in _parts_in(field.annotation):
                if inner not in found:
                    found[inner] = None
                    queue.append(inner)
    return list(found)


def _parts_in(annotation: Any) -> Iterator[type[Part]]:
    if (part := part_of(annotation)) is not None:
        yield part
        return
    for inner in get_args(annotation):
        yield from _parts_in(inner)


def _sentence(part: type[Part]) -> str:
    """The docstring's own words, its lines joined."""
    return " ".join((part.__doc__ or "").replace("``", "`").split())


def _rows(part: type[Part]) -> Iterator[tuple[str, str, str, str, str]]:
    for name, field in part.model_fields.items():
        if field.exclude:
            continue
        kind = _kind(field.annotation, field_unit(part, name), _is_share(field))
        default = "**needed**" if field.is_required() else _written(field.default)
        source = (field.json_schema_extra or {}).get("source", "")
        yield name, kind, default, field.description or "", source


def _is_share(field: Any) -> bool:
    return any(
        getattr(one, "json_schema", {}).get("x-unit") == "1" for one in field.metadata if hasattr(one, "json_schema")
    )


def _kind(annotation: Any, unit: str = "", share: bool = False) -> str:
    """The type of a value in a reader's words."""
    if share:
        return "share"
    if unit in SIZES and annotation is float:
        return SIZES[unit]
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    kind, inner = get_origin(annotation), get_args(annotation)
    if kind is Annotated:
        units = [
            one.json_schema["x-unit"] for one in inner[1:] if "x-unit" in (getattr(one, "json_schema", None) or {})
        ]
        return _kind(inner[0], *units, share=units == ["1"])
    if kind is Literal:
        return ", ".join(f"`{one}`" for one in inner)
    if kind is dict:
        return f"{_kind(inner[1])} by name"
    if kind is tuple and inner[-1] is Ellipsis:
        return f"list of {_kind(inner[0])}"
    if kind is tuple:
        return f"[{', '.join(_kind(one) for one in inner)}]"
    if kind in (Union, types.UnionType):
        return " or ".join(_kind(one, unit) for one in inner if one is not types.NoneType)
    return PLAIN.get(annotation, str(annotation))


def _written(default: Any) -> str:
    """A default as a file would write it."""
    if default is None:
        return ""
    if isinstance(default, str):
        return f"`{default}`" if default else ""
    return f"`{json.dumps(default)}`"


def _table(rows: list[tuple[str, str, str, str, str]]) -> list[str]:
    cells = [[text.replace("|", "\\|") for text in row] for row in rows]
    lines = [f"| `{row[0]}` | {' | '.join(row[1:])} |" for row in cells]
    return ["| key | value | default | meaning | source of the default |", "| --- | --- | --- | --- | --- |", *lines]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
