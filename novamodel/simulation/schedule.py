"""How a handler puts an event on the engine's calendar.

The only place where the engines differ: the reference puts the event on the calendar of its SimPy environment, the
compiled engine on a heap of its own. The order of events is (time, event, number) in both.
"""

from __future__ import annotations

from heapq import heappush
from typing import Any, NamedTuple

from novamodel.components.columns import Column
from novamodel.components.rule import RULE_OPTIONS, numba, rule

EVENT_BITS = 44
"""Request numbers below 2 ** 44 and the event above them make one integer that orders events of one instant."""


class Heap(NamedTuple):
    """A binary heap by (time, key). The last three have one entry."""

    time: Column
    key: Column
    who: Column
    count: Column
    size: Column
    taken: Column  # 1 = the first entry is taken, and its place waits for the next one pushed


def push(calendar: Any, time: float, event: int, number: int, who: int) -> None:
    """Put an event on the calendar: at `time`, `event` happens to request (or replica, pool, ...) `who`."""
    heappush(calendar, (time, (event << EVENT_BITS) + number, who))


@rule
def heap_push(heap: Heap, time: float, key: int, who: int) -> None:
    """Add an entry; the caller has made room."""
    if heap.taken[0] != 0:
        heap.taken[0] = 0
        heap_sink(heap, heap.count[0], time, key, who)
        return
    i = heap.count[0]
    heap.count[0] = i + 1
    while i > 0:
        up = (i - 1) >> 1
        if heap.time[up] < time or (heap.time[up] == time and heap.key[up] <= key):
            break
        heap.time[i] = heap.time[up]
        heap.key[i] = heap.key[up]
        heap.who[i] = heap.who[up]
        i = up
    heap.time[i] = time
    heap.key[i] = key
    heap.who[i] = who


@rule
def heap_sink(heap: Heap, n: int, time: float, key: int, who: int) -> None:
    """Put an entry in the first place of n and let it sink to where it belongs."""
    i = 0
    while True:
        down = 2 * i + 1
        if down >= n:
            break
        right = down + 1
        if right < n:  # | and & for or and and: which comes first is a guess that no processor wins
            earlier = heap.time[right] < heap.time[down]
            tied = heap.time[right] == heap.time[down]
            down += int(earlier | (tied & (heap.key[right] < heap.key[down])))
        if time < heap.time[down] or (time == heap.time[down] and key <= heap.key[down]):
            break
        heap.time[i] = heap.time[down]
        heap.key[i] = heap.key[down]
        heap.who[i] = heap.who[down]
        i = down
    heap.time[i] = time
    heap.key[i] = key
    heap.who[i] = who


@rule
def heap_close(heap: Heap) -> None:
    """Nothing was pushed into the place of the entry taken: the last one comes there."""
    if heap.taken[0] != 0:
        n = heap.count[0] - 1
        heap.taken[0] = 0
        heap.count[0] = n
        heap_sink(heap, n, heap.time[n], heap.key[n], heap.who[n])


if numba is not None:
    from numba.extending import overload

    @overload(push, jit_options=RULE_OPTIONS)
    def _push_on_heap(calendar: Any, time: float, event: int, number: int, who: int) -> Any:
        """What `push` means in compiled code."""

        def implementation(calendar: Any, time: float, event: int, number: int, who: int) -> None:
            heap_push(calendar, time, (event << EVENT_BITS) + number, who)

        return implementation
