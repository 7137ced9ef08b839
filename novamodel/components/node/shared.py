"""A process on a machine that it shares: its event loop and its threads take turns on the cores with all others.

The process keeps its queues (`node`), the machine decides who runs (`cpu.host`). Row r of `Node` has the host threads
r * (1 + threads) (its loop) and those after it. A burst that finds the loop and its core idle costs more CPU (wake-up,
cold caches): on average (1 - u) idle + u busy at core utilisation u, as measured.
"""

from __future__ import annotations

from novamodel.components.cpu.host import finds_idle, thread_wake
from novamodel.components.cpu.host_state import Host
from novamodel.components.node.node import NONE, Node, loop_queue, thread_queue
from novamodel.components.rule import rule


@rule
def shared_loop_join(s: Node, host: Host, r: int, job: int, idle_work: float, busy_work: float, now: float) -> None:
    """Ask for a burst on the loop of a process."""
    if s.loop_job[r] != NONE:
        loop_queue(s, r, job, busy_work)
        return
    t = r * (1 + s.threads[0])
    work = idle_work if finds_idle(host, t) else busy_work
    s.loop_job[r] = job
    s.work[job] = work
    s.busy_since[r] = now
    thread_wake(host, t, work, now)


@rule
def shared_thread_join(s: Node, host: Host, r: int, job: int, idle_work: float, busy_work: float, now: float) -> None:
    """Ask for work on a libuv thread of a process."""
    row = r * s.threads[0]
    for k in range(s.threads[0]):
        if s.thread_job[row + k] == NONE:
            s.threads_busy[r] += 1
            s.thread_job[row + k] = job
            t = r * (1 + s.threads[0]) + 1 + k
            s.work[job] = idle_work if finds_idle(host, t) else busy_work
            thread_wake(host, t, s.work[job], now)
            return
    thread_queue(s, r, job, busy_work)


@rule
def shared_finish(s: Node, host: Host, t: int, now: float) -> tuple[int, int, int]:
    """The burst of host thread t has ended: start the next in its place.

    Returns (job that ended, job that starts or NONE, 1 if on a libuv thread else 0).
    """
    each = 1 + s.threads[0]
    r = t // each
    k = t - r * each
    if k == 0:
        job = s.loop_job[r]
        starts = s.loop_first[r]
        s.loop_job[r] = starts
        if starts != NONE:
            s.loop_first[r] = s.next[starts]
            s.loop_waiting[r] -= 1
            thread_wake(host, t, s.work[starts], now)
        else:
            s.loop_busy[r] += now - s.busy_since[r]
        return job, starts, 0
    at = r * s.threads[0] + k - 1
    job = s.thread_job[at]
    starts = s.pool_first[r]
    s.thread_job[at] = starts
    if starts != NONE:
        s.pool_first[r] = s.next[starts]
        s.pool_waiting[r] -= 1
        thread_wake(host, t, s.work[starts], now)
    else:
        s.threads_busy[r] -= 1
    return job, starts, 1
