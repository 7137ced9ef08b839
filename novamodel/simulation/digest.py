"""Every finished request passes here: into one SHA-256 and, when asked, into a table.

The digest covers number, route, outcome, replica, arrival, end and the time spent at each place, in the order in
which requests finish.
"""

from __future__ import annotations

import hashlib

import numpy as np

from novamodel.simulation.recorder import ROW_WIDTH, WORDS, Recorder


class RequestLog:
    """Takes the recorder's rows whenever they are full."""

    def __init__(self, keep: bool) -> None:
        self._digest = hashlib.sha256()
        self._keep = keep
        self._kept: list[np.ndarray] = []

    def take(self, record: Recorder) -> None:
        """Add the rows collected since the last call and empty them."""
        end = int(record.rows[0]) * ROW_WIDTH
        rows = np.asarray(record.times[:end], dtype="<f8")
        if isinstance(record.words, list):
            words = np.asarray(record.words[:end], dtype="<i8").reshape(-1, ROW_WIDTH)[:, :WORDS]
            rows.view("<i8").reshape(-1, ROW_WIDTH)[:, :WORDS] = words
        self._digest.update(rows.data)
        if self._keep:
            kept = rows.reshape(-1, ROW_WIDTH).copy()
            kept[:, :WORDS] = kept.view("<i8")[:, :WORDS]
            self._kept.append(kept)
        record.rows[0] = 0

    def hexdigest(self) -> str:
        """Digest of all rows taken so far."""
        return self._digest.hexdigest()

    def kept(self) -> np.ndarray | None:
        """All rows (number, route, outcome, replica, arrival, end, seconds by place), or None."""
        if not self._keep:
            return None
        return np.vstack(self._kept) if self._kept else np.zeros((0, ROW_WIDTH))
