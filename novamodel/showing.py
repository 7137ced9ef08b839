"""How results show themselves, in a terminal and in a notebook: as one small table, never as a dump of their fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from textwrap import shorten, wrap
from typing import Any, NamedTuple, TypeVar

Class = TypeVar("Class", bound=type)

MOST_ROWS = 14
"""Rows shown; how many more there are is said below them."""
CELL = 60
"""Widest cell in a terminal, in characters; longer ones are cut."""
WIDTH = 100
"""Widest line of a title or a note in a terminal."""


class Shown(NamedTuple):
    """What is shown of a result: a title, headings with rows of text below them, sentences."""

    title: str
    head: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    notes: Sequence[str] = ()

    def cut(self) -> Shown:
        """The same with at most `MOST_ROWS` rows; empty notes left out."""
        left = len(self.rows) - MOST_ROWS
        more = [f"... {left} more rows"] if left > 0 else []
        return self._replace(rows=self.rows[:MOST_ROWS], notes=[*more, *(note for note in self.notes if note)])


def as_text(shown: Shown) -> str:
    """For a terminal: columns side by side, those of figures flush right."""
    shown = shown.cut()
    cells = [[_cut(text) for text in row] for row in (shown.head, *shown.rows)] if shown.rows else []
    columns = list(zip(*cells, strict=True))
    widths = [max(map(len, column)) for column in columns]
    right = [place > 0 and all(_is_figure(text) for text in column[1:]) for place, column in enumerate(columns)]
    lines = []
    for row in cells:
        placed = zip(row, widths, right, strict=True)
        padded = [text.rjust(wide) if flush else text.ljust(wide) for text, wide, flush in placed]
        lines.append("  ".join(padded).rstrip())
    folded = [part for text in (shown.title, *shown.notes) for part in wrap(text, WIDTH)]
    titles = len(wrap(shown.title, WIDTH))
    return "\n".join([*folded[:titles], *lines, *folded[titles:]])


def as_html(shown: Shown) -> str:
    """For a notebook: a table without scripts or styles of its own."""
    shown = shown.cut()
    head = "".join(f"<th>{escape(text)}</th>" for text in shown.head)
    rows = "".join("<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>" for row in shown.rows)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>" if shown.rows else ""
    notes = f"<p>{'<br>'.join(map(escape, shown.notes))}</p>" if shown.notes else ""
    return f"<p><b>{escape(shown.title)}</b></p>{table}{notes}"


def shows_itself(kind: Class) -> Class:
    """Class decorator, below `@dataclass`: ``repr`` and a notebook's HTML come from the method ``_shown() -> Shown``.

    A class with an ``_repr_html_`` of its own keeps it.
    """
    namespace: Any = kind
    namespace.__repr__ = lambda self: as_text(self._shown())
    if "_repr_html_" not in vars(kind):
        namespace._repr_html_ = lambda self: as_html(self._shown())
    return kind


def figures_by_name(title: str, figures: Mapping[str, float]) -> Shown:
    """Figures by name, as the questions' headlines are."""
    return Shown(title, ("figure", "value"), [(name, number(value)) for name, value in figures.items()])


def number(value: float) -> str:
    """A figure in four digits; ``-`` where there is none."""
    return "-" if value != value else f"{value:,.0f}" if abs(value) >= 1e4 else f"{value:.4g}"


def _is_figure(text: str) -> bool:
    return text[:1] in "-+0123456789"


def _cut(text: str) -> str:
    return shorten(text, CELL, placeholder=" ...") if len(text) > CELL else text
