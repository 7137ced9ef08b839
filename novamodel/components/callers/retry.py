"""Whether a caller tries again after an outcome.

In this order: is the outcome one that is retried, are attempts left, would the circuit breaker let the retry through,
does the retry budget have a token. The token is only taken when all else says yes; the breaker is only looked at (each
attempt asks it for itself, with `breaker_allows`, when it starts).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from novamodel.components.callers.breaker import Breaker, breaker_would_allow
from novamodel.components.callers.budget import Budget, budget_withdraw
from novamodel.components.columns import Column
from novamodel.components.rule import handler

RETRY = 0
NOT_RETRIED = 1  # this outcome is not one that is tried again
NO_ATTEMPTS_LEFT = 2
BREAKER_OPEN = 3
BUDGET_SPENT = 4
DECISIONS = ("retry", "not retried", "no attempts left", "breaker open", "budget spent")
WAYS = len(DECISIONS)


class RetryPolicy(NamedTuple):
    """One row: retries at most (attempts at most, less one) and the codes of the outcomes that are tried again."""

    most_retries: int = 0
    retry_on: tuple[int, ...] = ()


class Retries(NamedTuple):
    """Columns by policy."""

    most_retries: Column
    retry_on: Column  # bit mask by outcome code
    decided: Column  # by policy * WAYS + decision: how often


def retries_state(policies: Sequence[RetryPolicy]) -> Retries:
    """State in lists. Negative counts and codes outside 0 to 62 are a ``ValueError``."""
    for policy in policies:
        if policy.most_retries < 0 or not all(0 <= code < 63 for code in policy.retry_on):
            raise ValueError("retries are not negative and outcome codes are from 0 to 62")
    return Retries(
        most_retries=[policy.most_retries for policy in policies],
        retry_on=[sum(1 << code for code in set(policy.retry_on)) for policy in policies],
        decided=[0] * (len(policies) * WAYS),
    )


@handler
def retry_decide(
    s: Retries, budget: Budget, breaker: Breaker, row: int, attempts: int, outcome: int, starts: float
) -> int:
    """RETRY, or why the caller gives up.

    `attempts` have been made (1 after the first), the last with this outcome; the retry would start at time `starts`
    (now plus the back-off). Takes a token of the budget when it says RETRY.
    """
    decision = RETRY
    if (s.retry_on[row] >> outcome) & 1 == 0:
        decision = NOT_RETRIED
    elif attempts > s.most_retries[row]:
        decision = NO_ATTEMPTS_LEFT
    elif not breaker_would_allow(breaker, row, starts):
        decision = BREAKER_OPEN
    elif not budget_withdraw(budget, row):
        decision = BUDGET_SPENT
    s.decided[row * WAYS + decision] += 1
    return decision
