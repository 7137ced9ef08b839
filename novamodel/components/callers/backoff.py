"""How long a caller waits before it tries again.

Fixed, or exponential: base * 2^n before retry n (from 0), no more than the cap. Jitter as in M. Brooker,
"Exponential Backoff And Jitter" (AWS Architecture Blog, 2015) and its simulator (aws-samples/
aws-arch-backoff-simulator): full, uniform from 0 to the delay; equal, half of it plus uniform up to the other half;
decorrelated, uniform from the base to three times the previous delay, no more than the cap.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from novamodel.components.columns import Column
from novamodel.components.rule import handler

KINDS = ("none", "fixed", "exponential")
NO_DELAY, FIXED, EXPONENTIAL = range(3)
JITTERS = ("none", "full", "equal", "decorrelated")
NO_JITTER, FULL, EQUAL, DECORRELATED = range(4)

NO_CAP = 1e300


class BackoffPolicy(NamedTuple):
    """One row; kind is of KINDS, jitter of JITTERS, times in seconds."""

    kind: str = "none"
    jitter: str = "none"
    base_s: float = 0.0
    cap_s: float = NO_CAP


class Backoff(NamedTuple):
    """Columns by policy; seconds."""

    kind: Column
    jitter: Column
    base: Column
    cap: Column


def backoff_state(policies: Sequence[BackoffPolicy]) -> Backoff:
    """State in lists. An unknown word is a ``ValueError``."""
    return Backoff(
        kind=[KINDS.index(policy.kind) for policy in policies],
        jitter=[JITTERS.index(policy.jitter) for policy in policies],
        base=[float(policy.base_s) for policy in policies],
        cap=[float(policy.cap_s) for policy in policies],
    )


@handler
def backoff_ceiling(s: Backoff, row: int, attempt: int) -> float:
    """Delay in seconds before retry `attempt` (from 0), without jitter."""
    if s.kind[row] == NO_DELAY:
        return 0.0
    delay = s.base[row]
    cap = s.cap[row]
    if s.kind[row] == EXPONENTIAL:
        for _ in range(attempt):
            if delay >= cap:
                break
            delay = delay * 2.0
    return delay if delay < cap else cap


@handler
def backoff_delay(s: Backoff, row: int, attempt: int, previous: float, u: float) -> float:
    """Delay in seconds before retry `attempt` (from 0).

    `u` is a uniform number in (0, 1); `previous` the caller's delay before this one (any value below the base before
    the first retry), which only decorrelated jitter looks at.
    """
    delay = backoff_ceiling(s, row, attempt)
    jitter = s.jitter[row]
    if jitter == FULL:
        return u * delay
    if jitter == EQUAL:
        return 0.5 * delay + u * (0.5 * delay)
    if jitter == DECORRELATED and s.kind[row] != NO_DELAY:
        base = s.base[row]
        before = previous if previous > base else base
        delay = base + u * (3.0 * before - base)
        return delay if delay < s.cap[row] else s.cap[row]
    return delay
