"""Every finished request passes here: into one digest and, when asked, into a table.

The digest covers number, route, outcome, replica, arrival, end and the time spent at each place, in the order in
which requests finish. Each request's row becomes one 64-bit word, each step of which can be undone, so that two rows
that differ in one figure never have the same word (and others with a chance of about 2 ** -64); SHA-256 takes the
words. SHA-256 over the rows themselves would cost as much as a third of the simulation.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from novamodel.components.bits import wrapped_product
from novamodel.components.rule import entry
from novamodel.simulation.recorder import BESIDE, PLACES, ROW_WIDTH, ROWS, WORDS, Recorder

KEPT = WORDS + 2 + PLACES
"""Columns of a row without what fills it up to an even number."""
FACTOR = 0x2545F4914F6CDD1D
"""Odd, with bits all over: the multiplier of xorshift64* (Vigna, ACM TOMS 42(4), 2016)."""


@entry
def mix_rows(words: Any, rows: int, mixed: Any) -> None:
    """One word for each row of ROW_WIDTH words: xor with the next, product with an odd number, upper half into lower.

    Words in even and odd places have a chain each, which a processor follows side by side.
    """
    for row in range(rows):
        even = odd = 0
        for at in range(row * ROW_WIDTH, (row + 1) * ROW_WIDTH, 2):
            even = wrapped_product(even ^ words[at], FACTOR)
            odd = wrapped_product(odd ^ words[at + 1], FACTOR)
            even = even ^ (even >> 32)
            odd = odd ^ (odd >> 32)
        mixed[row] = wrapped_product(even, FACTOR) ^ odd


class RequestLog:
    """Takes the recorder's rows whenever they are full."""

    def __init__(self, keep: bool) -> None:
        self._digest = hashlib.sha256()
        self._mixed = np.zeros(ROWS, dtype=np.int64)
        self._keep = keep
        self._kept: list[np.ndarray] = []

    def take(self, record: Recorder) -> None:
        """Add the rows collected since the last call and empty them."""
        count = int(record.rows[0])
        if count == 0:
            return
        end = count * ROW_WIDTH
        rows = np.asarray(record.times[:end], dtype=np.float64)
        if isinstance(record.words, list):
            for word in range(WORDS):
                rows.view(np.int64)[word::ROW_WIDTH] = record.words[word:end:ROW_WIDTH]
        mix_rows(rows.view(np.int64), count, self._mixed)
        self._digest.update(self._mixed[:count].astype("<i8").data)
        if self._keep:
            kept = np.zeros((count, KEPT + BESIDE))
            kept[:, :KEPT] = rows.reshape(-1, ROW_WIDTH)[:, :KEPT]
            kept[:, :WORDS] = rows.view(np.int64).reshape(-1, ROW_WIDTH)[:, :WORDS]
            kept[:, KEPT:] = np.reshape(record.beside[: count * BESIDE], (count, BESIDE))
            self._kept.append(kept)
        record.rows[0] = 0

    def hexdigest(self) -> str:
        """Digest of all rows taken so far."""
        return self._digest.hexdigest()

    def kept(self) -> np.ndarray | None:
        """All rows (number, route, outcome, replica, arrival, end, seconds by place; what stands beside), or None."""
        if not self._keep:
            return None
        return np.vstack(self._kept) if self._kept else np.zeros((0, KEPT + BESIDE))
