"""A SimPy environment that takes events at absolute times, too.

SimPy's `schedule` takes a delay: in floating point now + (t - now) need not be t, and what happens at one instant is
in the order in which it was scheduled. The engine knows the instant, and an order of its own. So there is a second
calendar beside SimPy's, a heap of (time, key, who); `peek`, `step` and `run` look at both.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop
from typing import Any

import simpy
from simpy.events import NORMAL

Calendar = list[tuple[float, int, int]]
"""A heap by time, then key; `heapq.heappush` adds an event."""


class EngineEnvironment(simpy.Environment):
    """SimPy's environment and a calendar of absolute times; at one instant SimPy's events come first.

    ``calendar`` is the heap; ``on_event(time, key, who)`` is called for each of its events. An event that is pushed
    must not lie in the past. Processes, time-outs and all the rest of SimPy work as ever.
    """

    def __init__(self) -> None:
        super().__init__()
        self.calendar: Calendar = []
        self.on_event: Callable[[float, int, int], None] = _nobody
        self._at = 0.0  # time of the last event of the calendar
        self._limit = 0.0  # SimPy's next event, or the horizon of `run_through`

    @property
    def now(self) -> Any:
        """Time of the present event, whichever calendar it came from."""
        return max(self._at, super().now)

    def schedule(self, event: Any, priority: Any = NORMAL, delay: float = 0) -> None:
        """Schedule a SimPy event after a delay from now."""
        delay += self.now - super().now  # SimPy's clock stands where its own last event was
        super().schedule(event, priority, delay)
        self._limit = min(self._limit, super().peek())

    def peek(self) -> Any:
        """Time of the next event of either calendar; infinity when there is none."""
        next_own = super().peek()
        return min(self.calendar[0][0], next_own) if self.calendar else next_own

    def step(self) -> None:
        """Process the next event of either calendar; `simpy.core.EmptySchedule` when there is none."""
        if self.calendar and self.calendar[0][0] < super().peek():
            self._at, key, who = heappop(self.calendar)
            self.on_event(self._at, key, who)
        else:
            super().step()

    def run_through(self, horizon: float) -> None:
        """Process all events before the horizon, and SimPy's at the horizon: quicker than step by step."""
        calendar, on_event = self.calendar, self.on_event
        while True:
            next_own = super().peek()
            self._limit = min(next_own, horizon)
            while calendar and calendar[0][0] < self._limit:
                at, key, who = heappop(calendar)
                self._at = at
                on_event(at, key, who)
            if self._limit == horizon < super().peek():
                return
            super().step()


def _nobody(time: float, key: int, who: int) -> None:
    """No engine is there yet."""
