"""A recording: when each request came, what it asked and who asked."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

NOT_RECORDED = -1


class Tape(NamedTuple):
    """A recording for compiled code. Arrays of one length."""

    time: NDArray[np.float64]
    route: NDArray[np.int64]
    client: NDArray[np.int64]
    hit: NDArray[np.int64]  # 1, 0 or NOT_RECORDED
    demand: NDArray[np.float64]  # seconds or nan


@dataclass(frozen=True, eq=False)
class Recording:
    """Requests in the order of their times. Arrays of one length."""

    time_s: NDArray[np.float64]  # from the start
    route: NDArray[np.int32]  # place in names
    client: NDArray[np.int32]  # 0 to clients - 1, numbered as they first come
    hit: NDArray[np.int8] | None  # 1, 0 or NOT_RECORDED
    demand_s: NDArray[np.float64] | None  # nan where not recorded
    names: tuple[str, ...]
    clients: int
    begin_epoch_s: float  # the start, since 1970-01-01 UTC (or in the recording's own time)
    begin_clock_s: float  # the start, seconds since midnight in the zone said
    left_out: int = 0  # requests whose pattern leaves them out
    broken: int = 0  # lines skipped

    def __len__(self) -> int:
        return len(self.time_s)

    @property
    def length_s(self) -> float:
        """From the start to the last request."""
        return float(self.time_s[-1]) if len(self) else 0.0

    @cached_property
    def hash(self) -> str:
        """Hex digest of all requests and the names of their routes: the same on every machine."""
        digest = hashlib.sha256("\n".join(self.names).encode())
        for column in (self.time_s, self.route, self.client, self.hit, self.demand_s):
            digest.update(b"-" if column is None else column.astype(column.dtype.newbyteorder("<")).tobytes())
        return digest.hexdigest()

    @cached_property
    def tape(self) -> Tape:
        """The recording for compiled code."""
        count = len(self)
        hit = np.full(count, NOT_RECORDED) if self.hit is None else self.hit.astype(np.int64)
        demand = np.full(count, np.nan) if self.demand_s is None else self.demand_s
        return Tape(self.time_s, self.route.astype(np.int64), self.client.astype(np.int64), hit, demand)

    def rows(self, chosen: Any, **changes: Any) -> Recording:
        """The requests at these places, in this order."""
        kept = {
            name: None if column is None else column[chosen]
            for name, column in (
                ("time_s", self.time_s),
                ("route", self.route),
                ("client", self.client),
                ("hit", self.hit),
                ("demand_s", self.demand_s),
            )
        }
        return replace(self, **kept | changes)  # type: ignore[arg-type]


def renumbered(client: NDArray[Any]) -> tuple[NDArray[np.int32], int]:
    """Clients numbered in the order in which they first come, and how many there are."""
    _, first, inverse = np.unique(client, return_index=True, return_inverse=True)
    number = np.empty(len(first), dtype=np.int32)
    number[np.argsort(first)] = np.arange(len(first), dtype=np.int32)
    return number[inverse], len(first)
