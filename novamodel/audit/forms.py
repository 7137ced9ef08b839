"""An audit as a screen of 80 columns and as a comment on a pull request."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from novamodel.audit.form import NotChecked
from novamodel.audit.groups import Audit, Group
from novamodel.audit.kinds import COSTS, Cost
from novamodel.scenario import Finding

WIDTH = 80
MOST_PLACES = 8
MOST_OPEN = 12


def as_text(audit: Audit) -> str:
    """The screen: what it is called, why, where, and what would be right; one row a kind."""
    lines = [*_wrapped(_summary(audit), "", "  ")]
    for cost, groups in _by_cost(audit):
        lines += ["", COSTS[cost]]
        for group in groups:
            lines += _group(group)
    if audit.not_checked:
        lines += ["", "NOT CHECKED (the files do not say enough)"]
        rows = _open(audit.not_checked)
        for row in rows[:MOST_OPEN]:
            lines += _wrapped(row, "  ", "    ")
        if len(rows) > MOST_OPEN:
            lines.append(f"  and {len(rows) - MOST_OPEN} more: --format json lists all")
    return "\n".join(lines)


def _summary(audit: Audit) -> str:
    parts = [_count(number, level) for level, number in audit.counts.items() if number]
    found = f"{_count(len(audit.groups), 'kind')} of finding: {', '.join(parts)}" if parts else "nothing found"
    return f"{_printable(audit.name)}: {_count(audit.files, 'file')} read, {found}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}" + ("" if number == 1 else "s")


def _by_cost(audit: Audit) -> Iterator[tuple[Cost, list[Group]]]:
    for cost in COSTS:
        groups = [group for group in audit.groups if group.cost == cost]
        if groups:
            yield cost, groups


def _group(group: Group) -> list[str]:
    first, number = group.findings[0], len(group.findings)
    head = f"  {group.level:<8}{group.title}"
    places = f"{number} places" if number > 1 else ""
    lines = [f"{head:<{WIDTH - len(places) - 1}} {places}".rstrip()[:WIDTH]]
    lines += _wrapped(f"{_place(first)}{first['message']}", "          ", "          ")
    if number > 1:
        lines += _wrapped(f"also {_places(group.findings[1:])}", "          ", "          ")
    return lines + _wrapped(f"right: {first['fix']}", "          ", "          ")


def _place(one: Finding) -> str:
    return f"{one['file']}:{one['line']}: " if one["file"] else ""


def _places(findings: Sequence[Finding]) -> str:
    """Places with the file named once."""
    lines: dict[str, list[str]] = {}
    for one in findings[:MOST_PLACES]:
        lines.setdefault(one["file"] or "?", []).append(str(one["line"] or "?"))
    text = "; ".join(f"{file}:{', '.join(dict.fromkeys(numbers))}" for file, numbers in lines.items())
    return text + (f" and {len(findings) - MOST_PLACES} more" if len(findings) > MOST_PLACES else "")


def _open(rows: Iterable[NotChecked]) -> list[str]:
    """One row a reason, with how many there are."""
    alike: dict[tuple[str, str], list[NotChecked]] = {}
    for one in rows:
        alike.setdefault((one.code, one.why.rpartition(": ")[2]), []).append(one)
    result = []
    for (code, _), found in alike.items():
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        place = f"{found[0].file}:{found[0].line}: " if found[0].file else ""
        result.append(f"{code}: {place}{found[0].why}{more}")
    return result


def _wrapped(text: str, first: str, rest: str) -> list[str]:
    return textwrap.wrap(_printable(text), WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def as_markdown(audit: Audit) -> str:
    """A comment for a pull request: a list a cost, notes folded away."""
    lines = [f"### Audit of {_code(audit.name)}", "", _escaped(_summary(audit).partition(": ")[2]) + "."]
    for cost, groups in _by_cost(audit):
        loud = [group for group in groups if group.level != "note"]
        quiet = [group for group in groups if group.level == "note"]
        lines += ["", f"**{COSTS[cost].capitalize()}**", ""] if loud else [""]
        lines += [row for group in loud for row in _item(group)]
        if quiet:
            notes = f"{COSTS[cost].capitalize()}: {_count(len(quiet), 'note')}"
            lines += ["", f"<details><summary>{notes}</summary>", ""]
            lines += [row for group in quiet for row in _item(group)]
            lines += ["", "</details>"]
    if audit.not_checked:
        rows = _open(audit.not_checked)
        lines += ["", f"<details><summary>Not checked: {len(rows)}</summary>", ""]
        lines += [f"- {_escaped(row)}" for row in rows]
        lines += ["", "</details>"]
    return "\n".join(lines) + "\n"


def _item(group: Group) -> list[str]:
    first = group.findings[0]
    places = [f"{one['file']}:{one['line']}" for one in group.findings if one["file"]]
    shown = ", ".join(_code(place) for place in places[:MOST_PLACES])
    more = f" and {len(places) - MOST_PLACES} more" if len(places) > MOST_PLACES else ""
    head = f"- **{_escaped(group.title)}** ({group.level}, {_code(group.code)})"
    return [
        f"{head}: {_escaped(first['message'])}",
        f"  - where: {shown or 'no file says it'}{more}",
        f"  - right: {_escaped(first['fix'])}",
    ]


def _code(text: str) -> str:
    return f"`{_printable(text).replace('`', ' ')}`"


def _escaped(text: str) -> str:
    """Text that Markdown shows as it is: no markup, no HTML, no mention."""
    result = _printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for char in "\\`*_[]|#~":
        result = result.replace(char, f"\\{char}")
    return result.replace("@", "@\u200b")
