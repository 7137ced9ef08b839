"""What a sweep would take, before it runs."""

from __future__ import annotations

from typing import NamedTuple

from novamodel.batch.reading import Ready
from novamodel.errors import UserError

REQUESTS_PER_S = 60_000.0
"""Requests that one core simulates a second (NovaBank's peak, compiled, measured)."""
SIMPY_TIMES = 25.0
"""How many times as long the reference takes."""
CASE_S = 0.06
"""Checking, summing up and keeping a case, s (measured)."""
BILL_S = 0.15
"""Pricing a case, s (measured)."""
NOTEBOOK_S = 60.0
"""A rendered notebook, s: between some seconds and minutes, so only an order of magnitude."""
RECORD_BYTES = 1_200.0
METRIC_BYTES = 75.0
NOTEBOOK_BYTES = 5.5e6
"""An executed notebook and its page, which carries plotly.js."""
LOOKED_AT = 40
"""Variants whose window and rate are looked at; the rest are taken to be like them."""


class Forecast(NamedTuple):
    """Cases and notebooks, the time of one core and the size of the store."""

    cases: int
    notebooks: int
    core_s: float
    size_bytes: float


def forecast(ready: Ready) -> Forecast:
    """Cases, core seconds and bytes of a sweep, from constants measured once: right within a factor of two or three."""
    plan, sweep = ready.plan, ready.plan.sweep
    step = max(1, plan.variants // LOOKED_AT)
    looked = [_core_s(ready, variant) for variant in range(0, plan.variants, step)]
    notebooks = len(plan.rendered)
    case_s = sum(looked) / len(looked) + CASE_S + BILL_S * sweep.record.cost
    case_bytes = RECORD_BYTES + METRIC_BYTES * len(plan.basis.units)
    return Forecast(
        len(plan),
        notebooks,
        len(plan) * case_s + notebooks * NOTEBOOK_S,
        len(plan) * case_bytes + notebooks * NOTEBOOK_BYTES,
    )


def _core_s(ready: Ready, variant: int) -> float:
    """Core seconds of simulating a variant; 0 where it is refused."""
    try:
        scenario = ready.base.override(ready.plan.overrides(variant))
    except UserError:
        return 0.0
    run, sweep = scenario.run, ready.plan.sweep
    count = sweep.replications or run.replications
    rate = scenario.traffic.rate_at(run.start)
    seconds = rate * (run.warm_up_s + run.duration) * count / REQUESTS_PER_S
    return seconds * SIMPY_TIMES if sweep.engine == "simpy" else seconds
