"""Tables as people read them: bill, findings, assumptions, what was imported from where.

Each function returns a `Table`: it shows itself in a notebook and in a terminal, and `frame` is tidy data.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import zip_longest
from pathlib import PurePath
from textwrap import fill, wrap
from typing import Any

import pandas as pd

from novamodel import units
from novamodel.cost.show import quantity_text
from novamodel.scenario import is_assumed, is_read, written_values

KINDS = ("file", "override", "measured", "documented", "derived", "default", "assumed")
LEVELS = ("error", "warning", "note")
CELL = 60
"""Widest cell in a terminal, in characters."""
LONG_WORD = 18
"""A word of more characters may be broken in a page's table, first behind a sign."""
_PIECES = re.compile(r"[^/._:,=-]*[/._:,=-]?")


@dataclass(frozen=True, repr=False)
class Table:
    """A table with a title and sentences below it. `right`: columns set flush right; `bold`: rows of headings."""

    title: str
    frame: pd.DataFrame
    notes: tuple[str, ...] = ()
    right: tuple[str, ...] = ()
    bold: tuple[int, ...] = ()

    def __repr__(self) -> str:
        rows = len(self.frame)
        return f"{self.title} ({rows} row{'' if rows == 1 else 's'})"

    def _repr_html_(self) -> str:
        head = "".join(f'<th style="{self._style(name)}">{escape(name)}</th>' for name in self.frame.columns)
        rows = []
        for number, row in enumerate(self.frame.itertuples(index=False)):
            weight = ";font-weight:bold" if number in self.bold else ""
            cells = zip(self.frame.columns, row, strict=True)
            rows.append(
                "<tr>"
                + "".join(f'<td style="{self._style(name)}{weight}">{_cell_html(value)}</td>' for name, value in cells)
                + "</tr>"
            )
        if not rows:
            rows = [f'<tr><td colspan="{len(self.frame.columns)}">none</td></tr>']
        notes = f"<p>{'<br>'.join(escape(note) for note in self.notes)}</p>" if self.notes else ""
        caption = f'<caption style="text-align:left;font-weight:bold;padding:4px 0">{escape(self.title)}</caption>'
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>{notes}"

    def _style(self, name: str) -> str:
        side = "right" if name in self.right else "left"
        wrap = "nowrap" if name in self.right else "normal"
        return f"text-align:{side};vertical-align:top;white-space:{wrap}"

    def __str__(self) -> str:
        columns = [str(name) for name in self.frame.columns]
        cells = [columns]
        for row in self.frame.itertuples(index=False):
            parts = [wrap(_text(value), CELL) if len(_text(value)) > CELL else [_text(value)] for value in row]
            cells += [[text.rstrip() for text in line] for line in zip_longest(*parts, fillvalue="")]
        widths = [max(len(row[place]) for row in cells) for place in range(len(columns))]
        lines = [
            "  ".join(
                text.rjust(width) if name in self.right else text.ljust(width)
                for text, width, name in zip(row, widths, columns, strict=True)
            ).rstrip()
            for row in cells
        ]
        if not len(self.frame):
            lines.append("none")
        return "\n".join([self.title, *lines, *(fill(note, 100) for note in self.notes)])


def _cell_html(value: Any) -> str:
    text = _text(value)
    indent = len(text) - len(text.lstrip(" "))
    return "&nbsp;" * 2 * indent + " ".join(map(_breakable, text[indent:].split(" ")))


def _breakable(word: str) -> str:
    """A long word, such as a path, with places where a line may end."""
    if len(word) <= LONG_WORD:
        return escape(word)
    return "<wbr>".join(escape(part) for piece in _PIECES.findall(word) for part in wrap(piece, LONG_WORD))


def _text(value: Any) -> str:
    return "" if value is None or value is pd.NA or value != value else str(value)


