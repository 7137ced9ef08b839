"""The raw tree behind a scenario: values as written, and who wrote each."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

from novamodel.errors import UserError


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
    """Values as written, the origin of every path, and what the import found."""

    def __init__(
        self,
        values: dict[str, Any] | None = None,
        origins: dict[str, Origin] | None = None,
        findings: Iterable[dict[str, Any]] = (),
    ) -> None:
        self.values = values or {}
        self.origins = origins or {}
        self.findings = list(findings)

    def origin(self, path: str) -> Origin | None:
        """Who wrote the value at a path, or None where nobody did and the default holds."""
        node: Any = self.values
        for word in path.split("."):
            if isinstance(node, dict):
                if word not in node:
                    return None
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
        """This tree with another laid over it; mappings merge, an empty one empties, everything else is replaced."""
        origins = dict(self.origins)
        values = _merge(copy.deepcopy(self.values), later.values, (), origins)
        return Tree(values, origins | later.origins, [*self.findings, *later.findings])

    def with_changes(self, changes: Mapping[str, Any], said_by: str, known: Mapping[str, Any]) -> Tree:
        """This tree with single values replaced; a path that no scenario has is a ``UserError``.

        ``said_by`` that begins with "derived" marks the values as worked out, not as wished for.
        """
        result = Tree(copy.deepcopy(self.values), dict(self.origins), self.findings)
        for path, value in changes.items():
            _check_path(path, known)
            _put(result.values, path.split("."), value, path)
            for old in [p for p in result.origins if p == path or p.startswith(path + ".")]:
                del result.origins[old]
            kind = "derived" if said_by.startswith("derived") else "override"
            result.origins[path] = Origin(kind, said_by, None, None)
        return result


def _merge(base: Any, later: Any, path: tuple[str, ...], origins: dict[str, Origin]) -> Any:
    if isinstance(base, dict) and isinstance(later, dict) and (later or not path):
        for key, value in later.items():
            inner = (*path, str(key))
            base[key] = _merge(base[key], value, inner, origins) if key in base else copy.deepcopy(value)
        return base
    prefix = ".".join(path)
    for old in [p for p in origins if p == prefix or p.startswith(prefix + ".")]:
        del origins[old]
    return copy.deepcopy(later)


def _check_path(path: str, known: Mapping[str, Any]) -> None:
    """A path is valid when it is a value or a part of the resolved scenario."""
    prefixes = {".".join(p.split(".")[:size]) for p in known for size in range(1, len(p.split(".")) + 1)}
    if path in prefixes:
        return
    words = path.split(".")
    nearest = get_close_matches(path, sorted(prefixes), n=3, cutoff=0.5)
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


def _put(values: Any, words: list[str], value: Any, path: str) -> None:
    node = values
    for position, word in enumerate(words):
        last = position == len(words) - 1
        if isinstance(node, list):
            if not word.isdigit() or int(word) >= len(node):
                raise UserError(
                    f"override path {path!r}: the list has {len(node)} items", valid=f"0 to {len(node) - 1}"
                )
            index: Any = int(word)
        elif isinstance(node, dict):
            index = word
            if not last and (index not in node or node[index] is None):
                node[index] = {}
        else:
            raise UserError(
                f"override path {path!r}: {'.'.join(words[:position])} is written as one value",
                valid="override it whole",
            )
        if last:
            node[index] = value
        else:
            node = node[index]
