"""What running a deployment takes beside answering: the events of its day, its logs and metrics, its way back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from novamodel.analytic.flow import mean_rates
from novamodel.questions import planned_operations
from novamodel.recovery import BackupLoad, backup_load, recovery_plan
from novamodel.scenario import Scenario
from novamodel.showing import Shown, shows_itself
from novamodel.telemetry import LogVolume, MetricVolume, log_volume, metric_volume
from novamodel.workflows.month import MonthlyCost, monthly_total

GIB = 1024**3


@dataclass(frozen=True)
@shows_itself
class Operating:
    """``events``: a row an entry of the scenario's `operations` (see `questions.planned_operations`). Volumes are those
    of the bill's day; ``..._month`` is what the bill would be less without them (USD). ``recovery``: a row a way to
    recover. ``dump``: one dump; ``dumps_month`` what all that are kept cost in a bucket (USD a month).
    """

    scenario: Scenario = field(repr=False)
    events: pd.DataFrame = field(repr=False)
    logs: LogVolume
    logs_month: float
    metrics: MetricVolume
    metrics_month: float
    recovery: pd.DataFrame = field(repr=False)
    dump: BackupLoad
    dumps_month: float

    def _shown(self) -> Shown:
        rows = [
            ("logs", f"{self.logs.gib_per_day:.3g} GiB a day, {self.logs_month:,.2f} USD a month"),
            ("metrics", f"{self.metrics.series:,.0f} series, {self.metrics_month:,.2f} USD a month"),
            ("dumps", f"{self.dumps_month:,.2f} USD a month"),
            ("ways to recover", ", ".join(self.recovery.loc[self.recovery["works"], "what"]) or "none that works"),
            ("events of a day", ", ".join(self.events["event"]) if len(self.events) else "none"),
        ]
        return Shown("What running it takes", ("what", "how much"), rows)

    def to_dict(self) -> dict[str, Any]:
        """Plain figures, a part of answer.json."""
        monitoring, backup = self.scenario.monitoring, self.scenario.backup
        return {
            "events": self.events.to_dict("records"),
            "logs": {
                "kept_in": monitoring.logs,
                **self.logs._asdict(),
                "kept_months": self.scenario.pricing.log_months,
                "month": round(self.logs_month, 2),
            },
            "metrics": {
                "kept_by": monitoring.prometheus,
                **self.metrics._asdict(),
                "kept_days": monitoring.retention_days,
                "month": round(self.metrics_month, 2),
            },
            "recovery": self.recovery.to_dict("records"),
            "dump": {
                "at_s": backup.at,
                "every_s": backup.every,
                "kept_days": backup.keep_days,
                **self.dump._asdict(),
                "priced_gib": self.scenario.pricing.backup_bucket / GIB,
                "kept_month": round(self.dumps_month, 2),
            },
        }


def operate(
    scenario: Scenario,
    cost: MonthlyCost,
    *,
    engine: str = "auto",
    quick: bool = False,
    progress: Callable[[float, str], None] | None = None,
) -> Operating:
    """Simulate the scenario's own operations, and work out its volumes, their cost and its ways to recover.

    ``cost``: its bill, whose day gives the mean replicas. Only operations are simulated: without any this
    takes no time.
    """
    day = cost.day
    total = monthly_total(scenario)

    def more_than(changes: dict[str, Any]) -> float:
        return total - monthly_total(scenario.override(changes, said_by="operating"))

    dump = backup_load(scenario)
    buckets = ({"pricing.backup_bucket": f"{size!r} GiB"} for size in (0.0, dump.kept_gib))
    without_dumps, with_dumps = (more_than(changes) for changes in buckets)
    return Operating(
        scenario,
        planned_operations(scenario, replications=2 if quick else 3, engine=engine, quick=quick, progress=progress),
        log_volume(scenario, mean_rates(scenario)),
        more_than({"monitoring.logs": "none"}),
        metric_volume(scenario, {name: float(day[name].mean()) for name in scenario.services}),
        more_than({"monitoring.prometheus": "none"}),
        recovery_plan(scenario),
        dump,
        without_dumps - with_dumps,
    )
