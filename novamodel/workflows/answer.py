"""The whole answer to "does it hold, what breaks first, how many replicas, what does it cost"."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from novamodel.files import write_whole
from novamodel.scenario import Scenario, simplified_parts
from novamodel.showing import Shown, shows_itself
from novamodel.simulation import Result, simulate
from novamodel.sizing import Knee, Sizing, knee, size
from novamodel.workflows.month import MonthlyCost, bill, monthly_total
from novamodel.workflows.operate import Operating, operate

Tell = Callable[[float, str], None]
QUICK = {"run.duration": "60 s", "run.warm_up": "30 s", "run.replications": 2, "run.precision": None}
"""What `quick` makes of the run: enough to see that all works, too little to believe."""
DAY = {
    "run.start": "00:00",
    "run.duration": "24 h",
    "run.warm_up": "5 min",
    "run.interval": "5 min",
    "run.replications": 2,
    "run.precision": None,
}
MOST_DAY_REQUESTS = 1e8
"""A day with more requests than this is not simulated whole: it would take minutes."""


@dataclass(frozen=True)
@shows_itself
class Answer:
    """A scenario's simulated peak, its knee, the advised size, the bill and the findings."""

    scenario: Scenario = field(repr=False)
    result: Result  # the scenario's window: the peak
    day: Result | None = field(repr=False)  # the whole day; None where it would take too long (see `answer`)
    knee: Knee = field(repr=False)
    sizing: Sizing = field(repr=False)
    cost: MonthlyCost = field(repr=False)
    cost_advised: float
    operating: Operating = field(repr=False)

    @property
    def findings(self) -> tuple[dict[str, Any], ...]:
        """What the import found in the configuration files."""
        return self.scenario.findings

    def to_dict(self) -> dict[str, Any]:
        """Plain figures, the content of answer.json: no time stamp, duration or path of this machine."""
        scenario = self.scenario
        low, mid, high = (float(total) for total in self.cost.totals())
        return {
            "scenario": scenario.name,
            "title": scenario.heading,
            "scenario_hash": scenario.content_hash(),
            "peak_per_s": sum(source.most_per_s for source in scenario.traffic.sources.values()),
            "seed": self.result.seed,
            "replications": self.result.replications,
            "slo": _slos(self.result),
            "rejected": self.result.estimate("rejected")._asdict(),
            "first_limit": self.knee.first_limit,
            "load_multiple_at_breach": self.knee.load_multiple_at_breach,
            "breach_low": self.knee.breach_low,
            "breach_high": self.knee.breach_high,
            "size": {"now": self.sizing.now.settings, "advised": self.sizing.chosen.settings, "met": self.sizing.met},
            "advice": self.sizing.advice.to_dict("records"),
            "cost": {
                "low": low,
                "mid": mid,
                "high": high,
                "baseline": float(self.cost.mid.baseline),
                "use": float(self.cost.mid.use),
                "advised": round(self.cost_advised, 2),
                "moved": [one._asdict() for one in self.cost.spread.moved],
                "currency": self.cost.mid.currency,
                "region": self.cost.mid.region,
                "not_priced": list(self.cost.mid.not_priced),
                "missing": list(self.cost.mid.missing),
            },
            "operating": self.operating.to_dict(),
            "findings": list(self.findings),
            "day": self.day and {"rate_per_s": self.day.estimate("rate").value, "slo": _slos(self.day)},
            "warnings": list(self.result.warnings),
            "simplified": [part._asdict() for part in simplified_parts(scenario)],
            "digest": self.result.digest,
            "prices_date": self.cost.prices_date,
        }

    def _shown(self) -> Shown:
        low, mid, high = self.cost.totals()
        rows = [(slo.text, "met" if slo.met else "missed") for slo in self.result.slo()]
        rows.append(("advised size", self.sizing.chosen.changes or "as now"))
        rows.append(("cost", f"{mid:,.0f} {self.cost.mid.currency} a month ({low:,.0f} to {high:,.0f})"))
        rows.append(("advised cost", f"{self.cost_advised:,.0f} {self.cost.mid.currency} a month"))
        return Shown(self.scenario.heading, ("question", "answer"), rows, [f"first limit: {self.knee.first_limit}"])

    def write(self, out: str | Path) -> None:
        """Write bill.csv, then answer.json, each whole or not at all."""
        write_whole(Path(out) / "bill.csv", self.cost.mid.to_csv())
        write_whole(Path(out) / "answer.json", to_json(self.to_dict()))


def answer(scenario: Scenario, *, engine: str = "auto", quick: bool = False, progress: Tell | None = None) -> Answer:
    """Simulate the peak and the whole day, find the knee, size and price, and what running it takes.

    The day is simulated by the compiled engine only, and not when ``quick``; its bill then takes the simulated
    replicas hour by hour. ``progress`` is told the share done and the stage.
    """
    tell = progress or (lambda share, text: None)
    scenario = scenario.override(QUICK, said_by="quick") if quick else scenario

    def stage(begin: float, width: float, name: str) -> Callable[..., None]:
        return lambda share, text="": tell(begin + width * share, text or name)

    result = simulate(scenario, engine=engine, progress=stage(0.0, 0.1, "simulating the peak"))
    day = None
    if result.engine == "compiled" and not quick and scenario.traffic.most_per_s * 86400 <= MOST_DAY_REQUESTS:
        whole = scenario.override(DAY, said_by="the day of the report")
        day = simulate(whole, engine=engine, progress=stage(0.1, 0.4, "simulating the day"))
    options: dict[str, Any] = {"duration_s": 60.0, "replications": 2} if quick else {}
    breaks = knee(scenario, engine=engine, quick=quick, progress=stage(0.5, 0.25, "finding the knee"))
    sized = size(
        scenario,
        engine=engine,
        progress=stage(0.75, 0.2, "sizing"),
        cost_of=monthly_total,
        budget=4 if quick else 12,
        **options,
    )
    cost = bill(scenario, day or result)
    # Today's month is billed from its run, candidates from their steady state: only their difference is comparable.
    advised = float(cost.mid.total) + sized.chosen.cost_month - sized.now.cost_month
    operated = operate(scenario, cost, engine=engine, quick=quick, progress=stage(0.95, 0.05, "operations"))
    tell(1.0, "priced")
    return Answer(scenario, result, day, breaks, sized, cost, advised, operated)


def _slos(result: Result) -> list[dict[str, Any]]:
    return [slo._asdict() for slo in result.slo()]


def to_json(value: Any) -> str:
    """JSON with a line an entry; nan and infinities become null."""
    return json.dumps(_plain(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
