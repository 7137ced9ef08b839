"""Backup and recovery against the recorded cases."""

import json

import pytest

from novamodel.resources import data_dir
from novamodel.verify.recovery import answer, kinds

CASES = json.loads((data_dir() / "conformance" / "backup.json").read_text(encoding="utf-8"))["cases"]


def test_the_record_is_whole():
    assert len(CASES) == 10
    assert {case["kind"] for case in CASES} == set(kinds())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_agrees_with_the_record(case):
    answered = answer(case["kind"], case["input"])
    for key, expected in case["expected"].items():
        tolerance = case["tolerance"][key]
        if isinstance(expected, dict):
            assert expected.get("min", 0) <= answered[key] <= expected["max"]
        elif tolerance == "exact":
            assert answered[key] == expected
        else:
            allowed = max(tolerance["abs"], tolerance["rel"] * abs(expected))
            assert abs(answered[key] - expected) <= allowed
