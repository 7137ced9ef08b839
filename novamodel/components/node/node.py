"""A Node.js process: one event loop, a few libuv threads, one CPU gate around both.

Bursts of the event loop run one after the other in order of arrival; work handed to the libuv pool (bcrypt,
crypto, DNS, file system) runs on its threads, FIFO beyond their number (libuv: UV_THREADPOOL_SIZE, default 4).
All of them draw on one CPU quota. One row a replica; a job is a request slot. A burst that finds the loop idle
costs more CPU (wake-up, cold caches) than one that queues: the caller passes both figures, the loop picks.
"""

from __future__ import annotations

from typing import NamedTuple

from novamodel.components.columns import Column
from novamodel.components.cpu.cpu_gate import CpuGate, gate_advance, gate_due, gate_rest, gate_wake
from novamodel.components.rule import rule

NONE = -1
NEVER = 1e300


class Node(NamedTuple):
    """Columns by replica, by thread (replica * threads + i), and links by job."""

    threads: Column  # one entry: threads a replica
    loop_job: Column  # job whose burst runs, or NONE
    loop_end: Column  # progress at which it ends
    loop_first: Column  # first waiting job, or NONE
    loop_last: Column
    loop_waiting: Column  # jobs waiting for the loop
    pool_first: Column  # first job waiting for a thread, or NONE
    pool_last: Column
    pool_waiting: Column
    due: Column  # when the next burst ends, NEVER while none runs
    loop_busy: Column  # seconds in which the loop had a burst, up to busy_since
    busy_since: Column
    threads_busy: Column  # threads that work
    thread_job: Column  # by thread: job, or NONE
    thread_end: Column  # by thread: progress at which it ends
    next: Column  # by job: link of whichever queue it waits in
    work: Column  # by job: CPU seconds asked for


def node_state(replicas: int, threads: int, jobs: int) -> Node:
    """State in lists: idle replicas, links for that many jobs."""
    return Node(
        threads=[threads],
        loop_job=[NONE] * replicas,
        loop_end=[0.0] * replicas,
        loop_first=[NONE] * replicas,
        loop_last=[NONE] * replicas,
        loop_waiting=[0] * replicas,
        pool_first=[NONE] * replicas,
        pool_last=[NONE] * replicas,
        pool_waiting=[0] * replicas,
        due=[NEVER] * replicas,
        loop_busy=[0.0] * replicas,
        busy_since=[0.0] * replicas,
        threads_busy=[0] * replicas,
        thread_job=[NONE] * (replicas * threads),
        thread_end=[0.0] * (replicas * threads),
        next=[NONE] * jobs,
        work=[0.0] * jobs,
    )


@rule
def node_plan(s: Node, gate: CpuGate, r: int) -> None:
    """Work out when the next burst of a replica ends. The gate must be accounted up to now."""
    first = NEVER
    if s.loop_job[r] != NONE:
        first = s.loop_end[r]
    if s.threads_busy[r] > 0:
        row = r * s.threads[0]
        for i in range(row, row + s.threads[0]):
            if s.thread_job[i] != NONE and s.thread_end[i] < first:
                first = s.thread_end[i]
    if first == NEVER:
        s.due[r] = NEVER
    else:
        work = first - gate.progress[r]
        s.due[r] = gate_due(gate, r, work if work > 0.0 else 0.0)


@rule
def loop_join(s: Node, gate: CpuGate, r: int, job: int, idle_work: float, busy_work: float, now: float) -> None:
    """Ask for a burst on the event loop; it starts at once on an idle loop, else waits its turn."""
    if s.loop_job[r] == NONE:
        gate_advance(gate, r, now)
        gate_wake(gate, r, now)
        s.loop_job[r] = job
        s.loop_end[r] = gate.progress[r] + idle_work
        s.work[job] = idle_work
        s.busy_since[r] = now
        node_plan(s, gate, r)
        return
    loop_queue(s, r, job, busy_work)


