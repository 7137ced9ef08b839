"""An imported tree over the assumptions, without the values that no scenario may have: one never stops a folder."""

from __future__ import annotations

from typing import Any

from novamodel.errors import UserError
from novamodel.scenario import Finding, Tree, build, finding

_NAMED = ("services", "databases", "caches")
_WHOLE = (*_NAMED, "edge", "database", "cache")
"""Parts that are never left out whole, nor one of those that have names."""
MOST = 200
"""Values that are left out at most before the mistake is taken for one of ours."""


def mended(assumed: Tree, imported: Tree) -> Tree:
    """The imported tree laid over the assumed one; what is refused is left out, each with a finding.

    A part of which nothing is said (``{}``) does not empty what is assumed about it. A mistake that no imported value
    makes is the ``UserError`` that it is.
    """
    values = _without_empty(imported.values, assumed.values)
    imported = Tree(values, dict(imported.origins), imported.findings, imported.not_modelled)
    findings: list[Finding] = []
    for _ in range(MOST):
        tree = assumed.merged(imported)
        try:
            build(tree)
        except UserError as problem:
            path = _said_at(problem.path or "", imported)
            if path is None:
                raise
            findings.append(_left_out(path, problem, imported))
            _remove(path, imported)
            imported.values = _without_empty(imported.values, assumed.values)
            continue
        tree.findings += findings
        return tree
    build(tree)
    return tree


def _without_empty(values: Any, base: Any) -> Any:
    """The values without the empty mappings that stand where the other tree has something."""
    if not isinstance(values, dict) or not isinstance(base, dict):
        return values
    kept = {key: _without_empty(inner, base.get(key)) for key, inner in values.items()}
    return {key: inner for key, inner in kept.items() if not (inner == {} and base.get(key) is not None)}


def _said_at(path: str, imported: Tree) -> str | None:
    """The path itself, or the nearest part around it, that the import has made; None where it has not."""
    words = path.split(".")
    for size in range(len(words), 0, -1):
        node: Any = imported.values
        for word in words[:size]:
            node = node.get(word) if isinstance(node, dict) else None
        short = ".".join(words[:size])
        if node is not None and short not in _WHOLE and not (size == 2 and words[0] in _NAMED):
            return short
    return None


def _left_out(path: str, problem: UserError, imported: Tree) -> Finding:
    origin = imported.origin(path)
    shown = f"{path}: {problem.message}"
    file, line = (origin.file, origin.line) if origin is not None else (problem.file, problem.line)
    fix = f"valid: {problem.valid}" if problem.valid else "correct it"
    return finding("error", "value-left-out", file, line, f"{shown} (left out: what is assumed holds)", fix)


def _remove(path: str, imported: Tree) -> None:
    *above, last = path.split(".")
    node = imported.values
    for word in above:
        node = node[word]
    del node[last]
    gone = [one for one in imported.origins if one == path or one.startswith(f"{path}.")]
    for one in gone:
        del imported.origins[one]
