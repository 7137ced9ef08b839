"""The whole answer to "does it hold, what breaks first, how many replicas, what does it cost"."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from novamodel.errors import UserError
from novamodel.files import write_whole
from novamodel.model_doubt import doubt_sentence, measured_doubt
from novamodel.scenario import RestsOn, Scenario, rests_on, simplified_parts
from novamodel.showing import Shown, shows_itself
from novamodel.simulation import Result, simulate
from novamodel.sizing import MANY, MOST_VALUES, Knee, Sizing
from novamodel.workflows.effort import effort
from novamodel.workflows.month import MonthlyCost
from novamodel.workflows.operate import Operating, operate
from novamodel.workflows.parts import Failed, Parts
from novamodel.workflows.plan import Plan, bill_window, make_plan

Tell = Callable[[float, str], None]
QUICK = {"run.duration": "60 s", "run.warm_up": "30 s", "run.replications": 2, "run.precision": None}
"""What `quick` makes of the run: enough to see that all works, too little to believe."""
DAY = {
    "run.start": "00:00",
    "run.duration": "24 h",
    "run.warm_up": "5 min",
    "run.interval": "5 min",
    "run.precision": None,
}


@dataclass(frozen=True)
@shows_itself
class Answer:
    """A scenario's simulated peak, its knee, the advised size, the bill and the findings.

    A part that failed is None, and ``parts.failed`` says why.
    """

    plan: Plan = field(repr=False)
    day: Result | None = field(repr=False)  # the whole day; None where it would take too long (see `answer`)
    operating: Operating | None = field(repr=False)
    parts: Parts = field(default_factory=Parts, repr=False)
    budget: tuple[str, ...] = field(default=(), repr=False)  # what was cut so that the answer ends (`effort`)

    @property
    def scenario(self) -> Scenario:
        """The scenario as it was simulated."""
        return self.plan.scenario

    @property
    def rests_on(self) -> RestsOn:
        """What the scenario rests on, as it was given."""
        return self.plan.rests_on

    @property
    def result(self) -> Result | None:
        """The run of the scenario's window: the peak."""
        return self.plan.result

    @property
    def knee(self) -> Knee | None:
        """How far the load can rise."""
        return self.plan.knee

    @property
    def sizing(self) -> Sizing | None:
        """The advised size."""
        return self.plan.sizing

    @property
    def cost(self) -> MonthlyCost | None:
        """The month's bill."""
        return self.plan.cost

    @property
    def findings(self) -> tuple[dict[str, Any], ...]:
        """What the import found in the configuration files."""
        return self.scenario.findings

    @property
    def cost_advised(self) -> float | None:
        """USD a month at the advised size, told from today's bill."""
        return None if self.cost is None or self.sizing is None else self.sizing.chosen.cost_month

    def to_dict(self) -> dict[str, Any]:
        """Plain figures, the content of answer.json: no time stamp, duration or path of this machine."""
        scenario, result, knee, sizing = self.scenario, self.result, self.knee, self.sizing
        advice = [] if sizing is None else sizing.advice.to_dict("records")
        return {
            "rests_on": self.rests_on.to_dict(),
            "failed": self.parts.rows(),
            "budget": list(self.budget),
            "scenario": scenario.name,
            "title": scenario.heading,
            "scenario_hash": scenario.content_hash(),
            "peak_per_s": sum(source.most_per_s for source in scenario.traffic.sources.values()),
            "seed": scenario.run.seed if result is None else result.seed,
            "replications": None if result is None else result.replications,
            "slo": [] if result is None else verdicts(result, self.rests_on),
            "model_doubt": doubt_sentence(),
            "measured_errors": measured_doubt(),
            "rejected": result and result.estimate("rejected")._asdict(),
            "first_limit": knee and knee.first_limit,
            "load_multiple_at_breach": knee and knee.load_multiple_at_breach,
            "breach_low": knee and knee.breach_low,
            "breach_high": knee and knee.breach_high,
            "bottleneck": self.plan.bottleneck,
            "fixes": [] if self.plan.fixes is None else self.plan.fixes.to_dict("records"),
            "limit_rests_on": self.rests_on.of_advice(),
            "size": sizing and {"now": sizing.now.settings, "advised": sizing.chosen.settings, "met": sizing.met},
            "certainty": sizing and sizing.certainty,
            "advice": [{**row, "assumed": self.rests_on.of_advice()} for row in advice],
            "cost": self.cost and self._cost(self.cost),
            "operating": self.operating and self.operating.to_dict(),
            "findings": list(self.findings),
            "not_modelled": list(scenario.not_modelled),
            "day": self.day
            and {"rate_per_s": self.day.estimate("rate").value, "slo": verdicts(self.day, self.rests_on)},
            "warnings": [] if result is None else list(result.warnings),
            "simplified": [part._asdict() for part in simplified_parts(scenario)],
            "figures": [figure._asdict() for figure in self.plan.figures()],
            "digest": result and result.digest,
            "prices_date": self.cost and self.cost.prices_date,
        }

    def _cost(self, cost: MonthlyCost) -> dict[str, Any]:
        low, mid, high = (float(total) for total in cost.totals())
        return {
            "hours": bill_window(cost),
            "low": low,
            "mid": mid,
            "high": high,
            "baseline": float(cost.mid.baseline),
            "use": float(cost.mid.use),
            "advised": None if self.cost_advised is None else round(self.cost_advised, 2),
            "moved": [one._asdict() for one in cost.spread.moved],
            "currency": cost.mid.currency,
            "region": cost.mid.region,
            "not_priced": list(cost.mid.not_priced),
            "missing": list(cost.mid.missing),
            "assumed": self.rests_on.of_cost(),
        }

    def headline(self) -> dict[str, float]:
        """The figures by name; nan where their part is missing."""
        result, cost, nan = self.result, self.cost, math.nan
        return {
            "rate (requests/s)": result.estimate("rate").value if result else nan,
            "p99 (ms)": result.estimate("p99").value * 1000 if result else nan,
            "rejected (share)": result.estimate("rejected").value if result else nan,
            "load multiple at breach": (self.knee and self.knee.load_multiple_at_breach) or nan,
            "cost (USD/month)": float(cost.totals()[1]) if cost else nan,
        }

    def draw(self, part: str | tuple[str, ...], figure: Callable[..., Any], *given: Any) -> Any:
        """A figure or a table of a part of this answer, or of several; where one or the figure failed, why.

        What failed itself may be ``given`` again: it counts as None there.
        """
        failed, name = self.parts.failed, f"figure {figure.__name__}"
        for one in (part,) if isinstance(part, str) else part:
            if one in failed:
                return failed[one]
        values = [None if isinstance(one, Failed) else one for one in given]
        shown = self.parts.attempt(name, lambda: figure(*values))
        return failed.get(name, shown)

    def _shown(self) -> Shown:
        rows = [(slo.text, "met" if slo.met else "missed") for slo in (self.result.slo() if self.result else ())]
        if self.sizing is not None:
            rows.append(("advised size", self.sizing.chosen.changes or "as now"))
        if self.cost is not None:
            low, mid, high = self.cost.totals()
            rows.append(("cost", f"{mid:,.0f} {self.cost.mid.currency} a month ({low:,.0f} to {high:,.0f})"))
        if self.cost_advised is not None:
            rows.append(("cost as advised", f"{self.cost_advised:,.0f} USD a month"))
        first = [f"first limit: {self.knee.first_limit}"] if self.knee else []
        return Shown(
            self.scenario.heading, ("question", "answer"), rows, [*first, *map(str, self.parts.failed.values())]
        )

    def write(self, out: str | Path) -> None:
        """Write bill.csv (empty where there is no bill), then answer.json, each whole or not at all."""
        write_whole(Path(out) / "bill.csv", "" if self.cost is None else self.cost.mid.to_csv())
        write_whole(Path(out) / "answer.json", to_json(self.to_dict()))


