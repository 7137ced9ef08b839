"""Figures as outputs show them: collected from text with their names and windows, and compared."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from html import unescape
from pathlib import Path
from typing import Any, NamedTuple

NUMBER = r"(-?[\d,]*\.?\d+)"
DAY, STEADY, KNEE, PEAK = "the simulated day", "autoscalers at rest", "window of the knee", "the run's window"
PATTERNS: tuple[tuple[str, str, str], ...] = (
    ("load multiple at breach", KNEE, rf"at {NUMBER} x today's load \("),
    ("load multiple at breach", KNEE, rf"[Hh]olds up to {NUMBER} x today's peak"),
    ("load multiple at breach", KNEE, rf"missed from {NUMBER} x"),
    ("load multiple at breach", KNEE, rf"load multiple at (?:breach|the knee) +{NUMBER}"),
    ("load multiple at breach", KNEE, rf"the knee from {NUMBER} x"),
    ("load multiple at breach, least", KNEE, rf"95 % sure: {NUMBER} to"),
    ("load multiple at breach, most", KNEE, rf"95 % sure: {NUMBER} to {NUMBER} x"),
    ("load multiple with the cheapest fix", KNEE, rf"the knee from {NUMBER} x to {NUMBER} x"),
    ("load multiple with the cheapest fix", KNEE, rf"load multiple after the best fix +{NUMBER}"),
    ("load multiple with the cheapest fix", KNEE, rf"^ *FIX [^()]*\([^()]*\) holds up to {NUMBER} x"),
    ("load multiple with the cheapest fix", KNEE, rf"What would lift it\. [^()]*\([^()]*\) holds up to {NUMBER} x"),
    ("bottleneck", KNEE, r"(?:FIRST LIMIT|First limit[.:]\*{0,2}|Breaks first\.) +([\w -]+?) \(\d+ % (?:busy|open)"),
    ("bottleneck", KNEE, r"^([\w -]+) gives out first: the SLO"),
    ("p99", PEAK, rf"p99 \(ms\) +{NUMBER}"),
    ("p99", PEAK, rf"v\*? +p99 < 300 ms +{NUMBER} ms"),
    ("p99", PEAK, rf"p99 < 300 ms \({NUMBER} ms"),
    ("cost, fixed", "any", rf"{NUMBER} fixed (?:\+|and)"),
    ("cost, driven by use", "any", rf"fixed \+ {NUMBER}\*? driven by use"),
)
"""Name, window, and how an output says it; the last group is the value."""
OF_THE_DAY: tuple[tuple[str, str], ...] = (
    ("cost", rf"driven by use = {NUMBER} USD a month"),
    ("cost", rf"^{NUMBER} USD a month: "),
    ("cost", rf"cost \(USD/month\) +{NUMBER}"),
    ("cost as advised", rf"advised size {NUMBER}"),
    ("cost as advised", rf"keeps the SLO for {NUMBER} USD a month"),
)
STEADY_ONES: tuple[tuple[str, str], ...] = (
    ("cost", rf"at today's traffic \(now {NUMBER}\)"),
    ("cost", rf"USD a month as advised, {NUMBER} as now"),
    ("cost", rf"^{NUMBER} USD a month: "),
    ("cost as advised", rf"as part of the size .*? for {NUMBER} USD a month"),
    ("cost as advised", rf"{NUMBER} USD a month as advised"),
)


class Shown(NamedTuple):
    """One figure as an output shows it."""

    name: str
    window: str
    text: str
    where: str


def outputs_of(notebook: Path) -> str:
    """All that a notebook shows, as text: tables row by row, titles and labels of figures."""
    parts = []
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            figure = data.get("application/vnd.plotly.v1+json")
            if figure:
                layout = figure["layout"]
                texts = [
                    (layout.get("title") or {}).get("text", ""),
                    *(a.get("text", "") for a in layout.get("annotations", ())),
                ]
                parts += [" ".join(re.sub(r"<[^>]+>", " ", unescape(text)).split()) for text in texts]
                continue
            rich = data.get("text/html") or data.get("text/markdown") or data.get("text/plain")
            parts.append(plain("".join(rich or output.get("text", ""))))
    return "\n".join(parts)


def plain(text: str) -> str:
    """Text without HTML: a line a row or paragraph."""
    if "<" not in text:
        return text
    text = re.sub(r"<style.*?</style>", "", text, flags=re.S)
    text = re.sub(r"\s*</t[dh]>\s*", " | ", text)
    return unescape(re.sub(r"<[^>]+>", "", re.sub(r"</(?:tr|p|caption)>", "\n", text)))


def collected(text: str, where: str, *, day: bool) -> Iterator[Shown]:
    """The figures that a text shows; ``day``: its bill is of the simulated day, else of autoscalers at rest."""
    window = DAY if day else STEADY
    own = OF_THE_DAY if day else STEADY_ONES
    rows = [*PATTERNS, *((name, "any", pattern) for name, pattern in own)]
    for name, of, pattern in rows:
        for found in re.finditer(pattern, text, flags=re.M):
            value = found.group(found.lastindex or 0)
            yield Shown(name, window if of == "any" else of, value.rstrip("."), where)


def advised(text: str, service: str, where: str) -> Iterator[Shown]:
    """The size of a service that a text advises, setting by setting."""
    rows = {
        "min_replicas": rf"{service}: (\d+) to \d+ x \w+/\w+, [\d.]+ \w+, pool \d+\*?\s*(?:$|instead|\((?:as|now))",
        "max_replicas": rf"{service}: \d+ to (\d+) x \w+/\w+, [\d.]+ \w+, pool \d+\*?\s*(?:$|instead|\((?:as|now))",
        "cpu_limit": rf"{service}: \d+ to \d+ x \w+/(\w+), [\d.]+ \w+, pool \d+\*?\s*(?:$|instead|\((?:as|now))",
        "memory_limit": rf"{service}: \d+ to \d+ x \w+/\w+, ([\d.]+ \w+), pool \d+\*?\s*(?:$|instead|\((?:as|now))",
    }
    terms = {
        "min_replicas": "minReplicas",
        "max_replicas": "maxReplicas",
        "cpu_limit": "cpu limit",
        "memory_limit": "memory limit",
    }
    for name, pattern in rows.items():
        patterns = [pattern, rf"{terms[name]} \|\s*(?:[\w. ]+ -> )?([\w.]+(?: MiB| GiB)?)(?: \(as now\))? \|"]
        for one in patterns:
            for found in re.finditer(one, text, flags=re.M):
                yield Shown(f"advised {name} of {service}", "the plan", found.group(1), where)


def disagreeing(figures: Iterable[Shown]) -> list[str]:
    """A line a name and window whose shown values are not roundings of one value."""
    groups: dict[tuple[str, str], list[Shown]] = {}
    for figure in figures:
        groups.setdefault((figure.name, figure.window), []).append(figure)
    wrong = []
    for (name, window), shown in groups.items():
        exact = max(shown, key=lambda one: _digits(one.text))
        if not all(same(exact.text, one.text) for one in shown):
            said = ", ".join(sorted({f"{one.text} ({one.where})" for one in shown}))
            wrong.append(f"{name}, {window}: {said}")
    return wrong


def same(exact: Any, rounded: str) -> bool:
    """Whether a text is a value, or the value rounded to as many digits as the text shows."""
    try:
        value, text = float(str(exact).replace(",", "")), rounded.replace(",", "")
        shown = float(text)
    except ValueError:
        return str(exact) == rounded
    step = 10.0 ** -len(text.partition(".")[2])
    digits = len(text.replace("-", "").replace(".", "").lstrip("0"))
    if "." not in text and value >= 10**digits:
        return False
    return abs(value - shown) <= 0.5 * step * 1.000001 + 1e-9


def _digits(text: str) -> int:
    return len(text.partition(".")[2]) if re.fullmatch(NUMBER, text) else 0
