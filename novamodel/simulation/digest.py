"""Every finished request passes here: into one SHA-256 and, when asked, into a table.

The digest covers number, route, outcome, replica, arrival, end and the time spent at each place, in the order in
which requests finish.
"""

from __future__ import annotations

import hashlib

import numpy as np

from novamodel.simulation.recorder import ROW_WIDTH, Recorder


class RequestLog:
    """Takes the recorder's rows whenever they are full."""

    def __init__(self, keep: bool) -> None:
        self._digest = hashlib.sha256()
        self._keep = keep
        self._kept: list[np.ndarray] = []

    def take(self, record: Recorder) -> None:
        """Add the rows collected since the last call and empty them."""
        rows = record.rows[0]
        words = np.asarray(record.words[: rows * 4], dtype="<i8").reshape(-1, 4)
        times = np.asarray(record.times[: rows * ROW_WIDTH], dtype="<f8").reshape(-1, ROW_WIDTH)
        self._digest.update(np.hstack([words.view("<u8"), times.view("<u8")]).tobytes())
        if self._keep:
            self._kept.append(np.hstack([words.astype(np.float64), times]))
        record.rows[0] = 0

    def hexdigest(self) -> str:
        """Digest of all rows taken so far."""
        return self._digest.hexdigest()

    def kept(self) -> np.ndarray | None:
        """All rows (number, route, outcome, replica, arrival, end, seconds by place), or None."""
        if not self._keep:
            return None
        return np.vstack(self._kept) if self._kept else np.zeros((0, 4 + ROW_WIDTH))
