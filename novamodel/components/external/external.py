"""What an outside dependency admits: a rate with bursts, as a token bucket; its concurrency is `tokens`.

An assumption about somebody else's system: most say a rate and a burst in their documentation, and refuse what is over
it (429) at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from novamodel.components.columns import Column
from novamodel.components.rule import rule


class ExternalPolicy(NamedTuple):
    """One row: 1/s (0 = no limit), depth of the bucket, and whether calls over the concurrency wait."""

    rate: float = 0.0
    burst: float = 1.0
    waits: bool = False


class External(NamedTuple):
    """Columns by external."""

    rate: Column
    burst: Column
    waits: Column  # 1 = calls over its concurrency wait in line, 0 = they are refused
    tokens: Column  # at `since`
    since: Column
    calls: Column  # counters
    refused: Column
    failed: Column


def external_state(policies: Sequence[ExternalPolicy]) -> External:
    """State in lists: full buckets."""
    count = len(policies)
    return External(
        rate=[float(policy.rate) for policy in policies],
        burst=[float(policy.burst) for policy in policies],
        waits=[int(policy.waits) for policy in policies],
        tokens=[float(policy.burst) for policy in policies],
        since=[0.0] * count,
        calls=[0] * count,
        refused=[0] * count,
        failed=[0] * count,
    )


@rule
def external_admits(s: External, x: int, now: float) -> bool:
    """Whether the rate lets a call in that comes now (s); it is counted and takes a token."""
    s.calls[x] += 1
    if s.rate[x] == 0.0:
        return True
    tokens = s.tokens[x] + s.rate[x] * (now - s.since[x])
    if tokens > s.burst[x]:
        tokens = s.burst[x]
    s.since[x] = now
    if tokens < 1.0:
        s.tokens[x] = tokens
        return False
    s.tokens[x] = tokens - 1.0
    return True
