"""How a runtime takes requests and runs their bursts on the threads of a host."""

from __future__ import annotations

from novamodel.components.cpu.host import thread_shorten, thread_wake
from novamodel.components.cpu.host_state import ASLEEP, GHOST, Host
from novamodel.components.rule import rule
from novamodel.components.runtime.state import NONE, Runtime

REFUSED = -2


@rule
def runtime_admit(s: Runtime, r: int, job: int) -> int:
    """A request comes to a replica: the worker that takes it, NONE if it waits in line, or REFUSED as that is full.

    The worker with the fewest requests takes it; among equals they take turns.
    """
    first, number = s.first_worker[r], s.workers[r]
    best = NONE
    for k in range(number):
        w = first + (s.asked[r] + k) % number
        if s.taken[w] < s.slots[w] and (best == NONE or s.taken[w] < s.taken[best]):
            best = w
    if best == NONE:
        if s.line[r] >= s.line_limit[r]:
            return REFUSED
        s.next[job] = NONE
        if s.line_first[r] == NONE:
            s.line_first[r] = job
        else:
            s.next[s.line_last[r]] = job
        s.line_last[r] = job
        s.line[r] += 1
        s.asked[r] += 1
        return NONE
    s.asked[r] += 1
    worker_takes(s, best, job)
    return best


@rule
def worker_takes(s: Runtime, w: int, job: int) -> None:
    """A request has a slot of a worker, and a lane if it keeps one."""
    s.taken[w] += 1
    s.at[job] = w
    s.lane[job] = NONE
    if s.own_lane[w] == 1:
        k = s.first_lane[w]
        while s.holder[k] != NONE:
            k += 1
        s.holder[k] = job
        s.lane[job] = k


@rule
def runtime_leave(s: Runtime, job: int) -> int:
    """A request is over (none of its bursts runs or waits): the request in line that has its slot now, or NONE."""
    w = s.at[job]
    r = s.replica[w]
    s.taken[w] -= 1
    s.at[job] = NONE
    if s.own_lane[w] == 1:
        s.holder[s.lane[job]] = NONE
    s.lane[job] = NONE
    starts = s.line_first[r]
    if starts != NONE:
        s.line_first[r] = s.next[starts]
        s.line[r] -= 1
        worker_takes(s, w, starts)
    return starts  # type: ignore[no-any-return]


@rule
def runtime_leave_line(s: Runtime, r: int, job: int) -> None:
    """A request in line gives up."""
    before = NONE
    i = s.line_first[r]
    while i != job:
        before = i
        i = s.next[i]
    if before == NONE:
        s.line_first[r] = s.next[job]
    else:
        s.next[before] = s.next[job]
    if s.line_last[r] == job:
        s.line_last[r] = before
    s.line[r] -= 1


@rule
def runtime_burst(s: Runtime, host: Host, job: int, work: float, now: float) -> bool:
    """An admitted request asks for CPU seconds: on its lane, a free one, or in line; true if it starts at once."""
    w = s.at[job]
    s.left[job] = work
    lane = s.lane[job]
    if s.own_lane[w] == 0:
        lane = s.first_lane[w]
        end = lane + s.lanes[w]
        while lane < end and s.job[lane] != NONE:
            lane += 1
        if lane == end:
            burst_waits(s, w, job)
            lane_yields(s, host, w, now)
            return False
    lane_runs(s, host, lane, job, now)
    return True


@rule
def burst_waits(s: Runtime, w: int, job: int) -> None:
    """A burst waits for a lane, behind the others."""
    s.next[job] = NONE
    if s.burst_first[w] == NONE:
        s.burst_first[w] = job
    else:
        s.next[s.burst_last[w]] = job
    s.burst_last[w] = job
    s.bursts[w] += 1


@rule
def lane_yields(s: Runtime, host: Host, w: int, now: float) -> None:
    """A burst has come in line: the first lane that was to run to the end of its burst ends with its turn."""
    for lane in range(s.first_lane[w], s.first_lane[w] + s.lanes[w]):
        job = s.job[lane]
        if s.left[job] == 0.0:
            lost = thread_shorten(host, s.host_first[0] + lane, s.turn[w], now)
            s.left[job] = lost
            s.worked[w] -= lost
            if lost > 0.0:
                return


@rule
def lane_runs(s: Runtime, host: Host, lane: int, job: int, now: float) -> None:
    """A lane runs a burst, to its end or, if others wait, for a turn; garbage is collected once there is enough."""
    w = s.worker[lane]
    part = s.left[job]
    if part > s.turn[w] and s.bursts[w] > 0:
        part = s.turn[w]
    s.left[job] -= part
    s.job[lane] = job
    s.lane[job] = lane
    s.worked[w] += part
    if s.worked[w] >= s.collect_every[w]:
        s.worked[w] -= s.collect_every[w]
        s.collections[w] += 1
        part += s.collect_stop[w]
        beside = s.host_first[0] + s.first_lane[w] + s.lanes[w]
        if s.collect_beside[w] > 0.0 and (host.mode[beside] == ASLEEP or host.mode[beside] == GHOST):
            thread_wake(host, beside, s.collect_beside[w], now)
    thread_wake(host, s.host_first[0] + lane, part, now)


@rule
def runtime_ended(s: Runtime, host: Host, t: int, now: float) -> tuple[int, int]:
    """Host thread t has come to the end of what it was given.

    Returns (request whose burst is over or NONE, request whose burst begins or goes on or NONE).
    """
    lane = t - s.host_first[0]
    w = s.worker[lane]
    if s.garbage[lane] == 1:
        return NONE, NONE
    job = s.job[lane]
    s.job[lane] = NONE
    over = job
    if s.left[job] > 0.0:
        over = NONE
        if s.bursts[w] == 0:
            lane_runs(s, host, lane, job, now)
            return NONE, job
        s.lane[job] = NONE
        burst_waits(s, w, job)
    elif s.own_lane[w] == 1:
        return job, NONE
    else:
        s.lane[job] = NONE
    starts = s.burst_first[w]
    if starts != NONE:
        s.burst_first[w] = s.next[starts]
        s.bursts[w] -= 1
        lane_runs(s, host, lane, starts, now)
    return over, starts


@rule
def runtime_reset(s: Runtime, r: int) -> None:
    """The processes of a replica are gone: no request, no burst, no line. Reset its container on the host, too."""
    s.line[r] = 0
    s.line_first[r] = NONE
    s.line_last[r] = NONE
    for w in range(s.first_worker[r], s.first_worker[r] + s.workers[r]):
        s.taken[w] = 0
        s.bursts[w] = 0
        s.burst_first[w] = NONE
        s.burst_last[w] = NONE
        s.worked[w] = 0.0
        for lane in range(s.first_lane[w], s.first_lane[w] + s.lanes[w]):
            s.job[lane] = NONE
            s.holder[lane] = NONE
