"""Spot instances with interruptions: instances that AWS takes back, and what stands in for them.

Every instance runs on Spot for a while, is taken back with two minutes' notice, and runs on demand until Spot capacity
is there again; both times are exponential. What AWS publishes of interruptions is a share a month by type (Spot
Instance Advisor: below 5 %, 5 to 10 %, 10 to 15 %, 15 to 20 %, more); the time without capacity is an assumption.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from math import log

import numpy as np

from novamodel.errors import UserError

NOTICE_S = 120.0
HOURS_A_MONTH = 730.0


@dataclass(frozen=True)
class SpotMonth:
    """Instance-hours on Spot and on demand, interruptions, and hours that an instance was missing; USD, not rounded."""

    spot_hours: float
    on_demand_hours: float
    interruptions: float
    missing_hours: float
    cost: float
    listed: float

    def over(self, months: int) -> "SpotMonth":
        """The mean month of several that were run in a row."""
        return SpotMonth(*(getattr(self, part.name) / months for part in fields(self)))

    @property
    def saving(self) -> float:
        """USD against everything on demand."""
        return self.listed - self.cost


def rate_of_share(monthly_share: float) -> float:
    """Interruptions an instance-hour of a share of instances that are interrupted in a month."""
    if not 0 <= monthly_share < 1:
        raise UserError(f"share interrupted in a month is {monthly_share}", valid="0 or more, below 1")
    return -log(1 - monthly_share) / HOURS_A_MONTH


def spot_month(
    counts: Sequence[float],
    spot_price: float,
    on_demand_price: float,
    *,
    interrupted_share: float,
    without_capacity_h: float = 1.0,
    start_s: float = 180.0,
    seed: int = 1,
) -> SpotMonth:
    """Run the instances of each hour (`counts`) on Spot and simulate their interruptions.

    `interrupted_share`: of instances a month. `without_capacity_h`: mean hours until Spot capacity is back.
    `start_s`: seconds from the notice until the stand-in serves; what exceeds the notice is missing.
    """
    rng = np.random.default_rng(seed)
    rate = rate_of_share(interrupted_share)
    spot = on_demand = missing = 0.0
    interruptions = 0
    away: list[float] = []  # of each instance: hours without capacity that are left
    for count in counts:
        whole = int(np.ceil(count))
        away = (away + [0.0] * whole)[:whole]
        for place in range(whole):
            share = min(1.0, count - place)
            at = min(away[place], 1.0)
            away[place] -= at
            on_demand += at * share
            while at < 1.0:
                until = rng.exponential(1 / rate) if rate else np.inf
                spot += min(until, 1.0 - at) * share
                at += until
                if at < 1.0:
                    interruptions += 1
                    missing += max(0.0, start_s - NOTICE_S) / 3600 * share
                    gone = rng.exponential(without_capacity_h)
                    here = min(gone, 1.0 - at)
                    on_demand += here * share
                    away[place] = gone - here
                    at += here
    cost = spot * spot_price + on_demand * on_demand_price
    return SpotMonth(spot, on_demand, interruptions, missing, cost, (spot + on_demand) * on_demand_price)
