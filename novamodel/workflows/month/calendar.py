"""A month of days that are not all alike: weekends, paydays, growth; each the scenario's day times a multiple."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from novamodel.scenario import Scenario
from novamodel.workflows.month.answered import Capacity, answered
from novamodel.workflows.month.days import DayUse, Surge

WEEK = 7
ENDLESS = Capacity()
DAYS = 30
"""Days of the month that is laid out; its hours stand for the billed hours of `pricing.hours_per_month`."""


def day_multiples(scenario: Scenario) -> tuple[float, ...]:
    """Traffic of every day of a month over that of the scenario's day; one figure where all days are alike.

    The first day of the month is a Monday. A payday's multiple takes the place of the weekend's.
    """
    month = scenario.pricing.month
    found = []
    for day in range(1, DAYS + 1):
        weekend = (day - 1) % WEEK >= WEEK - 2
        found.append(month.payday if day in month.paydays else month.weekend if weekend else 1.0)
    return (1.0,) if set(found) == {1.0} else tuple(found)


def month_use(
    scenario: Scenario,
    rates: Mapping[str, Sequence[float]],
    replicas: Callable[[float], dict[str, list[float]]],
    surge: Surge,
    load: float = 1.0,
    capacity: Capacity = ENDLESS,
) -> DayUse:
    """The hours of all days of a month in a row.

    ``rates``: requests a second of each source by hour of the scenario's day; jobs by the clock do not grow.
    ``replicas``: of each service by hour of a day, at a multiple of the load. ``capacity``: what is answered of them.
    """
    multiples = day_multiples(scenario)
    days = [multiple * load for multiple in multiples]
    counts = {multiple: replicas(multiple) for multiple in set(days)}
    grown: dict[str, list[float]] = {}
    for name, hours in rates.items():
        steady = scenario.traffic.sources[name].loop == "periodic"
        grown[name] = [rate * (1.0 if steady else multiple) for multiple in days for rate in hours]
    there = {name: [count for day in days for count in counts[day][name]] for name in scenario.services}
    own = [multiple == 1.0 for multiple in multiples]
    return DayUse(grown, there, surge, answered(grown, own, capacity))
