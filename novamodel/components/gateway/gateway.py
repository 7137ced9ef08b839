"""The request limit of an API gateway: Kong's fixed windows, or AWS API Gateway's token bucket.

Kong (github.com/Kong/kong, kong/plugins/rate-limiting, policy `local`): a counter for each key and calendar window;
a request is let in while the counter is below the limit, and only those let in are counted. As a counter starts
afresh at the window's edge, up to twice the limit may pass within one window's length around it.

AWS (docs.aws.amazon.com/apigateway, "Throttle requests to your REST APIs"): one token bucket for all callers,
refilled at `rate` up to `burst`; a request takes a token or is answered 429. AWS calls it a best effort.

A state holds either; a key is a row of `window` and `count`, and the bucket has one entry.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from novamodel.components.columns import Column
from novamodel.components.rule import rule

OFF, WINDOWS, BUCKET = 0, 1, 2
NEVER_SEEN = -1


class Gateway(NamedTuple):
    """Columns by key, and one-entry columns."""

    window: Column  # by key: number of the calendar window that it was last let in
    count: Column  # by key: requests let in during that window
    tokens: Column  # one entry: tokens at `since`
    since: Column  # one entry: s


def gateway_state(keys: int, burst: float) -> Gateway:
    """State in lists: nobody seen, a full bucket."""
    return Gateway([NEVER_SEEN] * keys, [0] * keys, [float(burst)], [0.0])


@rule
def window_admits(s: Gateway, key: int, limit: int, length_s: float, clock_s: float) -> bool:
    """Whether a request that comes at ``clock_s`` (s since a window began, such as midnight) is let in; count it."""
    window = math.floor(clock_s / length_s)
    if s.window[key] != window:
        s.window[key] = window
        s.count[key] = 0
    if s.count[key] >= limit:
        return False
    s.count[key] += 1
    return True


@rule
def bucket_admits(s: Gateway, rate: float, burst: float, now: float) -> bool:
    """Whether there is a token (``rate`` 1/s, at most ``burst``) for a request that comes now (s); take it."""
    tokens = s.tokens[0] + rate * (now - s.since[0])
    if tokens > burst:
        tokens = burst
    s.since[0] = now
    if tokens < 1.0:
        s.tokens[0] = tokens
        return False
    s.tokens[0] = tokens - 1.0
    return True
