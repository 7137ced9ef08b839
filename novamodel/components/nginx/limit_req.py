"""nginx's limit_req, exact: a leaky bucket per key in whole milliseconds and milli-requests.

After src/http/modules/ngx_http_limit_req_module.c (github.com/nginx/nginx, release-1.22.1, unchanged at
1.31): the excess of a key falls by rate * ms // 1000 and grows by 1000 with each accepted request; a
request whose excess would pass the burst is rejected and costs nothing.

A key is a small integer, its row in the columns; -1 is an empty key, which is not limited. Rows of
several zones may share the columns: the row says which key of which zone. A key never seen is the same
as one that was idle for long, so no table of known keys is needed (`limit_zone` models the zone's memory).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from novamodel.components.columns import Column
from novamodel.components.rule import rule
from novamodel.errors import UserError

NOT_LIMITED = 0
PASSED = 1
DELAYED = 2
REJECTED = 3
DELAYED_DRY_RUN = 4
REJECTED_DRY_RUN = 5
STATUS_NAMES = ("NOT_LIMITED", "PASSED", "DELAYED", "REJECTED", "DELAYED_DRY_RUN", "REJECTED_DRY_RUN")
"""$limit_req_status by code; NOT_LIMITED where nginx leaves it empty."""

SKIPPED = 0
OK = 1
AGAIN = 2
BUSY = 3
CODE_NAMES = ("SKIPPED", "OK", "AGAIN", "BUSY")
"""Result of looking one zone up: charged, accepted but only reserved, over the burst."""

NEVER_MS = -1_000_000
"""Last time of a key never seen: long enough ago for any rate nginx accepts to have drained it."""

NO_DELAY = 1 << 60
"""`nodelay`, as a delay threshold no excess can reach."""

_RATE = re.compile(r"(\d+)(r/s|r/m)?")
_MODE = re.compile(r"delay=(\d+)")
_MOST_REQUESTS = 1_000_000_000


class LimitReq(NamedTuple):
    """excess and last_ms: one entry a key. The others: one entry a limit (a `limit_req` line)."""

    excess: Column  # milli-requests
    last_ms: Column
    rate: Column  # milli-requests a second
    burst: Column  # milli-requests
    delay: Column  # milli-requests that pass undelayed; NO_DELAY = nodelay
    code: Column  # of the last decision: SKIPPED, OK, AGAIN, BUSY
    seen: Column  # of the last decision: excess met, milli-requests


def rate_milli(rate: str) -> int:
    """Rate such as "10r/s", "10r/m" or "1" (a second) in milli-requests a second, truncated as nginx does.

    10r/m is 166, not 166.7. Raises UserError for anything nginx refuses.
    """
    match = _RATE.fullmatch(rate)
    number = int(match.group(1)) if match else 0
    if match is None or not 0 < number <= _MOST_REQUESTS:
        raise UserError(f'invalid rate "{rate}"', valid="a whole number of r/s or r/m, such as 10r/s")
    return number * 1000 // (60 if match.group(2) == "r/m" else 1)


def burst_milli(burst: int | None) -> int:
    """`burst=N` in milli-requests; None or 0 stands for a line without it."""
    number = 0 if burst is None else burst
    if not 0 <= number <= _MOST_REQUESTS:
        raise UserError(f"invalid burst {burst}", valid="a whole number from 1, or none")
    return number * 1000


def delay_milli(mode: str) -> int:
    """Threshold above which requests are delayed: mode "delay" (0), "nodelay" or "delay=N"."""
    if mode in ("", "delay"):
        return 0
    if mode == "nodelay":
        return NO_DELAY
    match = _MODE.fullmatch(mode)
    if match is None or not 0 < int(match.group(1)) <= _MOST_REQUESTS:
        raise UserError(f'invalid limit_req parameter "{mode}"', valid="nodelay, delay=N or nothing")
    return int(match.group(1)) * 1000


def limit_req_state(keys: int, limits: list[tuple[int, int, int]]) -> LimitReq:
    """Empty state in lists for `keys` rows and (rate, burst, delay) in milli-requests for each limit."""
    rates, bursts, delays = ([limit[i] for limit in limits] for i in range(3))
    empty = [0] * len(limits)
    return LimitReq([0] * keys, [NEVER_MS] * keys, rates, bursts, delays, empty, list(empty))


@rule
def elapsed_ms(s: LimitReq, row: int, now_ms: int) -> int:
    """Milliseconds since the key's last charge, with nginx's treatment of a clock that went back."""
    ms = now_ms - s.last_ms[row]
    if ms < 0:
        ms = 1 if ms < -60000 else 0
    return ms


@rule
def next_excess(s: LimitReq, limit: int, row: int, ms: int) -> int:
    """Excess a request meets `ms` after the key's last charge, in milli-requests."""
    excess = s.excess[row] - s.rate[limit] * ms // 1000 + 1000
    return excess if excess > 0 else 0


@rule
def delay_ms(s: LimitReq, limit: int, excess: int) -> int:
    """How long a request of that excess is held, in whole milliseconds."""
    if excess <= s.delay[limit]:
        return 0
    return (excess - s.delay[limit]) * 1000 // s.rate[limit]


@rule
def limit_decide_all(s: LimitReq, first: int, count: int, rows: Column, now_ms: int) -> tuple[int, int]:
    """Decide one request under limits first .. first + count - 1 of one location: (status, delay in ms).

    rows[i] is the key's row under limit first + i, or -1. All but the last are only reserved while looked
    up; the first zone over its burst rejects and none is charged; otherwise the last is charged first and
    the others after it, and the longest delay holds. `code` and `seen` tell each limit's result.
    """
    for i in range(count):
        s.code[first + i] = SKIPPED
        s.seen[first + i] = 0
    status = NOT_LIMITED
    for i in range(count):
        limit, row = first + i, rows[i]
        if row < 0:
            continue
        excess = next_excess(s, limit, row, elapsed_ms(s, row, now_ms))
        s.seen[limit] = excess
        if excess > s.burst[limit]:
            s.code[limit] = BUSY
            return REJECTED, 0
        s.code[limit] = OK if i == count - 1 else AGAIN
        status = PASSED
    held = 0
    for i in range(count - 1, -1, -1):
        limit, row = first + i, rows[i]
        if row < 0:
            continue
        if elapsed_ms(s, row, now_ms) != 0:
            s.last_ms[row] = now_ms
        s.excess[row] = s.seen[limit]
        held = max(held, delay_ms(s, limit, s.seen[limit]))
    return (DELAYED, held) if held > 0 else (status, 0)


@rule
def as_dry_run(status: int) -> int:
    """Status under `limit_req_dry_run on`: the request is served at once whatever was decided."""
    if status == DELAYED:
        return DELAYED_DRY_RUN
    if status == REJECTED:
        return REJECTED_DRY_RUN
    return status
