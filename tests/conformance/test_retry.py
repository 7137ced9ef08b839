"""Retries, back-off, budgets and circuit breakers against the recorded cases."""

import json

import pytest

from novamodel.resources import data_dir
from novamodel.verify.retry import answer, kinds

CASES = json.loads((data_dir() / "conformance" / "retry.json").read_text(encoding="utf-8"))["cases"]


def test_the_record_is_whole():
    assert len(CASES) == 50
    assert {case["kind"] for case in CASES} == set(kinds())
    assert all(case["graded"] for case in CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_agrees_with_the_record(case):
    answered = answer(case["kind"], case["input"])
    assert set(answered) == set(case["expected"])
    for key, expected in case["expected"].items():
        tolerance = case["tolerance"][key]
        if tolerance == "exact":
            assert answered[key] == expected
        else:
            allowed = max(tolerance["abs"], tolerance["rel"] * abs(expected))
            assert abs(answered[key] - expected) <= allowed
