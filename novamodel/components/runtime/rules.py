"""How a runtime takes requests and runs their bursts on the threads of a host."""

from __future__ import annotations

from novamodel.components.cpu.host import finds_idle, thread_shorten, thread_wake
from novamodel.components.cpu.host_state import ASLEEP, GHOST, Host
from novamodel.components.rule import handler, rule
from novamodel.components.runtime.state import ENDLESS, NO_TURNS, NONE, Runtime

REFUSED = -2


@handler
def runtime_admit(s: Runtime, r: int, job: int, now: float) -> int:
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
    worker_takes(s, best, job, now)
    return best


@rule
def runtime_adopt(s: Runtime, r: int, job: int) -> None:
    """A worker whose turn it is has something to do that needs no slot (a consumer's message)."""
    s.at[job] = s.first_worker[r] + s.asked[r] % s.workers[r]
    s.asked[r] += 1


@rule
def worker_takes(s: Runtime, w: int, job: int, now: float) -> None:
    """A request has a slot of a worker."""
    s.taken[w] += 1
    s.at[job] = w
    if s.slots[w] < ENDLESS:
        runtime_count(s, s.replica[w], 1, now)


@rule
def runtime_leave(s: Runtime, job: int, now: float) -> int:
    """A request is over (none of its bursts runs or waits): the request in line that has its slot now, or NONE."""
    w = s.at[job]
    r = s.replica[w]
    s.taken[w] -= 1
    s.at[job] = NONE
    if s.slots[w] < ENDLESS:
        runtime_count(s, r, -1, now)
    starts = s.line_first[r]
    if starts != NONE:
        s.line_first[r] = s.next[starts]
        s.line[r] -= 1
        worker_takes(s, w, starts, now)
    return starts  # type: ignore[no-any-return]


@handler
def runtime_burst(
    s: Runtime, host: Host, job: int, aside: bool, idle_work: float, busy_work: float, now: float
) -> None:
    """An admitted request asks for CPU seconds, or (``aside``) hands work to a thread: on a free lane, or in line.

    A burst that finds its lane and core idle costs more (wake-up, cold caches), as with an event loop.
    """
    w = s.at[job]
    c = s.aside[w] if aside else s.crew[w]
    lane = s.first_lane[c]
    end = lane + s.lanes[c]
    while lane < end and s.job[lane] != NONE:
        lane += 1
    s.stood[job] = 0.0
    if lane < end:
        work = idle_work if finds_idle(host, s.host_first[0] + lane) else busy_work
        s.work[job] = work
        s.left[job] = work
        if c == s.crew[w] and s.slots[w] >= ENDLESS:
            runtime_count(s, s.replica[w], 1, now)
        lane_runs(s, host, lane, job, now)
    else:
        s.work[job] = busy_work
        s.left[job] = busy_work
        burst_waits(s, c, job, now)
        if s.turn[c] < NO_TURNS:
            lane_yields(s, host, c, now)


@rule
def burst_waits(s: Runtime, c: int, job: int, now: float) -> None:
    """A burst waits for a lane, behind the others."""
    s.entered[job] = now
    s.next[job] = NONE
    if s.burst_first[c] == NONE:
        s.burst_first[c] = job
    else:
        s.next[s.burst_last[c]] = job
    s.burst_last[c] = job
    s.bursts[c] += 1


@rule
def lane_yields(s: Runtime, host: Host, c: int, now: float) -> None:
    """A burst has come in line: the first lane that was to run to the end of its burst ends with its turn."""
    for lane in range(s.first_lane[c], s.first_lane[c] + s.lanes[c]):
        job = s.job[lane]
        if s.left[job] == 0.0:
            lost = thread_shorten(host, s.host_first[0] + lane, s.turn[c], now)
            s.left[job] = lost
            s.worked[c] -= lost
            if lost > 0.0:
                return


@handler
def lane_runs(s: Runtime, host: Host, lane: int, job: int, now: float) -> None:
    """A lane runs a burst, to its end or, if others wait, for a turn; garbage is collected once there is enough."""
    c = s.group[lane]
    part = s.left[job]
    if part > s.turn[c] and s.bursts[c] > 0:
        part = s.turn[c]
    s.left[job] -= part
    s.job[lane] = job
    s.worked[c] += part
    if s.worked[c] >= s.collect_every[c]:
        s.worked[c] -= s.collect_every[c]
        s.collections[c] += 1
        part += s.collect_stop[c]
        s.work[job] += s.collect_stop[c]
        beside = s.host_first[0] + s.first_lane[c] + s.lanes[c]
        if s.collect_beside[c] > 0.0 and (host.mode[beside] == ASLEEP or host.mode[beside] == GHOST):
            thread_wake(host, beside, s.collect_beside[c], now)
    thread_wake(host, s.host_first[0] + lane, part, now)


@handler
def runtime_ended(s: Runtime, host: Host, t: int, now: float) -> int:
    """Host thread t has come to the end of what it was given: the request whose burst is over, or NONE."""
    lane = t - s.host_first[0]
    if s.garbage[lane] == 1:
        return NONE
    c = s.group[lane]
    w = s.member[c]
    job = s.job[lane]
    s.job[lane] = NONE
    over = job
    if s.left[job] > 0.0:
        over = NONE
        if s.bursts[c] == 0:
            lane_runs(s, host, lane, job, now)
            return NONE
        burst_waits(s, c, job, now)
    starts = s.burst_first[c]
    if starts != NONE:
        s.burst_first[c] = s.next[starts]
        s.bursts[c] -= 1
        s.stood[starts] += now - s.entered[starts]
        lane_runs(s, host, lane, starts, now)
    elif c == s.crew[w] and s.slots[w] >= ENDLESS:
        runtime_count(s, s.replica[w], -1, now)
    return over  # type: ignore[no-any-return]


@rule
def runtime_count(s: Runtime, r: int, more: int, now: float) -> None:
    """Slots of a replica are taken or free, or lanes work or rest: their seconds are counted up to now."""
    s.occupied[r] += s.held[r] * (now - s.counted[r])
    s.counted[r] = now
    s.held[r] += more


@handler
def runtime_reset(s: Runtime, r: int, now: float) -> None:
    """The processes of a replica are gone: no request, no burst, no line. Reset its container on the host, too."""
    runtime_count(s, r, -s.held[r], now)
    s.line[r] = 0
    s.line_first[r] = NONE
    s.line_last[r] = NONE
    for w in range(s.first_worker[r], s.first_worker[r] + s.workers[r]):
        s.taken[w] = 0
        for c in range(s.crew[w], s.aside[w] + 1):
            s.bursts[c] = 0
            s.burst_first[c] = NONE
            s.burst_last[c] = NONE
            s.worked[c] = 0.0
            for lane in range(s.first_lane[c], s.first_lane[c] + s.lanes[c]):
                s.job[lane] = NONE
