"""A node-postgres pool: what holds for every stream of callers."""

from __future__ import annotations

import heapq

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novamodel.components.pg_pool import rules, timers
from novamodel.components.pg_pool import state as pool
from novamodel.components.pg_pool.state import NEVER, NONE, UNLIMITED, PoolSettings
from novamodel.verify.pg_pool import answer

GRID = st.integers(0, 40).map(lambda n: n / 4)
"""Times on a coarse grid: many things fall on the same instant."""

SETTINGS = st.builds(
    PoolSettings,
    size=st.integers(1, 4),
    least=st.integers(0, 3),
    idle_timeout=st.sampled_from([NEVER, 0.5, 2.0]),
    patience=st.sampled_from([NEVER, 0.75, 3.0]),
    lifetime=st.sampled_from([NEVER, 2.5]),
    most_uses=st.sampled_from([UNLIMITED, 1, 3]),
)
CALLERS = st.lists(
    st.tuples(GRID, st.sampled_from([0.0, 0.25, 1.0, 4.0]), st.sampled_from([0.25, 1.0, 9.0]), st.integers(0, 9)),
    max_size=40,
)
"""When a caller comes, how long it holds, how long its connection takes to open, and what goes wrong (0, 1)."""

CASES = {"settings": SETTINGS, "callers": CALLERS, "close_takes": st.sampled_from([0.0, 0.25])}


class Run:
    """One pool driven as a run drives it: one pending event for all of its timers. Checks itself after each event."""

    def __init__(self, settings, callers, close_takes, end=NEVER):
        self.s = pool.pool_state([PoolSettings(1), settings], len(callers))
        self.p, self.settings, self.callers, self.close_takes = 1, settings, sorted(callers), close_takes
        self.calendar, self.count, self.armed, self.now = [], 0, NEVER, 0.0
        self.log, self.queue, self.stack, self.users, self.closing = [], [], [], {}, 0
        for waiter, caller in enumerate(self.callers):
            self.at(caller[0], self.come, waiter)
        if end < NEVER:
            self.at(end, self.end)

    def at(self, t, happen, *given_):
        heapq.heappush(self.calendar, (t, self.count, happen, given_))
        self.count += 1

    def play(self):
        while self.calendar:
            self.now, _, happen, given_ = heapq.heappop(self.calendar)
            happen(*given_)
            due = timers.pool_due(self.s, self.p)
            if due < self.armed:
                assert due >= self.now
                self.armed = due
                self.at(due, self.fire)
            self.check()
        return self

    def end(self):
        self.say("end", rules.pool_end(self.s, self.p, self.now))
        self.stack = []
        self.pulse()

    def say(self, *what):
        self.log.append((self.now, *what))

    def come(self, waiter):
        code, place = rules.pool_acquire(self.s, self.p, waiter, self.now)
        if code == pool.GRANTED:
            assert place == self.stack.pop()  # released last
            self.granted(waiter, place)
        elif code == pool.CONNECT:
            self.connect(place)
        elif code == pool.QUEUED:
            assert self.stack == []
            self.queue.append(waiter)
        else:
            self.say("refused", waiter)

    def connect(self, place):
        waiter = self.s.user[place]
        self.say("connect", waiter, place)
        takes = self.callers[waiter][2]
        self.at(self.now + takes, self.connected, place, self.s.serial[place], self.callers[waiter][3] == 0)

    def connected(self, place, serial, fails):
        if self.s.serial[place] != serial:
            return
        if fails:
            self.failed(place)
            return
        code, waiter = rules.pool_opened(self.s, self.p, place, self.now)
        if code == pool.GRANTED:
            self.granted(waiter, place)
        else:
            self.returned(place, code, waiter)

    def failed(self, place):
        self.say("failed", rules.pool_open_failed(self.s, self.p, place, self.now))
        self.pulse()

    def granted(self, waiter, place):
        assert place not in self.users
        self.users[place] = waiter
        self.say("granted", waiter, place)
        self.at(self.now + self.callers[waiter][1], self.release, waiter, place)

    def release(self, waiter, place):
        assert self.users.pop(place) == waiter
        failed = self.callers[waiter][3] == 1
        self.returned(place, *rules.pool_release(self.s, self.p, place, failed, self.now))

    def returned(self, place, code, waiter):
        if code == pool.HANDED:
            assert waiter == self.queue.pop(0)  # first in, first out
            self.granted(waiter, place)
        elif code == pool.KEPT:
            self.stack.append(place)
            self.say("idle", place)
        else:
            self.closed(place)

    def closed(self, place):
        self.say("closed", place)
        self.closing += 1
        self.at(self.now + self.close_takes, self.close_done)

    def close_done(self):
        self.closing -= 1
        self.pulse()

    def pulse(self):
        code, place = rules.pool_pulse(self.s, self.p, self.now)
        if code == pool.CONNECT:
            assert self.s.user[place] == self.queue.pop(0)
            self.connect(place)

    def fire(self):
        if self.now != self.armed:
            return
        self.armed = NEVER
        code, who = timers.pool_fire(self.s, self.p, self.now)
        while code != pool.NOTHING:
            if code == pool.CLOSED:
                self.stack.remove(who)
                self.closed(who)
            elif code == pool.ABORTED:
                self.failed(who)
            else:
                self.say("timed out", who)
                if code == pool.TIMED_OUT:
                    assert who == self.queue.pop(0)
            code, who = timers.pool_fire(self.s, self.p, self.now)

    def check(self):
        s, p = self.s, self.p
        row = s.state[p * s.depth[0] : p * s.depth[0] + s.size[p]]
        assert row.count(pool.IDLE) == s.idle[p] == len(self.stack)
        assert row.count(pool.BUSY) == len(self.users)
        assert s.open[p] == s.size[p] - row.count(pool.EMPTY) <= self.settings.size
        assert s.waiting[p] == len(self.queue)
        assert s.first[p] == (self.queue[0] if self.queue else NONE)
        if self.queue and s.stage[p] == pool.OPEN:
            assert s.idle[p] == 0  # nobody waits while a connection is idle,
            assert s.open[p] == s.size[p] or self.closing  # or while there is room, but for a close under way
        assert s.open[0] == s.idle[0] == s.waiting[0] == 0  # the other pool


