"""A node-postgres pool: compiled rules equal plain ones, and cases of the run worked by hand."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from novamodel.components.columns import as_arrays, as_lists
from novamodel.components.pg_pool import rules, timers
from novamodel.components.pg_pool import state as pool
from novamodel.components.pg_pool.state import NEVER, NONE, UNLIMITED, PoolSettings
from novamodel.components.rule import entry, rule

GRID = st.integers(0, 40).map(lambda n: n / 4)

SETTINGS = st.builds(
    PoolSettings,
    size=st.integers(1, 4),
    least=st.integers(0, 3),
    idle_timeout=st.sampled_from([NEVER, 0.5, 2.0]),
    patience=st.sampled_from([NEVER, 0.75, 3.0]),
    lifetime=st.sampled_from([NEVER, 2.5]),
    most_uses=st.sampled_from([UNLIMITED, 1, 3]),
)


@rule
def _step(s, what, waiter, place, now):
    if what == 0:
        return rules.pool_acquire(s, 1, waiter, now)
    if what == 1:
        return rules.pool_opened(s, 1, place, now)
    if what == 2:
        return rules.pool_open_failed(s, 1, place, now), 0
    if what <= 4:
        return rules.pool_release(s, 1, place, what == 4, now)
    if what == 5:
        return rules.pool_pulse(s, 1, now)
    if what == 6:
        return timers.pool_fire(s, 1, now)
    if what == 7:
        return rules.pool_close_all_idle(s, 1, now), 0
    if what == 8:
        return rules.pool_end(s, 1, now), 0
    return rules.pool_drop_all(s, 1, now), 0


@entry
def compiled_step(s, what, waiter, place, now):
    """Any of the rules, compiled."""
    return _step(s, what, waiter, place, now)


@given(
    SETTINGS,
    st.lists(
        st.tuples(st.sampled_from([0] * 5 + [1, 2, 3, 3, 4, 5, 6, 6, 7, 8, 9]), GRID, st.integers(0, 3)), max_size=60
    ),
)
def test_lists_and_compiled_arrays_agree(settings, steps):
    lists = pool.pool_state([PoolSettings(2), settings], len(steps))
    arrays = as_arrays(pool.pool_state([PoolSettings(2), settings], len(steps)))
    now = 0.0
    for waiter, (what, gap, which) in enumerate(steps):
        now += gap
        wanted = {1: pool.OPENING, 2: pool.OPENING, 3: pool.BUSY, 4: pool.BUSY}.get(what)
        row = range(lists.depth[0], lists.depth[0] + settings.size)
        places = [place for place in row if lists.state[place] == wanted]
        if wanted is not None and not places:
            continue
        place = places[which % len(places)] if places else NONE
        assert compiled_step(arrays, what, waiter, place, now) == _step(lists, what, waiter, place, now)
        assert as_lists(arrays) == lists
    assert all(column.dtype in (np.int64, np.float64) for column in arrays)


def test_eight_idle_connections_are_gone_one_idle_time_out_after_the_last_release():
    """The load ends at 120 s; nobody asks again."""
    s = pool.pool_state([PoolSettings(10, idle_timeout=1.0)], 8)
    places = [rules.pool_acquire(s, 0, w, 119.0)[1] for w in range(8)]
    for i, place in enumerate(places):
        assert rules.pool_opened(s, 0, place, 119.5)[0] == pool.GRANTED
        assert rules.pool_release(s, 0, place, False, 119.9 + i / 100)[0] == pool.KEPT
    gone = []
    while (due := timers.pool_due(s, 0)) < NEVER:
        while timers.pool_fire(s, 0, due)[0] == pool.CLOSED:
            gone.append(due)
    assert gone == [119.9 + i / 100 + 1.0 for i in range(8)]
    assert s.open[0] == s.idle[0] == 0


def test_the_process_is_gone_and_a_new_one_begins_with_an_empty_pool():
    s = pool.pool_state([PoolSettings(2, patience=1.0)], 5)
    first, second = (rules.pool_acquire(s, 0, w, 0.0)[1] for w in (0, 1))
    rules.pool_opened(s, 0, first, 0.1)
    rules.pool_release(s, 0, first, False, 0.2)
    assert rules.pool_drop_all(s, 0, 0.3) == 2
    assert timers.pool_due(s, 0) == NEVER
    assert sorted(rules.pool_acquire(s, 0, w, 0.4)[1] for w in (2, 3)) == sorted([first, second])
    assert rules.pool_acquire(s, 0, 4, 0.4) == (pool.QUEUED, NONE)
    assert timers.pool_due(s, 0) == 1.4


def test_a_pool_of_k_deadlocks_when_k_holders_want_a_second_one():
    s = pool.pool_state([PoolSettings(3, patience=2.0)], 6)
    for w in range(3):
        rules.pool_opened(s, 0, rules.pool_acquire(s, 0, w, 0.0)[1], 0.0)
    assert {rules.pool_acquire(s, 0, w, 0.5)[0] for w in (3, 4, 5)} == {pool.QUEUED}
    assert timers.pool_fire(s, 0, timers.pool_due(s, 0)) == (pool.NOTHING, NONE)  # the timers of the first three
    assert timers.pool_due(s, 0) == 2.5
    assert [timers.pool_fire(s, 0, 2.5) for _ in range(4)] == [*((pool.TIMED_OUT, w) for w in (3, 4, 5)), (0, NONE)]


def test_in_an_outage_waiters_leave_attempts_behind():
    """120 callers at once, room for 20, no answer from the server: all fail at 2 s, 20 attempts go on for nobody."""
    s = pool.pool_state([PoolSettings(20, patience=2.0)], 120)
    for w in range(120):
        rules.pool_acquire(s, 0, w, 0.0)
    failed = []
    while (event := timers.pool_fire(s, 0, 2.0))[0] != pool.NOTHING:
        if event[0] == pool.ABORTED:
            failed.append(rules.pool_open_failed(s, 0, event[1], 2.0))
            rules.pool_pulse(s, 0, 2.0)
        else:
            failed.append(event[1])
    assert sorted(failed) == list(range(120))
    assert s.open[0] == 20
    assert timers.pool_due(s, 0) == 4.0
    assert {rules.pool_opened(s, 0, place, 3.0)[0] for place in range(20)} == {pool.KEPT}
