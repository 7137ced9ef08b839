"""ECS target tracking: alarms of 3 and 15 points, proportional steps, cooldowns, insufficient data."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novamodel.components.target_tracking.target_tracking import TrackingSpec, TrackingState, resting_capacity, track

CPU = TrackingSpec(2, 20, (("cpu %", 50.0),))
BOTH = TrackingSpec(2, 20, (("cpu %", 50.0), ("requests/min", 600.0)))
NEW = TrackingState()


def desired(spec, points, capacity, state=NEW, now=0.0, **how):
    return track(spec, state, points, capacity, now, **how).desired


def test_three_points_above_scale_out_in_proportion_rounded_up():
    assert desired(CPU, [[80.0, 80.0]], 4) == 4
    assert desired(CPU, [[40.0, 80.0, 80.0]], 4) == 4
    assert desired(CPU, [[80.0, 80.0, 80.0]], 4) == 7  # 4 x 80 / 50 = 6.4
    assert desired(CPU, [[50.0, 50.0, 50.0]], 4) == 4  # at the target is not above it
    assert desired(CPU, [[100.0] * 3], 4) == 8  # exactly double
    assert desired(CPU, [[100.0] * 3], 15) == 20  # at most the maximum


def test_fifteen_points_below_nine_tenths_scale_in():
    assert desired(CPU, [[20.0] * 14], 10) == 10
    assert desired(CPU, [[20.0] * 15], 10) == 4
    assert desired(CPU, [[45.0] * 15], 10) == 10  # 90 % of the target is not below it
    assert desired(CPU, [[44.9] * 15], 10) == 9
    assert desired(CPU, [[44.9] * 15], 3) == 3  # rounding up leaves nothing to remove
    assert desired(CPU, [[0.0] * 15], 10) == 2  # at least the minimum
    assert desired(CPU._replace(scale_in=False), [[20.0] * 15], 10) == 10
    assert desired(CPU, [[20.0] * 15], 10, deploying=True) == 10
    assert desired(CPU, [[80.0] * 3], 10, deploying=True) == 16


def test_missing_points_never_scale():
    assert desired(CPU, [[None, *[20.0] * 14]], 10) == 10
    assert desired(CPU, [[80.0, None, 80.0]], 4) == 4
    assert desired(BOTH, [[20.0] * 15, [None] * 15], 10) == 10


def test_out_if_any_says_so_in_only_if_all_do():
    assert desired(BOTH, [[20.0] * 15, [900.0] * 15], 10) == 15
    assert desired(BOTH, [[20.0] * 15, [590.0] * 15], 10) == 10
    assert desired(BOTH, [[20.0] * 15, [360.0] * 15], 10) == 6  # the one that removes less
    assert desired(BOTH, [[80.0] * 15, [900.0] * 15], 10) == 16


def test_what_a_scale_out_added_counts_in_its_cooldown():
    first = track(CPU, NEW, [[80.0] * 3], 4, 0.0)
    assert first.desired == 7
    assert desired(CPU, [[80.0] * 3], 7, first.state, 60.0) == 7  # still the old load: 4 -> 7 was for it
    larger = track(CPU, first.state, [[100.0] * 3], 7, 60.0)
    assert larger.desired == 8  # 4 -> 8: one beyond what was added
    assert desired(CPU, [[80.0] * 3], 7, first.state, 300.0) == 12  # the cooldown is over: 7 x 1.6


def test_cooldown_of_a_scale_in_blocks_the_next_and_ends_with_an_alarm_to_scale_out():
    first = track(CPU, NEW, [[20.0] * 15], 10, 0.0)
    assert first.desired == 4
    assert desired(CPU, [[20.0] * 15], 4, first.state, 60.0) == 4
    assert desired(CPU, [[20.0] * 15], 4, first.state, 300.0) == 2
    out = track(CPU, first.state, [[80.0] * 3], 4, 60.0)
    assert out.desired == 7
    assert desired(CPU, [[20.0] * 15], 7, out.state, 120.0) == 3


@pytest.mark.parametrize(("capacity", "bounded"), [(1, 2), (30, 20)])
def test_bounds_come_first(capacity, bounded):
    assert desired(CPU, [[50.0] * 15], capacity) == bounded


@given(load=st.floats(0.1, 2000.0), start=st.integers(1, 40), low=st.integers(1, 5), high=st.integers(5, 30))
def test_rest_is_where_no_alarm_moves_it(load, start, low, high):
    """A load that spreads evenly; minutes go by until nothing changes: the rest is the same."""
    spec = TrackingSpec(low, high, (("cpu %", 50.0),))
    rest = resting_capacity(spec, start, lambda count: [load / count])
    assert low <= rest <= high
    capacity, state = min(max(start, low), high), NEW
    for turn in range(40):
        decision = track(spec, state, [[load / capacity] * 15], capacity, 1000.0 * turn)
        capacity, state = decision.desired, decision.state
    assert capacity == rest
    assert load / rest <= 50.0 * (1 + 1e-6) or rest == high
    assert rest == low or math.ceil(load / 50.0 - 1e-6) >= 0.85 * rest - 1
