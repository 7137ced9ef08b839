"""The autoscaler against recorded decisions of the Kubernetes controller, and proof that the cases bite."""

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from novamodel.components.hpa import metric, pods, rates, reconcile, stabilise
from novamodel.resources import data_dir
from novamodel.verify.hpa import KINDS, agrees, answer

FILES = ("hpa_replica_calculator.json", "hpa_behavior.json")


def recorded(file: str) -> list[dict[str, Any]]:
    return json.loads((data_dir() / "conformance" / file).read_text(encoding="utf-8"))["cases"]


CASES = [case for file in FILES for case in recorded(file)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_decides_as_the_controller(case: dict[str, Any]) -> None:
    answered = answer(case)
    assert agrees(case["expected"], answered), f"{case['name']}: expected {case['expected']}, got {answered}"


def test_every_case_is_there_and_says_where_it_comes_from() -> None:
    assert [len(recorded(file)) for file in FILES] == [89, 48]
    assert len({case["id"] for case in CASES}) == len(CASES)
    assert all(case["source"] for case in CASES)
    assert {case["kind"] for case in CASES} == set(KINDS)


def test_errors_use_the_controllers_words() -> None:
    said = [(case, answer(case)["error"]) for case in CASES if "error_contains" in case["expected"]]
    assert said
    assert all(case["expected"]["error_contains"] in text for case, text in said)


def test_an_error_is_no_count_and_a_count_no_error() -> None:
    assert not agrees({"replicas": 3}, {"error": "missing request for cpu"})
    assert not agrees({"error_contains": "missing request for"}, {"replicas": 3})


def _floor(value: float) -> int:
    return math.floor(min(value, 2.0**31 - 1))


def _rounded(dividend: int, divisor: int) -> int:
    return round(dividend / divisor)


def _always(value: object) -> Callable[..., object]:
    return lambda *_, **__: value


def _policy_defaults(current: int, desired: int, low: int, high: int) -> tuple[int, str]:
    limit = max(current + 4, 2 * current)
    return max(low, min(desired, high, limit)), "ScaleUpLimit" if desired > limit else "DesiredWithinRange"


def _append_only(log: stabilise.Log, expired: list[int], entry: Any) -> stabilise.Log:
    return (*log, entry)


WRONG_RULES = {
    "no tolerance": (metric.Tolerance, "holds", _always(False)),
    "rounds down instead of up": (metric, "_ceil_int32", _floor),
    "percent rounded, not cut": (metric, "_quotient", _rounded),
    "every sample trusted": (pods, "cpu_sample_is_trusted", _always(True)),
    "no sample trusted": (pods, "cpu_sample_is_trusted", _always(False)),
    "missing requests overlooked": (metric, "checked_requests", lambda pods, requests, _: requests),
    "smallest proposal wins": (
        reconcile,
        "_largest",
        lambda proposals: min(((p, p.replicas) for p in proposals if p.replicas is not None), key=lambda x: x[1]),
    ),
    "growth cap of the policy defaults": (rates, "limit_without_behavior", _policy_defaults),
    "history forgotten": (rates, "change_within", _always(0)),
    "window forgotten": (
        stabilise,
        "stabilise_with_behavior",
        lambda log, current, proposed, *_: (proposed, (*log, stabilise.Recommendation(proposed, 0.0))),
    ),
    "log only grows": (stabilise, "_recorded", _append_only),
}


@pytest.mark.parametrize("name", WRONG_RULES)
def test_a_wrong_rule_fails_a_case(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, rule, wrong = WRONG_RULES[name]
    monkeypatch.setattr(owner, rule, wrong)

    def fails(case: dict[str, Any]) -> bool:
        try:
            return not agrees(case["expected"], answer(case))
        except (ArithmeticError, LookupError, TypeError, ValueError):
            return True

    assert any(fails(case) for case in CASES)
