"""One row of each list, together cheap: the best sums without the product of the lists.

Prices that keep shared limits are Lagrange multipliers (Everett, 1963), found by multiplicative weights (Arora, Hazan
and Kale, 2012); the smallest sums come one by one from a heap, which makes each combination once.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence

import numpy as np

ROUNDS = 200
"""Steps of the search for multipliers."""
FIRST_STEP = 0.5


def smallest_sums(lists: Sequence[np.ndarray]) -> Iterator[np.ndarray]:
    """Places (one a list) of the combinations in order of their sum, the smallest first.

    Each list is any array of finite numbers, not empty. A combination has one parent, so that none comes twice.
    """
    orders = [np.argsort(values, kind="stable") for values in lists]
    rows = [values[order] for values, order in zip(lists, orders, strict=True)]
    moving = [number for number, row in enumerate(rows) if row.size > 1]
    moving.sort(key=lambda number: rows[number][1] - rows[number][0])
    first = np.array([order[0] for order in orders])
    yield first
    if not moving:
        return

    def gap(turn: int) -> float:
        row = rows[moving[turn]]
        return float(row[1] - row[0])

    # A state: its sum above the smallest, the turn that moved last, the rank there, and the ranks moved before.
    heap: list[tuple[float, int, int, tuple[tuple[int, int], ...]]] = [(gap(0), 0, 1, ())]
    while heap:
        total, turn, rank, before = heapq.heappop(heap)
        row = rows[moving[turn]]
        found = first.copy()
        for place, at in (*before, (turn, rank)):
            found[moving[place]] = orders[moving[place]][at]
        yield found
        if rank + 1 < row.size:
            heapq.heappush(heap, (total + float(row[rank + 1] - row[rank]), turn, rank + 1, before))
        if turn + 1 < len(moving):
            heapq.heappush(heap, (total + gap(turn + 1), turn + 1, 1, (*before, (turn, rank))))
            if rank == 1:  # the last move is handed on to the next list
                heapq.heappush(heap, (total - gap(turn) + gap(turn + 1), turn + 1, 1, before))


def priced(cost: Sequence[np.ndarray], uses: Sequence[np.ndarray], room: np.ndarray) -> list[np.ndarray]:
    """``cost`` of each row with the price of the limits that the cheapest combination would break.

    ``uses``: rows x limits of each list; ``room``: what all lists together may use of each limit. The prices are those
    under which the cheapest combination that keeps every limit was found; where none does, those that press most.
    """
    scale = max(sum(float(np.ptp(own)) for own in cost), 1e-9)
    share = [own / np.maximum(room, 1e-12) for own in uses]
    prices = np.full(room.size, 1e-3 * scale)
    best, kept, least = np.inf, prices, np.inf
    for turn in range(ROUNDS):
        sums = [own + used @ prices for own, used in zip(cost, share, strict=True)]
        places = [int(np.argmin(each)) for each in sums]
        over = np.asarray(sum(used[place] for used, place in zip(share, places, strict=True))) - 1
        total = sum(float(own[place]) for own, place in zip(cost, places, strict=True))
        worst = float(over.max(initial=-1.0))
        if worst <= 0 and total < best:
            best, kept = total, prices
        elif not np.isfinite(best) and worst < least:
            least, kept = worst, prices
        step = FIRST_STEP / (1 + turn / 20) / max(float(np.abs(over).max(initial=0.0)), 1e-12)
        prices = np.clip(prices * np.exp(step * over), 1e-9 * scale, 1e9 * scale)
    return [own + used @ kept for own, used in zip(cost, share, strict=True)]