@rule
def loop_queue(s: Node, r: int, job: int, work: float) -> None:
    """The event loop is busy: a burst waits its turn."""
    s.work[job] = work
    s.next[job] = NONE
    if s.loop_first[r] == NONE:
        s.loop_first[r] = job
    else:
        s.next[s.loop_last[r]] = job
    s.loop_last[r] = job
    s.loop_waiting[r] += 1


@rule
def thread_queue(s: Node, r: int, job: int, work: float) -> None:
    """All threads are busy: work waits for one."""
    s.work[job] = work
    s.next[job] = NONE
    if s.pool_first[r] == NONE:
        s.pool_first[r] = job
    else:
        s.next[s.pool_last[r]] = job
    s.pool_last[r] = job
    s.pool_waiting[r] += 1


@rule
def thread_join(s: Node, gate: CpuGate, r: int, job: int, work: float, now: float) -> bool:
    """Ask for work on a libuv thread; true if it starts at once."""
    row = r * s.threads[0]
    for i in range(row, row + s.threads[0]):
        if s.thread_job[i] == NONE:
            gate_advance(gate, r, now)
            gate_wake(gate, r, now)
            s.threads_busy[r] += 1
            s.thread_job[i] = job
            s.thread_end[i] = gate.progress[r] + work
            s.work[job] = work
            node_plan(s, gate, r)
            return True
    thread_queue(s, r, job, work)
    return False


@rule
def node_finish(s: Node, gate: CpuGate, r: int, now: float) -> tuple[int, int, int]:
    """A burst is due: end it and start the next in its place.

    Returns (job that ended, job that starts or NONE, 1 if on a libuv thread else 0). Among bursts that end at
    the same progress the event loop's comes first, then threads by number.
    """
    gate_advance(gate, r, now)
    ended_at = -1  # -1: the event loop
    end = s.loop_end[r] if s.loop_job[r] != NONE else NEVER
    if s.threads_busy[r] > 0:
        row = r * s.threads[0]
        for i in range(row, row + s.threads[0]):
            if s.thread_job[i] != NONE and s.thread_end[i] < end:
                end = s.thread_end[i]
                ended_at = i
    gate.progress[r] = end
    if ended_at < 0:
        job = s.loop_job[r]
        starts = s.loop_first[r]
        if starts != NONE:
            s.loop_first[r] = s.next[starts]
            s.loop_waiting[r] -= 1
            s.loop_end[r] = end + s.work[starts]
        else:
            gate_rest(gate, r)
            s.loop_busy[r] += now - s.busy_since[r]
        s.loop_job[r] = starts
        node_plan(s, gate, r)
        return job, starts, 0
    job = s.thread_job[ended_at]
    starts = s.pool_first[r]
    if starts != NONE:
        s.pool_first[r] = s.next[starts]
        s.pool_waiting[r] -= 1
        s.thread_end[ended_at] = end + s.work[starts]
    else:
        gate_rest(gate, r)
        s.threads_busy[r] -= 1
    s.thread_job[ended_at] = starts
    node_plan(s, gate, r)
    return job, starts, 1


@rule
def loop_busy_until(s: Node, r: int, now: float) -> float:
    """Seconds in which the event loop had work, up to now."""
    if s.loop_job[r] != NONE:
        s.loop_busy[r] += now - s.busy_since[r]
        s.busy_since[r] = now
    return s.loop_busy[r]


@rule
def node_reset(s: Node, gate: CpuGate, r: int, now: float) -> None:
    """The process is gone: its loop, its threads and its queues are empty."""
    gate_advance(gate, r, now)
    node_clear(s, r, now)
    gate.running[r] = 0


@rule
def node_clear(s: Node, r: int, now: float) -> None:
    """Nothing runs and nothing waits any more."""
    loop_busy_until(s, r, now)
    s.loop_job[r] = NONE
    s.loop_first[r] = NONE
    s.loop_last[r] = NONE
    s.loop_waiting[r] = 0
    s.pool_first[r] = NONE
    s.pool_last[r] = NONE
    s.pool_waiting[r] = 0
    s.due[r] = NEVER
    s.threads_busy[r] = 0
    row = r * s.threads[0]
    for i in range(row, row + s.threads[0]):
        s.thread_job[i] = NONE
