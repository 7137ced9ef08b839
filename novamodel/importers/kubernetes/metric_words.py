"""What a metric of an autoscaler shows, told from its name or from the query behind it."""

from __future__ import annotations

import re
from typing import NamedTuple

from novamodel.importers.node import Node
from novamodel.importers.quantity import duration, whole
from novamodel.importers.report import Said

_RATE = re.compile(r"\b(?:rate|irate|increase)\s*\(\s*([a-zA-Z_:][\w:]*)\s*(?:\{[^{}]*\})?\s*\[(\w+)\]", re.S)
_NAME = re.compile(r"[a-zA-Z_:][\w:]*")
_FUNCTIONS = {"sum", "avg", "max", "min", "by", "without", "on", "ignoring", "scalar", "vector", "rate", "irate"}
_KNOWN = (
    ("queue age", r"(age.*(oldest|message))|(oldest.*(age|message))"),
    ("pool waits", r"(pool|pg|connection|db).*(wait|pending)|waiting_?(clients|requests|connections)"),
    ("event loop queue", r"event_?loop.*(queue|lag|delay)"),
    ("in flight", r"in_?flight|in_?progress|concurren|active_?(requests|connections)|open_?requests"),
    ("queue messages", r"queue_?messages$|messages_?total$"),
    ("queue depth", r"(queue|messages|jobs|backlog|list).*(depth|length|len|size|visible|ready|waiting|count|backlog)"
                    r"|(depth|length|size)_of_.*queue|messages_?ready|backlog$"),
    ("requests", r"request.*(per_?sec|rate|rps|qps|second)|^(rps|qps|tps)$|(rps|qps)$"),
)  # fmt: skip
_COUNTER = r"request.*(total|count)|_requests?$|hits_total"


class Shown(NamedTuple):
    """What a metric reads in the model, why it is taken for that ("" where the file says it), and a rate's window."""

    reads: str
    why: str = ""
    window: str | None = None


def shown_by_name(name: str) -> Shown | None:
    """``http_requests_per_second`` -> requests; None where a name says nothing that the model has."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    words = re.sub(r"[^a-z0-9]+", "_", words)
    for reads, pattern in _KNOWN:
        if re.search(pattern, words):
            return Shown(reads, f"derived: {name} is read as {reads}")
    return None


def shown_by_query(query: str) -> Shown | None:
    """A PromQL query: the rate of a request counter, or one series whose name says what it is."""
    rates = _RATE.findall(query)
    if len(rates) == 1 and re.search(_COUNTER, rates[0][0].lower()) and not re.search(r"[/*]", _bare(query)):
        return Shown("requests", f"derived: the rate of {rates[0][0]} is read as requests", duration(rates[0][1]))
    if rates:
        return None
    names = [word for word in _NAME.findall(_bare(query)) if word.lower() not in _FUNCTIONS]
    return shown_by_name(names[0]) if len(names) == 1 and not re.search(r"[/*]", _bare(query)) else None


def _bare(query: str) -> str:
    """A query without selectors, windows and grouping labels."""
    bare = re.sub(r"\{[^{}]*\}|\[\w+\]", "", query)
    return re.sub(r"\b(by|without)\s*\([^()]*\)", "", bare, flags=re.I)


def key_of(name: str, taken: set[str]) -> str:
    """A name for a metric that a dotted path may hold, not taken yet."""
    base = re.sub(r"[^\w-]+", "-", name).strip("-") or "metric"
    key, number = base, 1
    while key in taken:
        number += 1
        key = f"{base}-{number}"
    taken.add(key)
    return key


def metric_said(
    key: str, kind: str, shown: Shown, place: Node, field: str, target: Node, default: str | None = None
) -> list[Said]:
    """A metric's values with their places: ``place`` names it, ``target`` is its goal (or a trigger's default)."""
    base = f"autoscaler.metrics.{key}"
    derived = "derived" if shown.why else "file"
    said = [
        Said(base, None, place.file, place.line),
        Said(f"{base}.type", kind, place.file, place.line),
        Said(f"{base}.reads", shown.reads, place.file, place.line, shown.why, derived),
    ]
    if target:
        said.append(Said(f"{base}.{field}", whole(target.value), target.file, target.line))
    else:
        why = "documented: KEDA, default of the trigger"
        said.append(Said(f"{base}.{field}", default, place.file, place.line, why, "documented"))
    if shown.window is not None:
        said.append(Said(f"{base}.window", shown.window, place.file, place.line))
    return said
