"""The grounds of the answer to `replicas`: its tables, which the words and the figures read."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from novamodel.questions.shared import best
from novamodel.scenario import Scenario
from novamodel.simulation import Result
from novamodel.sizing import Sizing


@dataclass(frozen=True)
class ReplicaTables:
    """The answer and its grounds, as tidy tables (times in seconds, rates in requests/s, costs in USD a month).

    ``counts``: a row a fixed count at the peak. ``bounds``: a row a lower bound and CPU target of the autoscaler,
    tried on the ramp; empty where there is none. Both say which row is today's (``now``) and which is the best of those
    tried (``best``). ``ramps``: what is drawn -> the run of today's and of the best autoscaler on the ramp. ``day``: a
    row an hour and plan. ``targets``: replicas at rest at the peak by CPU request and target. ``advice``: a row a
    setting of the size that every output advises (``sizing``).
    """

    scenario: Scenario = field(repr=False)
    service: str
    ramp_s: float
    low_per_s: float
    peak_per_s: float
    counts: pd.DataFrame = field(repr=False)
    bounds: pd.DataFrame = field(repr=False)
    ramps: dict[str, Result] = field(repr=False)
    day: pd.DataFrame = field(repr=False)
    targets: pd.DataFrame = field(repr=False)
    advice: pd.DataFrame = field(repr=False)
    sizing: Sizing = field(repr=False)  # the size that every output advises

    @property
    def fixed(self) -> pd.Series:
        """The best fixed count's row of ``counts``."""
        return best(self.counts)

    @property
    def bound(self) -> pd.Series | None:
        """The best row of ``bounds``."""
        return best(self.bounds) if len(self.bounds) else None
