"""Whether an answer agrees with a recorded case of the uniform form, key by key.

A number, word or boolean agrees when it is equal (tolerance ``"exact"``), or off by at most the larger of ``abs`` and
``rel`` times what was recorded; ``{"min": a, "max": b}`` when the answer lies between, widened by ``abs``; a list when
it is as long and every element agrees, where a null element is not compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

AGREED, DIFFERED, NOT_MODELLED = "agreed", "differed", "not_modelled"


class Verdict(NamedTuple):
    """What became of one case; ``expected`` and ``got`` hold what differs, ``reason`` why there is no rule."""

    id: str
    outcome: str
    expected: Any = None
    got: Any = None
    reason: str = ""


def is_graded(case: Mapping[str, Any]) -> bool:
    """Whether anything of a case is compared."""
    if not case.get("graded", True):
        return False
    tolerance = case.get("tolerance")
    return not isinstance(tolerance, Mapping) or any(one is not None for one in tolerance.values())


def judged(case: Mapping[str, Any], answered: Mapping[str, Any]) -> Verdict:
    """An answer against the case's ``expected`` under its ``tolerance``."""
    expected, tolerance = case["expected"], case["tolerance"]
    wrong = [name for name in expected if not within(expected[name], answered.get(name), tolerance.get(name, "exact"))]
    if not wrong:
        return Verdict(case["id"], AGREED)
    return Verdict(
        case["id"], DIFFERED, {name: expected[name] for name in wrong}, {name: answered.get(name) for name in wrong}
    )


def within(expected: Any, got: Any, tolerance: Any) -> bool:
    """Whether one value agrees with what was recorded."""
    if tolerance is None:
        return True
    if isinstance(expected, list):
        if not isinstance(got, list | tuple) or len(got) != len(expected):
            return False
        return all(a is None or within(a, b, tolerance) for a, b in zip(expected, got, strict=True))
    if isinstance(expected, Mapping):
        if not _is_number(got):
            return False
        beside = 0.0 if tolerance == "exact" else tolerance.get("abs", 0.0)
        return bool(expected.get("min", got) - beside <= got <= expected.get("max", got) + beside)
    if tolerance == "exact" or not _is_number(expected):
        return bool(got == expected and isinstance(got, bool) == isinstance(expected, bool))
    if not _is_number(got):
        return False
    return bool(abs(got - expected) <= max(tolerance.get("abs", 0.0), tolerance.get("rel", 0.0) * abs(expected)))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
