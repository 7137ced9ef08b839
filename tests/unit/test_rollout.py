"""Rolling update: the bounds' rounding and what each pass starts and ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novamodel.components.kubernetes.rollout import Bounds, Moves, ecs_bounds, kubernetes_bounds, next_moves


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "bounds"),
    [
        (3, "25 %", "25 %", (1, 0)),  # the defaults: 4 pods, 3 available
        (10, "25 %", "25 %", (3, 2)),
        (4, "25 %", "25 %", (1, 1)),
        (1, "25%", "25%", (1, 0)),
        (3, 0, "25 %", (0, 1)),  # both come to 0: one may be missing
        (5, 2, 1, (2, 1)),
        (2, 0, 5, (0, 2)),  # never more than there are
        (100, "1 %", "0 %", (1, 0)),
    ],
)
def test_surge_rounds_up_and_unavailable_down(replicas, surge, unavailable, bounds):
    assert kubernetes_bounds(replicas, surge, unavailable) == bounds


@pytest.mark.parametrize(
    ("replicas", "least", "most", "bounds"),
    [
        (4, 100, 200, (4, 0)),  # AWS's own example: four new tasks before the four old ones stop
        (4, 50, 100, (0, 2)),  # and: two old ones stop before two new ones start
        (3, 50, 150, (1, 1)),  # 1.5 -> at least 2; 4.5 -> at most 4
        (1, 50, 150, (0, 0)),  # one task: at least 1, at most 1; nothing can move
    ],
)
def test_healthy_rounds_up_and_maximum_down(replicas, least, most, bounds):
    assert ecs_bounds(replicas, least, most) == bounds


def test_a_pass_that_starts_ends_nothing_and_unready_old_ones_go_first():
    bounds = Bounds(1, 0)
    assert next_moves(3, bounds, old=3, old_available=3, new=0, new_available=0) == Moves(1, 0, 0, 0)
    assert next_moves(3, bounds, old=3, old_available=3, new=1, new_available=0) == Moves(0, 0, 0, 0)
    assert next_moves(3, bounds, old=3, old_available=3, new=1, new_available=1) == Moves(0, 0, 1, 0)
    assert next_moves(3, bounds, old=3, old_available=2, new=1, new_available=1) == Moves(0, 1, 0, 0)
    assert next_moves(10, Bounds(3, 2), old=10, old_available=10, new=3, new_available=0) == Moves(0, 0, 2, 0)
    assert next_moves(3, Bounds(1, 0), old=2, old_available=2, new=5, new_available=5) == Moves(0, 0, 0, 2)


@given(
    wanted=st.integers(1, 30),
    surge=st.integers(0, 10),
    unavailable=st.integers(0, 10),
    readies=st.lists(st.integers(0, 3), max_size=40),
)
def test_an_update_keeps_its_bounds_and_ends(wanted, surge, unavailable, readies):
    """New replicas become available in any order; with all of them available the update comes to its end."""
    if surge == 0 and unavailable == 0:
        unavailable = 1
    bounds = Bounds(surge, min(unavailable, wanted))
    old, new, available = wanted, 0, 0
    for ready in [*readies, *[100] * (4 * wanted)]:
        moves = next_moves(wanted, bounds, old, old, new, available)
        assert moves.end_unready == moves.end_new == 0
        new += moves.start
        old -= moves.end_available
        assert old + new <= wanted + bounds.surge
        assert old + available >= wanted - bounds.unavailable
        available = min(new, available + ready)
    assert (old, new) == (0, wanted)
