"""What is asked of one scenario again and again, worked out once: every replication begins with the same rest."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from novamodel.scenario import Scenario

T = TypeVar("T")
MOST = 4
"""Scenarios whose answers are kept, the latest ones; of many services each takes some megabytes."""


def remembered(work: Callable[[Scenario], T]) -> Callable[[Scenario], T]:
    """The function, which answers for the same object (scenarios never change) without working again."""
    kept: OrderedDict[int, tuple[Scenario, T]] = OrderedDict()

    @wraps(work)
    def answer(scenario: Scenario) -> T:
        found = kept.get(id(scenario))
        if found is not None and found[0] is scenario:
            return found[1]
        made = work(scenario)
        kept[id(scenario)] = scenario, made
        while len(kept) > MOST:
            try:
                kept.popitem(last=False)
            except KeyError:  # another thread was quicker
                break
        return made

    return answer
