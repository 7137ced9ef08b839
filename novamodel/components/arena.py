"""All columns of a state in one piece of memory.

Some 500 arrays of their own lie in as many pages, and rows of the same number in the same few lines of a processor's
cache. Together they take a few large pages (where the system has them), each column shifted a little against the last.
"""

from __future__ import annotations

import mmap
from typing import Any

import numpy as np

LINE = 8
"""Words of a cache line."""
LARGE_PAGE = 1 << 21
"""Bytes; Linux on x86-64 and, with pages of 4 KiB, on ARM."""


def in_one_piece(state: Any) -> Any:
    """The same (nested) state, its arrays copied into one piece of memory; arrays of one word lie side by side."""
    words = sum(_room(array) for array in _arrays(state))
    memory = mmap.mmap(-1, (words * 8 // LARGE_PAGE + 2) * LARGE_PAGE)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        memory.madvise(mmap.MADV_HUGEPAGE)
    piece = np.frombuffer(memory, dtype=np.int64)
    return _place(state, piece, [-(piece.ctypes.data // 8) % (LARGE_PAGE // 8)])


def _room(array: np.ndarray) -> int:
    """Words that an array takes: whole lines and one between it and the next, so that rows do not meet."""
    words = (array.nbytes + 7) // 8
    return words if words < LINE else (words + 2 * LINE - 1) // LINE * LINE


def _arrays(part: Any) -> list[np.ndarray]:
    if isinstance(part, tuple):
        return [array for one in part for array in _arrays(one)]
    return [part] if isinstance(part, np.ndarray) else []


def _place(part: Any, piece: np.ndarray, at: list[int]) -> Any:
    if isinstance(part, tuple):
        return type(part)(*(_place(one, piece, at) for one in part))
    if not isinstance(part, np.ndarray):
        return part
    room = _room(part)
    placed = piece[at[0] : at[0] + room].view(part.dtype)[: part.size]
    placed[:] = part
    at[0] += room
    return placed
