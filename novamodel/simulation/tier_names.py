"""Names of tiers: parts that stand by themselves have plain ones ("postgres cpu"), further ones their own in front."""

from __future__ import annotations

from novamodel.scenario import Scenario
from novamodel.scenario.demand import MAIN


def named(name: str, tier: str) -> str:
    """Name of a tier of a part; the one that stands by itself is not named."""
    return tier if name == MAIN else f"{name} {tier}"


def cpu_tiers(scenario: Scenario) -> list[str]:
    """Tiers whose use is CPU: of every edge, service, PgBouncer, database (its read replicas together) and cache."""
    found = [named(name, "edge") for name in scenario.all_edges]
    found += [f"{name} cpu" for name in scenario.services]
    for name, database in scenario.all_databases.items():
        found += [named(name, "pgbouncer cpu")] if database.pgbouncer is not None else []
        found += [named(name, "postgres cpu")]
        found += [named(name, "read replicas cpu")] if database.read_replicas is not None else []
    return found + [named(name, "redis") for name in scenario.all_caches]
