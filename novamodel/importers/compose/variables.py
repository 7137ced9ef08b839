"""Variables in a compose file, replaced as Compose does it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from novamodel.importers.graph.boxes import Text

_VARIABLE = re.compile(r"\$(?:(\$)|\{(\w+)(?:(:?[-?+])((?:[^{}]|\{[^{}]*\})*))?\}|(\w+))")


def interpolated(value: str, variables: Mapping[str, Text]) -> tuple[str, str | None]:
    """The text with its variables replaced, and the first one that has no value (replaced by nothing)."""
    unknown: list[str] = []

    def one(match: re.Match[str]) -> str:
        if match[1]:
            return "$"
        name, sign, rest = match[2] or match[5], match[3] or "", match[4] or ""
        known = variables.get(name)
        said = known.value if known is not None else None
        if sign.endswith("+"):
            return rest if said else ""
        if said is not None and (said or not sign.startswith(":")):
            return said
        if sign.endswith("-"):
            return interpolated(rest, variables)[0] if len(rest) < len(value) else rest
        unknown.append(name)
        return ""

    return _VARIABLE.sub(one, value), (unknown[0] if unknown else None)


def giver(value: str, variables: Mapping[str, Text]) -> Text | None:
    """The place of the one variable that gives a text its value; None where none does, or several."""
    used = []
    for match in _VARIABLE.finditer(value):
        known = variables.get(match[2] or match[5] or "")
        if known is not None and (known.value or not (match[3] or "").startswith(":")):
            used.append(known)
    return used[0] if len(used) == 1 else None


def is_variable(value: str) -> bool:
    """Whether a text is one variable, with or without a default, and nothing else."""
    return _VARIABLE.fullmatch(value) is not None and not value.startswith("$$")
