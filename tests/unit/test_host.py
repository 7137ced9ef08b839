"""Threads that share a host's cores: theory, quotas, weights, and both engines alike."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from novamodel.components.columns import as_arrays
from novamodel.components.cpu.host import (
    container_place,
    container_reset,
    container_used,
    host_due,
    host_pressure,
    host_step,
    host_used,
    thread_wake,
)
from novamodel.components.cpu.host_state import ENDED, GHOST, NEVER, NONE, RUNNING, WAITING, Host, host_state
from novamodel.verify.host_run import serve

JOBS = 60_000


def sharing(cores: int, rate: float, work: np.ndarray, slices_s: float, threads: int = 300) -> np.ndarray:
    """Response times of jobs that come at random, each to a thread of its own in one container."""
    host = host_state([cores], [0] * threads, 1, tick_s=slices_s)
    host.slice[0] = slices_s
    arrival = np.cumsum(np.random.default_rng(7).exponential(1 / rate, len(work)))
    end, after = serve(host, [threads], np.zeros(len(work)), arrival, work)
    assert after.core_seconds[0] == pytest.approx(work.sum(), rel=1e-9)
    assert after.used[0] == pytest.approx(work.sum(), rel=1e-9)
    return (end - arrival)[len(work) // 10 :]


LAWS: dict[str, Any] = {
    "constant": lambda rng, n: np.full(n, 0.04),
    "exponential": lambda rng, n: rng.exponential(0.04, n),
    "hyperexponential": lambda rng, n: rng.exponential(np.where(rng.random(n) < 0.9, 0.02, 0.22)),
}


@pytest.mark.parametrize("law", LAWS)
def test_small_slices_are_processor_sharing_insensitive_to_the_law(law: str) -> None:
    """M/G/2 with processor sharing has the mean of M/M/2: 62.5 ms at 30/s of 40 ms."""
    work = LAWS[law](np.random.default_rng(3), JOBS)
    response = sharing(2, 30 * 0.04 / work.mean(), work, 0.0005)
    assert response.mean() == pytest.approx(work.mean() / (1 - 0.36), rel=0.04)


@pytest.mark.parametrize("cores", [1, 4])
def test_one_and_four_cores(cores: int) -> None:
    """Mean of M/M/c with sharing: Erlang C."""
    load = 0.8
    work = np.random.default_rng(5).exponential(0.01, JOBS)
    offered = load * cores
    terms = [offered**n / float(np.prod(np.arange(1, n + 1))) for n in range(cores + 1)]
    waits = terms[-1] / ((1 - load) * sum(terms[:-1]) + terms[-1])
    expected = 0.01 + waits * 0.01 / (cores * (1 - load))
    assert sharing(cores, offered / 0.01, work, 0.0005).mean() == pytest.approx(expected, rel=0.04)


def test_turns_of_four_milliseconds_on_two_cores() -> None:
    """Fidelity case: 30 logins/s of 40 ms on two cores with Linux's turns stay at the mean of equal sharing."""
    host = host_state([2], [0] * 64, 1)
    arrival = np.cumsum(np.random.default_rng(1).exponential(1 / 30, JOBS))
    end, _ = serve(host, [64], np.zeros(JOBS), arrival, np.full(JOBS, 0.04))
    assert (end - arrival)[6000:].mean() == pytest.approx(0.0625, rel=0.03)


def test_a_loop_beside_threads_on_two_cores() -> None:
    """Fidelity case: pings of 1 ms on a loop beside logins of 40 ms on threads, 1.23 of 2 cores used.

    Equal sharing gives a login 40 ms / (1 - 0.616^2); a ping waits too, rarely but then until a tick.
    """
    rng = np.random.default_rng(1)
    arrival = np.cumsum(rng.exponential(1 / 140, JOBS))
    login = rng.random(JOBS) < 0.2
    host = host_state([2], [0] * 65, 1)
    end, _ = serve(host, [1, 64], login, arrival, np.where(login, 0.04, 0.001))
    response = (end - arrival)[6000:]
    assert response[login[6000:]].mean() == pytest.approx(0.04 / (1 - 0.616 * 0.616), rel=0.05)
    ping = response[~login[6000:]]
    assert 0.00106 < ping.mean() < 0.0024
    assert np.median(ping) < 0.0011
    assert np.percentile(ping, 99) > 0.003


