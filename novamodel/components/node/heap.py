"""V8's heap limit in a container, and what ends a process that needs more memory.

V8's Heap::HeapSizeFromPhysicalMemory and YoungGenerationSizeFromOldGenerationSize (src/heap/heap.cc), with the memory
that Node sees: the container's limit (Node from 20.3 on, or cgroup v1), else the host's. Half of it is the old
generation's. Checked with Node 20.20.2 in memory cgroups from 128 MiB to 20,000 MiB: 259 MiB up
to 512 MiB, 272 at 520, 332 at 640, 539 at 1030, 1548 at 3000, 2096 up to 15,871 MiB and 4144 from 15,872 MiB on.
"""

from __future__ import annotations

import re
from typing import Literal

LEAST_OLD_MIB, MOST_OLD_MIB, LARGE_OLD_MIB = 256, 2048, 4096
LARGE_FROM_MIB = 15.5 * 1024
MOST_SEMI_MIB = 16
SEES_LIMIT_FROM = (20, 3)
OUTSIDE_MIB = 40.0
"""Working set of a Node process without its heap: code, stacks, native parts (measured: 41 MiB, Node 20, idle)."""

FULL_HEAP = 1.35
"""Working set over heap limit while V8 collects a full heap (measured with small objects, Node 20 in memory cgroups:
the kernel comes first from 360 MiB of old space on in 512 MiB, and from 800 in 1024; up to 340 and 700 V8 aborts)."""

ABORT, OOM_KILL = (134, "v8_heap_abort"), (137, "kernel_oom_kill")
"""Exit code and cause: the process aborts itself, or the kernel kills it."""


def sees_container_limit(version: str, cgroup: int = 2) -> bool:
    """Whether a Node version (``20``, ``v18.20.4``) knows its container's memory limit."""
    numbers = [int(part) for part in re.findall(r"\d+", version)]
    if len(numbers) == 1:  # a major version is its newest release
        return cgroup == 1 or numbers[0] >= SEES_LIMIT_FROM[0]
    return cgroup == 1 or tuple(numbers[:2]) >= SEES_LIMIT_FROM


def young_generation_mib(old_mib: float) -> int:
    """MiB of the young generation beside an old generation: three semi-spaces."""
    wanted = old_mib / (256 if old_mib <= LEAST_OLD_MIB else 128)
    semi = 1
    while semi < min(wanted, MOST_SEMI_MIB):
        semi *= 2
    return 3 * semi


def heap_limit_mib(visible_mib: float, max_old_space_mib: float | None = None) -> int:
    """heap_size_limit of a process that sees so much memory; ``max_old_space_mib`` is ``--max-old-space-size``."""
    most = LARGE_OLD_MIB if visible_mib >= LARGE_FROM_MIB else MOST_OLD_MIB
    old = min(max(visible_mib / 2, LEAST_OLD_MIB), most)
    return int(max_old_space_mib or old) + young_generation_mib(old)


def death_of(leak: Literal["heap", "buffers"], container_mib: float, limit_mib: float,
             outside_mib: float = OUTSIDE_MIB) -> tuple[int, str]:  # fmt: skip
    """Exit code and cause of a process that needs ever more memory: what is reached first.

    Buffers lie outside the heap, so that its limit never stops them.
    """
    if leak == "heap" and FULL_HEAP * limit_mib + outside_mib <= container_mib:
        return ABORT
    return OOM_KILL
