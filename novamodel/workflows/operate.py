"""What running a deployment takes beside answering: the events of its day, its logs and metrics, its way back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from novamodel.analytic.flow import mean_rates
from novamodel.questions import planned_operations
from novamodel.recovery import BackupLoad, backup_load, recovery_plan, says_backup
from novamodel.scenario import Scenario
from novamodel.showing import Shown, shows_itself
from novamodel.telemetry import LogVolume, MetricVolume, log_volume, metric_volume
from novamodel.workflows.month import MonthlyCost, monthly_total
from novamodel.workflows.parts import Attempt, plainly

GIB = 1024**3


@dataclass(frozen=True)
@shows_itself
class Operating:
    """``events``: a row an entry of the scenario's `operations` (see `questions.planned_operations`). Volumes are those
    of the bill's day; ``..._month`` is what the bill would be less without them (USD). ``recovery``: a row a way to
    recover. ``dump``: one dump, where dumps are made; ``dumps_month`` what all that are kept cost in a bucket (USD a
    month). A part that could not be made is None.
    """

    scenario: Scenario = field(repr=False)
    events: pd.DataFrame | None = field(repr=False)
    logs: LogVolume | None
    logs_month: float | None
    metrics: MetricVolume | None
    metrics_month: float | None
    recovery: pd.DataFrame | None = field(repr=False)
    dump: BackupLoad | None
    dumps_month: float | None

    def _shown(self) -> Shown:
        rows = []
        if self.logs is not None:
            rows.append(("logs", f"{self.logs.gib_per_day:.3g} GiB a day, {_dollars(self.logs_month)}"))
        if self.metrics is not None:
            rows.append(("metrics", f"{self.metrics.series:,.0f} series, {_dollars(self.metrics_month)}"))
        if self.dump is not None:
            rows.append(("dumps", _dollars(self.dumps_month)))
        if self.recovery is not None:
            works = self.recovery.loc[self.recovery["works"], "what"]
            rows.append(("ways to recover", ", ".join(works) or "none that works"))
        if self.events is not None:
            rows.append(("events of a day", ", ".join(self.events["event"]) if len(self.events) else "none"))
        return Shown("What running it takes", ("what", "how much"), rows)

    def to_dict(self) -> dict[str, Any]:
        """Plain figures, a part of answer.json."""
        monitoring, backup = self.scenario.monitoring, self.scenario.backup
        return {
            "events": [] if self.events is None else self.events.to_dict("records"),
            "logs": self.logs
            and {
                "kept_in": monitoring.logs,
                **self.logs._asdict(),
                "kept_months": self.scenario.pricing.log_months,
                "month": _cents(self.logs_month),
            },
            "metrics": self.metrics
            and {
                "kept_by": monitoring.prometheus,
                **self.metrics._asdict(),
                "kept_days": monitoring.retention_days,
                "month": _cents(self.metrics_month),
            },
            "recovery": [] if self.recovery is None else self.recovery.to_dict("records"),
            "dump": self.dump
            and {
                "at_s": backup.at,
                "every_s": backup.every,
                "kept_days": backup.keep_days,
                **self.dump._asdict(),
                "priced_gib": self.scenario.pricing.backup_bucket / GIB,
                "kept_month": _cents(self.dumps_month),
            },
        }


def _dollars(month: float | None) -> str:
    return "not priced" if month is None else f"{month:,.2f} USD a month"


def _cents(amount: float | None) -> float | None:
    return None if amount is None else round(amount, 2)


def operate(
    scenario: Scenario,
    cost: MonthlyCost | None,
    *,
    engine: str = "auto",
    quick: bool = False,
    progress: Callable[[float, str], None] | None = None,
    attempt: Attempt = plainly,
) -> Operating:
    """Simulate the scenario's own operations, and work out its volumes, their cost and its ways to recover.

    ``cost``: its bill, whose day gives the mean replicas; without one (it could not be made) they are those at the
    start, and nothing is priced. Only operations are simulated: without any this takes no time. ``attempt`` makes
    each part by its name.
    """
    total = None if cost is None else attempt("cost of running it", lambda: monthly_total(scenario))

    def more_than(changes: dict[str, Any]) -> float | None:
        if total is None:
            return None
        changed = scenario.override(changes, said_by="operating")
        return attempt("cost of running it", lambda: total - monthly_total(changed))

    def dumps_month(dump: BackupLoad) -> float | None:
        less, more = (more_than({"pricing.backup_bucket": f"{size!r} GiB"}) for size in (0.0, dump.kept_gib))
        return None if less is None or more is None else less - more

    replicas = {name: float(service.replicas) for name, service in scenario.services.items()}
    if cost is not None:
        replicas = {name: float(cost.day[name].mean()) for name in scenario.services}
    dump = attempt("recovery", lambda: backup_load(scenario)) if says_backup(scenario) else None
    return Operating(
        scenario,
        attempt(
            "operations",
            lambda: planned_operations(
                scenario, replications=2 if quick else 3, engine=engine, quick=quick, progress=progress
            ),
        ),
        attempt("logs", lambda: log_volume(scenario, mean_rates(scenario))),
        more_than({"monitoring.logs": "none"}),
        attempt("metrics", lambda: metric_volume(scenario, replicas)),
        more_than({"monitoring.prometheus": "none"}),
        attempt("recovery", lambda: recovery_plan(scenario)),
        dump,
        dumps_month(dump) if dump is not None else None,
    )
