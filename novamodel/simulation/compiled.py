"""The compiled engine: the same handlers on arrays, with a heap of our own as calendar.

`advance` runs every event before an instant of the control plane. Compiled code allocates nothing: when a table
is full, a block of arrivals used up or a page of finished requests complete, it returns a code, Python does
what is needed, and it goes on where it was.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import simpy

from novamodel.components.arena import in_one_piece
from novamodel.components.columns import as_object
from novamodel.components.pointers import addresses, view_maker
from novamodel.components.rule import COMPILED, entry
from novamodel.scenario import Scenario
from novamodel.scenario.model import build as scenario_of
from novamodel.scenario.origin import Tree
from novamodel.simulation import codes, dispatch, events, holds, queueing
from novamodel.simulation.build import Plan, build, column_kinds
from novamodel.simulation.digest import RequestLog
from novamodel.simulation.feeding import Feeder
from novamodel.simulation.growing import grow
from novamodel.simulation.recorder import ROWS, with_shared_rows
from novamodel.simulation.reference import RESERVE
from novamodel.simulation.schedule import EVENT_BITS, Heap, heap_close
from novamodel.simulation.state import Model

DONE, MORE_REQUESTS, MORE_HEAP, PAGE_FULL, BLOCK_USED = 0, 1, 2, 3, 4
GO_ON, INJECT, KILL, NEXT_ARRIVAL, START_USER, HAND_OUT, FILL_POOL, WARM_BOUNCER = 0, 1, 2, 3, 4, 5, 6, 7
FIRST_HEAP = 16384
NOTHING = np.zeros(0, dtype=np.int64)


class Whole(NamedTuple):
    """A model and its calendar, in arrays."""

    model: Model
    heap: Heap


def _new_heap(size: int) -> Heap:
    key, who = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    return Heap(np.zeros(size), key, who, np.zeros(1, dtype=np.int64), np.array([size]), np.zeros(1, dtype=np.int64))


def smallest() -> Scenario:
    """A scenario with one service: the types of its columns are those of every run."""
    values = {"name": "smallest", "traffic": {"mix": {"get": "100 %"}}, "services": {"api": {"routes": {"get": []}}}}
    return scenario_of(Tree(values))


PROTOTYPE = Whole(column_kinds(build(smallest(), arrays=True).model), _new_heap(1))
view: Any = view_maker(PROTOTYPE) if COMPILED else None


@entry
def run(where: Any, now: float, until: float, order: int, a: int, b: int, c: int, d: int) -> int:
    """Carry out an order of the control plane at ``now``, then run all events before ``until``.

    Returns DONE or what Python has to do before the call is repeated with the order GO_ON. The only entry: what
    it calls is compiled once. ``a`` to ``d`` are what the order needs.
    """
    whole = view(where)
    m = whole.model
    heap = whole.heap
    if order == GO_ON and m.ready.count[0] > 0:
        now = m.timers.now[0]  # Python made room in the middle of an event
    if order == INJECT:
        dispatch.inject(m, a, b, c, d, now)
    elif order == KILL:
        dispatch.kill(m, heap, a, now)
    elif order == NEXT_ARRIVAL:
        events.next_arrival(m, heap, a)
    elif order == START_USER:
        events.start_user(m, a, b, c, d, now)
    elif order == HAND_OUT:
        queueing.hand_out(m, heap, a, now)
    elif order == FILL_POOL:
        holds.fill_pool(m, heap, a, b, now)
    elif order == WARM_BOUNCER:
        holds.warm_bouncer(m, heap, a, now)
    if order != GO_ON:
        m.timers.now[0] = now
    while True:
        dispatch.run_ready(m, heap, now)
        heap_close(heap)
        if m.requests.free_count[0] < m.config.room:
            return MORE_REQUESTS
        if heap.count[0] + m.config.room > heap.size[0]:
            return MORE_HEAP
        if m.record.rows[0] >= ROWS - RESERVE:
            return PAGE_FULL
        if m.ready.count[0] > 0:
            continue
        if m.timers.victim[0] != codes.NONE:
            dispatch.kill_more(m, heap, now)
            continue
        if m.stream.used_up[0] != codes.NONE:
            return BLOCK_USED
        if heap.count[0] == 0 or heap.time[0] >= until:
            return DONE
        now = heap.time[0]
        m.timers.now[0] = now
        key = heap.key[0]
        who = heap.who[0]
        heap.taken[0] = 1
        dispatch.dispatch(m, heap, now, key >> EVENT_BITS, who)


class CompiledEngine:
    """Requests in arrays; the control plane lives on the SimPy environment beside it."""

    name = "compiled"

    def __init__(self, plan: Plan, env: simpy.Environment, seed: int, replication: int, keep: bool = False) -> None:
        self.env = env
        self._log = RequestLog(keep)
        plan.model.record.keeps[0] = int(keep)
        self._feeder = Feeder(plan, seed, replication)
        self._settle(plan.model, _new_heap(FIRST_HEAP))
        for number in self._feeder.feeds:
            self._refill(number)

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

    def inject(self, replica: int, program: int, number: int, serial: int) -> None:
        """Give a replica an internal job."""
        self._make_room()
        self._order(INJECT, self.env.now, replica, program, number, serial)

    def kill(self, replica: int) -> None:
        """A replica's process dies."""
        self._make_room()
        self._order(KILL, self.env.now, replica)

    def start_user(self, number: int, program: int, population: int, client: int) -> None:
        """A user of a closed source begins to think."""
        self._make_room()
        self._order(START_USER, self.env.now, number, program, population, client)

    def hand_out(self, queue: int) -> None:
        """Consumers of a queue have become free: give them messages."""
        self._make_room()
        self._order(HAND_OUT, self.env.now, queue)

    def fill_pool(self, link: int, pool: int) -> None:
        """Put one more idle connection into a pool."""
        self._order(FILL_POOL, self.env.now, link, pool)

    def warm_bouncer(self, pool: int) -> None:
        """Give a pool of PgBouncer one more idle server connection."""
        self._order(WARM_BOUNCER, self.env.now, pool)

    def _order(self, order: int, until: float, a: int = 0, b: int = 0, c: int = 0, d: int = 0) -> None:
        now, until = float(self.env.now), float(until)  # an integer would have `run` compiled once more
        while True:
            code = run(self._where, now, until, order, a, b, c, d)
            if code == DONE:
                return
            order = GO_ON
            self._serve(code)

    def finish_digest(self) -> str:
        """Hex digest of every finished request."""
        self._log.take(self._state.record)
        return self._log.hexdigest()

    def kept(self) -> Any:
        """Every finished request, if they were to be kept."""
        return self._log.kept()

    def _serve(self, code: int) -> None:
        if code == MORE_REQUESTS:
            self._more_requests()
        elif code == MORE_HEAP:
            self._double_heap()
        elif code == PAGE_FULL:
            self._log.take(self._state.record)
        else:
            self._refill(int(self.model.stream.used_up[0]))

    def _make_room(self) -> None:
        while self.model.requests.free_count[0] < self.model.config.room:
            self._more_requests()

    def _more_requests(self) -> None:
        self._settle(grow(self._state), self._heap)

    def _settle(self, state: Model, heap: Heap) -> None:
        """Columns of a new size: into memory of their own."""
        state = state._replace(record=state.record._replace(words=NOTHING))
        state, self._heap = in_one_piece(Whole(state, heap))
        self._state = state._replace(record=with_shared_rows(state.record))
        self.model: Model = as_object(self._state)  # for the control plane
        self._where = addresses(Whole(self._state, self._heap), PROTOTYPE)

    def _double_heap(self) -> None:
        old = self._heap
        time, key, who = (np.concatenate([column, np.zeros_like(column)]) for column in (old.time, old.key, old.who))
        self._settle(self._state, Heap(time, key, who, old.count, old.size * 2, old.taken))

    def _refill(self, number: int) -> None:
        self._feeder.refill(self._state.stream, number)
        self._order(NEXT_ARRIVAL, self.env.now, number)
