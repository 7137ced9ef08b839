"""What an append-only file costs the one thread of Redis, by appendfsync.

src/server.c (beforeSleep) and src/aof.c of Redis 7: commands that are ready together are one turn of the event loop;
their writes go to the file at its end, and with ``always`` one fsync for all of them comes before any reply. With
``everysec`` another thread syncs once a second; a turn that wants to write while a sync is still going on puts it off
for two seconds, then waits for it. What is lost with the machine: nothing, or about the last second.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from novamodel.components.columns import Column
from novamodel.components.fifo import Fifo
from novamodel.components.rule import rule

OFF, EVERYSEC, ALWAYS = 0, 1, 2
APPENDFSYNC = {"off": OFF, "everysec": EVERYSEC, "always": ALWAYS}
EVERY_S, MOST_POSTPONED_S = 1.0, 2.0


class AppendOnly(NamedTuple):
    """Columns by server; seconds."""

    when: Column  # OFF, EVERYSEC, ALWAYS
    fsync: Column  # how long one takes
    turn: Column  # when the last turn of the event loop begins that has been given commands
    synced: Column  # 1 = that turn ends with an fsync
    sync_begin: Column  # of the last sync by the other thread
    sync_end: Column


def append_only_state(settings: Sequence[tuple[str, float]]) -> AppendOnly:
    """State in lists, given appendfsync (or off) and the time of an fsync of each server."""
    many = max(1, len(settings))
    when = [APPENDFSYNC[name] for name, _ in settings] or [OFF]
    seconds = [float(fsync) for _, fsync in settings] or [0.0]
    return AppendOnly(when, seconds, [-1.0] * many, [0] * many, [-EVERY_S] * many, [-EVERY_S] * many)


@rule
def command_join(f: Fifo, a: AppendOnly, c: int, work: float, writes: bool, now: float) -> float:
    """Give the thread a command; when its reply goes out."""
    begin = f.free_at[c]
    if begin < now:
        begin = now
    more = work
    if a.when[c] == ALWAYS:
        if now >= a.turn[c]:  # the last turn is over or goes on: this command comes in another one
            a.turn[c] = begin
            a.synced[c] = 0
        if writes and a.synced[c] == 0:
            a.synced[c] = 1
            more += a.fsync[c]
    elif a.when[c] == EVERYSEC and writes:
        end = begin + work
        if end < a.sync_end[c]:
            latest = a.sync_begin[c] + MOST_POSTPONED_S
            if end >= latest:
                more = a.sync_end[c] - begin
        elif end >= a.sync_begin[c] + EVERY_S:
            a.sync_begin[c] = end
            a.sync_end[c] = end + a.fsync[c]
    f.free_at[c] = begin + more
    f.used[c] += more
    return f.free_at[c]
