"""The CPU quota's gate, the event loop behind it and the restart delay against the recorded cases."""

import json

import pytest

from novamodel.resources import data_dir
from novamodel.verify.cpu import answer, kinds
from novamodel.verify.judging import AGREED, judged

CASES = json.loads((data_dir() / "conformance" / "cfs_node.json").read_text(encoding="utf-8"))["cases"]
ANSWERED = [case for case in CASES if case["kind"] in kinds() and case["graded"]]


def test_the_record_is_whole():
    assert len(CASES) == 278
    assert len(ANSWERED) == 206 + 35 + 7 + 7 + 1 + 11 + 5 + 2
    assert {case["kind"] for case in CASES} == set(kinds())


@pytest.mark.parametrize("case", ANSWERED, ids=lambda case: case["id"])
def test_agrees_with_the_record(case):
    verdict = judged(case, answer(case["kind"], case["input"]))
    assert verdict.outcome == AGREED, verdict


def test_a_burst_that_just_fits_the_quota_is_not_held_up():
    given = {"quota_ms": 50, "period_ms": 100, "start_phase_ms": 0}
    assert answer("burst_wall_time", {"cpu_ms": 50, **given}) == {"wall_ms": 50}
    assert answer("burst_wall_time", {"cpu_ms": 50.001, **given})["wall_ms"] == pytest.approx(100.001)
