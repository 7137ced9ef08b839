"""The raw tree behind a scenario: values as written, and who wrote each."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from novamodel.errors import UserError, near
from novamodel.scenario.merging import made_void, merge
from novamodel.scenario.naming import MAIN, ONE_OF, main_path

Opened = Callable[[str, Any], Any]
"""Path and what is written there (a text, or None) to the mapping or list that it stands for."""


class Origin(NamedTuple):
    """Who set a value: ``kind`` is default, documented, measured, assumed, derived, file or override."""

    kind: str
    source: str
    file: str | None
    line: int | None

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.file and self.line else self.file or ""
        return " ".join(part for part in (self.kind, place, self.source if self.source != self.kind else "") if part)


class Tree:
    """Values as written, the origin of every path, what the import found, and what it saw and has no model for."""

    def __init__(
        self,
        values: dict[str, Any] | None = None,
        origins: dict[str, Origin] | None = None,
        findings: Iterable[dict[str, Any]] = (),
        not_modelled: Iterable[dict[str, Any]] = (),
    ) -> None:
        self.values = values or {}
        self.origins = origins or {}
        self.findings = list(findings)
        self.not_modelled = list(not_modelled)

    def origin(self, path: str) -> Origin | None:
        """Who wrote the value at a path, or None where nobody did and the default holds."""
        path = main_path(path)
        node: Any = self.values
        for word in path.split("."):
            if isinstance(node, dict):
                if word not in node:
                    giver = next((key for key in ("samples", "mixture") if word in ("busy", "law") and key in node), "")
                    return self.origin(f"{path.rpartition('.')[0]}.{giver}") if giver else None
                node = node[word]
            elif isinstance(node, list) and word.isdigit() and int(word) < len(node):
                node = node[int(word)]
            else:
                break  # written as one value ("139 us lognormal 0.5"): its parts have its origin
        words = path.split(".")
        for size in range(len(words), 0, -1):
            found = self.origins.get(".".join(words[:size]))
            if found is not None:
                return found
        return None

    def merged(self, later: Tree) -> Tree:
        """This tree with another laid over it.

        Mappings merge, an empty one empties, a mix, populations and sessions are restated whole, and everything else
        is replaced.
        """
        gone: list[tuple[str, ...]] = []
        values = merge(copy.deepcopy(self.values), later.values, (), gone)
        origins = _without(self.origins, [".".join(path) for path in gone])
        left = [*self.not_modelled, *later.not_modelled]
        return Tree(values, origins | later.origins, [*self.findings, *later.findings], left)

    def with_changes(
        self, changes: Mapping[str, Any], said_by: str, known: Mapping[str, Any], opened: Opened = lambda *_: {}
    ) -> Tree:
        """This tree with single values replaced; a path that no scenario has is a ``UserError``.

        ``said_by`` that begins with "derived" marks the values as worked out, not as wished for. ``opened`` says which
        mapping or list a part is that is written as one text, or is not written.
        """
        result = Tree(copy.deepcopy(self.values), dict(self.origins), self.findings, self.not_modelled)
        kind = "derived" if said_by.startswith("derived") else "override"
        for path, value in _normal(changes).items():
            _check_path(path, known)
            result.origins = _without(result.origins, [path, *_drop_void(result.values, path, value, changes)])
            _put(result, path.split("."), value, opened)
            result.origins[path] = Origin(kind, said_by, None, None)
        return result


def _without(origins: Mapping[str, Origin], gone: list[str]) -> dict[str, Origin]:
    """The origins outside of the paths that are gone."""
    below = tuple(f"{path}." for path in gone)
    return {path: one for path, one in origins.items() if path not in gone and not path.startswith(below)}


def _normal(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Changes with ``databases.main`` as ``database``, likewise edges and caches."""
    result: dict[str, Any] = {}
    for path, value in changes.items():
        if path in ONE_OF and isinstance(value, dict) and MAIN in value:
            result[ONE_OF[path]] = value[MAIN]
            value = {name: part for name, part in value.items() if name != MAIN}
        result[main_path(path)] = value
    return result


def _drop_void(values: dict[str, Any], path: str, value: Any, changes: Mapping[str, Any]) -> list[str]:
    """Take away what a change makes void (see `merging.made_void`), but for what the changes say; the paths."""
    *above, last = path.split(".")
    node: Any = values
    for word in above:
        node = node.get(word) if isinstance(node, dict) else None
    if not isinstance(node, dict):
        return []
    keys = made_void(tuple(above), node, {last: value})
    gone = [key for key in keys if not any(f"{p}.".startswith(".".join([*above, key, ""])) for p in changes)]
    for key in gone:
        del node[key]
    return [".".join([*above, key]) for key in gone]


def _check_path(path: str, known: Mapping[str, Any]) -> None:
    """A path is valid when it is a value or a part of the resolved scenario."""
    if path in known or any(p.startswith(f"{path}.") for p in known):
        return
    prefixes = {".".join(p.split(".")[:size]) for p in known for size in range(1, len(p.split(".")) + 1)}
    words = path.split(".")
    nearest = near(path, sorted(prefixes), 3, 0.5)
    parent = ".".join(words[:-1])
    siblings = (
        sorted({p[len(parent) + 1 :].split(".")[0] for p in prefixes if p.startswith(parent + ".")})
        if parent in prefixes
        else []
    )
    valid = (
        f"nearest: {', '.join(nearest)}"
        if nearest
        else f"below {parent}: {', '.join(siblings)}"
        if siblings
        else "see novamodel schema"
    )
    raise UserError(f"override path {path!r} does not exist", valid=valid)


def _put(tree: Tree, words: list[str], value: Any, opened: Opened) -> None:
    """Set one value; parts on the way that are one text, or are not written, become mappings first."""
    path = ".".join(words)
    node: Any = tree.values
    for position, word in enumerate(words):
        last = position == len(words) - 1
        here = ".".join(words[: position + 1])
        index: Any = word
        if isinstance(node, list):
            if not word.isdigit() or int(word) >= len(node):
                raise UserError(
                    f"override path {path!r}: the list has {len(node)} items", valid=f"0 to {len(node) - 1}"
                )
            index = int(word)
        if last:
            node[index] = value
            return
        inner = node[index] if isinstance(node, list) else node.get(word)
        if not isinstance(inner, (dict, list)):
            inner = opened(here, inner)
            if not isinstance(inner, (dict, list)):
                raise UserError(f"override path {path!r}: {here} is written as one value", valid="override it whole")
            node[index] = inner
        node = inner