def bill_table(bill: Any) -> Table:
    """A bill as a tree by service: name, monthly quantity, unit, monthly cost; what follows use is starred.

    `bill`: a Bill, or a range of bills, of which the middle one is shown with the range below it.
    """
    shown = getattr(bill, "mid", bill)
    rows: list[tuple[str, str, str, str]] = []
    bold = []
    for service, amount in shown.by_service().items():
        bold.append(len(rows))
        rows.append((service, "", "", f"{amount:,.2f}"))
        for line in (line for line in shown.lines if line.service == service):
            star = "*" if line.driver == "use" else ""
            rows.append((f"   {line.name}{star}", quantity_text(line.quantity), line.unit, f"{line.amount:,.2f}"))
    cost = f"Monthly Cost ({shown.currency})"
    frame = pd.DataFrame(rows, columns=["Name", "Monthly Qty", "Unit", cost])
    notes = list(shown.summary())
    if hasattr(bill, "mid"):
        low, _, high = bill.totals()
        notes.insert(1, f"nine of ten months: {low:,.2f} to {high:,.2f} {shown.currency}, from the assumed inputs")
    return Table("Monthly bill", frame, tuple(notes), right=("Monthly Qty", cost), bold=tuple(bold))


MOST_FINDINGS = 35
"""Findings that the table lists; `novamodel audit` groups all of them, `answer.json` holds them."""


def findings_table(findings: Iterable[Mapping[str, Any]]) -> Table:
    """What is inconsistent or without effect in the files: level, place, finding, fix; the worst first."""
    ranked = sorted(findings, key=lambda item: LEVELS.index(item["level"]) if item["level"] in LEVELS else len(LEVELS))
    rows = [
        (item["level"], place_text(item.get("file"), item.get("line")), item["message"], item.get("fix") or "")
        for item in ranked[:MOST_FINDINGS]
    ]
    more = level_counts(ranked[MOST_FINDINGS:])
    notes = (f"And {more} more: novamodel audit lists all by what they cost, answer.json holds them.",) if more else ()
    title = f"Findings in the configuration files: {level_counts(ranked) or 'none'}"
    return Table(title, pd.DataFrame(rows, columns=["level", "place", "finding", "what to do"]), notes)


def level_counts(findings: Iterable[Mapping[str, Any]]) -> str:
    """``"2 errors, 1 warning"``."""
    levels = [str(item["level"]) for item in findings]
    known = [level for level in (*LEVELS, *sorted(set(levels) - set(LEVELS))) if level in levels]
    return ", ".join(f"{levels.count(level)} {level}{'s' if levels.count(level) != 1 else ''}" for level in known)


def origins_table(scenario: Any) -> Table:
    """How many values of each part of the scenario were set by whom; overrides are named below."""
    rows = scenario.resolved()
    parts = list(dict.fromkeys(_part(row["path"]) for row in rows))
    kinds = [kind for kind in KINDS if any(row["kind"] == kind for row in rows)]
    counts = [
        (part, *(sum(row["kind"] == kind and _part(row["path"]) == part for row in rows) or "" for kind in kinds))
        for part in parts
    ]
    total = ("all", *(sum(row["kind"] == kind for row in rows) for kind in kinds))
    changed = [f"{row['path']} = {value_text(row['value'], row['unit'])}" for row in rows if row["kind"] == "override"]
    notes = ["Values by who set them; the assumed ones are listed below."]
    notes += [f"Overrides: {', '.join(changed)}"] if changed else []
    frame = pd.DataFrame([*counts, total], columns=["part", *kinds])
    title = f"{scenario.heading}: the resolved scenario, {len(rows)} values"
    return Table(title, frame, tuple(notes), right=tuple(kinds), bold=(len(counts),))


def assumptions_table(scenario: Any) -> Table:
    """Every assumed value with the reason that is given for it, put together by part and reason."""
    groups: dict[tuple[str, str], list[tuple[str, str]]] = {}
    chosen = [row for row in written_values(scenario.resolved()) if is_assumed(row)]
    for row in chosen:
        part = _part(row["path"])
        reason = row["source"].partition(":")[2].strip() or "a common choice: replace it by your own"
        name = row["path"].removeprefix(part).lstrip(".") or part
        groups.setdefault((part, reason), []).append((name, value_text(row["value"], row["unit"])))
    rows = [(part, _values(values), reason) for (part, reason), values in groups.items()]
    note = "An answer is as good as what it assumes. To change a value: --set PATH=VALUE, or a line in your scenario."
    title = f"Assumed: {len(chosen)} values that no file states and nothing measured here"
    return Table(title, pd.DataFrame(rows, columns=["part", "values", "why"]), (note,))


