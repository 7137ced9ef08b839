"""Message queues and their consumers: order, conservation, receipts, dead letters, turns; plain = compiled."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from novamodel.components.columns import as_arrays, as_lists
from novamodel.components.queue import consumers as co
from novamodel.components.queue import messages as mq
from novamodel.components.rule import entry

SLOTS = 6


def _one(slots=SLOTS, **policy):
    return mq.messages_state([mq.QueuePolicy(**policy)], slots)


# Messages


def test_first_in_first_out_and_back_to_the_end():
    state = _one()
    for slot in (3, 0, 5):
        assert mq.queue_publish(state, 0, slot, 0.0) == mq.VISIBLE
    assert mq.queue_take(state, 0, 1.0) == 3
    assert mq.queue_return(state, 0, 3, 2.0) == mq.VISIBLE
    assert state.entered[3] == 2.0
    assert [mq.queue_take(state, 0, 3.0) for _ in range(4)] == [0, 5, 3, mq.NONE]
    assert (state.delivered, state.redelivered) == ([4], [1])


def test_dead_after_so_many_receives():
    state = _one(most_receives=2)
    mq.queue_publish(state, 0, 1, 0.0)
    answers = []
    for _ in range(2):
        assert mq.queue_take(state, 0, 0.0) == 1
        answers.append(mq.queue_return(state, 0, 1, 0.0))
    assert answers == [mq.VISIBLE, mq.DEAD]
    assert mq.queue_take(state, 0, 0.0) == mq.NONE
    assert (state.dead, state.flying, state.waiting) == ([1], [0], [0])
    mq.queue_publish(state, 0, 1, 1.0)  # the slot's next message has all its receives
    mq.queue_take(state, 0, 1.0)
    assert mq.queue_return(state, 0, 1, 1.0) == mq.VISIBLE


def test_a_delayed_message_is_hidden_until_it_is_shown():
    state = _one(delay_s=5.0)
    assert mq.queue_publish(state, 0, 2, 0.0) == mq.HIDDEN
    assert mq.queue_take(state, 0, 1.0) == mq.NONE
    mq.queue_show(state, 0, 2, 5.0)
    assert mq.queue_take(state, 0, 6.0) == 2
    assert mq.queue_return(state, 0, 2, 7.0) == mq.VISIBLE  # the delay is only for the first time


def test_a_delete_needs_the_latest_receipt():
    state = _one()
    mq.queue_publish(state, 0, 0, 0.0)
    mq.queue_publish(state, 0, 1, 0.0)
    assert mq.queue_acknowledge(state, 0, 0, state.receipt[0], 0.0) == mq.NOWHERE  # never received
    mq.queue_take(state, 0, 0.0)
    slow = state.receipt[0]
    mq.queue_return(state, 0, 0, 30.0)
    assert [mq.queue_take(state, 0, 31.0) for _ in range(2)] == [1, 0]
    assert mq.queue_acknowledge(state, 0, 0, slow, 32.0) == mq.NOWHERE  # another works on it now
    assert mq.queue_acknowledge(state, 0, 0, state.receipt[0], 33.0) == mq.IN_FLIGHT
    assert mq.queue_acknowledge(state, 0, 0, state.receipt[0], 34.0) == mq.NOWHERE
    mq.queue_return(state, 0, 1, 61.0)
    assert mq.queue_acknowledge(state, 0, 1, state.receipt[1], 62.0) == mq.VISIBLE  # late, but nobody else has it
    assert (state.acknowledged, state.waiting, state.first) == ([2], [0], [mq.NONE])
    mq.queue_publish(state, 0, 0, 70.0)
    mq.queue_take(state, 0, 70.0)
    assert mq.queue_acknowledge(state, 0, 0, slow, 71.0) == mq.NOWHERE  # a receipt of the slot's message before


def test_mean_lengths_are_integrals():
    state = _one()
    mq.queue_publish(state, 0, 0, 0.0)
    mq.queue_publish(state, 0, 1, 1.0)
    mq.queue_take(state, 0, 4.0)
    mq.queue_acknowledge(state, 0, 0, state.receipt[0], 6.0)
    mq.queue_account(state, 0, 10.0)
    assert state.waiting_area == [1.0 * 1 + 3.0 * 2 + 6.0 * 1]
    assert state.flying_area == [2.0]


@pytest.mark.parametrize("wrong", [{"visibility_s": -1.0}, {"delay_s": -1.0}, {"most_receives": 0}])
def test_bad_queues_are_refused(wrong):
    with pytest.raises(ValueError):
        _one(**wrong)


@entry
def _step(s, q, what, slot, receipt, now):
    """The step that the slot's place allows, by number; the answer."""
    place = s.place[slot]
    if what == 0:
        return mq.queue_take(s, q, now)
    if what == 1:
        return mq.queue_acknowledge(s, q, slot, receipt, now)
    if place == mq.NOWHERE:
        return mq.queue_publish(s, q, slot, now)
    if place == mq.HIDDEN:
        mq.queue_show(s, q, slot, now)
        return 0
    if place == mq.IN_FLIGHT:
        return mq.queue_return(s, q, slot, now)
    return -9


_STEPS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 2 * SLOTS - 1), st.integers(-1, 0), st.floats(0.0, 2.0)), max_size=120
)


