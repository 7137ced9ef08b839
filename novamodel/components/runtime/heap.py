"""Heap limit of a JVM in a container.

HotSpot's Arguments::set_heap_size (src/hotspot/share/runtime/arguments.cpp, JDK 17 and 21): a quarter of the memory
that it sees (MaxRAMPercentage), half where that is little (MinRAMPercentage), with the built-in MaxHeapSize of 96 MiB
scaled by 1.3 on 64 bits between them. .NET takes three quarters of the limit: say `max_heap` there.
"""

from __future__ import annotations

BUILT_IN_MIB = 96 * 1.3
MAX_SHARE, MIN_SHARE = 0.25, 0.5


def jvm_heap_mib(visible_mib: float, max_heap_mib: float | None = None) -> float:
    """MiB of the heap at most; ``max_heap_mib`` is -Xmx."""
    if max_heap_mib is not None:
        return max_heap_mib
    small = MIN_SHARE * visible_mib
    return small if small < BUILT_IN_MIB else max(MAX_SHARE * visible_mib, BUILT_IN_MIB)