def test_discriminatory_sharing_by_weight() -> None:
    """Two classes of exponential jobs with weights 3 and 1 on one core (Fayolle, Mitrani and Iasnogorodski, 1980)."""
    per_class, load, mu = 150, 0.35, 100.0
    host = host_state([1], list(range(2 * per_class)), 2 * per_class, tick_s=0.0002)
    host.slice[0] = 0.0002
    host.weight[:per_class] = [3.0] * per_class
    rng = np.random.default_rng(11)
    arrival = np.cumsum(rng.exponential(1 / (2 * load * mu), JOBS))
    group, work = rng.integers(0, 2, JOBS), rng.exponential(1 / mu, JOBS)
    end, _ = serve(host, [per_class, per_class], group, arrival, work)
    response = end - arrival
    d = mu * 3 * (1 - load) + mu * 1 * (1 - load)
    for number, own, other in ((0, 3, 1), (1, 1, 3)):
        expected = 1 / (mu * (1 - 2 * load)) * (1 + mu * load * (other - own) / d)
        assert response[group == number].mean() == pytest.approx(expected, rel=0.05)


def busy_threads(cores: int, threads: list[int], weights: list[float], seconds: float, **quota: Any) -> Host:
    """Host after some seconds with so many CPU-bound threads in each container."""
    owner = [c for c, n in enumerate(threads) for _ in range(n)]
    host = host_state([cores], owner, len(threads))
    host.weight[:] = weights
    for c, q in quota.get("quota", {}).items():
        host.quota[c] = host.left[c] = q
    for t in range(len(owner)):
        thread_wake(host, t, 1e12, 0.0)
    while host_due(host, 0) <= seconds:
        assert host_step(host, 0, host_due(host, 0)) == NONE
    for c in range(len(threads)):
        container_used(host, c, seconds)
    assert host_used(host, 0, seconds) == pytest.approx(sum(host.used))
    return host


@pytest.mark.parametrize(
    ("cores", "threads", "weights", "shares"),
    [
        (1, [2, 5], [1.0, 3.0], [0.25, 0.75]),
        (1, [1, 1, 1], [1.0, 1.0, 2.0], [0.25, 0.25, 0.5]),
        (2, [3, 3], [1.0, 3.0], [0.5, 1.5]),
        (2, [1, 3], [100.0, 1.0], [1.0, 1.0]),  # more weight than one thread can use
        (4, [1, 2, 8], [5.0, 1.0, 1.0], [1.0, 1.5, 1.5]),
    ],
)
def test_shares_by_weight(cores: int, threads: list[int], weights: list[float], shares: list[float]) -> None:
    """Containers by weight as far as they have threads, then threads equally."""
    host = busy_threads(cores, threads, weights, 40.0)
    assert host.used == pytest.approx([40 * share for share in shares], rel=0.02)


def test_a_quota_bounds_and_the_others_get_the_rest() -> None:
    """A container with half a core beside an unlimited one on one core."""
    host = busy_threads(1, [3, 1], [10.0, 1.0], 20.0, quota={0: 0.05})
    assert host.used[0] == pytest.approx(10.0, rel=1e-6)
    assert host.used[1] == pytest.approx(10.0, rel=1e-6)
    assert host.throttled[0] in (199, 200, 201)
    assert host.waiting[0] + host.queued[0] >= 2


def test_a_quota_that_sharing_does_not_let_it_reach_is_never_throttled() -> None:
    """A container with 0.8 cores that gets half of one by its weight."""
    host = busy_threads(1, [2, 2], [1.0, 1.0], 20.0, quota={0: 0.08})
    assert host.used[0] == pytest.approx(10.0, rel=0.02)
    assert host.stalled[0] < 0.4  # at most when turns happen to bunch in a period


