"""The reference data plane: every event is a SimPy event, every handler plain Python on lists.

Written to be read and stepped through. The compiled twin calls the same handlers and gives the same requests
to the last bit.
"""

from __future__ import annotations

from heapq import heappush
from typing import Any

import simpy

from novamodel.simulation import codes, events, path
from novamodel.simulation.build import BLOCK, Plan
from novamodel.simulation.digest import RequestLog
from novamodel.simulation.recorder import ROWS
from novamodel.simulation.schedule import STEP_BITS
from novamodel.simulation.state import Model, grow
from novamodel.workload.arrivals import fill, new_block

DATA_PRIORITY = 2
"""SimPy's own priorities are 0 and 1: at one instant the control plane comes before the data plane."""
RESERVE = 64
"""Free slots before an event: more than one event can take."""


class DataEvent(simpy.Event):
    """An event of the data plane; SimPy calls its callbacks when its time comes."""

    _ok = True  # what SimPy's own constructor would set for each event
    _value = None
    _defused = False

    def __init__(self, callbacks: Any, key: int, who: int) -> None:
        self.callbacks = callbacks
        self.key = key
        self.who = who


class ReferencePlane:
    """Requests as SimPy events on the environment that the control plane lives in."""

    engine = "simpy"

    def __init__(self, plan: Plan, env: simpy.Environment, seed: int, replication: int, keep: bool = False) -> None:
        self.model: Model = plan.model
        self.env = env
        self.digest = RequestLog(keep)
        self._source = plan.source
        self._seed = seed
        self._replication = replication
        self._block = new_block(BLOCK, plan.book.most_draws)
        self._callbacks = (self._on_event,)
        self._refill()

    def push(self, time: float, key: int, who: int) -> None:
        """Calendar of `schedule.push`: the key orders the events of one instant."""
        event = DataEvent(self._callbacks, key, who)
        heappush(self.env._queue, (time, key + DATA_PRIORITY, next(self.env._eid), event))  # type: ignore[misc,arg-type]

    def run(self, horizon: float) -> None:
        """Run everything before the horizon, and what the control plane does exactly then: all of it is SimPy's."""
        queue, step, end = self.env._queue, self.env.step, (horizon, DATA_PRIORITY)
        while queue and queue[0] < end:  # type: ignore[operator]
            step()

    def inject(self, replica: int, route: int, number: int, serial: int) -> None:
        """Give a replica an internal job."""
        self._make_room()
        path.inject(self.model, replica, route, number, serial, self.env.now)
        path.settle(self.model, self, self.env.now)

    def kill(self, replica: int) -> None:
        """A replica's process dies."""
        self._make_room()
        model, now = self.model, self.env.now
        path.kill(model, replica, now)
        while model.timers.victim[0] != codes.NONE:
            path.kill_more(model, now)
            path.settle(model, self, now)
            self._flush()

    def finish_digest(self) -> str:
        """Hex digest of every finished request."""
        self._flush(partly=True)
        return self.digest.hexdigest()

    def kept(self) -> Any:
        """Every finished request, if they were to be kept."""
        return self.digest.kept()

    def _on_event(self, event: Any) -> None:
        now, step = self.env.now, event.key >> STEP_BITS
        if step == codes.ARRIVE:
            self._make_room()
        model = self.model
        path.happen(model, self, now, step, event.who)
        if model.ready.count[0] > 0:
            path.settle(model, self, now)
        if model.record.rows[0] >= ROWS - RESERVE:
            self._flush()
        if step == codes.ARRIVE and model.stream.at[0] == model.stream.count[0]:
            self._refill()

    def _make_room(self) -> None:
        while self.model.slots.free_count[0] < RESERVE:
            self.model = grow(self.model)

    def _flush(self, partly: bool = False) -> None:
        rows = self.model.record.rows
        if partly or rows[0] >= ROWS - RESERVE:
            self.digest.take(self.model.record)

    def _refill(self) -> None:
        stream = self.model.stream
        if stream.count[0] < len(stream.time) and stream.number[0] + stream.count[0] > 0:
            return  # the rate steps are at their end: nobody comes any more
        stream.number[0] += stream.count[0]
        made = fill(self._source, self._block, self._seed, self._replication, stream.number[0])
        stream.time[:] = self._block.time.tolist()
        stream.route[:] = self._block.route.tolist()
        stream.population[:] = self._block.population.tolist()
        stream.client[:] = self._block.client.tolist()
        stream.draw[:] = self._block.draw.tolist()
        stream.at[0] = 0
        stream.count[0] = made
        events.next_arrival(self.model, self)
