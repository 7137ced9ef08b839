"""nginx's limit_conn, exact: requests in progress per key.

After src/http/modules/ngx_http_limit_conn_module.c (github.com/nginx/nginx, release-1.22.1). A request
takes its slots after its header was read (and after any limit_req delay) and frees them when it is done;
idle keep-alive connections hold none. Rows are keys; -1 is an empty key, which is not counted.
"""

from __future__ import annotations

from typing import NamedTuple

from novamodel.components.columns import Column
from novamodel.components.nginx.limit_req import NOT_LIMITED, PASSED, REJECTED
from novamodel.components.rule import rule


class LimitConn(NamedTuple):
    """held: one entry a key; limit: one entry a `limit_conn` line."""

    held: Column  # requests in progress
    limit: Column  # most requests in progress a key


def limit_conn_state(keys: int, limits: list[int]) -> LimitConn:
    """Empty state in lists."""
    return LimitConn([0] * keys, list(limits))


@rule
def conn_take(s: LimitConn, limit: int, row: int) -> int:
    """Take a slot under one limit: NOT_LIMITED, PASSED or REJECTED (nothing is taken)."""
    if row < 0:
        return NOT_LIMITED
    if s.held[row] >= s.limit[limit]:
        return REJECTED
    s.held[row] += 1
    return PASSED


@rule
def conn_release(s: LimitConn, row: int) -> None:
    """Free the slot of a request that had passed (row -1: it held none)."""
    if row >= 0:
        s.held[row] -= 1


@rule
def conn_take_all(s: LimitConn, first: int, count: int, rows: Column) -> int:
    """Take a slot under each of several limits of a location, or none if any is full."""
    status = NOT_LIMITED
    for i in range(count):
        taken = conn_take(s, first + i, rows[i])
        if taken == REJECTED:
            for j in range(i):
                conn_release(s, rows[j])
            return REJECTED
        if taken == PASSED:
            status = PASSED
    return status
