"""Plans are lazy, axes are what was written, keys name what a result rests on."""

import tracemalloc

import pytest
from fake_sweep import plan as fake_plan
from hypothesis import given
from hypothesis import strategies as st

from novamodel.batch.axes import axis
from novamodel.batch.plan import plan_from


def test_grid_has_every_combination_once():
    plan = fake_plan(40)
    cases = [tuple(case.overrides.values()) for case in plan]
    assert len(plan) == len(set(cases)) == 40
    assert cases[0] == (0, 0.5)
    assert cases[1] == (0, 1.0)
    assert cases[-1] == (3, 5.0)


def test_hundred_thousand_cases_are_planned_in_little_memory():
    tracemalloc.start()
    plan = fake_plan(100_000)
    keys = {plan.key(plan[number]) for number in range(0, 100_000, 100)}
    last = plan[99_999]
    _, highest = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(plan) == 100_000
    assert len(keys) == 1000
    assert last.overrides == {"a": 9999, "b": 5.0}
    assert highest < 5e6


@pytest.mark.parametrize("design", ["latin-hypercube", "sobol", "morris", "sobol-indices"])
def test_sampled_designs_are_the_same_each_time_and_stay_inside(design: str):
    first, second = (
        fake_plan(10, design=design, samples=8, vary={"a": {"from": 1, "to": 4}, "b": {"from": "1 s", "to": "2 s"}})
        for _ in range(2)
    )
    assert len(first) == {"morris": 24, "sobol-indices": 32}.get(design, 8)
    assert list(first) == list(second)
    assert {case.overrides["a"] for case in first} <= {1, 2, 3, 4}
    assert all(1 <= float(case.overrides["b"].split()[0]) <= 2 for case in first)


def test_a_plan_is_read_back_as_it_was():
    plan = fake_plan(20, time_limit="90 s", seeds=[3, 4])
    again = plan_from(plan.to_dict())
    assert [again.key(case) for case in again] == [plan.key(case) for case in plan]
    assert again.sweep.time_limit == 90


def test_keys_follow_what_a_result_rests_on():
    plan, other = fake_plan(20), fake_plan(20, replications=3)
    keys = {plan.key(plan[0]), plan.key(plan[1]), plan.key(plan[0]._replace(seed=2)), other.key(other[0])}
    keys.add(fake_plan(20, record={"metrics": ["p50"], "cost": False, "slo": False}).key(plan[0]))
    assert len(keys) == 5
    limited = fake_plan(20, time_limit="1 s", title="other words")
    assert limited.key(limited[0]) == plan.key(plan[0])


@given(st.integers(-50, 50), st.integers(1, 100), st.integers(2, 12), st.floats(0, 1))
def test_a_span_of_whole_numbers_stays_inside_and_has_both_ends(low: int, width: int, steps: int, share: float):
    span = axis("p", {"from": low, "to": low + width, "steps": steps}, grid=True)
    assert (span.values[0], span.values[-1]) == (low, low + width)
    assert all(isinstance(value, int) for value in span.values)
    assert low <= span.at(share) <= low + width


def test_spans_keep_their_unit():
    assert axis("p", {"from": "100/s", "to": "400/s", "steps": 3, "scale": "log"}, grid=True).values == (
        "100 /s",
        "200 /s",
        "400 /s",
    )
    assert axis("p", {"from": 0.5, "to": 1, "steps": 2}, grid=True).values == (0.5, 1.0)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ([], "empty"),
        ([1, 2, 1], "twice"),
        (5, "no axis"),
        ({"from": 1, "to": 5}, "needs steps"),
        ({"from": 5, "to": 1, "steps": 2}, "not below"),
        ({"from": "1 s", "to": "5 ms", "steps": 2}, "one unit"),
        ({"from": 0, "to": 5, "steps": 2, "scale": "log"}, "above 0"),
        ({"from": 0, "to": 5, "step": 2}, "unknown key 'step'"),
        ({"from": "17:00", "to": "18:00", "steps": 2}, "time of day"),
        ({"from": 0, "to": 5, "steps": 2.0}, "whole number"),
    ],
)
def test_a_wrong_axis_says_what_is_wrong(written: object, message: str):
    with pytest.raises(ValueError, match=message):
        axis("p", written, grid=True)
