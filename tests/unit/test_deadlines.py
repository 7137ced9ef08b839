"""Deadlines: always the one that waits longest, leaving from anywhere; plain = compiled."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from novamodel.components import deadlines as dl
from novamodel.components.columns import as_arrays, as_lists
from novamodel.components.rule import entry

SLOTS = 8


def _order(state, site):
    """Slots from first to last, walked both ways."""
    forth, slot = [], state.first[site]
    while slot != dl.NONE:
        forth.append(slot)
        slot = state.next[slot]
    back, slot = [], state.last[site]
    while slot != dl.NONE:
        back.append(slot)
        slot = state.previous[slot]
    assert back[::-1] == forth
    return forth


def test_the_first_to_join_is_due_first():
    state = dl.deadlines_state([2.0, dl.NEVER], 4)
    assert dl.deadline_due(state, 0) == dl.NEVER
    dl.deadline_join(state, 0, 3, 1.0)
    dl.deadline_join(state, 0, 1, 1.5)
    dl.deadline_join(state, 1, 0, 1.0)
    assert dl.deadline_due(state, 0) == 3.0
    assert dl.deadline_due(state, 1) == dl.NEVER
    dl.deadline_leave(state, 0, 3)
    assert dl.deadline_due(state, 0) == 3.5
    assert dl.deadline_take_first(state, 0) == 1
    assert dl.deadline_take_first(state, 0) == dl.NONE
    assert [dl.deadline_waits(state, slot) for slot in range(4)] == [True, False, False, False]


@pytest.mark.parametrize("leaves", range(3))
def test_leaving_anywhere_keeps_the_others_in_order(leaves):
    state = dl.deadlines_state([1.0], 3)
    for slot in range(3):
        dl.deadline_join(state, 0, slot, 0.0)
    dl.deadline_leave(state, 0, leaves)
    assert _order(state, 0) == [slot for slot in range(3) if slot != leaves]
    dl.deadline_join(state, 0, leaves, 0.5)
    assert _order(state, 0)[-1] == leaves


@entry
def _step(s, site, slot, take, now):
    if take:
        slot = dl.deadline_take_first(s, site)
    elif dl.deadline_waits(s, slot):
        dl.deadline_leave(s, site, slot)
    else:
        dl.deadline_join(s, site, slot, now)
    return slot, dl.deadline_due(s, site)


_STEPS = st.lists(st.tuples(st.integers(0, SLOTS - 1), st.integers(0, 4), st.floats(0.0, 2.0)), max_size=80)


@settings(max_examples=100, deadline=None)
@given(_STEPS, st.lists(st.floats(0.1, 5.0), min_size=2, max_size=2))
def test_it_is_a_list_in_order_of_joining_and_plain_and_compiled_agree(steps, timeouts):
    plain = dl.deadlines_state(timeouts, SLOTS)
    compiled = as_arrays(plain)
    waits: list[list[tuple[int, float]]] = [[], []]
    now = 0.0
    for slot, take, passed in steps:
        now += passed
        site = slot % 2
        if take == 0:
            expected = waits[site].pop(0)[0] if waits[site] else dl.NONE
        else:
            expected = slot
            left = [row for row in waits[site] if row[0] != slot]
            waits[site] = left if len(left) < len(waits[site]) else [*left, (slot, now)]
        due = waits[site][0][1] + timeouts[site] if waits[site] else dl.NEVER
        assert getattr(_step, "py_func", _step)(plain, site, slot, take == 0, now) == (expected, due)
        assert _step(compiled, site, slot, take == 0, now) == (expected, due)
        assert as_lists(compiled) == plain
        assert _order(plain, site) == [row[0] for row in waits[site]]
        assert plain.waiting == [len(site_waits) for site_waits in waits]
        assert due == min((entered + timeouts[site] for _, entered in waits[site]), default=dl.NEVER)
