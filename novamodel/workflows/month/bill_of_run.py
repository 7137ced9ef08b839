"""The front doors: a scenario's monthly bill with its range, and its total alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from novamodel.analytic import day, days
from novamodel.cost import BillRange, PriceBook, load_book, price, price_range, regions
from novamodel.scenario import Scenario
from novamodel.simulation import Result
from novamodel.workflows.month.days import day_use, no_surge, simulated_day, simulated_surge
from novamodel.workflows.month.left_out import assumed
from novamodel.workflows.month.usage import month_usage


@dataclass(frozen=True)
class MonthlyCost(BillRange):
    """Bills of the low, middle and high month, and the day they were made from."""

    day: pd.DataFrame
    assumed: tuple[str, ...] = ()  # what is priced although nobody has declared it

    @property
    def prices_date(self) -> str:
        """Date of the price book."""
        return self.mid.prices_as_of


def bill(
    scenario: Scenario, result: Result | None = None, book: PriceBook | None = None, *, partial: bool = False
) -> MonthlyCost:
    """Price a month of a scenario; with a result the peak hours take the simulated replicas.

    Raises ``UserError`` for a region without a price book or a size that AWS does not sell, ``PriceMissing`` for
    something without a price; with ``partial`` what has no price is left out of the bill and named there.
    """
    book = book or _book(scenario.pricing.region, partial=partial)
    spread = scenario.pricing.uncertainty
    multiples = (1 - spread, 1.0, 1 + spread)
    low, mid, high = days(scenario, multiples)
    mid = mid if result is None else simulated_day(mid, result)
    surge = no_surge(scenario) if result is None else simulated_surge(result)
    months = [
        month_usage(scenario, day_use(scenario, hours, surge, multiple, result), book)
        for hours, multiple in zip((low, mid, high), multiples, strict=True)
    ]
    bills = price_range(months[0], months[1], months[2], book, lenient=partial)
    return MonthlyCost(bills.low, bills.mid, bills.high, mid, assumed(scenario))


def _book(region: str, *, partial: bool) -> PriceBook:
    """The region's price book; with ``partial`` one without prices where there is none."""
    if partial and region not in regions():
        return replace(load_book(), region=region, prices={}, rates={}, allowances={})
    return load_book(region)


def monthly_total(scenario: Scenario) -> float:
    """USD a month of a scenario, from its steady-state day."""
    book = load_book(scenario.pricing.region)
    hours = day_use(scenario, day(scenario), no_surge(scenario))
    return float(price(month_usage(scenario, hours, book), book).total)
