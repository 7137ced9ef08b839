"""How a difference reads: values with units and signs, one row in words, tables as Markdown."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from novamodel import units
from novamodel.report import value_text

NONE_FOUND = "no difference found"
"""The interval of the difference holds 0: whatever the figures show may be chance."""
MOST_PARTS = 4
"""Values shown of a part that only one of the two has."""


def value_words(value: float, unit: str) -> str:
    """A value with its unit: ``124 ms``, ``0.1 %``, ``907.79 USD``, ``5.2``."""
    forms = {"s": lambda v: units.format_time(float(f"{v:.3g}")), "1": _share}
    if value != value:
        return "-"
    return forms[unit](value) if unit in forms else f"{value:,.2f} {unit}" if unit else f"{value:.3g}"


def _share(value: float) -> str:
    """A share in percent, never with an exponent: 8.9e-7 -> ``"0.000089 %"``."""
    return f"{Decimal(f'{value * 100:.3g}'):f} %"


def signed(value: float, unit: str) -> str:
    return f"{'-' if value < 0 else '+'}{value_words(abs(value), unit)}"


def arrow(row: tuple[str, ...]) -> str:
    """``124 ms -> 98 ms (-26 ms, better)`` of a row of the table, without its interval."""
    _, a, b, change, verdict = row
    if verdict == "same":
        return f"{a} (same)"
    if verdict == NONE_FOUND:
        return f"{a} -> {b} ({verdict})"
    return f"{a} -> {b} ({change.partition(' [')[0]}, {verdict})"


def judged(value: float | None, met: bool | None, unit: str) -> str:
    return "not asked" if value is None else f"{'met' if met else 'MISSED'}, {value_words(value, unit)}"


def said(value: Any, unit: str, said: str) -> str:
    if value is None:
        return "none"
    if isinstance(value, dict):
        shown = [f"{name} {_plain(inner)}" for name, inner in list(value.items())[:MOST_PARTS]]
        more = len(value) - len(shown)
        text = ", ".join([*shown, *([f"{more} more"] if more else [])])
    else:
        text = value_text(value, unit)
    return f"{text} ({said})"


def _plain(value: Any) -> str:
    """A part's value without its unit: no exponents."""
    return f"{value:,.0f}" if isinstance(value, float) and abs(value) >= 1e4 else value_text(value, "")


def markdown(columns: tuple[str, ...], rows: list[Any], right: tuple[int, ...] = ()) -> list[str]:
    def line(cells: Any) -> str:
        return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"

    rule = [" --: " if place in right else " --- " for place in range(len(columns))]
    return [
        line(columns),
        f"|{'|'.join(rule)}|",
        *(line(row) for row in rows or [("none", *[""] * (len(columns) - 1))]),
    ]
