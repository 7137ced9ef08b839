"""What sizing answers: candidates with their fate, advice in the user's terms, and the knee."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from novamodel import units
from novamodel.scenario import Scenario

Progress = Callable[[float], None]
"""Is told the share done, 0 to 1."""
CostOf = Callable[[Scenario, dict[str, float]], float]
"""Monthly cost (USD) of a scenario whose services run so many replicas on average over the day."""
Simulate = Callable[..., Any]
"""The simulation's front door: ``simulate(scenario, *, seed, replications, engine) -> Result``."""

SETTINGS = (
    "min_replicas",
    "max_replicas",
    "cpu_request",
    "cpu_limit",
    "memory_request",
    "memory_limit",
    "pool_max",
)


@dataclass(frozen=True)
class Candidate:
    """One configuration that was simulated.

    ``overrides`` are paths and values that make it from the scenario; ``settings`` its decision variables by
    service (cores, bytes, counts; nan = no limit); ``replicas`` the simulated mean of each service at the peak.
    """

    overrides: dict[str, Any]
    changes: str
    settings: dict[str, dict[str, float]]
    scenario: Scenario
    cost_month: float
    met: bool
    why: str
    slo: tuple[Any, ...]
    replicas: dict[str, float]
    p99_s: tuple[float, float, float]
    errors: tuple[float, float, float]
    excess: float  # largest of (upper end over limit); below 1 = every objective holds


@dataclass(frozen=True)
class Sizing:
    """The answer to "which size": see the fields.

    ``chosen`` is the cheapest simulated candidate that keeps every objective with the upper end of its interval
    (the closest where none does: then ``met`` is False and ``blocks`` says what blocks); ``now`` is today's
    configuration simulated in the same window with the same customers. ``candidates`` has one row a simulated
    candidate and service; ``screened`` is the number of legal combinations that the closed forms judged;
    ``advice`` is the way from today to the choice in the user's own terms.
    """

    chosen: Candidate
    now: Candidate
    candidates: pd.DataFrame
    screened: int
    met: bool
    advice: pd.DataFrame
    blocks: str = ""
    simulated: tuple[Candidate, ...] = field(default=(), repr=False)

    def _repr_html_(self) -> str:
        shown_columns = ["service", "changes", "cost_month", "p99_s", "errors", "met", "why"]
        return str(self.candidates[shown_columns].to_html(index=False, float_format=lambda v: f"{v:.4g}"))

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        return {
            "met": self.met,
            "screened": self.screened,
            "now": {"settings": _plain(self.now.settings), "cost_month": _number(self.now.cost_month)},
            "advised": {"settings": _plain(self.chosen.settings), "cost_month": _number(self.chosen.cost_month)},
            "blocks": self.blocks,
            "advice": self.advice.to_dict(orient="records"),
        }


@dataclass(frozen=True)
class Knee:
    """Load against latency: see `novamodel.sizing.knee`.

    ``curve`` has one row a simulated multiple; ``load_multiple_at_breach`` is the first multiple, interpolated, at
    which an objective is missed (None: none was missed); ``first_limit`` says in a sentence what gives out
    first; ``tiers`` ranks the tiers, those that cannot scale out first.
    """

    curve: pd.DataFrame
    load_multiple_at_breach: float | None
    first_limit: str
    tiers: pd.DataFrame

    def _repr_html_(self) -> str:
        return f"<p>{self.first_limit}</p>" + str(self.curve.to_html(index=False, float_format=lambda v: f"{v:.4g}"))

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        return {
            "load_multiple_at_breach": self.load_multiple_at_breach,
            "first_limit": self.first_limit,
            "curve": [{k: _number(v) for k, v in row.items()} for row in self.curve.to_dict(orient="records")],
        }


def shown(path: str, value: Any) -> str:
    """A setting in the words of a configuration file: ``250m``, ``512 MiB``, ``12``, ``no limit``."""
    if isinstance(value, str):
        return value
    if value is None or math.isnan(value):
        return "no limit"
    name = path.rsplit(".", 1)[-1]
    if name.startswith("cpu"):
        return units.format_cores(float(value))
    if name.startswith("memory"):
        return units.format_bytes(float(value))
    return f"{value:g}"


def _plain(settings: dict[str, dict[str, float]]) -> dict[str, dict[str, float | None]]:
    return {name: {k: _number(v) for k, v in own.items()} for name, own in settings.items()}


def _number(value: Any) -> Any:
    """nan and infinities become None, which JSON can say; numpy numbers become plain ones."""
    if isinstance(value, int | float):
        return value if isinstance(value, int) or math.isfinite(value) else None
    return value.item() if hasattr(value, "item") else value
