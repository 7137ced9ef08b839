"""A limit_req zone of finite memory: keys as strings, least recently seen keys evicted.

After src/http/modules/ngx_http_limit_req_module.c (github.com/nginx/nginx, release-1.22.1). Making a key
first drops up to two of the oldest keys that have been idle for 60 s and have drained; when memory is full
the oldest key is evicted by force (and up to two such idle ones); when that does not help, the request is
rejected with the error "could not allocate node". An evicted key starts afresh.
"""

from __future__ import annotations

from collections import OrderedDict

from novamodel.components.nginx.limit_req import (
    AGAIN,
    CODE_NAMES,
    NEVER_MS,
    REJECTED,
    SKIPPED,
    LimitReq,
    elapsed_ms,
    limit_decide_all,
    limit_req_state,
    next_excess,
)
from novamodel.components.nginx.slab import Slab, chunk_bytes, zone_pages

_NODE_BYTES = 80  # of a key's node without the key itself
_TREE_BYTES = 80
_LABEL_BYTES = 27  # ' in limit_req zone ""' and a short name
_IDLE_MS = 60_000


def zone_capacity(size_bytes: int, key_bytes: int) -> int:
    """Keys of `key_bytes` bytes (4 for an IPv4 $binary_remote_addr) that a zone of that size holds."""
    chunk = chunk_bytes(_NODE_BYTES + key_bytes)
    pages = zone_pages(size_bytes) - 1  # one goes to the label
    if chunk > 2048:
        return max(0, (pages - 1) // (chunk // 4096))
    if chunk == chunk_bytes(_TREE_BYTES):
        return max(0, 4096 // chunk * pages - 1)
    return max(0, 4096 // chunk * (pages - 1))


class LimitZone:
    """Memory of one zone: which keys it knows, from the most to the least recently seen, and their rows."""

    def __init__(self, state: LimitReq, limit: int, size_bytes: int) -> None:
        self.state = state
        self.limit = limit
        self.slab = Slab(size_bytes)
        self.slab.take(_TREE_BYTES)
        self.slab.take(_LABEL_BYTES)
        self.rows: OrderedDict[str, tuple[int, int, int]] = OrderedDict()  # key: row, page, size
        self.spare: list[int] = []

    def row_of(self, key: str, key_bytes: int, now_ms: int) -> int:
        """Row of a key, made if it is new and now the most recently seen; -1 if memory cannot be had."""
        if key in self.rows:
            self.rows.move_to_end(key)
            return self.rows[key][0]
        size = _NODE_BYTES + key_bytes
        self._expire(now_ms, forced=False)
        page = self.slab.take(size)
        if page < 0:
            self._expire(now_ms, forced=True)
            page = self.slab.take(size)
        if page < 0:
            return -1
        row = self._fresh_row()
        self.rows[key] = (row, page, size)
        return row

    def _fresh_row(self) -> int:
        if self.spare:
            row = self.spare.pop()
            self.state.excess[row] = 0
            self.state.last_ms[row] = NEVER_MS
            return row
        self.state.excess.append(0)
        self.state.last_ms.append(NEVER_MS)
        return len(self.state.excess) - 1

    def _expire(self, now_ms: int, *, forced: bool) -> None:
        for n in range(0 if forced else 1, 3):
            if not self.rows:
                return
            key, (row, page, size) = next(iter(self.rows.items()))
            if n > 0:
                idle = abs(now_ms - self.state.last_ms[row])
                leaked = self.state.rate[self.limit] * idle // 1000
                if idle < _IDLE_MS or self.state.excess[row] > leaked:
                    return
            del self.rows[key]
            self.slab.give_back(page, size)
            self.spare.append(row)


class LimitedLocation:
    """The `limit_req` lines of one location, in order, each with a zone of its own."""

    def __init__(self, limits: list[tuple[int, int, int]], sizes: list[int]) -> None:
        """limits: (rate, burst, delay) in milli-requests; sizes: bytes of each zone."""
        self.state = limit_req_state(0, limits)
        self.zones = [LimitZone(self.state, i, size) for i, size in enumerate(sizes)]

    def decide(self, keys: list[tuple[str, int]], now_ms: int) -> tuple[int, int, list[tuple[int, str, int]]]:
        """Decide a request given (key, bytes of the key) for each limit; an empty key is not limited.

        Returns status, delay in ms and, for each zone looked up, (limit, OK | AGAIN | BUSY | ERROR, excess).
        """
        rows = [-1] * len(keys)
        reserved: list[tuple[int, str, int]] = []
        for i, (key, key_bytes) in enumerate(keys):
            if not key:
                continue
            rows[i] = self.zones[i].row_of(key, key_bytes, now_ms)
            if rows[i] < 0:
                return REJECTED, 0, [*reserved, (i, "ERROR", 0)]
            excess = next_excess(self.state, i, rows[i], elapsed_ms(self.state, rows[i], now_ms))
            if excess > self.state.burst[i]:
                break
            reserved.append((i, CODE_NAMES[AGAIN], excess))
        status, delay = limit_decide_all(self.state, 0, len(keys), rows, now_ms)
        looked_up = [
            (i, CODE_NAMES[self.state.code[i]], self.state.seen[i])
            for i in range(len(keys))
            if self.state.code[i] != SKIPPED
        ]
        return status, delay, looked_up
