"""Which setting moves what: each change from A to B alone, its lines of the bill and its latency in closed form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
from pydantic import BaseModel

from novamodel.analytic import latency_quantile
from novamodel.analytic.covers import uncovered
from novamodel.analytic.steady import steady_of
from novamodel.cost import Bill
from novamodel.errors import UserError
from novamodel.scenario import Change, Scenario
from novamodel.workflows.month import steady_bill

MOST = 24
"""Settings that are looked at one by one."""
MOST_LINES = 3
QUANTILE = 0.99
PARTS_OF_A_VALUE = ("busy", "idle")
"""What one written value is stored as."""
TOGETHER = "all together, beyond each alone"


class Reason(NamedTuple):
    """What one setting changes alone: USD a month, the lines of the bill that move, p99 in s (nan: unknown)."""

    path: str
    cost: float
    lines: tuple[tuple[str, float], ...]
    p99_s: float


class _Side(NamedTuple):
    bill: Bill | None
    p99_s: float


def reasons(a: Scenario, b: Scenario, settings: Sequence[Change]) -> tuple[Reason, ...]:
    """Every setting that moves the bill of a month or the latency by itself, the dearest first.

    Each is taken over alone; what all of them do beyond the sum is the last row. Steady state: a month whose hours
    rest, and the screening estimate of the closed forms. What follows from a setting (the cores of a class) goes
    along with it.
    """
    before, after = _side(a), _side(b)
    found = []
    for path, paths in _groups(settings)[:MOST]:
        made = a
        for one in paths:
            made = taken_over(made, b, one)
        found.append(_reason(path, before, _side(made)))
    whole = _reason(TOGETHER, before, after)
    rest = Reason(
        TOGETHER,
        round(whole.cost - sum(one.cost for one in found), 2),
        (),
        whole.p99_s - sum(one.p99_s for one in found if one.p99_s == one.p99_s),
    )
    moved = [one for one in (*found, rest) if abs(one.cost) >= 0.01 or abs(one.p99_s) >= 1e-4 or one.p99_s != one.p99_s]
    return tuple(sorted(moved, key=lambda one: (one.path == TOGETHER, -abs(one.cost), -abs(_finite(one.p99_s)))))


def taken_over(a: Any, b: Any, path: str) -> Any:
    """A scenario (or a part of one) with the value that another has at a path; it is not validated again."""
    head, _, rest = path.partition(".")
    if isinstance(a, BaseModel):
        mine, theirs = getattr(a, head), getattr(b, head)
        deeper = rest and mine is not None and theirs is not None
        return a.model_copy(update={head: taken_over(mine, theirs, rest) if deeper else theirs})
    if isinstance(a, Mapping):
        kept = dict(a)
        if head not in b:
            kept.pop(head, None)
        else:
            kept[head] = taken_over(a[head], b[head], rest) if rest and head in a else b[head]
        return kept
    return b  # lists are taken whole


def _groups(settings: Sequence[Change]) -> list[tuple[str, list[str]]]:
    """Settings, each with those of the same part that only follow from it."""
    said = [one for one in settings if not one.b_said.startswith("derived")]
    groups: dict[str, list[str]] = {}
    for one in said:
        part, _, word = one.path.rpartition(".")
        groups.setdefault(part if word in PARTS_OF_A_VALUE else one.path, []).append(one.path)
    for one in settings:
        if one.b_said.startswith("derived"):
            part = one.path.rpartition(".")[0]
            owner = next((other.path for other in said if other.path.rpartition(".")[0] == part), one.path)
            groups.setdefault(owner, []).append(one.path)
    return list(groups.items())


def _side(scenario: Scenario) -> _Side:
    try:
        bill = steady_bill(scenario)
    except UserError:
        bill = None
    try:
        if uncovered(scenario):
            return _Side(bill, float("nan"))
        steady = steady_of(scenario)
        return _Side(bill, float(latency_quantile(steady.scenario, steady.load, QUANTILE)))
    except (UserError, ArithmeticError, ValueError):
        return _Side(bill, float("nan"))


def _reason(path: str, before: _Side, after: _Side) -> Reason:
    with np.errstate(invalid="ignore"):
        p99 = float(np.subtract(after.p99_s, before.p99_s)) if after.p99_s != before.p99_s else 0.0
    if before.bill is None or after.bill is None:
        return Reason(path, float("nan"), (), p99)
    was, now = _lines(before.bill), _lines(after.bill)
    changes = {name: now.get(name, Decimal(0)) - was.get(name, Decimal(0)) for name in {**was, **now}}
    moved = sorted((pair for pair in changes.items() if pair[1]), key=lambda pair: -abs(pair[1]))
    cost = float(after.bill.total - before.bill.total)
    return Reason(path, cost, tuple((name, float(change)) for name, change in moved[:MOST_LINES]), p99)


def _lines(bill: Bill) -> dict[str, Decimal]:
    """Amounts by the name of the line."""
    found: dict[str, Decimal] = {}
    for line in bill.lines:
        found[line.name] = found.get(line.name, Decimal(0)) + line.amount
    return found


def _finite(value: float) -> float:
    return value if np.isfinite(value) else 0.0
