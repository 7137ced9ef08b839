"""One parameter of a sweep: listed values, or a span between two of the same unit."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

_NUMBER = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*)", re.S)
_KEYS = {"from", "to", "steps", "scale"}
DIGITS = 6
"""Significant digits of a value inside a span."""


@dataclass(frozen=True)
class Choices:
    """Listed values of an override path, as written."""

    path: str
    values: tuple[Any, ...]

    def at(self, share: float) -> Any:
        """The value at a share (0 to 1) of the list."""
        return self.values[min(int(share * len(self.values)), len(self.values) - 1)]

    def checked(self) -> tuple[Any, ...]:
        """The values that stand for all of them when the axis is checked: here all."""
        return self.values


@dataclass(frozen=True)
class Span:
    """Every value from `low` to `high`; `whole`: integers only; `log`: equal ratios."""

    path: str
    low: float
    high: float
    unit: str
    whole: bool
    log: bool
    steps: int

    def at(self, share: float) -> Any:
        """The value at a share (0 to 1) of the span."""
        if self.whole and not self.log:
            return min(int(self.low + share * (self.high - self.low + 1)), int(self.high))
        if self.log:
            number = math.exp(math.log(self.low) + share * (math.log(self.high) - math.log(self.low)))
        else:
            number = self.low + share * (self.high - self.low)
        return self._written(number)

    def _written(self, number: float) -> Any:
        if self.whole:
            return round(number)
        number = float(f"{number:.{DIGITS}g}")
        return f"{number:.{DIGITS}g} {self.unit}" if self.unit else number

    @property
    def values(self) -> tuple[Any, ...]:
        """The values of a grid: `steps` of them, both ends among them, none twice."""
        shares = [place / (self.steps - 1) for place in range(self.steps)] if self.steps > 1 else [0.0]
        if self.whole and not self.log:
            return tuple(dict.fromkeys(round(self.low + share * (self.high - self.low)) for share in shares))
        return tuple(dict.fromkeys(self.at(share) for share in shares))

    def checked(self) -> tuple[Any, ...]:
        """Both ends stand for the span."""
        return (self.at(0.0), self.at(1.0))


Axis = Choices | Span


def axis(path: str, written: Any, *, grid: bool) -> Axis:
    """The axis that a sweep file writes; ``ValueError`` says what is wrong and how to write it.

    ``grid``: a span needs ``steps``; sampled designs take the whole span.
    """
    if isinstance(written, list | tuple):
        return _choices(path, list(written))
    if isinstance(written, dict) and {"from", "to"} <= set(written):
        return _span(path, written, grid)
    raise ValueError(
        f"{written!r} is no axis; write a list like [10, 20] or a span like {{from: 10, to: 20, steps: 3}}"
    )


def _choices(path: str, values: list[Any]) -> Choices:
    if not values:
        raise ValueError("the axis is empty; list at least one value")
    seen: set[str] = set()
    for value in values:
        if repr(value) in seen:
            raise ValueError(f"the value {value!r} stands there twice")
        seen.add(repr(value))
    return Choices(path, tuple(values))


def _span(path: str, written: dict[str, Any], grid: bool) -> Span:
    if unknown := set(written) - _KEYS:
        raise ValueError(f"unknown key {min(unknown)!r}; keys of a span: from, to, steps, scale")
    (low, unit), (high, other) = (_number(key, written[key]) for key in ("from", "to"))
    if unit != other:
        raise ValueError(f"from has the unit {unit or 'none'!r} and to has {other or 'none'!r}; write both in one unit")
    if not low < high:
        raise ValueError(f"from {written['from']!r} is not below to {written['to']!r}")
    scale = written.get("scale", "linear")
    if scale not in ("linear", "log"):
        raise ValueError(f"scale {scale!r} is unknown; one of linear, log")
    if scale == "log" and low <= 0:
        raise ValueError("a log scale begins above 0")
    steps = written.get("steps")
    if grid and steps is None:
        raise ValueError("a span in a grid needs steps, such as {from: 10, to: 20, steps: 3}")
    if steps is not None and (not isinstance(steps, int) or isinstance(steps, bool) or not 2 <= steps <= 100_000):
        raise ValueError(f"steps {steps!r} is not a whole number from 2 to 100000")
    whole = not unit and isinstance(written["from"], int) and isinstance(written["to"], int)
    return Span(path, low, high, unit, whole, scale == "log", steps or 2)


def _number(key: str, value: Any) -> tuple[float, str]:
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value), ""
    match = _NUMBER.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"{key}: {value!r} is not a number with a unit; write it like 450 requests/s, or list values")
    if ":" in match[2]:
        raise ValueError(f"{key}: a time of day makes no span; list the values")
    return float(match[1]), match[2]
