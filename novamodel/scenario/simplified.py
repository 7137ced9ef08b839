"""Parts of the model that are simplified: they act, but leave out what a closer model would have.

The mark is `Part.simplified`, a sentence on the part itself, which also stands in the JSON Schema (`x-simplified`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from novamodel.scenario.fields import Part
from novamodel.scenario.model import Scenario


class SimplifiedPart(NamedTuple):
    """A simplified part that a scenario uses: where, and what it leaves out."""

    path: str
    lacks: str

    def __str__(self) -> str:
        return f"{self.path}: {self.lacks}"


def simplified_parts(scenario: Scenario) -> tuple[SimplifiedPart, ...]:
    """The simplified parts in use, each kind once, by the path of its first use."""
    found: dict[type[Part], SimplifiedPart] = {}
    for path, part in _parts(scenario, ""):
        if part.simplified:
            found.setdefault(type(part), SimplifiedPart(path, part.simplified))
    return tuple(found.values())


def _parts(value: Any, path: str) -> Iterator[tuple[str, Part]]:
    """Every part in a value, with its dotted path."""
    inner: dict[str, Any] = {}
    if isinstance(value, Part):
        if path:
            yield path, value
        inner = {name: getattr(value, name) for name in type(value).model_fields}
    elif isinstance(value, dict):
        inner = value
    elif isinstance(value, tuple):
        inner = {str(number): one for number, one in enumerate(value)}
    for name, one in inner.items():
        yield from _parts(one, f"{path}.{name}" if path else name)
