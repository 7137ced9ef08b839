"""A small shop and a stand-in simulation made of closed forms, for the tests of sizing."""

from typing import Any

import numpy as np
import pandas as pd

from novamodel.analytic import latency, latency_quantile, peak_rate, steady_replicas, system_load
from novamodel.scenario import Scenario, Tree, build
from novamodel.simulation import SloResult
from novamodel.statistics import Estimate

MIB = 1024.0**2
SHOP = {
    "name": "shop",
    "traffic": {"peak": "120 requests/s", "night": "12 requests/s", "mix": {"read": "90 %", "login": "10 %"}},
    "platform": {"kind": "eks", "compute": "fargate"},
    "services": {
        "api": {
            "replicas": 2,
            "resources": {
                "cpu_request": "250m",
                "cpu_limit": "250m",
                "memory_request": "256 MiB",
                "memory_limit": "512 MiB",
            },
            "autoscaler": {"min_replicas": 2, "max_replicas": 6, "cpu_target": "70 %"},
            "pool": {"max": 10, "connection_timeout": "2 s"},
            "routes": {
                "read": [{"cpu": "1 ms"}, {"sql": ["load"]}, {"cpu": "1 ms"}],
                "login": [{"cpu": "1 ms"}, {"thread": "40 ms"}, {"cpu": "1 ms"}],
            },
        }
    },
    "database": {"statements": {"load": {"cpu": "1 ms"}}},
    "slo": ["p99 < 200 ms", "errors < 0.1 %"],
}


def shop(changes: dict[str, Any] | None = None) -> Scenario:
    return build(Tree(SHOP)).override(changes or {})


HALF_A_CORE = {f"services.api.resources.cpu_{what}": "500m" for what in ("request", "limit")}


class StandIn:
    """What sizing reads of a result, from closed forms; ``spread`` is the half width of the intervals."""

    def __init__(self, scenario: Scenario, spread: float = 0.02, rejected: float = 0.0) -> None:
        self.scenario, self.spread, self.rejected = scenario, spread, rejected
        rate = peak_rate(scenario)
        self.counts = steady_replicas(scenario, rate)
        self.load = system_load(scenario, rate, {name: np.asarray(float(n)) for name, n in self.counts.items()})
        self.replicas = pd.DataFrame(
            [{"replication": 0, "service": name, "ready": count} for name, count in self.counts.items()]
        )
        used = float(self.load.services["api"].replica.utilisation)
        self.tiers = pd.DataFrame(
            [
                {"tier": "api cpu", "busy": min(used, 1.0), "limit": 1.0},
                {"tier": "postgres cpu", "busy": float(self.load.primary.busy), "limit": 2.0},
            ]
        )
        p99 = self.estimate("p99").value
        self.by_replication = pd.DataFrame(
            [{"replication": n, "metric": "p99", "of": "", "value": p99} for n in range(3)]
        )
        self.breakdown = pd.DataFrame(
            {"place": ["throttled", "threads"], "mean_s": [0.0, 0.0], "p99_s": [max(p99 - 0.04, 0.0), 0.04]}
        )

    def estimate(self, metric: str, of: str = "") -> Estimate:
        if metric == "rejected":
            value = self.rejected
        elif metric == "errors":
            value = float(latency.error_share(self.load))
        elif metric == "goodput":
            value = float(self.load.rate_per_s)
        else:
            value = min(float(latency_quantile(self.scenario, self.load, float(metric[1:]) / 100)), 60.0)
        return Estimate(value, value * (1 - self.spread), value * (1 + self.spread))

    def slo(self) -> list[SloResult]:
        rows = []
        for slo in self.scenario.slo:
            value, low, high = self.estimate(slo.metric)
            unit = "s" if slo.is_latency else "1"
            rows.append(
                SloResult(slo.text, slo.metric, slo.of or "", slo.limit, value, low, high, value < slo.limit, unit)
            )
        return rows


class Recorder:
    """Counts the calls of a stand-in simulation."""

    def __init__(self, **options: Any) -> None:
        self.options, self.scenarios = options, []

    def __call__(self, scenario: Scenario, **given: Any) -> StandIn:
        assert set(given) == {"seed", "replications", "engine"}
        self.scenarios.append(scenario)
        return StandIn(scenario, **self.options)
