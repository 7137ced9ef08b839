"""A year hour by hour: how much runs of whatever a commitment can cover."""

from __future__ import annotations

import numpy as np

from novamodel.cost import Curve
from novamodel.workflows.month.bill_of_run import Month
from novamodel.workflows.month.shapes import curve_of, hour_shapes
from novamodel.workflows.month.uncertain import LOAD

MONTHS = 12
YEAR_HOURS = 8760


def year_curves(month: Month, load: float = 1.0) -> tuple[Curve, ...]:
    """What runs in every hour of a year at a multiple of the load, twelve months of growth among them."""
    growth = month.scenario.pricing.month.growth
    found: dict[str, np.ndarray] = {}
    hours = YEAR_HOURS // MONTHS
    known: dict[float, dict[str, np.ndarray]] = {}
    for number in range(MONTHS):
        at = load * (1 + growth) ** number
        if at not in known:
            off = {LOAD: at} if at != 1.0 else {}
            known[at] = hour_shapes(month.usage(off), month.use(at), month.book, lenient=month.lenient)
        part = slice(number * hours, (number + 1) * hours)
        for key, units in known[at].items():  # the days go on over the month's end
            found.setdefault(key, np.zeros(YEAR_HOURS))[part] = np.resize(units, YEAR_HOURS)[part]
    return tuple(curve_of(month.book, key, units) for key, units in found.items())
