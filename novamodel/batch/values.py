"""The values of parameters as a table's columns hold them: SI units, one kind a column."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from novamodel.batch.plan import Column
from novamodel.scenario import Scenario
from novamodel.scenario.schema_walk import field_unit


def resolved(known: Mapping[str, Any], path: str) -> Any:
    """The value at a path of `Scenario.paths()`, in SI units; a part with several values as JSON text."""
    if path in known:
        value = known[path]
        return json.dumps(value) if isinstance(value, dict | list) else value
    inner = {name[len(path) + 1 :]: value for name, value in known.items() if name.startswith(f"{path}.")}
    return json.dumps(inner, sort_keys=True) if inner else None


def column(path: str, values: Iterable[Any]) -> Column:
    """The column that holds these resolved values of a path."""
    kinds = {_kind(value) for value in values if value is not None}
    kind = kinds.pop() if len(kinds) == 1 else "float" if kinds == {"int", "float"} else "text"
    return Column(path, kind, field_unit(Scenario, path) if kind in ("int", "float") else "")


def in_column(value: Any, kind: str) -> Any:
    """A resolved value as its column holds it."""
    if value is None:
        return None
    if kind == "text":
        return value if isinstance(value, str) else json.dumps(value)
    return float(value) if kind == "float" else value


def in_words(overrides: Mapping[str, Any]) -> str:
    """``core-api.replicas=5, traffic.peak=600 requests/s``, as written."""
    shown = (f"{path.removeprefix('services.')}={_short(value)}" for path, value in overrides.items())
    return ", ".join(shown) or "as it is"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    return "int" if isinstance(value, int) else "float" if isinstance(value, float) else "text"