def test_threads_run_at_once_while_there_are_cores() -> None:
    """No waiting, and no event but ends of bursts, with as many threads as cores."""
    host = busy_threads(4, [2, 2], [1.0, 9.0], 3.0)
    assert host.used == pytest.approx([6.0, 6.0])
    assert host_pressure(host, 0, 3.0) == 0.0
    assert host_due(host, 0) > 1e11


def test_hyperthreads_slow_down_only_beyond_the_physical_cores() -> None:
    """Four vCPUs on two cores with 0.6 beside a busy sibling: two threads at 1, four at 0.6, three at 2.2 / 3."""
    for threads, speed in ((1, 1.0), (2, 1.0), (3, (1 + 2 * 0.6) / 3), (4, 0.6)):
        host = host_state([4], [0] * 4, 1, sibling_speed=0.6)
        for t in range(threads):
            thread_wake(host, t, 1.0, 0.0)
        assert host_due(host, 0) == pytest.approx(1 / speed)


@pytest.mark.parametrize(("own_container", "most"), [(True, 0.002), (False, 0.009)])
def test_a_loop_goes_before_batch_threads(own_container: bool, most: float) -> None:
    """A loop that uses a tenth of a core beside four CPU-bound threads hardly waits; they lose what it uses.

    Turns of 4 ms without preemption would take at least 9 ms a request of 1 ms, equal sharing with four others 5 ms.
    """
    n = 4000
    arrival = np.cumsum(np.random.default_rng(2).exponential(0.01, n))
    host = host_state([1], [0] + 4 * [1 if own_container else 0], 2)
    columns = np.r_[[1, 2, 3, 4], np.zeros(n)], np.r_[[0.0] * 4, 0.01 + arrival], np.r_[[1e12] * 4, [0.001] * n]
    end, after = serve(host, [1, 1, 1, 1, 1], *columns)
    response = (end - columns[1])[4:]
    assert 0.001 <= response.mean() < most
    assert after.core_seconds[0] == pytest.approx(np.nanmax(end), rel=1e-6)


def test_a_thread_goes_on_with_its_slice() -> None:
    """Work handed over in the instant a burst ends continues without a turn of the others."""
    host = host_state([1], [0, 0], 1)
    thread_wake(host, 0, 0.0005, 0.0)
    thread_wake(host, 1, 1.0, 0.0)
    now = host_due(host, 0)
    assert host_step(host, 0, now) == 0
    thread_wake(host, 0, 0.0005, now)
    assert host_step(host, 0, now) == NONE
    assert host_due(host, 0) == pytest.approx(0.001)
    now = host_due(host, 0)
    assert host_step(host, 0, now) == 0
    assert host_step(host, 0, now) == NONE
    assert host.thread[0] == 1


def test_a_container_that_is_gone_leaves_its_cores() -> None:
    """Others run at once, and it may come back on another host."""
    host = host_state([1, 1], [0, 0, 1], 2)
    for t in range(3):
        thread_wake(host, t, 1.0, 0.0)
    container_reset(host, 0, 0.5)
    assert host.thread[0] == 2
    assert host.waiting[0] == 0
    container_place(host, 0, 1, 0.5)
    thread_wake(host, 1, 0.25, 0.5)
    assert host_due(host, 1) == 0.75
    assert host_step(host, 1, 0.75) == 1


def check(host: Host) -> None:
    """What is true of every state between calls."""
    for h, cores in enumerate(host.cores):
        rows = range(host.first_core[h], host.first_core[h] + cores)
        threads = [t for t in range(len(host.owner)) if host.home[host.owner[t]] == h]
        on = [host.thread[k] for k in rows if host.thread[k] != NONE]
        assert sorted(on) == [t for t in threads if host.mode[t] in (RUNNING, ENDED)]
        assert host.busy[h] == len(on)
        waiting = [t for t in threads if host.mode[t] == WAITING and not host.shut[host.owner[t]]]
        assert host.waiting[h] == len(waiting)
        assert not waiting or len(on) == cores, "a core is idle while a thread waits"
        assert host.due[h] < NEVER or not (on or waiting)
    for c in range(len(host.home)):
        modes = [host.mode[t] for t in range(len(host.owner)) if host.owner[t] == c]
        assert host.queued[c] == modes.count(WAITING)
        assert host.listed[c] == modes.count(WAITING) + modes.count(GHOST)
        assert host.running[c] == modes.count(RUNNING) + modes.count(ENDED)
        assert host.left[c] >= 0
        if host.quota[c] < 1:
            assert host.used[c] <= host.quota[c] * (host.accounted[c] / host.period[c] + 1) + 1e-9


