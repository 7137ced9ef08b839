"""The compiled twin: the same handlers on arrays, with a heap of our own as calendar.

`advance` runs every event before an instant of the control plane. Compiled code allocates nothing: when a table
is full, a block of arrivals used up or a page of finished requests complete, it returns a code, Python does
what is needed, and it goes on where it was.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import simpy

from novamodel.components.pointers import addresses, view_maker
from novamodel.components.rule import COMPILED, entry
from novamodel.simulation import codes, events, path
from novamodel.simulation.build import BLOCK, Plan, blank_model
from novamodel.simulation.digest import RequestLog
from novamodel.simulation.recorder import ROWS
from novamodel.simulation.reference import RESERVE
from novamodel.simulation.schedule import STEP_BITS, Heap, heap_close
from novamodel.simulation.state import Model, grow
from novamodel.workload.arrivals import fill, new_block

DONE, MORE_SLOTS, MORE_HEAP, PAGE_FULL, BLOCK_USED = 0, 1, 2, 3, 4
GO_ON, INJECT, KILL, NEXT_ARRIVAL = 0, 1, 2, 3
FIRST_HEAP = 16384


class Twin(NamedTuple):
    """A model and its calendar, in arrays."""

    model: Model
    heap: Heap


def _new_heap(size: int) -> Heap:
    key, who = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    return Heap(np.zeros(size), key, who, np.zeros(1, dtype=np.int64), np.array([size]), np.zeros(1, dtype=np.int64))


PROTOTYPE = Twin(blank_model(), _new_heap(1))
view: Any = view_maker(PROTOTYPE) if COMPILED else None


@entry
def run(where: Any, now: float, until: float, order: int, replica: int, route: int, number: int, serial: int) -> int:
    """Carry out an order of the control plane at ``now``, then run all events before ``until``.

    Returns DONE or what Python has to do before the call is repeated with the order GO_ON. The only entry: what
    it calls is compiled once.
    """
    twin = view(where)
    m = twin.model
    heap = twin.heap
    if order == INJECT:
        path.inject(m, replica, route, number, serial, now)
    elif order == KILL:
        path.kill(m, replica, now)
    elif order == NEXT_ARRIVAL:
        events.next_arrival(m, heap)
    while True:
        path.settle(m, heap, now)
        heap_close(heap)
        if m.slots.free_count[0] < RESERVE:
            return MORE_SLOTS
        if heap.count[0] + RESERVE > heap.size[0]:
            return MORE_HEAP
        if m.record.rows[0] >= ROWS - RESERVE:
            return PAGE_FULL
        if m.timers.victim[0] != codes.NONE:
            path.kill_more(m, now)
            continue
        if m.stream.at[0] == m.stream.count[0] and m.stream.count[0] == BLOCK:
            return BLOCK_USED
        if heap.count[0] == 0 or heap.time[0] >= until:
            return DONE
        now = heap.time[0]
        key = heap.key[0]
        who = heap.who[0]
        heap.taken[0] = 1
        path.happen(m, heap, now, key >> STEP_BITS, who)


class CompiledPlane:
    """Requests in arrays; the control plane lives on the SimPy environment beside it."""

    engine = "compiled"

    def __init__(self, plan: Plan, env: simpy.Environment, seed: int, replication: int, keep: bool = False) -> None:
        self._block = new_block(BLOCK, plan.book.most_draws)
        drawn = {name: getattr(self._block, name) for name in ("time", "route", "population", "client", "draw")}
        self.model: Model = plan.model._replace(stream=plan.model.stream._replace(**drawn))
        self.env = env
        self._log = RequestLog(keep)
        self._source = plan.source
        self._seed = seed
        self._replication = replication
        self._heap = _new_heap(FIRST_HEAP)
        self._where = addresses(Twin(self.model, self._heap), PROTOTYPE)
        self._refill()

    def run(self, horizon: float) -> None:
        """Run everything before the horizon, and what the control plane does exactly then."""
        env = self.env
        while env.peek() <= horizon:
            self.advance(env.peek())
            env.step()
        self.advance(horizon)

    def advance(self, until: float) -> None:
        """Run all events before an instant."""
        self._order(GO_ON, until)

    def inject(self, replica: int, route: int, number: int, serial: int) -> None:
        """Give a replica an internal job."""
        self._make_room()
        self._order(INJECT, self.env.now, replica, route, number, serial)

    def kill(self, replica: int) -> None:
        """A replica's process dies."""
        self._make_room()
        self._order(KILL, self.env.now, replica)

    def _order(
        self, order: int, until: float, replica: int = 0, route: int = 0, number: int = 0, serial: int = 0
    ) -> None:
        now, until = float(self.env.now), float(until)  # an integer would have `run` compiled once more
        while True:
            code = run(self._where, now, until, order, replica, route, number, serial)
            if code == DONE:
                return
            order = GO_ON
            self._serve(code)

    def finish_digest(self) -> str:
        """Hex digest of every finished request."""
        self._log.take(self.model.record)
        return self._log.hexdigest()

    def kept(self) -> Any:
        """Every finished request, if they were to be kept."""
        return self._log.kept()

    def _serve(self, code: int) -> None:
        if code == MORE_SLOTS:
            self._more_slots()
        elif code == MORE_HEAP:
            self._double_heap()
        elif code == PAGE_FULL:
            self._log.take(self.model.record)
        else:
            self._refill()

    def _make_room(self) -> None:
        while self.model.slots.free_count[0] < RESERVE:
            self._more_slots()

    def _more_slots(self) -> None:
        self.model = grow(self.model)
        self._where = addresses(Twin(self.model, self._heap), PROTOTYPE)

    def _double_heap(self) -> None:
        old = self._heap
        time, key, who = (np.concatenate([column, np.zeros_like(column)]) for column in (old.time, old.key, old.who))
        self._heap = Heap(time, key, who, old.count, old.size * 2, old.taken)
        self._where = addresses(Twin(self.model, self._heap), PROTOTYPE)

    def _refill(self) -> None:
        stream = self.model.stream
        stream.number[0] += stream.count[0]
        made = fill(self._source, self._block, self._seed, self._replication, int(stream.number[0]))
        stream.at[0] = 0
        stream.count[0] = made
        self._order(NEXT_ARRIVAL, self.env.now)
