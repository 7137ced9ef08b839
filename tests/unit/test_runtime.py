"""Runtimes: event loops, request threads, Go's processors, processes with a global lock; garbage collection."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from novamodel.components.columns import as_arrays
from novamodel.components.cpu.host import container_reset, container_used, host_due, host_step
from novamodel.components.cpu.host_state import host_state
from novamodel.components.runtime.rules import (
    REFUSED,
    runtime_admit,
    runtime_burst,
    runtime_ended,
    runtime_leave,
    runtime_reset,
)
from novamodel.components.runtime.state import (
    NONE,
    Plan,
    event_loops,
    go_processors,
    lanes_of,
    processes,
    request_threads,
    runtime_state,
)


class Request(NamedTuple):
    """Arrival; CPU before and after a wait on something else (seconds)."""

    at: float
    first: float
    wait: float = 0.0
    then: float = 0.0


def run(plan: Plan, cores: int, requests: list[Request], arrays: bool = False) -> tuple[list[float], Any, Any]:
    """Instants at which requests of one replica on a machine end (NaN: refused), the runtime and the host."""
    lanes = lanes_of(plan)
    host, s = host_state([cores], [0] * lanes, 1), runtime_state([plan], len(requests))
    host.slice[0] = host.tick[0] = 0.0001
    if arrays:
        host, s = as_arrays(host), as_arrays(s)
    end = [float("nan")] * len(requests)
    part = [0] * len(requests)
    events = sorted([(one.at, i, "comes") for i, one in enumerate(requests)], reverse=True)

    def starts(i: int, now: float) -> None:
        runtime_burst(s, host, i, False, requests[i].first, requests[i].first, now)

    def over(i: int, now: float) -> None:
        if part[i] == 0 and requests[i].then > 0:
            part[i] = 1
            events.append((now + requests[i].wait, i, "goes on"))
            events.sort(reverse=True)
            return
        end[i] = now
        following = runtime_leave(s, i, now)
        if following != NONE:
            starts(following, now)

    while True:
        due = float(host_due(host, 0))
        if events and events[-1][0] <= due:
            now, i, what = events.pop()
            if what == "goes on":
                runtime_burst(s, host, i, False, requests[i].then, requests[i].then, now)
            elif (admitted := runtime_admit(s, 0, i, now)) not in (NONE, REFUSED):
                assert s.at[i] == admitted
                starts(i, now)
            continue
        if due > 1e200:
            break
        while (t := int(host_step(host, 0, due))) != NONE:
            done = runtime_ended(s, host, t, due)
            if done != NONE:
                over(int(done), due)
    container_used(host, 0, due if due < 1e200 else float(host.last[0]))
    return end, s, host


def test_an_event_loop_runs_one_burst_at_a_time_and_waits_are_free() -> None:
    end, _, _ = run(event_loops(), 4, [Request(0.0, 0.01, 0.1, 0.01), Request(0.0, 0.01, 0.1, 0.01)])
    assert end == pytest.approx([0.12, 0.13])


def test_a_cluster_of_loops_takes_turns() -> None:
    end, s, _ = run(event_loops(2), 4, [Request(0.0, 0.01)] * 4)
    assert end == pytest.approx([0.01, 0.01, 0.02, 0.02])
    assert s.asked == [4]


def test_a_request_thread_is_held_while_its_request_waits() -> None:
    """Two threads, three requests that mostly wait: the third begins when the first is over."""
    end, _, _ = run(request_threads(2), 4, [Request(0.0, 0.01, 0.1, 0.01)] * 3)
    assert end == pytest.approx([0.12, 0.12, 0.24])


def test_who_finds_the_line_full_is_refused() -> None:
    end, s, _ = run(request_threads(1, line_limit=1), 1, [Request(0.0, 0.01)] * 3)
    assert end[:2] == pytest.approx([0.01, 0.02])
    assert np.isnan(end[2])
    assert s.taken == [0]


def test_request_threads_share_the_cores() -> None:
    """Four bursts of 10 ms on two cores end together at 20 ms."""
    end, _, _ = run(request_threads(8), 2, [Request(0.0, 0.01)] * 4)
    assert end == pytest.approx([0.02] * 4, abs=0.0006)


def test_go_runs_as_many_bursts_as_it_has_processors_by_turns() -> None:
    """Two processors: a short burst behind two long ones waits for one turn of 10 ms, not for their end."""
    end, _, _ = run(go_processors(2), 8, [Request(0.0, 0.1), Request(0.0, 0.1), Request(0.0, 0.001)])
    assert end[2] == pytest.approx(0.011)
    assert end[:2] == pytest.approx([0.101, 0.1])


@pytest.mark.parametrize(("threads", "expected"), [(1, 0.051), (4, 0.011)])
def test_a_global_lock_passes_by_turns(threads: int, expected: float) -> None:
    """One process: with one thread the short request waits for the long one, with four for turns of the lock."""
    end, _, _ = run(processes(1, threads, turn_s=0.01), 4, [Request(0.0, 0.05), Request(0.0, 0.001)])
    assert end == pytest.approx([0.05 if threads == 1 else 0.051, expected])


def test_threads_under_a_lock_use_one_core_and_processes_several() -> None:
    many = [Request(0.0, 0.02)] * 4
    assert max(run(processes(1, 4), 4, many)[0]) == pytest.approx(0.08)
    assert max(run(processes(4), 4, many)[0]) == pytest.approx(0.02)


def test_a_process_with_few_requests_is_preferred() -> None:
    s = runtime_state([processes(2, 2)], 5)
    assert [runtime_admit(s, 0, i, 0.0) for i in range(5)] == [0, 1, 0, 1, NONE]
    assert runtime_leave(s, 1, 0.0) == 4
    assert s.at[4] == 1


def test_garbage_collection_stops_the_loop_or_takes_a_core_beside() -> None:
    """Each 10 ms of work: a stop of 1 ms, and 5 ms of a thread beside."""
    plan = event_loops()._replace(collect_every_s=0.01, collect_stop_s=0.001, collect_beside_s=0.005)
    end, s, host = run(plan, 2, [Request(0.0, 0.005)] * 8)
    assert s.collections == [4, 0]  # of the loop, of the libuv threads
    assert end[-1] == pytest.approx(0.04 + 4 * 0.001)
    assert host.used[0] == pytest.approx(0.04 + 4 * 0.006)
    alone, _, _ = run(plan, 1, [Request(0.0, 0.005)] * 8)
    assert alone[-1] > end[-1] + 0.01  # on one core the thread beside takes its turns from the loop


PLANS = st.sampled_from(
    [
        event_loops(2),
        request_threads(3, line_limit=4),
        go_processors(2),
        processes(2, 2, turn_s=0.002),
        processes(2, line_limit=3)._replace(collect_every_s=0.004, collect_stop_s=0.001, collect_beside_s=0.002),
    ]
)
REQUESTS = st.lists(
    st.builds(
        Request,
        st.integers(0, 20).map(lambda n: n * 0.001),
        st.sampled_from([0.001, 0.003, 0.011]),
        st.sampled_from([0.0, 0.004]),
        st.sampled_from([0.0, 0.002]),
    ),
    min_size=1,
    max_size=14,
)


@hypothesis_settings(max_examples=120, deadline=None)
@given(PLANS, st.integers(1, 3), REQUESTS)
def test_every_request_ends_and_work_is_conserved(plan: Plan, cores: int, requests: list[Request]) -> None:
    """Whoever is not refused ends, not before its own demand; CPU used is what was asked; the runtime is empty then."""
    end, s, host = run(plan, cores, requests)
    served = [one for one, at in zip(requests, end, strict=True) if not np.isnan(at)]
    for one, at in zip(requests, end, strict=True):
        assert np.isnan(at) or at >= one.at + one.first + (one.wait + one.then if one.then else 0.0) - 1e-9
    if plan.line_limit > 100:
        assert len(served) == len(requests)
    garbage = sum(s.collections) * (plan.collect_stop_s + plan.collect_beside_s)
    work = sum(one.first + one.then for one in served)
    assert work - 1e-9 <= host.used[0] <= work + garbage + 1e-9
    assert not any([*s.taken, *s.bursts, *s.line, *s.held])
    assert all(job == NONE for job in [*s.job, *s.at])


@hypothesis_settings(max_examples=40, deadline=None)
@given(PLANS, st.integers(1, 3), REQUESTS)
def test_arrays_and_lists_agree_to_the_last_bit(plan: Plan, cores: int, requests: list[Request]) -> None:
    one, two = (run(plan, cores, requests, arrays)[0] for arrays in (False, True))
    assert np.array_equal(one, two, equal_nan=True)


def test_a_replica_that_is_killed_is_empty() -> None:
    plan = processes(2, 2)
    host, s = host_state([2], [0] * lanes_of(plan), 1), runtime_state([plan], 5)
    for i in range(5):
        if runtime_admit(s, 0, i, 0.0) != NONE:
            runtime_burst(s, host, i, False, 1.0, 1.0, 0.0)
    container_reset(host, 0, 0.5)
    runtime_reset(s, 0, 0.5)
    fresh = runtime_state([plan], 5)
    for name in ("line", "taken", "bursts", "job", "held", "worked"):
        assert getattr(s, name) == getattr(fresh, name)
    assert s.occupied == [4 * 0.5]
    assert runtime_admit(s, 0, 0, 0.5) != NONE
    runtime_burst(s, host, 0, False, 0.25, 0.25, 0.5)
    assert host_due(host, 0) == 0.75


def test_work_handed_to_threads_does_without_the_lock() -> None:
    """A process with two threads: 10 ms without the lock run beside 10 ms under it; with libuv's four, five of them."""
    for plan, jobs in ((processes(1, 2), 2), (event_loops(1, 4), 5)):
        host, s = host_state([8], [0] * lanes_of(plan), 1), runtime_state([plan], 6)
        for i in range(jobs):
            assert runtime_admit(s, 0, i, 0.0) == 0
            runtime_burst(s, host, i, i > 0, 0.01, 0.01, 0.0)
        assert host.busy[0] == jobs
        assert s.bursts == [0, 0]
        if jobs == 5:
            runtime_admit(s, 0, 5, 0.0)
            runtime_burst(s, host, 5, True, 0.02, 0.01, 0.0)
            assert (s.bursts, s.work[5]) == ([0, 1], 0.01)  # all four work: it waits, and costs the busy figure
