"""Text for a terminal of some width: tables whose rows fit, sentences that wrap."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

GAP = "  "
LEAST_FIRST = 24
"""A first column is wrapped to no less; a wider table is cut into parts instead, each with its first columns."""


def fold(text: str, width: int) -> str:
    """Wrap every line that is wider than `width` between words; what follows hangs two columns in."""
    return "\n".join(part for line in text.splitlines() for part in _folded(line, width))


def _folded(line: str, width: int) -> list[str]:
    if len(line) <= width:
        return [line]
    indent = line[: len(line) - len(line.lstrip())]
    hanging = indent + GAP
    return wrap(line.strip(), width, initial_indent=indent, subsequent_indent=hanging, break_on_hyphens=False) or [line]


def wrapped(text: str, width: int, hanging: str = GAP) -> list[str]:
    """A cell's text on lines of at most `width`, those after the first hanging; one line where it fits as it is."""
    if len(text) <= width:
        return [text]
    return wrap(text, width, subsequent_indent=hanging, break_on_hyphens=False) or [text]


def fitted(rows: Sequence[Sequence[str]], width: int, left: int = 1, indent: str = "") -> list[str]:
    """Lines of a table, headings first, none wider than `width`; all but the first `left` columns are flush right.

    A table that is too wide wraps its first column; where that would leave it too narrow, it is cut into parts below
    each other, each with the first `left` columns.
    """
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    first = width - len(indent) - sum(widths[1:]) - len(GAP) * (len(widths) - 1)
    if first >= min(widths[0], LEAST_FIRST) or len(widths) <= left + 1:
        return _lines(rows, [min(widths[0], max(first, 8)), *widths[1:]], left, indent)
    lines: list[str] = []
    for places in _parts(widths, width - len(indent), left):
        part = [[row[place] for place in places] for row in rows]
        lines += [*([""] if lines else []), *_lines(part, [widths[place] for place in places], left, indent)]
    return lines


def _parts(widths: Sequence[int], width: int, left: int) -> list[list[int]]:
    """Which columns stand together, in their order; the first `left` in every part."""
    head = list(range(left))
    used = sum(widths[place] + len(GAP) for place in head)
    parts: list[list[int]] = []
    room = 0
    for place in range(left, len(widths)):
        if not parts or widths[place] > room:
            parts.append([*head])
            room = width - used
        parts[-1].append(place)
        room -= widths[place] + len(GAP)
    return parts


def _lines(rows: Sequence[Sequence[str]], widths: Sequence[int], left: int, indent: str) -> list[str]:
    lines = []
    for row in rows:
        for number, text in enumerate(wrapped(row[0], widths[0])):
            cells = [text, *(row[1:] if number == 0 else [""] * (len(row) - 1))]
            shown = [
                cell.ljust(wide) if place < left else cell.rjust(wide)
                for place, (cell, wide) in enumerate(zip(cells, widths, strict=True))
            ]
            lines.append((indent + GAP.join(shown)).rstrip())
    return lines
