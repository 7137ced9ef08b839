"""The reference engine: every handler plain Python on lists, its events on a SimPy environment.

Written to be read and stepped through. The compiled engine calls the same handlers and gives the same requests
to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from novamodel.components.columns import as_object
from novamodel.simulation import codes, events, holds, queueing
from novamodel.simulation.build import Plan
from novamodel.simulation.digest import RequestLog
from novamodel.simulation.dispatch import dispatch, inject, kill, kill_more, run_ready
from novamodel.simulation.environment import EngineEnvironment
from novamodel.simulation.feeding import Feeder
from novamodel.simulation.growing import grow
from novamodel.simulation.recorder import ROWS
from novamodel.simulation.schedule import EVENT_BITS
from novamodel.simulation.state import Model

RESERVE = 64
"""Free rows for finished requests before an event: more than one event and a portion of `run_ready` can fill."""


FULL = ROWS - RESERVE
NONE = codes.NONE


class ReferenceEngine:
    """Requests as events at absolute times of the SimPy environment that the control plane lives in."""

    name = "simpy"

    def __init__(self, plan: Plan, env: EngineEnvironment, seed: int, replication: int, keep: bool = False) -> None:
        self._columns: Model = plan.model
        self.model: Model = as_object(plan.model)
        self.env = env
        self.digest = RequestLog(keep)
        plan.model.record.keeps[0] = int(keep)
        self._feeder = Feeder(plan, seed, replication)
        self._calendar = env.calendar
        env.on_event = self._event_handler()
        for number in self._feeder.feeds:
            self._refill(number)

    def run(self, horizon: float) -> None:
        """Run everything before the horizon, and what the control plane does exactly then."""
        self.env.run_through(horizon)

    def inject(self, replica: int, program: int, number: int, serial: int) -> None:
        """Give a replica an internal job."""
        self._make_room()
        inject(self.model, replica, program, number, serial, self.env.now)
        self._go_on(self.env.now)

    def kill(self, replica: int) -> None:
        """A replica's process dies."""
        self._make_room()
        kill(self.model, self, replica, self.env.now)
        while self.model.timers.victim[0] != codes.NONE:
            kill_more(self.model, self._calendar, self.env.now)
            self._go_on(self.env.now)

    def start_user(self, number: int, program: int, population: int, client: int) -> None:
        """A user of a closed source begins to think."""
        self._make_room()
        events.start_user(self.model, number, program, population, client, self.env.now)
        self._go_on(self.env.now)

    def hand_out(self, queue: int) -> None:
        """Consumers of a queue have become free: give them messages."""
        self._make_room()
        queueing.hand_out(self.model, self._calendar, queue, self.env.now)
        self._go_on(self.env.now)

    def fill_pool(self, link: int, pool: int) -> None:
        """Put one more idle connection into a pool."""
        holds.fill_pool(self.model, self._calendar, link, pool, self.env.now)

    def warm_bouncer(self, pool: int) -> None:
        """Give a pool of PgBouncer one more idle server connection."""
        holds.warm_bouncer(self.model, self._calendar, pool, self.env.now)

    def finish_digest(self) -> str:
        """Hex digest of every finished request."""
        self.digest.take(self.model.record)
        return self.digest.hexdigest()

    def kept(self) -> Any:
        """Every finished request, if they were to be kept."""
        return self.digest.kept()

    def _event_handler(self) -> Callable[[float, int, int], None]:
        """What the environment calls for each event; a closure, as CPython reads its variables fastest."""
        m, calendar = self.model, self._calendar
        ready, free, rows, used_up = m.ready.count, m.requests.free_count, m.record.rows, m.stream.used_up
        room = m.config.room

        def on_event(now: float, key: int, who: int) -> None:
            dispatch(m, calendar, now, key >> EVENT_BITS, who)
            if ready[0] > 0:
                run_ready(m, calendar, now)
            if ready[0] > 0 or free[0] < room or rows[0] >= FULL:
                self._go_on(now)
            if used_up[0] != NONE:
                self._refill(used_up[0])

        return on_event

    def _go_on(self, now: float) -> None:
        """Whoever is ready goes on, a portion at a time; in between the tables get room, as in the compiled engine."""
        m = self.model
        while True:
            if m.ready.count[0] > 0:
                run_ready(m, self._calendar, now)
            if m.requests.free_count[0] < m.config.room:
                self._make_room()
            if m.record.rows[0] >= FULL:
                self.digest.take(m.record)
            if m.ready.count[0] == 0:
                return

    def _make_room(self) -> None:
        """Lists grow in place."""
        while self.model.requests.free_count[0] < self.model.config.room:
            self._columns = grow(self._columns)

    def _refill(self, number: int) -> None:
        self._feeder.refill(self.model.stream, number)
        events.next_arrival(self.model, self._calendar, number)
