"""SimPy's environment with events at absolute times beside its own."""

from __future__ import annotations

from heapq import heappush
from typing import Any

import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st
from simpy.core import EmptySchedule

from novamodel.simulation.environment import EngineEnvironment

TIMES = st.lists(st.integers(0, 20).map(lambda n: n / 10), max_size=12)


def with_both(own: list[float], processes: list[float]) -> tuple[EngineEnvironment, list[Any]]:
    """An environment with events at absolute times, and a process that waits for each of the others; what happens."""
    env = EngineEnvironment()
    seen: list[Any] = []

    def on_event(time: float, key: int, who: int) -> None:
        assert env.now == time
        seen.append((time, 1, key))
        if key == 0:  # an event of ours may wake SimPy's
            env.process(wait(0.05))

    def wait(delay: float) -> Any:
        yield env.timeout(delay)
        seen.append((env.now, 0, delay))

    env.on_event = on_event
    for key, time in enumerate(own):
        heappush(env.calendar, (time, key, key))
    for delay in processes:
        env.process(wait(delay))
    return env, seen


@given(TIMES, TIMES)
def test_events_come_in_order_of_time_then_simpys_first(own: list[float], processes: list[float]) -> None:
    env, seen = with_both(own, processes)
    env.run()
    assert [(time, kind) for time, kind, _ in seen] == sorted((time, kind) for time, kind, _ in seen)
    assert len(seen) == len(own) + len(processes) + bool(own)
    assert [key for time, kind, key in seen if kind == 1] == sorted(range(len(own)), key=lambda key: (own[key], key))


@given(TIMES, TIMES, st.integers(0, 22).map(lambda n: n / 10))
def test_run_through_is_step_by_step(own: list[float], processes: list[float], horizon: float) -> None:
    """All before the horizon, and SimPy's at it."""
    (quick, found), (slow, expected) = with_both(own, processes), with_both(own, processes)
    quick.run_through(horizon)
    while slow.peek() < horizon or (slow.peek() == horizon and simpy.Environment.peek(slow) == horizon):
        slow.step()
    assert found == expected
    assert quick.peek() == slow.peek()


def test_simpys_own_run_stops_and_ends() -> None:
    env, seen = with_both([0.5, 1.5], [1.0])
    env.run(until=1.2)
    assert [time for time, _, _ in seen] == [0.5, 0.55, 1.0]
    env.run()
    assert env.now == 1.5
    with pytest.raises(EmptySchedule):
        env.step()
