"""From a YAML file to a scenario: base, variant, imported files, overrides; one clear error for a mistake."""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from novamodel.errors import UserError
from novamodel.scenario.model import Scenario, field_unit, inner_model
from novamodel.scenario.origin import Origin, Tree
from novamodel.yamlfile import Lines, read_mapping

Importer = Callable[[Path, str | None], Tree]
"""Reads a folder of configuration files; the second argument is the platform to read (eks, ecs, compose; None: any)."""
MAX_EXTENDS = 8


def load_scenario(path: Path, importer: Importer | None = None) -> Scenario:
    """Read a scenario file.

    ``extends`` names a base file, ``imported`` a folder of configuration files (read by ``importer``),
    ``sources`` says of which kind values are (``{path: "measured: ..."}``). Later wins: defaults,
    imported files, base, variant.
    """
    return build(load_tree(path, importer))


def load_tree(path: Path, importer: Importer | None = None, platform: str | None = None, depth: int = 0) -> Tree:
    """The tree of a scenario file with its base and imported files below it.

    ``platform`` is the kind that a variant above this file has chosen: it decides which files an import reads.
    """
    if depth > MAX_EXTENDS:
        raise UserError(f"{path}: more than {MAX_EXTENDS} files extend each other; is there a circle?")
    values, lines = read_mapping(path)
    below = Tree()
    chosen = values.get("platform")
    platform = platform or (chosen.get("kind") if isinstance(chosen, dict) else None)
    base = values.pop("extends", None)
    folder = values.pop("imported", None)
    sources = values.pop("sources", None) or {}
    if base is not None:
        below = load_tree(_beside(path, base, "extends", lines), importer, platform, depth + 1)
    if folder is not None:
        if importer is None:
            raise UserError(f"{path}: 'imported' needs the importers, which this call does not have")
        below = importer(_beside(path, folder, "imported", lines), platform).merged(below)
    return below.merged(Tree(values, _origins(values, lines, path, sources)))


def build(tree: Tree) -> Scenario:
    """Validate a tree; the first mistake becomes a ``UserError`` with path, value, place and what is valid."""
    try:
        scenario = Scenario.model_validate(tree.values)
    except ValidationError as problem:
        raise _user_error(problem, tree) from None
    scenario._tree = tree
    return scenario


def _beside(path: Path, name: object, key: str, lines: Lines) -> Path:
    if not isinstance(name, str):
        raise UserError(f"{key} must name a file or folder", file=path, line=lines.get((key,)))
    target = path.parent / name
    if not target.exists():
        raise UserError(f"{key} names {name}, which does not exist", file=path, line=lines.get((key,)))
    return target


def _origins(values: Any, lines: Lines, path: Path, sources: Any) -> dict[str, Origin]:
    if not isinstance(sources, dict) or not all(isinstance(text, str) for text in sources.values()):
        raise UserError(
            "sources must map a path to a sentence like 'measured: ...'", file=path, line=lines.get(("sources",))
        )
    result = {}
    for where, line in lines.items():
        dotted = ".".join(str(word) for word in where)
        if where[0] in ("extends", "imported", "sources"):
            continue
        words = dotted.split(".")
        said = next((sources[p] for p in (".".join(words[:n]) for n in range(len(words), 0, -1)) if p in sources), None)
        kind = said.split(":")[0].split()[0] if said else "file"
        result[dotted] = Origin(kind, said or "", path.name, line)
    for where in sources:
        if where not in result and not any(p.startswith(where + ".") for p in result):
            raise UserError(
                f"sources names {where!r}, which this file does not set", file=path, line=lines.get(("sources", where))
            )
    return result


def _user_error(problem: ValidationError, tree: Tree) -> UserError:
    details = problem.errors(include_url=False)
    error = next((e for e in details if e["type"] == "extra_forbidden"), details[0])
    words = [
        str(word)
        for word in error["loc"]
        if not (isinstance(word, str) and ("[" in word or word in ("literal", "tuple")))
    ]
    path = ".".join(words)
    message = error["msg"].removeprefix("Value error, ")
    named = re.match(r"([\w-]+(?:\.[\w-]+)+):? (?=\S)", message)
    if not path and named:  # a rule over the whole scenario names the path itself
        words = named[1].split(".")
    origin = _nearest_origin(tree, words)
    valid = None
    if error["type"] == "extra_forbidden":
        message = f"unknown key {words[-1]!r}"
        valid = _nearest(words)
    elif error["type"] == "missing":
        message = f"{words[-1]!r} is needed and nothing says it"
    elif "than" in error["type"] and (unit := field_unit(path)):
        message = f"{message} {unit} (given: {error['input']!r})"
    elif len(str(error.get("input"))) < 60 and not isinstance(error.get("input"), dict):
        message = f"{message} (given: {error['input']!r})"
    more = f" (and {len(details) - 1} more)" if len(details) > 1 and error["type"] != "extra_forbidden" else ""
    return UserError(
        message + more,
        file=origin.file if origin else None,
        line=origin.line if origin else None,
        path=path or None,
        valid=valid,
    )


def _nearest_origin(tree: Tree, words: list[str]) -> Origin | None:
    """Where the value at a path was written, what an override below it says, or the nearest part around it."""
    inside = (origin for path, origin in tree.origins.items() if path.startswith(".".join(words) + "."))
    overridden = next((origin for origin in inside if origin.kind == "override"), None)
    if overridden is not None:
        return overridden
    prefixes = (".".join(words[:size]) for size in range(len(words), 0, -1))
    return tree.origin(".".join(words)) or next((tree.origins[p] for p in prefixes if p in tree.origins), None)


def _nearest(words: list[str]) -> str:
    model: Any = Scenario
    for word in words[:-1]:
        field = getattr(model, "model_fields", {}).get(word)
        if field is not None:
            model = inner_model(field.annotation) or model
    names = list(model.model_fields)
    close = get_close_matches(words[-1], names, n=1, cutoff=0.4)
    return f"did you mean {close[0]!r}? keys here: {', '.join(names)}" if close else f"keys here: {', '.join(names)}"
