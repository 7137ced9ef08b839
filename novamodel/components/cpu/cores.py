"""What a core of a host does: take a thread, give it up, look whether another one is due."""

from __future__ import annotations

from novamodel.components.cpu.choice import pick, pick_container, pick_thread
from novamodel.components.cpu.host_account import container_account, gate_plan, renewed, thread_account
from novamodel.components.cpu.host_state import ASLEEP, ENDED, GHOST, NEVER, NONE, RUNNING, WAITING, Host
from novamodel.components.cpu.run_queue import (
    INSTANT,
    container_competes,
    container_join,
    container_leave,
    container_unlink,
    thread_leave,
)
from novamodel.components.rule import handler, rule


@handler
def core_update(s: Host, h: int, k: int, now: float) -> None:
    """Account for the thread on a core; it and its container get a new deadline if theirs has passed."""
    t = s.thread[k]
    c = s.owner[t]
    thread_account(s, t, now)
    container_account(s, c, now)
    s.deadline[t] = renewed(s.v[t], s.deadline[t], 1.0, s.slice[h], now, s.tick[h], s.tick_phase[h])
    pace = s.running[c] / s.weight[c]
    part = s.slice[h] / s.weight[c]
    s.c_deadline[c] = renewed(s.cv[c], s.c_deadline[c], pace, part, now, s.tick[h], s.tick_phase[h])


@rule
def core_takes(s: Host, h: int, k: int, t: int, now: float, fresh: bool) -> None:
    """An empty core runs a thread that waits; `fresh` = it served another container before."""
    c = s.owner[t]
    container_account(s, c, now)
    s.listed[c] -= 1
    s.queued[c] -= 1
    s.waiting[h] -= 1
    s.running[c] += 1
    s.busy[h] += 1
    s.thread[k] = t
    s.since[k] = now
    s.mode[t] = RUNNING
    s.core[t] = k
    s.end[t] = s.progress[h] + s.work[t]
    s.keep[k] = s.deadline[t]
    if fresh:
        s.keep_container[k] = s.c_deadline[c]
    gate_plan(s, c)


@handler
def core_gives_up(s: Host, h: int, k: int, now: float) -> None:
    """The thread on a core waits, or sleeps if its burst is over; the core is empty."""
    t = s.thread[k]
    c = s.owner[t]
    thread_account(s, t, now)
    container_account(s, c, now)
    s.running[c] -= 1
    s.busy[h] -= 1
    s.thread[k] = NONE
    if s.mode[t] == ENDED:
        if s.ended[h] == t:
            s.ended[h] = NONE
        thread_leave(s, t, now)
        if s.first[c] == NONE:
            container_leave(s, c, now, True)
    else:
        left = s.end[t] - s.progress[h]
        s.work[t] = left if left > 0.0 else 0.0
        s.mode[t] = WAITING
        s.listed[c] += 1
        s.queued[c] += 1
        s.waiting[h] += 1
        if s.listed[c] == 1 and s.cores[h] > 1:
            container_competes(s, c, now)
    gate_plan(s, c)


@handler
def core_chooses(s: Host, h: int, k: int, served: int, now: float) -> None:
    """A core goes to the thread that should run there now; `served` is the container of the one it had, or NONE."""
    t = pick(s, h, k, served, now)
    if t == s.thread[k]:
        return
    if s.thread[k] != NONE:
        core_gives_up(s, h, k, now)
    if t != NONE:
        core_takes(s, h, k, t, now, s.owner[t] != served)


@rule
def core_ends(s: Host, h: int, k: int, now: float) -> None:
    """The thread of a core has nothing more to do: it sleeps, and the core chooses another one."""
    c = s.owner[s.thread[k]]
    core_update(s, h, k, now)
    core_gives_up(s, h, k, now)
    if s.waiting[h] > 0 or s.ghosts[h] > 0:
        core_chooses(s, h, k, c, now)


@rule
def core_ticks(s: Host, h: int, k: int, now: float) -> None:
    """The timer: who has used its slice up gives way to who is due before it."""
    t = s.thread[k]
    if t == NONE:
        if s.waiting[h] > 0:
            core_chooses(s, h, k, NONE, now)
        return
    core_update(s, h, k, now)
    c = s.owner[t]
    over = s.listed[c] > 0 and s.v[t] >= s.keep[k]
    if over or (s.cv[c] >= s.keep_container[k] and others_wait(s, h, c, c)):
        core_chooses(s, h, k, c, now)