@given(**CASES, end=st.sampled_from([NEVER, 5.0]))
def test_every_caller_is_answered_once_and_connections_are_conserved(settings, callers, close_takes, end):
    run = Run(settings, callers, close_takes, end).play()
    answers = [e[2] for e in run.log if e[1] in ("granted", "failed", "timed out", "refused") and e[2] != NONE]
    assert sorted([*answers, *run.queue]) == list(range(len(callers)))
    if end == NEVER or settings.patience < NEVER:
        assert run.queue == []
    elif run.s.stage[1] != pool.OPEN:
        assert run.s.open[1] == 0


@given(**CASES)
def test_idle_connections_go_on_their_own_timers_and_not_below_the_least(settings, callers, close_takes):
    """When nothing is scheduled any more, more than the least stay only if they have no timer."""
    s = Run(settings, callers, close_takes).play().s
    assert s.open[1] == s.idle[1]
    if settings.idle_timeout < NEVER or settings.lifetime < NEVER:
        assert s.open[1] <= (0 if settings.lifetime < NEVER else settings.least)
    settings = settings._replace(lifetime=NEVER, most_uses=UNLIMITED, patience=NEVER)
    run = Run(settings, [(*caller[:3], 9) for caller in callers], close_takes).play()
    opened = sum(event[1] == "connect" for event in run.log)
    assert run.s.open[1] >= min(settings.least, opened)  # only idle timers close here, and they spare the least


@given(**CASES)
def test_nobody_waits_longer_than_the_time_out(settings, callers, close_takes):
    run = Run(settings, callers, close_takes).play()
    for when, what, waiter, *_ in run.log:
        if what in ("granted", "failed", "timed out") and waiter != NONE:
            waited = when - run.callers[waiter][0]
            assert waited <= settings.patience
            if what == "timed out":
                assert waited == settings.patience


@given(**CASES)
def test_account_is_the_area_under_connections_in_use(settings, callers, close_takes):
    run = Run(settings, callers, close_takes)
    area, before, held = 0.0, 0.0, 0
    while run.calendar:
        t = run.calendar[0][0]
        area, before = area + held * (t - before), t
        run.now, _, happen, given_ = heapq.heappop(run.calendar)
        happen(*given_)
        due = timers.pool_due(run.s, 1)
        if due < run.armed:
            run.armed = due
            run.at(due, run.fire)
        held = run.s.open[1] - run.s.idle[1]
    assert rules.pool_account(run.s, 1, run.now) == pytest.approx(area)


@given(
    st.lists(
        st.tuples(st.floats(0, 300), st.floats(0, 90), st.floats(0.1, 40), st.booleans()), min_size=1, max_size=40
    ),
    st.integers(1, 4),
    st.sampled_from([0, 1, 2]),
)
def test_one_event_a_pool_answers_as_a_timer_for_each(callers, size, least):
    """Times without ties: the two ways to play a case agree to the last digit."""
    options = {"max": size, "min": least, "idleTimeoutMillis": 31.7, "connectionTimeoutMillis": 28.3}
    options |= {"maxLifetimeSeconds": 0.0911, "maxUses": 4}
    ops = []
    for i, (t, hold, _, failed) in enumerate(sorted(callers)):
        op = {"op": "acquire", "id": f"r{i}", "t": t + i * 0.0137, "hold_ms": hold + 0.001 + i * 0.0003}
        ops.append(op | ({"release_error": True} if failed else {}))
    takes = [takes + i * 0.00071 for i, (_, _, takes, _) in enumerate(callers)]
    case = {"options": options, "connects": takes, "connect_ms": 7.77, "end_ms": 1.23, "ops": ops}
    assert answer(case) == answer(case, one_timer=True)
