"""The answer on one screen of a terminal: verdict, first limit, size, cost, and what to do next.

It is drawn from the dictionary of `answer.json`, so that a saved answer shows the same screen again.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from textwrap import wrap
from types import SimpleNamespace
from typing import Any, NamedTuple

from rich.console import Console
from rich.text import Text

from novamodel.figures.words import size_text
from novamodel.layout import fold
from novamodel.report.operating import operating_lines
from novamodel.report.resting import mark_of, rests_sentence
from novamodel.report.tables import level_counts
from novamodel.units import format_estimate

WIDTH, LABEL = 100, 13
MOST_FIXES = 2
MOST_TEXT = 150
"""Characters of a finding on the screen."""
STYLES = {"met": "green", "missed": "bold red", "label": "bold", "": ""}


class Piece(NamedTuple):
    """One line of the screen: a label or mark with its style, then text."""

    label: str
    style: str
    text: str


def screen_text(answer: Mapping[str, Any], *, wrote: Iterable[str] = (), following: Iterable[str] = ()) -> str:
    """The screen as plain text, at most `WIDTH` columns, ASCII marks (v met, x missed).

    `answer`: what `Answer.to_dict()` gives. `wrote`: files that were written. `following`: commands to try next.
    """
    return "\n".join(f"{piece.label}{piece.text}".rstrip() for piece in _lines(answer, wrote, following))


def print_screen(
    answer: Mapping[str, Any],
    console: Console,
    *,
    wrote: Iterable[str] = (),
    following: Iterable[str] = (),
) -> None:
    """Print the screen; colours only where the console is a terminal."""
    for piece in _lines(answer, wrote, following):
        line = Text.assemble((piece.label, STYLES[piece.style]), piece.text)
        line.rstrip()
        console.print(line, soft_wrap=True, highlight=False)


def _lines(answer: Mapping[str, Any], wrote: Iterable[str], following: Iterable[str]) -> Iterator[Piece]:
    why = {row["part"]: f"not known: {row['why']}" for row in answer.get("failed") or []}
    if answer.get("rests_on"):
        for line in fold(rests_sentence(answer["rests_on"]), WIDTH - 2).splitlines():
            yield Piece("  ", "", line)
    yield from _block("SLO", _heading(answer))
    yield from _block("", why["peak"]) if "peak" in why else _slos(answer.get("slo") or [])
    yield from _block("BUDGET", "; ".join(answer.get("budget") or []))
    yield from _block("MODEL", answer.get("model_doubt") or "")
    mark = mark_of(answer.get("limit_rests_on"))
    yield from _block("FIRST LIMIT", why.get("knee") or f"{first_limit_text(answer)}{mark}")
    yield from _block("FIX", why.get("fixes") or fixes_text(answer, mark))
    if "sizing" in why:
        yield from _block("SIZE", why["sizing"])
    else:
        yield from _size(answer.get("size") or {}, answer.get("advice") or [], mark)
    yield from _block("COST", why.get("bill") or cost_text(answer), split="   ")
    for label, text in operating_lines(answer):
        yield from _block(label, text)
    for part in (part for part in why if part not in ("peak", "knee", "fixes", "sizing", "bill")):
        yield from _block(part.upper() if len(part) < LABEL else "FAILED", f"{part} {why[part]}")
    simplified = [f"{part['path']} ({part['lacks']})" for part in answer.get("simplified") or []]
    yield from _block("SIMPLIFIED", "; ".join(simplified))
    yield from _block("FINDINGS", _findings(answer.get("findings") or []))
    yield from _block("NOT MODELLED", left_text(answer.get("not_modelled") or []))
    yield from _block("wrote", ", ".join(wrote))
    yield from _block("next", " | ".join(following))


def _block(label: str, text: str, split: str = "") -> Iterator[Piece]:
    """A labelled paragraph with a hanging indent; nothing for an empty text.

    A text too long for one line is broken at `split` first.
    """
    room = WIDTH - LABEL - 2
    lines = [text] if text else []
    if split and len(text) > room:
        head, mark, tail = text.partition(split)
        lines = [part for part in (head, (mark + tail).strip()) if part]
    lines = [
        part
        for line in lines
        for part in (wrap(line, room, break_on_hyphens=False, break_long_words=False) if len(line) > room else [line])
    ]
    for number, line in enumerate(lines):
        yield Piece(f"  {label if not number else '':<{LABEL}}", "label", line)


def _heading(answer: Mapping[str, Any]) -> str:
    title = answer.get("title") or answer.get("scenario") or answer.get("name") or ""
    facts = [str(title)] if title else []
    rate = answer.get("rate_per_s") or answer.get("peak_per_s")
    facts += [f"{rate:,.0f} requests/s"] if rate else []
    facts += [f"seed {answer['seed']}"] if answer.get("seed") is not None else []
    count = answer.get("replications")
    facts += [f"{count} replication{'s' if count != 1 else ''}"] if count else []
    return ", ".join(facts) or "objectives"


def _slos(slos: Iterable[Mapping[str, Any]]) -> Iterator[Piece]:
    rows = [(item, str(item["text"]), *_estimate(item)) for item in slos]
    if not rows:
        yield Piece(" " * (LABEL + 2), "", "no SLO is given")
    first, second = (max((len(row[place]) for row in rows), default=0) for place in (1, 2))
    for item, text, value, interval in rows:
        mark, style = ("v", "met") if item["met"] else ("x", "missed")
        mark = f"{mark}{mark_of(item.get('assumed'))}"
        yield Piece(f"    {mark:<3}", style, f"{text:<{first}}   {value:>{second}}   {interval}")


def _estimate(item: Mapping[str, Any]) -> tuple[str, str]:
    value, low, high = (_number(item[name]) for name in ("value", "low", "high"))
    return format_estimate(value, low, high, item["unit"])


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


def first_limit_text(answer: Mapping[str, Any]) -> str:
    """What gives out first, and at which load an objective is missed."""
    text = str(answer.get("first_limit") or "none found").rstrip(".")
    breach = answer.get("load_multiple_at_breach")
    if breach is None or not math.isfinite(breach):
        return text if text.startswith("no objective") else f"{text}; no SLO is missed at any load tried"
    if "today's load" in text:
        return text
    return f"{text}; an SLO is missed from {breach:.3g} x today's load"


def fixes_text(answer: Mapping[str, Any], mark: str) -> str:
    """The single changes that raise the load most for their money, or that none does; nothing where none was tried."""
    rows = answer.get("fixes") or []
    gains = [row for row in rows if row["gain"] > 0][:MOST_FIXES]
    if not gains:
        return "no single change that was tried lets the load rise further" if rows else ""
    return "; ".join(
        f"{row['fix']} ({row['change']}) holds up to {row['multiple']:.3g} x{mark} for {_more(row['cost_more'])} USD a"
        f" month, {_more(row['cost_more_grown'])} once grown to the limit of today"
        for row in gains
    )


def _more(amount: float) -> str:
    return f"{round(amount):+,}" if round(amount) else "0"


def _size(size: Mapping[str, Any], advice: Iterable[Mapping[str, Any]], mark: str) -> Iterator[Piece]:
    advised, now = size.get("advised") or {}, size.get("now") or {}
    if not advised:
        yield from _block("SIZE", "no candidate keeps the SLO" if now else "")
        return
    if size.get("met") is False:
        yield from _block("SIZE", "no simulated candidate keeps every objective; the closest is")
    for number, (service, row) in enumerate(sizes_by_service(advised).items()):
        before = sizes_by_service(now).get(service)
        text = f"{service}: " if service else ""
        text += size_text(SimpleNamespace(**row)) + mark
        if before is not None:
            was = size_text(SimpleNamespace(**before))
            text += "   (as now)" if was == size_text(SimpleNamespace(**row)) else f"   (now: {was})"
        yield from _block("SIZE" if not number and size.get("met") is not False else "", text, split="   (")
    for row in advice:
        if not str(row["path"]).startswith("services."):
            text = f"{row['path']}: {row['advised']}{mark_of(row.get('assumed'))}   (now: {row['now']})"
            yield from _block("", text, split="   (")


def sizes_by_service(size: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Sizes by service; a flat mapping is the size of the one service that was sized."""
    nested = {str(name): row for name, row in size.items() if isinstance(row, Mapping)}
    return nested or {str(size.get("service", "")): size}