def import_table(scenario: Any) -> Table:
    """What came from which file and line."""
    groups: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for row in written_values(scenario.resolved()):
        if is_read(row):
            name = row["path"].removeprefix(_part(row["path"])).lstrip(".") or row["path"]
            place = f":{row['line']}" if row["line"] else ""
            groups.setdefault((PurePath(row["file"]).as_posix(), _part(row["path"])), []).append(
                (name, value_text(row["value"], row["unit"]) + (f" ({place})" if place else ""))
            )
    rows = [(file, part, _values(values)) for (file, part), values in groups.items()]
    title = f"Read from files: {sum(len(values) for values in groups.values())} values"
    return Table(title, pd.DataFrame(rows, columns=["file", "part", "values (:line)"]))


def not_modelled_table(rows: Iterable[Mapping[str, Any]]) -> Table:
    """What was seen in files and has no model, with its place; files that were not read stand last."""
    found = sorted(rows, key=lambda row: row["what"] == "file not read")
    shown = [(place_text(row["file"], row["line"]), row["what"], row["why"]) for row in found]
    title = f"Seen in files and not modelled: {len(shown)}"
    return Table(title, pd.DataFrame(shown, columns=["place", "what", "why"]))


def beside_table(frame: pd.DataFrame) -> Table:
    """The closed forms beside the simulated figures; what does not hold here stands below with its reason.

    `frame`: what `novamodel.analytic.beside` returns.
    """
    held = frame[frame["holds"]]
    rows = [
        (
            f"{row.metric} {row.of}".strip(),
            *_estimate(row),
            _figure(row.analytic, row.unit),
            _apart(row.value, row.analytic),
        )
        for row in held.itertuples(index=False)
    ]
    notes = []
    for why, names in frame[~frame["holds"]].groupby("why", sort=False):
        figures = ", ".join(f"{row.metric} {row.of}".strip() for row in names.itertuples(index=False))
        notes.append(f"no closed form here: {figures}: {why}")
    columns = ["figure", "simulated", "95 % interval", "analytic", "apart"]
    title = f"Beside closed forms: they hold for {len(held)} of {len(frame)} figures"
    return Table(title, pd.DataFrame(rows, columns=columns), tuple(notes), right=tuple(columns[1:]))


def _figure(value: float, unit: str) -> str:
    if value != value:
        return "-"
    rounded = float(f"{value:.3g}")
    if unit == "1":
        return units.format_fraction(rounded if rounded > 1e-6 else 0.0)
    return units.format_time(rounded) if unit == "s" else f"{rounded:g}"


def _estimate(row: Any) -> tuple[str, str]:
    if row.unit in ("s", "1", "1/s"):
        return units.format_estimate(row.value, row.low, row.high, row.unit)
    span = f"[{_figure(row.low, row.unit)}, {_figure(row.high, row.unit)}]" if row.low == row.low else ""
    return _figure(row.value, row.unit), span


def _apart(simulated: float, analytic: float) -> str:
    return f"{100 * (analytic / simulated - 1):+.0f} %" if simulated == simulated and simulated > 0 else ""


MOST_LISTED = 6
"""A longer list (samples of a demand) is counted."""


def value_text(value: Any, unit: str) -> str:
    """A value of a resolved scenario as its files would write it: 268435456.0, "B" -> ``"256 MiB"``."""
    if isinstance(value, list) and len(value) > MOST_LISTED:
        return f"{len(value)} values"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "yes" if value is True else "no" if value is False else str(value)
    forms: dict[str, Callable[[float], str]] = {
        "s": units.format_time,
        "B": units.format_bytes,
        "cores": units.format_cores,
        "1/s": units.format_rate,
    }
    if unit == "s since midnight":
        return units.format_clock(value)
    return forms[unit](value) if unit in forms else f"{value:g}" if isinstance(value, float) else f"{value}"


def _part(path: str) -> str:
    words = path.split(".")
    if len(words) == 1:
        return "general"
    return ".".join(words[:2]) if words[0] == "services" else words[0]


def _values(pairs: Sequence[tuple[str, str]]) -> str:
    """``name value`` for each pair; a value that many names share is said once."""
    by_end: dict[tuple[str, str], list[str]] = {}
    for name, value in pairs:
        by_end.setdefault((name.rpartition(".")[2], value), []).append(name)
    texts = []
    for (end, value), names in by_end.items():
        texts += [f"{end} {value} ({len(names)} times)"] if len(names) > 2 else [f"{name} {value}" for name in names]
    return ", ".join(texts)


def place_text(file: Any, line: Any) -> str:
    return f"{file}:{line}" if file and line else str(file or "")
