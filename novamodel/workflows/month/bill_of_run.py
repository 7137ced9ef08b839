"""The front doors: a scenario's monthly bill with its range, and its total alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from novamodel.analytic import days
from novamodel.analytic.flow import hourly_rates
from novamodel.cost import Bill, BillRange, CostRange, MonthUsage, PriceBook, cost_range, load_book, price, regions
from novamodel.scenario import Scenario, only_declared
from novamodel.simulation import Result
from novamodel.workflows.month.alone import NOTHING, declared_month, with_other_regions
from novamodel.workflows.month.answered import capacity_of
from novamodel.workflows.month.calendar import day_multiples, month_use
from novamodel.workflows.month.committed import with_commitments
from novamodel.workflows.month.days import DayUse, Surge, no_surge, simulated_day, simulated_surge
from novamodel.workflows.month.left_out import assumed
from novamodel.workflows.month.uncertain import LOAD, UNCONFIRMED, inputs_of, with_inputs_off, with_prices_off
from novamodel.workflows.month.usage import month_usage
from novamodel.workflows.month.worth import Idle, InTime, headroom, in_time

LOADS = (0.0, 0.6, 0.9, 1.0, 1.1, 1.4, 2.0)
"""Multiples of the load at which a day's replicas are worked out; between them they are interpolated."""


@dataclass(frozen=True, repr=False)
class MonthlyCost(BillRange):
    """Bills of the month, and of the low and high end of its range, and the day they were made from.

    `spread`: the distribution from the assumed inputs, whose 5 % and 95 % quantiles `low` and `high` are.
    `headroom`: what stands idle at the peak. `in_time`: what answers that keep the objectives cost, of a simulated run.
    """

    day: pd.DataFrame
    assumed: tuple[str, ...]  # what is priced although nobody has declared it
    spread: CostRange
    headroom: tuple[Idle, ...] = ()
    in_time: tuple[InTime, ...] = ()
    alone: bool = False
    """Whether it is that of the declared resources alone: no file deploys a service, and `day` is empty."""

    @property
    def prices_date(self) -> str:
        """Date of the oldest price."""
        return self.mid.prices_as_of


class Month:
    """A scenario's month, to be priced at any load and with any inputs off."""

    def __init__(self, scenario: Scenario, result: Result | None, book: PriceBook, lenient: bool) -> None:
        self.scenario, self.book, self.lenient = scenario, book, lenient
        self.rates = hourly_rates(scenario)
        self.loads = np.array(sorted({*LOADS, *day_multiples(scenario)}))
        steady = dict(zip(map(float, self.loads), days(scenario, list(map(float, self.loads))), strict=True))
        self.day = steady[1.0] if result is None else simulated_day(steady[1.0], result)
        self.surge: Surge = no_surge(scenario) if result is None else simulated_surge(result)
        self.capacity = capacity_of(scenario, result)
        names = list(scenario.services)
        more = self.day[names].to_numpy(dtype=float) - steady[1.0][names].to_numpy(dtype=float)
        counts = np.stack([steady[float(load)][names].to_numpy(dtype=float) for load in self.loads])
        self.counts = np.maximum(counts + more, 0.0)

    def bill(self, off: Mapping[str, float]) -> Bill:
        """The bill with inputs off by multiples; an empty mapping is the month as it is taken to be."""
        usage = self.usage(off)
        found = price(usage, self.book, lenient=self.lenient)
        asked = self.scenario.pricing.commitments
        if asked:
            use = self.use(off.get(LOAD, 1.0))
            found = with_commitments(found, asked, usage, use, self.book, lenient=self.lenient)
        found = with_other_regions(found, self.scenario, lenient=self.lenient)
        return with_prices_off(found, off)

    def usage(self, off: Mapping[str, float]) -> MonthUsage:
        """What AWS would meter, with inputs off by multiples."""
        scenario = with_inputs_off(self.scenario, off) if off else self.scenario
        return month_usage(scenario, self.use(off.get(LOAD, 1.0)), self.book)

    def use(self, load: float = 1.0) -> DayUse:
        """Requests and replicas of all hours at a multiple of the load."""
        return month_use(self.scenario, self.rates, self._replicas, self.surge, load, self.capacity)

    def _replicas(self, load: float) -> dict[str, list[float]]:
        """Replicas by hour at a multiple of the load, between those that were worked out."""
        load = float(np.clip(load, self.loads[0], self.loads[-1]))
        place = max(1, int(np.searchsorted(self.loads, load)))
        below, above = self.loads[place - 1], self.loads[place]
        share = (load - below) / (above - below)
        counts = self.counts[place - 1] * (1 - share) + self.counts[place] * share
        return dict(zip(self.scenario.services, counts.T.tolist(), strict=True))