STEPS = st.lists(
    st.tuples(st.integers(0, 9), st.sampled_from([0.0, 0.0001, 0.001, 0.003, 0.004, 0.02]), st.integers(0, 12)),
    min_size=1,
    max_size=40,
)


def drive(host: Host, steps: list[tuple[int, float, int]], inspect: bool) -> list[tuple[float, int]]:
    """Wake threads (or reset a container now and then) at intervals; what ended when."""
    seen: list[tuple[float, int]] = []
    now = 0.0

    def run(until: float) -> None:
        for h in itertools.cycle((0, 1)):
            at, h = min((float(host_due(host, i)), i) for i in (0, 1))
            if at > until:
                return
            while (t := int(host_step(host, h, at))) != NONE:
                seen.append((at, t))
                if t % 3 == 0 and len(seen) % 2:
                    thread_wake(host, t, 0.0007, at)
            if inspect:
                check(host)

    for t, gap, action in steps:
        now += gap
        run(now)
        if action == 12:
            container_reset(host, int(host.owner[t]), now)
        elif host.mode[t] in (0, GHOST):
            thread_wake(host, t, action * 0.0009, now)
        if inspect:
            check(host)
    run(now + 0.5)
    return seen


def example_host() -> Host:
    """Two hosts; four containers, two of them with a quota."""
    host = host_state([2, 1], [0, 0, 0, 1, 1, 2, 2, 2, 3, 3], 4)
    host.home[2] = host.home[3] = 1
    host.weight[:] = [1.0, 4.0, 2.0, 1.0]
    for c, quota in ((1, 0.01), (3, 0.004)):
        host.quota[c] = host.left[c] = quota
        host.period[c] = 0.02
    return host


@hypothesis_settings(max_examples=150, deadline=None)
@given(STEPS)
def test_any_history_keeps_the_books(steps: list[tuple[int, float, int]]) -> None:
    """Cores are never idle while a thread waits, quotas hold, counts agree with modes; all CPU is somebody's."""
    host = example_host()
    seen = drive(host, steps, inspect=True)
    assert [at for at, _ in seen] == sorted(at for at, _ in seen)
    end = max(host.last)
    for h in range(len(host.cores)):
        used = sum(container_used(host, c, end) for c in range(len(host.home)) if host.home[c] == h)
        assert used == pytest.approx(host_used(host, h, end), abs=1e-9)


@hypothesis_settings(max_examples=60, deadline=None)
@given(STEPS)
def test_arrays_and_lists_agree_to_the_last_bit(steps: list[tuple[int, float, int]]) -> None:
    """The same history on arrays and on lists."""
    lists, arrays = example_host(), as_arrays(example_host())
    assert drive(lists, steps, inspect=False) == drive(arrays, steps, inspect=False)
    for name, one, two in zip(lists._fields, lists, arrays, strict=True):
        assert one == list(two), name


def test_compiled_and_plain_agree_to_the_last_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy hour of one host, compiled and in plain Python."""
    rng = np.random.default_rng(4)
    n = 3000
    group, arrival = rng.integers(0, 4, n), np.cumsum(rng.exponential(0.004, n))
    work = rng.exponential(0.005, n)
    results = []
    for compiled in (True, False):
        monkeypatch.setattr("novamodel.verify.host_run.COMPILED", compiled)
        host = host_state([2], [0, 0, 0, 0, 1, 1, 1, 2, 2, 3], 4)
        host.weight[:] = [1.0, 2.0, 0.5, 1.0]
        host.quota[2] = host.left[2] = 0.03
        results.append(serve(host, [4, 3, 2, 1], group, arrival, work))
    assert np.array_equal(results[0][0], results[1][0])
    for name, one, two in zip(results[0][1]._fields, results[0][1], results[1][1], strict=True):
        assert np.array_equal(one, two), name