def answer(scenario: Scenario, *, engine: str = "auto", quick: bool = False, progress: Tell | None = None) -> Answer:
    """Simulate the peak and the whole day, find the knee, size and price, and what running it takes.

    The day is simulated by the compiled engine only, and not when ``quick`` or where it is too long (`effort`); its
    bill then takes the simulated replicas hour by hour. A part that fails is left out with its reason; where none could
    be made and the user's input is why, that is the ``UserError``. ``progress`` is told the share done and the stage.
    """
    tell = progress or (lambda share, text: None)
    rests, parts = rests_on(scenario), Parts()
    scenario = scenario.override(QUICK, said_by="quick") if quick else scenario
    kept = parts.attempt("budget", lambda: effort(scenario))
    days, said = (kept.day, kept.said) if kept else (0, ())
    scenario = kept.scenario if kept else scenario
    if len(scenario.services) > MANY:
        said += (f"each setting of {len(scenario.services)} services is tried at {MOST_VALUES} values at most",)

    def stage(begin: float, width: float, name: str) -> Callable[..., None]:
        return lambda share, text="": tell(begin + width * share, text or name)

    def simulate_day() -> Result:
        whole = scenario.override({**DAY, "run.replications": days}, said_by="the day of the report")
        return simulate(whole, engine=engine, progress=stage(0.1, 0.4, "simulating the day"))

    result = parts.attempt(
        "peak", lambda: checked(simulate(scenario, engine=engine, progress=stage(0.0, 0.1, "simulating the peak")))
    )
    day = None
    if result and result.engine == "compiled" and not quick and days:
        day = parts.attempt("day", simulate_day)
    plan = make_plan(
        scenario,
        result=result,
        day=day,
        rests=rests,
        engine=engine,
        quick=quick,
        progress=lambda share, text: tell(0.5 + 0.45 * share, text),
        attempt=parts.attempt,
    )
    if not any((result, plan.knee, plan.sizing, plan.cost)) and not parts.fault:
        raise UserError(next(iter(parts.failed.values())).why)
    operated = parts.attempt(
        "operations",
        lambda: operate(
            scenario,
            plan.cost,
            engine=engine,
            quick=quick,
            progress=stage(0.95, 0.05, "operations"),
            attempt=parts.attempt,
        ),
    )
    tell(1.0, "priced")
    return Answer(plan, day, operated, parts, said)


def checked(result: Result) -> Result:
    """The result, if every request of it is accounted for."""
    if not result.conserved:
        raise RuntimeError(
            "the simulation lost or made requests: arrived is not served + rejected + failed + abandoned"
        )
    return result


def what_files_say(scenario: Scenario) -> dict[str, Any]:
    """What every answer says beside its figures: what it rests on, findings, what was seen and has no model."""
    return {
        "rests_on": rests_on(scenario).to_dict(),
        "findings": list(scenario.findings),
        "not_modelled": list(scenario.not_modelled),
    }


def verdicts(result: Result, rests: RestsOn) -> list[dict[str, Any]]:
    """Every objective judged, each with the assumed inputs that its verdict rests on."""
    return [
        {**slo._asdict(), "assumed": rests.of_verdict(slo.metric, number)} for number, slo in enumerate(result.slo())
    ]


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
