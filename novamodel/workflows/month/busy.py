"""How busy machines are on average over the month: what burstable ones are billed for, and requests to storage."""

from __future__ import annotations

from typing import NamedTuple

from novamodel.analytic import tier_demands
from novamodel.scenario import Scenario


class Busy(NamedTuple):
    """Cores in use on average, of each database and of all services; requests a second to the main storage."""

    databases: dict[str, float]
    services: float
    storage_per_s: float


def busy_of(scenario: Scenario, requests_per_s: float) -> Busy:
    """At a mean rate of requests of all sources; no more than there is."""
    tiers = tier_demands(scenario).set_index("tier")
    used = {
        str(tier): min(row["demand_per_request"] * requests_per_s, row["limit"])
        for tier, row in tiers.iterrows()
        if row["demand_per_request"] == row["demand_per_request"]
    }
    databases = {name: used.get(f"{_of(name)}postgres cpu", 0.0) for name in scenario.all_databases}
    services = sum(used.get(f"{name} cpu", 0.0) for name in scenario.services)
    return Busy(databases, services, used.get("postgres storage", 0.0))


def _of(name: str) -> str:
    return "" if name == "main" else f"{name} "