def cost_text(answer: Mapping[str, Any]) -> str:
    """``"412 fixed + 96 driven by use = 508 USD a month  (489 to 531 nine of ten times)   us-east-1, ..."``."""
    cost = answer.get("cost") or {}
    if not cost:
        return "not priced"
    money = {
        name: float(cost[name]) for name in ("low", "mid", "high", "baseline", "use") if cost.get(name) is not None
    }
    currency, mark = cost.get("currency", "USD"), mark_of(cost.get("assumed"))
    text = f"{money['mid']:,.0f} {currency} a month"
    if "baseline" in money and "use" in money:
        text = f"{money['baseline']:,.0f} fixed + {money['use']:,.0f}{mark} driven by use = {text}"
    if "low" in money and "high" in money:
        most = cost.get("moved") or []
        within = f" nine of ten times, moved most by {most[0]['name']}" if most else ""
        text += f"  ({money['low']:,.0f} to {money['high']:,.0f}{within})"
    if cost.get("missing"):
        text += f", WITHOUT {' and '.join(cost['missing'])}"
    if cost.get("advised") is not None and abs(float(cost["advised"]) - money["mid"]) >= 0.5:
        text += f"; advised size {float(cost['advised']):,.0f}{mark_of(answer.get('limit_rests_on'))}"
    place = [str(cost["region"])] if cost.get("region") else []
    place += [f"prices of {answer['prices_date']} or later"] if answer.get("prices_date") else []
    return text + (f"   {', '.join(place)}" if place else "")


def left_text(rows: Iterable[Mapping[str, Any]]) -> str:
    """How much was seen and has no model, and the first that may be billed or be a limit."""
    found = list(rows)
    seen = [row for row in found if row["what"] != "file not read"]
    if not found:
        return ""
    text = f"{len(seen)} seen in files and not modelled"
    text += f", {len(found) - len(seen)} files not read" if len(found) > len(seen) else ""
    if seen:
        place = f"{seen[0]['file']}:{seen[0]['line']}" if seen[0]["line"] else seen[0]["file"]
        text += f"; first: {place}: {shorter(str(seen[0]['what']))}"
    return text


def shorter(text: str) -> str:
    """At most `MOST_TEXT` characters of a text."""
    return text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 3].rsplit(" ", 1)[0] + " ..."


def _findings(findings: list[Mapping[str, Any]]) -> str:
    if not findings:
        return ""
    order = ["error", "warning"]
    worst = min(findings, key=lambda item: order.index(item["level"]) if item["level"] in order else len(order))
    place = f"{worst['file']}:{worst['line']}: " if worst.get("file") and worst.get("line") else ""
    return f"{level_counts(findings)} in the configuration files; first: {place}{shorter(str(worst['message']))}"
