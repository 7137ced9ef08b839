"""How a file is laid over the one it extends: key by key, but for what only makes sense as a whole."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from novamodel.scenario.traffic import OWN_FIELDS

WHOLE = ("mix", "populations", "sessions")
"""Mappings of a traffic source that a later file restates as a whole."""
INSTEAD = {"mix": "sessions", "sessions": "mix"}
"""What a source says in place of the other."""


def in_source(path: tuple[str, ...]) -> tuple[str, ...] | None:
    """The rest of a path below the traffic source it lies in; None outside of traffic."""
    if path[:1] != ("traffic",):
        return None
    return path[3:] if path[1:2] == ("also",) and len(path) > 2 else path[1:]


def is_restated(path: tuple[str, ...]) -> bool:
    """Whether a mapping at this path replaces the one below it whole (a mix, populations, sessions, a replay's map)."""
    rest = in_source(path)
    return rest is not None and ((len(rest) == 1 and rest[0] in WHOLE) or rest == ("replay", "routes"))


def made_void(path: tuple[str, ...], base: Mapping[str, Any], later: Mapping[str, Any]) -> list[str]:
    """Keys of a source that no longer hold: what belonged to another loop, and a mix where sessions are said."""
    if in_source(path) != ():
        return []
    void = [other for key, other in INSTEAD.items() if later.get(key) and not later.get(other)]
    before, now = base.get("loop", "open"), later.get("loop")
    if now is not None and now != before:
        void += [*OWN_FIELDS.get(before, ()), *(["mix"] if now == "replay" else [])]
    return [key for key in void if key in base and key not in later]


def merge(base: Any, later: Any, path: tuple[str, ...], gone: list[tuple[str, ...]]) -> Any:
    """``later`` laid over ``base``, which is changed; paths whose values are gone are added to ``gone``."""
    both = isinstance(base, dict) and isinstance(later, dict) and (later or not path)
    if not both or is_restated(path):
        gone.append(path)
        return copy.deepcopy(later)
    for key in made_void(path, base, later):
        gone.append((*path, key))
        del base[key]
    for key, value in later.items():
        inner = (*path, str(key))
        base[key] = merge(base[key], value, inner, gone) if key in base else copy.deepcopy(value)
    return base
