"""Names: the part that stands by itself and the ones by name, and the nearest name to a wrong one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from novamodel.errors import near

MAIN = "main"
"""Name of the database, cache, edge and traffic source that stand by themselves (``database:``, ``cache:``, ...)."""
ONE_OF = {"edges": "edge", "databases": "database", "caches": "cache"}
"""The key for many of a kind, and the key for the one that stands by itself."""


def main_by_itself(values: Any) -> Any:
    """``databases: {main: ...}`` as ``database: ...``, likewise edges and caches. ValueError where both are said."""
    if not isinstance(values, dict):
        return values
    values = dict(values)
    for many, one in ONE_OF.items():
        inner = values.get(many)
        if isinstance(inner, dict) and MAIN in inner:
            if one in values:
                raise ValueError(f"{many}.{MAIN} and {one} say the same part twice; write one of them")
            values[one] = inner[MAIN]
            values[many] = {name: part for name, part in inner.items() if name != MAIN}
            if not values[many]:
                del values[many]
    return values


def main_path(path: str) -> str:
    """``databases.main.cores`` -> ``database.cores``; other paths as they are."""
    many, _, rest = path.partition(".")
    name, dot, below = rest.partition(".")
    return f"{ONE_OF[many]}{dot}{below}" if many in ONE_OF and name == MAIN else path


def nearest_names(names: Iterable[str], wrong_name: str) -> str:
    """The nearest of the known names, or all of them: the end of an error's line."""
    names = list(dict.fromkeys(names))
    close = near(wrong_name, names, 3, 0.5)
    return f"nearest: {', '.join(close)}" if close else f"known: {', '.join(names) or 'none'}"
