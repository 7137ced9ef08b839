"""A queue, its consumers and its visibility time-outs in a small event loop, as a engine wires them."""

import heapq
import random

import pytest

from novamodel.components import deadlines as dl
from novamodel.components.queue import consumers as co
from novamodel.components.queue import messages as mq


class Loop:
    """Messages come at given times, each with its seconds of work; a member may be lost at a time."""

    def __init__(self, arrivals, work, members, concurrency, policy, lost=()):
        self.queue = mq.messages_state([policy], len(arrivals))
        self.visibility = dl.deadlines_state([policy.visibility_s], len(arrivals))
        self.consumers = co.consumers_state([members], [concurrency])
        for member in range(members):
            co.consumer_set(self.consumers, member, 1)
        self.work = work
        self.coming = sorted([*((time, -1, slot) for slot, time in enumerate(arrivals)), *((*row, 0) for row in lost)])
        self.ends = []  # heap of (time, member, slot, receipt)
        self.deliveries = []  # (time, slot, member)
        self.now = 0.0

    def run(self):
        while True:
            end = self.ends[0][0] if self.ends else dl.NEVER
            due = dl.deadline_due(self.visibility, 0)
            coming = self.coming[0][0] if self.coming else dl.NEVER
            self.now = min(end, due, coming)
            if self.now == dl.NEVER:
                return self
            if end == self.now:
                self._finish(*heapq.heappop(self.ends)[1:])
            elif due == self.now:
                mq.queue_return(self.queue, 0, dl.deadline_take_first(self.visibility, 0), self.now)
            else:
                _, member, slot = self.coming.pop(0)
                if member < 0:
                    mq.queue_publish(self.queue, 0, slot, self.now)
                else:
                    co.consumer_lose(self.consumers, member, self.now)
                    self.ends = sorted(row for row in self.ends if row[1] != member)
            self._deliver()

    def _finish(self, member, slot, receipt):
        co.consumers_release(self.consumers, member, self.now)
        if mq.queue_acknowledge(self.queue, 0, slot, receipt, self.now) == mq.IN_FLIGHT:
            dl.deadline_leave(self.visibility, 0, slot)

    def _deliver(self):
        while self.queue.waiting[0] > 0:
            member = co.consumers_pick(self.consumers, 0, self.now)
            if member == co.NONE:
                return
            slot = mq.queue_take(self.queue, 0, self.now)
            dl.deadline_join(self.visibility, 0, slot, self.now)
            self.deliveries.append((self.now, slot, member))
            heapq.heappush(self.ends, (self.now + self.work[slot], member, slot, self.queue.receipt[slot]))


def test_without_failures_it_is_first_come_first_served_on_all_places_together():
    chance, count, now = random.Random(3), 5000, 0.0
    arrivals, work = [], [chance.expovariate(1.0) for _ in range(count)]
    for _ in range(count):
        now += chance.expovariate(3.5)
        arrivals.append(now)
    loop = Loop(arrivals, work, 2, 2, mq.QueuePolicy(dl.NEVER)).run()
    free, starts = [0.0] * 4, []  # Kiefer and Wolfowitz: when each of the four places is free
    for arrival, seconds in zip(arrivals, work, strict=True):
        starts.append(max(arrival, heapq.heappop(free)))
        heapq.heappush(free, starts[-1] + seconds)
    assert [row[:2] for row in loop.deliveries] == [(start, slot) for slot, start in enumerate(starts)]
    waits = sum(start - arrival for start, arrival in zip(starts, arrivals, strict=True))
    assert loop.queue.waiting_area[0] == pytest.approx(waits, rel=1e-9)  # Little's law
    assert loop.queue.flying_area[0] == pytest.approx(sum(work), rel=1e-9)
    assert sum(loop.consumers.area) == pytest.approx(sum(work), rel=1e-9)
    assert (loop.queue.acknowledged, loop.queue.redelivered) == ([count], [0])


def test_what_a_lost_member_held_comes_back_after_the_visibility_time_out():
    loop = Loop([0.0, 0.0], [5.0, 5.0], 2, 1, mq.QueuePolicy(30.0), lost=[(1.0, 0)]).run()
    assert loop.deliveries == [(0.0, 0, 0), (0.0, 1, 1), (30.0, 0, 1)]
    assert loop.queue.acknowledged == [2]


def test_work_longer_than_the_visibility_time_out_is_done_twice_and_dies():
    loop = Loop([0.0], [25.0], 3, 1, mq.QueuePolicy(10.0, 0.0, 2)).run()
    assert loop.deliveries == [(0.0, 0, 0), (10.0, 0, 1)]
    assert (loop.queue.dead, loop.queue.acknowledged) == ([1], [0])  # dead at 20: both deletes come too late


def test_a_late_delete_is_in_time_when_nobody_had_a_place_for_the_message():
    loop = Loop([0.0], [15.0], 1, 1, mq.QueuePolicy(10.0)).run()
    assert loop.deliveries == [(0.0, 0, 0)]
    assert (loop.queue.acknowledged, loop.queue.redelivered) == ([1], [0])
