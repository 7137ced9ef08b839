"""The reference engine: every event is a SimPy event, every handler plain Python on lists.

Written to be read and stepped through. The compiled engine calls the same handlers and gives the same requests
to the last bit.
"""

from __future__ import annotations

from heapq import heappush
from typing import Any

import simpy

from novamodel.simulation import codes, dispatch, events, holds, queueing
from novamodel.simulation.build import Plan
from novamodel.simulation.digest import RequestLog
from novamodel.simulation.feeding import Feeder
from novamodel.simulation.growing import grow
from novamodel.simulation.recorder import ROWS
from novamodel.simulation.schedule import EVENT_BITS
from novamodel.simulation.state import Model

DATA_PRIORITY = 2
"""SimPy's own priorities are 0 and 1: at one instant the control plane comes before the engine."""
RESERVE = 64
"""Free rows for finished requests before an event: more than one event and a portion of `run_ready` can fill."""


class DataEvent(simpy.Event):
    """An event of the engine; SimPy calls its callbacks when its time comes."""

    _ok = True  # what SimPy's own constructor would set for each event
    _value = None
    _defused = False

    def __init__(self, callbacks: Any, key: int, who: int) -> None:
        self.callbacks = callbacks
        self.key = key
        self.who = who


class ReferenceEngine:
    """Requests as SimPy events on the environment that the control plane lives in."""

    name = "simpy"

    def __init__(self, plan: Plan, env: simpy.Environment, seed: int, replication: int, keep: bool = False) -> None:
        self.model: Model = plan.model
        self.env = env
        self.digest = RequestLog(keep)
        self._feeder = Feeder(plan, seed, replication)
        self._callbacks = (self._on_event,)
        self._watch()
        for number in self._feeder.feeds:
            self._refill(number)

    def push(self, time: float, key: int, who: int) -> None:
        """Calendar of `schedule.push`: the key orders the events of one instant."""
        event = DataEvent(self._callbacks, key, who)
        heappush(self.env._queue, (time, key + DATA_PRIORITY, next(self.env._eid), event))  # type: ignore[misc,arg-type]

    def run(self, horizon: float) -> None:
        """Run everything before the horizon, and what the control plane does exactly then: all of it is SimPy's."""
        queue, step, end = self.env._queue, self.env.step, (horizon, DATA_PRIORITY)
        while queue and queue[0] < end:  # type: ignore[operator]
            step()

    def inject(self, replica: int, program: int, number: int, serial: int) -> None:
        """Give a replica an internal job."""
        self._make_room()
        dispatch.inject(self.model, replica, program, number, serial, self.env.now)
        self._go_on()

    def kill(self, replica: int) -> None:
        """A replica's process dies."""
        self._make_room()
        dispatch.kill(self.model, replica, self.env.now)
        while self.model.timers.victim[0] != codes.NONE:
            dispatch.kill_more(self.model, self, self.env.now)
            self._go_on()

    def start_user(self, number: int, program: int, population: int, client: int) -> None:
        """A user of a closed source begins to think."""
        self._make_room()
        events.start_user(self.model, number, program, population, client, self.env.now)
        self._go_on()

    def hand_out(self, queue: int) -> None:
        """Consumers of a queue have become free: give them messages."""
        self._make_room()
        queueing.hand_out(self.model, self, queue, self.env.now)
        self._go_on()

    def fill_pool(self, link: int, pool: int) -> None:
        """Put one more idle connection into a pool."""
        holds.fill_pool(self.model, self, link, pool, self.env.now)

    def finish_digest(self) -> str:
        """Hex digest of every finished request."""
        self._flush(partly=True)
        return self.digest.hexdigest()

    def kept(self) -> Any:
        """Every finished request, if they were to be kept."""
        return self.digest.kept()

    def _on_event(self, event: Any) -> None:
        dispatch.dispatch(self.model, self, self.env.now, event.key >> EVENT_BITS, event.who)
        self._go_on()
        used_up = self._watched[3][0]
        if used_up != codes.NONE:
            self._refill(used_up)

    def _go_on(self) -> None:
        """Whoever is ready goes on, a portion at a time; in between the tables get room, as in the compiled engine."""
        while True:
            ready, free, rows, _ = self._watched
            if ready[0] > 0:
                dispatch.run_ready(self.model, self, self.env.now)
            if free[0] < self._room:
                self._make_room()
            if rows[0] >= ROWS - RESERVE:
                self._flush()
            if ready[0] == 0:
                return

    def _watch(self) -> None:
        m = self.model
        self._watched = m.ready.count, m.requests.free_count, m.record.rows, m.stream.used_up
        self._room = m.config.room

    def _make_room(self) -> None:
        while self.model.requests.free_count[0] < self.model.config.room:
            self.model = grow(self.model)
            self._watch()

    def _flush(self, partly: bool = False) -> None:
        rows = self.model.record.rows
        if partly or rows[0] >= ROWS - RESERVE:
            self.digest.take(self.model.record)

    def _refill(self, number: int) -> None:
        self._feeder.refill(self.model.stream, number)
        events.next_arrival(self.model, self, number)