@settings(max_examples=100, deadline=None)
@given(_STEPS, st.sampled_from([0.0, 1.0]), st.integers(1, 3))
def test_messages_are_conserved_in_order_and_plain_and_compiled_agree(steps, delay, most_receives):
    policies = [mq.QueuePolicy(30.0, delay, most_receives), mq.QueuePolicy()]
    plain = mq.messages_state(policies, 2 * SLOTS)
    compiled = as_arrays(plain)
    lines: list[list[int]] = [[], []]  # what is visible, as a list keeps it
    areas = [0.0, 0.0, 0.0, 0.0]
    now = 0.0
    for what, slot, older, passed in steps:
        now += passed
        areas = [area + n * passed for area, n in zip(areas, plain.waiting + plain.flying, strict=True)]
        q = slot // SLOTS
        receipt = plain.receipt[slot] + older
        answer = getattr(_step, "py_func", _step)(plain, q, what, slot, receipt, now)
        assert _step(compiled, q, what, slot, receipt, now) == answer
        assert as_lists(compiled) == plain
        if what == 0:
            assert answer == (lines[q].pop(0) if lines[q] else mq.NONE)
        elif slot in lines[q] and plain.place[slot] == mq.NOWHERE:
            lines[q].remove(slot)
        elif plain.place[slot] == mq.VISIBLE and slot not in lines[q]:
            lines[q].append(slot)
        for queue in range(2):
            places = plain.place[queue * SLOTS : (queue + 1) * SLOTS]
            now_in = (plain.hidden[queue], plain.waiting[queue], plain.flying[queue])
            assert now_in == tuple(places.count(place) for place in (mq.HIDDEN, mq.VISIBLE, mq.IN_FLIGHT))
            assert plain.published[queue] == sum(now_in) + plain.acknowledged[queue] + plain.dead[queue]
            assert plain.waiting[queue] == len(lines[queue])
            assert max(plain.receives[queue * SLOTS : (queue + 1) * SLOTS]) <= plain.most_receives[queue]
    for queue in range(2):
        mq.queue_account(plain, queue, now)
    assert plain.waiting_area + plain.flying_area == pytest.approx(areas)


# Consumers


def _group(members, concurrency, up=None):
    state = co.consumers_state(members, concurrency)
    for member in range(sum(members)) if up is None else up:
        co.consumer_set(state, member, 1)
    return state


def test_most_free_places_first_and_equals_in_turn():
    state = _group([3], [2])
    assert [co.consumers_pick(state, 0, 0.0) for _ in range(7)] == [0, 1, 2, 0, 1, 2, co.NONE]
    co.consumers_release(state, 1, 1.0)
    assert co.consumers_pick(state, 0, 1.0) == 1
    for member in (2, 2, 0):
        co.consumers_release(state, member, 2.0)
    assert [co.consumers_pick(state, 0, 2.0) for _ in range(3)] == [2, 0, 2]


def test_one_at_a_time_goes_round():
    state, picked = _group([4], [3]), []
    for _ in range(8):
        picked.append(co.consumers_pick(state, 0, 0.0))
        co.consumers_release(state, picked[-1], 0.0)
    assert picked == [0, 1, 2, 3] * 2


def test_a_member_that_is_down_gets_nothing_and_finishes_what_it_has():
    state = _group([1, 2], [5, 1], up=[1, 2])
    assert co.consumers_pick(state, 0, 0.0) == co.NONE  # its only member is down
    assert co.consumers_pick(state, 1, 0.0) == 1
    co.consumer_set(state, 1, 0)
    assert [co.consumers_pick(state, 1, 0.0) for _ in range(2)] == [2, co.NONE]
    co.consumers_release(state, 1, 3.0)
    assert state.free == [0, 0]
    assert co.consumers_pick(state, 1, 3.0) == co.NONE
    assert co.consumer_account(state, 1, 9.0) == 3.0
    co.consumer_set(state, 1, 1)
    assert co.consumers_pick(state, 1, 9.0) == 1
    assert co.consumer_lose(state, 1, 10.0) == 1
    assert (state.up[1], state.busy[1], state.free) == (0, 0, [0, 0])
    assert co.consumers_pick(_group([0], [1]), 0, 0.0) == co.NONE
    with pytest.raises(ValueError, match="not negative"):
        co.consumers_state([1], [-1])


@entry
def _consume(s, what, member, now):
    """A step by number: pick for the member's group, release, set, lose; the answer."""
    if what == 0:
        return co.consumers_pick(s, s.group[member], now)
    if what == 2 and s.busy[member] > 0:
        co.consumers_release(s, member, now)
    if what == 3:
        co.consumer_set(s, member, 1 - s.up[member])
    if what == 4:
        return co.consumer_lose(s, member, now)
    return -9


@settings(max_examples=100, deadline=None)
@given(
    st.tuples(st.integers(1, 4), st.integers(1, 4)),
    st.tuples(st.integers(0, 3), st.integers(1, 3)),
    st.lists(st.tuples(st.sampled_from([0, 0, 0, 2, 2, 3, 4]), st.integers(0, 7)), min_size=20, max_size=100),
)
def test_places_are_conserved_and_plain_and_compiled_agree(members, concurrency, steps):
    plain = _group(members, concurrency)
    compiled = as_arrays(plain)
    for now, (what, number) in enumerate(steps):
        member = number % sum(members)
        before = [p - b if up else 0 for p, b, up in zip(plain.concurrency, plain.busy, plain.up, strict=True)]
        answer = getattr(_consume, "py_func", _consume)(plain, what, member, float(now))
        assert _consume(compiled, what, member, float(now)) == answer
        assert as_lists(compiled) == plain
        if what == 0:
            group = plain.group[member]
            row = before[plain.start[group] : plain.start[group] + members[group]]
            assert (answer == co.NONE) == (max(row) == 0)
            assert answer == co.NONE or before[answer] == max(row)
        assert all(0 <= busy <= places for busy, places in zip(plain.busy, plain.concurrency, strict=True))
        free = [p - b if up else 0 for p, b, up in zip(plain.concurrency, plain.busy, plain.up, strict=True)]
        assert plain.free == [sum(free[: members[0]]), sum(free[members[0] :])]
