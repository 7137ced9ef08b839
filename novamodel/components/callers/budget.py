"""Retry budgets: retries may be no more than a share of the first attempts.

A token bucket as in Finagle's RetryBudget and linkerd: each first attempt pays a share of a token in, each retry takes
a whole one out, the reserve has an upper end, and some tokens may be there at the start. Without an upper end and a
start this is the ratio form: retries so far <= share * first attempts so far. Counted in millionths of a token, so that
ten tenths are one. Unlike Finagle's and linkerd's, tokens here do not expire and none come with time alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from novamodel.components.columns import Column
from novamodel.components.rule import handler, rule

TOKEN = 1_000_000
NO_END = 2**62


class BudgetPolicy(NamedTuple):
    """One row: tokens a first attempt (None: retries are not limited), upper end (None: none) and start, in tokens."""

    share: float | None = None
    most: float | None = None
    start: float = 0.0


class Budget(NamedTuple):
    """Columns by policy; millionths of a token."""

    limited: Column  # 1 where retries are limited
    deposit: Column  # by a first attempt
    most: Column
    balance: Column


def budget_state(policies: Sequence[BudgetPolicy]) -> Budget:
    """State in lists, full up to the start. Negative figures are a ``ValueError``."""
    if any(min(policy.share or 0.0, policy.most or 0.0, policy.start) < 0 for policy in policies):
        raise ValueError("a retry budget's share, upper end and start are not negative")
    most = [NO_END if policy.most is None else round(policy.most * TOKEN) for policy in policies]
    return Budget(
        limited=[int(policy.share is not None) for policy in policies],
        deposit=[round((policy.share or 0.0) * TOKEN) for policy in policies],
        most=most,
        balance=[min(round(policy.start * TOKEN), end) for policy, end in zip(policies, most, strict=True)],
    )


@rule
def budget_deposit(s: Budget, row: int) -> None:
    """A first attempt is made."""
    balance = s.balance[row] + s.deposit[row]
    s.balance[row] = balance if balance < s.most[row] else s.most[row]


@handler
def budget_withdraw(s: Budget, row: int) -> bool:
    """Take a token for a retry; false when there is none."""
    if s.limited[row] == 0:
        return True
    if s.balance[row] < TOKEN:
        return False
    s.balance[row] -= TOKEN
    return True
