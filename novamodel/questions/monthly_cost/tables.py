"""The grounds of the answer to `cost`: its tables, which the words and the figures read."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from novamodel.scenario import Scenario
from novamodel.workflows.month import MonthlyCost


@dataclass(frozen=True)
class CostTables:
    """The answer as tidy tables; amounts in USD a month.

    ``variants``: a row for the scenario as given and for each platform sized for the objectives, with its total,
    range, price of a million requests and whether it keeps the SLO at the peak. ``lines``: a row a variant, service and
    driver (``fixed`` or ``use``). ``steps``: the way from the scenario as given to ``against``, the cheapest platform
    that keeps the SLO (else the cheapest). ``headroom``: a row of either and plan of its replicas. ``traffic``: a row
    of either and load multiple. ``refused``: platforms that cannot be, with the reason.
    """

    scenario: Scenario = field(repr=False)
    given: str
    against: str
    bill: MonthlyCost = field(repr=False)
    variants: pd.DataFrame = field(repr=False)
    lines: pd.DataFrame = field(repr=False)
    steps: pd.DataFrame = field(repr=False)
    headroom: pd.DataFrame = field(repr=False)
    traffic: pd.DataFrame = field(repr=False)
    refused: pd.DataFrame = field(repr=False)

    def row(self, variant: str) -> pd.Series:
        """A variant's row."""
        return self.variants.set_index("variant").loc[variant]
