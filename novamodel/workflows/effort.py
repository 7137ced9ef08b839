"""How much of a scenario the whole answer simulates: of a large system shorter windows, so that it ends all the same.

Two things take time: requests, and the second-by-second control of every pod (probes, metrics, autoscalers). Both are
bounded for each part of the answer, and what is cut is said: intervals get wider rather than the answer late.
"""

from __future__ import annotations

from dataclasses import dataclass

from novamodel.analytic import steady_replicas
from novamodel.scenario import Scenario
from novamodel.units import format_time

DAY_S = 86400.0
MOST_PEAK_REQUESTS, MOST_PEAK_POD_S = 4e7, 2e6
"""Requests, and seconds of all pods, that the peak simulates over all replications."""
MOST_DAY_REQUESTS, MOST_DAY_POD_S = 1e8, 5e6
"""Requests of a day at its peak's rate, and seconds of all pods over its replications; beyond it is not simulated."""
DAY_REPLICATIONS = 2
SHORTEST_S = 60.0


@dataclass(frozen=True)
class Effort:
    """``scenario`` with the window that the peak simulates; replications of the day (0: none); what was cut, said."""

    scenario: Scenario
    day: int
    said: tuple[str, ...]


def effort(scenario: Scenario) -> Effort:
    """What of a scenario is simulated."""
    pods = sum(steady_replicas(scenario, scenario.traffic.most_per_s).values())
    whole, said = _peak(scenario, pods)
    most_per_s, day = scenario.traffic.most_per_s, DAY_REPLICATIONS
    while day and (day * DAY_S * pods > MOST_DAY_POD_S or most_per_s * DAY_S > MOST_DAY_REQUESTS):
        day -= 1
    if day < DAY_REPLICATIONS:
        size = f"{pods:,} pods, up to {most_per_s * DAY_S:.2g} requests a day"
        said += (f"the day is simulated once ({size})" if day else f"the day is not simulated, the bill takes its "
                 f"hours from closed forms ({size})",)  # fmt: skip
    return Effort(whole, day, said)


def _peak(scenario: Scenario, pods: int) -> tuple[Scenario, tuple[str, ...]]:
    run, most_per_s = scenario.run, max(scenario.traffic.most_per_s, 1e-9)
    each = min(MOST_PEAK_POD_S / max(pods, 1), MOST_PEAK_REQUESTS / most_per_s) / max(run.most_runs, 1)
    window = max(each - run.warm_up_s, SHORTEST_S)
    if window >= run.duration:
        return scenario, ()
    window = float(round(window))
    shorter = scenario.override({"run.duration": f"{window:g} s"}, said_by="the budget of the answer")
    return shorter, (
        f"the peak is simulated for {format_time(window)} instead of {format_time(run.duration)}: {pods:,} pods, "
        f"{most_per_s:,.0f} requests/s; its intervals are wider for it",
    )
