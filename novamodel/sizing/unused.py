"""Requests far above what is used: worth saying also where lowering them saves nothing today.

In the form of krr (Robusta's Kubernetes Resource Recommender, strategy `simple`): for CPU a high percentile of what a
container used, for memory its largest working set and 15 % more.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import pandas as pd

from novamodel.errors import UserError
from novamodel.showing import Shown, shows_itself
from novamodel.sizing.legal import CPU_REQUESTS, MEMORY
from novamodel.sizing.settings import path_of, shown, written

CPU_QUANTILE, MEMORY_MORE = 0.99, 1.15
"""Of the CPU use of the window's intervals; room above the largest working set (`memory_buffer_percentage` of krr)."""
A_DOLLAR = 0.5
FAR = 0.5
"""Use below this share of a request is far below it."""


class Unused(NamedTuple):
    """A request (cores or bytes) of one service, what a replica used of it at most, and what would cover that."""

    service: str
    resource: str  # cpu, memory
    requested: float
    used: float
    enough: float

    @property
    def text(self) -> str:
        """``api cpu request 500m, used 120m (24 %): 150m would cover it``."""
        unit = 0.001 if self.resource == "cpu" else 2.0**20
        figures = self.requested, math.ceil(self.used / unit) * unit, self.enough
        asked, used, enough = (shown(f"{self.resource}_request", value) for value in figures)
        share = f"{self.used / self.requested * 100:.0f} %"
        return f"{self.service} {self.resource} request {asked}, used {used} ({share}): {enough} would cover it"


@shows_itself
class Spare(NamedTuple):
    """Requests far above use at the peak, and what lowering all saves a month (USD; nan: not legal)."""

    rows: tuple[Unused, ...] = ()
    saves: float = 0.0

    def _shown(self) -> Shown:
        return Shown("Requests far above what is used at the peak", notes=self.texts or ["none"])

    @property
    def texts(self) -> list[str]:
        """A line each, and what they save; empty where no request is far above its use."""
        if not self.rows:
            return []
        gain = "that saves nothing today" if abs(self.saves) < A_DOLLAR else f"that saves {self.saves:,.2f} USD a month"
        if math.isnan(self.saves):
            gain = "not all of it is legal together"
        elif self.saves <= -A_DOLLAR:
            gain = f"that costs {-self.saves:,.2f} USD a month more, as autoscalers act on a share of the request"
        return [*(row.text for row in self.rows), f"Together: {gain}."]


def spare(bench: Any, candidate: Any) -> Spare:
    """Every request of a simulated candidate that is far above its use in the window at the peak."""
    rows = tuple(_unused(candidate))
    if not rows:
        return Spare()
    scenario = candidate.scenario
    paths = [path_of(scenario, row.service, f"{row.resource}_request") for row in rows]
    lower = {path: written(path, row.enough) for path, row in zip(paths, rows, strict=True)}
    try:
        return Spare(rows, round(candidate.cost_month - bench.cost(candidate.overrides | lower), 2))
    except UserError:
        return Spare(rows, math.nan)


def _unused(candidate: Any) -> Iterator[Unused]:
    scenario = candidate.scenario
    if scenario.platform.kind == "ecs":
        return  # a task is what is bought: its size is advised
    for name, service in scenario.services.items():
        resources = service.resources
        for resource, used, ladder in (
            ("cpu", _cores(candidate, name), CPU_REQUESTS),
            ("memory", _bytes(candidate, name, resources.memory_limit), MEMORY),
        ):
            asked = float(getattr(resources, f"{resource}_request"))
            enough = next((step for step in ladder if step >= used), math.nan)
            if used < FAR * asked and enough < asked:
                yield Unused(name, resource, asked, used, enough)


def _cores(candidate: Any, name: str) -> float:
    """A high percentile of the CPU (cores) of one replica over the intervals of the window; nan without a figure."""
    rows = _tier(candidate.result.tiers, f"{name} cpu")
    return (
        float(rows["busy"].quantile(CPU_QUANTILE)) / candidate.replicas.get(name, math.nan) if len(rows) else math.nan
    )


def _bytes(candidate: Any, name: str, limit: float | None) -> float:
    """The largest mean working set (bytes) of the replicas and krr's room above it; nan without a limit."""
    rows = _tier(candidate.result.tiers, f"{name} memory")
    if not len(rows) or limit is None:
        return math.nan
    return float((rows["busy"] / rows["limit"]).max()) * limit * MEMORY_MORE


def _tier(tiers: pd.DataFrame, name: str) -> pd.DataFrame:
    return tiers[tiers["tier"] == name] if len(tiers) else tiers
