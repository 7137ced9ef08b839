"""What parts of the model leave out, and their keys: from the schema and from the registry of what is not modelled."""

from __future__ import annotations

from functools import cache
from typing import Any

from novamodel.cli.schema import file_schema
from novamodel.scenario.not_modelled import NOT_MODELLED

REFERENCE = "../scenario-reference.md"
MISSING = "missing "
"""Begins a line that names a key of the registry; other lines name parts of the schema."""


@cache
def parts() -> dict[str, Any]:
    """The parts of the schema; one that may be written as text stands in an alternative."""
    return {
        name: next((one for one in part.get("anyOf", []) if "properties" in one), part)
        for name, part in file_schema()["$defs"].items()
    }


@cache
def simplified() -> dict[str, str]:
    """Part of the schema -> what it leaves out (`x-simplified`)."""
    return {name: part["x-simplified"] for name, part in parts().items() if "x-simplified" in part}


def of_parts(lines: list[str]) -> str:
    """Limits of the named parts and keys of the registry; an unknown name is a KeyError."""
    told = []
    for line in lines:
        if line.startswith(MISSING):
            told.append(f"* Not modelled yet: {NOT_MODELLED[line.removeprefix(MISSING)]}.")
        elif "x-simplified" in parts()[line]:
            told.append(f"* `{line}` is simplified: {simplified()[line]}.")
    return "\n".join(told or [f"The schema marks no part of it as simplified ({', '.join(lines)})."]) + "\n"


def of_all(lines: list[str]) -> str:
    """Every limit that the registry and the schema name."""
    told = [f"* Not modelled yet: {sentence}." for sentence in NOT_MODELLED.values()]
    told += [f"* `{name}` is simplified: {lacks}." for name, lacks in simplified().items()]
    return "\n".join(told) + "\n"


def keys(names: list[str]) -> str:
    """A line of links to the keys of parts; an unknown part is a KeyError."""
    links = [f"[{name}]({REFERENCE}#{name.lower()})" for name in names if parts()[name]]
    return f"Every key, with its default and the default's source: {', '.join(links)}.\n"