class DeclaredMonth(Month):
    """The month of a scenario's declared resources alone: only prices may be off."""

    def __init__(self, scenario: Scenario, book: PriceBook, lenient: bool) -> None:
        self.scenario, self.book, self.lenient = scenario, book, lenient
        self.day = pd.DataFrame()
        self._mid: Bill | None = None

    def bill(self, off: Mapping[str, float]) -> Bill:
        """The bill with unconfirmed prices off by multiples."""
        if self._mid is None:
            self._mid = super().bill({})
        return with_prices_off(self._mid, off)

    def usage(self, off: Mapping[str, float]) -> MonthUsage:
        """What AWS would meter; nothing of it follows an input."""
        return declared_month(self.scenario, self.book)

    def use(self, load: float = 1.0) -> DayUse:
        """No requests and no replicas."""
        return NOTHING


def month_of(
    scenario: Scenario, result: Result | None, book: PriceBook | None, *, lenient: bool = False, demo: bool = False
) -> Month:
    """The month to be priced: that of the declared resources alone where no file deploys a service.

    A run, or `demo`, is of the service that is assumed then.
    """
    book = book or _book(scenario.pricing.region, lenient)
    if result is None and not demo and only_declared(scenario):
        return DeclaredMonth(scenario, book, lenient)
    return Month(scenario, result, book, lenient)


def bill(
    scenario: Scenario,
    result: Result | None = None,
    book: PriceBook | None = None,
    *,
    lenient: bool = False,
    demo: bool = False,
) -> MonthlyCost:
    """Price a month of a scenario; with a result the peak hours take the simulated replicas.

    Of files that deploy no service it is the month of the declared resources alone; `demo` prices the assumed one too.
    Raises ``UserError`` for a region without a price book or a size that AWS does not sell, ``PriceMissing`` for
    something without a price; with ``lenient`` that is left out and named.
    """
    month = month_of(scenario, result, book, lenient=lenient, demo=demo)
    alone = isinstance(month, DeclaredMonth)
    mid = month.bill({})
    made: dict[float, Bill] = {}

    def cost(off: Mapping[str, float]) -> float:
        found = month.bill(off) if off else mid
        made[float(found.total)] = found
        return float(found.total)

    inputs = [one for one in inputs_of(scenario, mid) if not alone or one.name in UNCONFIRMED]
    spread = cost_range(inputs, cost)
    low, high = (made[min(made, key=lambda total: abs(total - end))] for end in (spread.low, spread.high))
    if alone:
        return MonthlyCost(low, mid, high, month.day, (), spread, alone=True)
    kept = in_time(scenario, mid, result) if result is not None else ()
    return MonthlyCost(low, mid, high, month.day, assumed(scenario), spread, headroom(scenario, mid), kept)


def _book(region: str, lenient: bool) -> PriceBook:
    """The region's price book; with ``lenient`` one without prices where there is none."""
    if lenient and region not in regions():
        return replace(load_book(), region=region, prices={}, rates={}, allowances={})
    return load_book(region)


def monthly_total(scenario: Scenario) -> float:
    """USD a month of a scenario, from its steady-state day."""
    return float(steady_bill(scenario).total)


def steady_bill(scenario: Scenario) -> Bill:
    """The bill of a month of a scenario from its steady-state day, without its range."""
    book = load_book(scenario.pricing.region)
    loads = sorted(set(day_multiples(scenario)))
    tables = {load: table.to_dict("list") for load, table in zip(loads, days(scenario, loads), strict=True)}
    rates, full = hourly_rates(scenario), capacity_of(scenario)
    use = month_use(scenario, rates, tables.__getitem__, no_surge(scenario), capacity=full)
    usage = month_usage(scenario, use, book)
    found = with_commitments(price(usage, book), scenario.pricing.commitments, usage, use, book)
    return with_other_regions(found, scenario)