@rule
def core_preempted(s: Host, h: int, k: int, t: int, now: float, news: bool, c_news: bool) -> None:
    """Thread t has come: it takes the core if it is due before the one that runs and that has no slice to keep.

    ``news`` (``c_news``): the thread (its container) was not on the run queue. Linux then looks whether a slice is used
    up before it counts the newcomer, so with nobody else there only who is due first matters.
    """
    own = s.thread[k]
    served = s.owner[own]
    c = s.owner[t]
    core_update(s, h, k, now)
    if served == c:
        rivals = s.listed[c] > 1 or not news
        over = (rivals and s.v[own] >= s.keep[k]) or pick_thread(s, c, k, now, -INSTANT) == t
    else:
        rivals = not c_news or others_wait(s, h, served, c)
        over = rivals and s.cv[served] >= s.keep_container[k]
        over = over or pick_container(s, h, k, served, now, -INSTANT) == c
    if over:
        core_chooses(s, h, k, served, now)


@rule
def others_wait(s: Host, h: int, c: int, also: int) -> bool:
    """Whether containers other than these two compete for a core."""
    i = s.top[h]
    while i != NONE:
        if i != c and i != also and (s.listed[i] > 0 or s.on[i] == GHOST):
            return True
        i = s.c_next[i]
    return False


@handler
def container_shuts(s: Host, c: int, now: float) -> None:
    """The quota of a container is used up: its threads leave their cores, and it leaves the run queue."""
    h = s.home[c]
    container_account(s, c, now)
    for k in range(s.first_core[h], s.first_core[h] + s.cores[h]):
        if s.thread[k] != NONE and s.owner[s.thread[k]] == c:
            core_gives_up(s, h, k, now)
    s.left[c] = 0.0
    if s.queued[c] == 0:
        return
    if s.on[c] == GHOST:
        s.ghosts[h] -= 1
    if s.on[c] != ASLEEP:
        container_leave(s, c, now, False)
    s.shut[c] = 1
    s.throttled[c] += 1
    s.waiting[h] -= s.queued[c]
    s.ghosts[h] -= s.listed[c] - s.queued[c]
    gate_plan(s, c)


@rule
def container_opens(s: Host, c: int, now: float) -> None:
    """The next period of a container begins: it has its quota again, and its threads wait for a core."""
    h = s.home[c]
    container_account(s, c, now)
    s.shut[c] = 0
    s.turn[c] += 1
    s.left[c] = s.quota[c]
    s.waiting[h] += s.queued[c]
    s.ghosts[h] += s.listed[c] - s.queued[c]
    container_join(s, c, now)
    gate_plan(s, c)


@handler
def cores_fill(s: Host, h: int, now: float) -> None:
    """Empty cores choose; the others look whether their thread has used its slice up."""
    for k in range(s.first_core[h], s.first_core[h] + s.cores[h]):
        core_ticks(s, h, k, now)


@rule
def host_first(s: Host, h: int) -> int:
    """Thread whose burst ends first, the lowest row among equals; NONE if no core is busy."""
    first = NONE
    for k in range(s.first_core[h], s.first_core[h] + s.cores[h]):
        t = s.thread[k]
        if t == NONE or s.mode[t] != RUNNING:
            continue
        if first == NONE or s.end[t] < s.end[first] or (s.end[t] == s.end[first] and t < first):
            first = t
    return first


@rule
def container_empties(s: Host, c: int, now: float) -> None:
    """All threads of a container are gone."""
    h = s.home[c]
    container_account(s, c, now)
    for k in range(s.first_core[h], s.first_core[h] + s.cores[h]):
        t = s.thread[k]
        if t != NONE and s.owner[t] == c:
            s.thread[k] = NONE
            s.running[c] -= 1
            s.busy[h] -= 1
    if s.ended[h] != NONE and s.owner[s.ended[h]] == c:
        s.ended[h] = NONE
    if s.shut[c] == 0:
        s.waiting[h] -= s.queued[c]
        s.ghosts[h] -= s.listed[c] - s.queued[c]
    if s.on[c] == GHOST:
        s.ghosts[h] -= 1
    if s.on[c] != ASLEEP:
        container_unlink(s, c)
    t = s.first[c]
    while t != NONE:
        s.mode[t] = ASLEEP
        s.lag[t] = 0.0
        t = s.next[t]
    s.first[c] = NONE
    s.listed[c] = 0
    s.queued[c] = 0
    s.on[c] = ASLEEP
    s.c_lag[c] = 0.0
    s.shut[c] = 0
    s.gate_due[c] = NEVER
    gate_plan(s, c)
