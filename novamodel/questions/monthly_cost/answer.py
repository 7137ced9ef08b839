"""What does it cost a month, on which platform, by service and by driver?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from novamodel.analytic import day, mean_rates, steady_replicas
from novamodel.questions.monthly_cost.tables import CostTables
from novamodel.questions.monthly_cost.words import sentences
from novamodel.questions.shared import (
    KEEPS,
    MOST_REPLICAS,
    Tell,
    Text,
    Trial,
    at_peak,
    dollars,
    latency_text,
    readable,
    shows_headline,
    trial,
    verdict_text,
)
from novamodel.scenario import Scenario
from novamodel.simulation import simulate
from novamodel.workflows.month import MonthlyCost, bill, monthly_total
from novamodel.workflows.platforms import PlatformRow, platforms

MULTIPLES = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0)
NAMES = {"eks": "EKS", "ecs": "ECS", "compose": "Compose", "ec2": "EC2", "fargate": "Fargate"}
ARCHITECTURES = {"x86": "x86", "arm64": "ARM"}
QUICK_BUDGET, QUICK_S = 2, 10.0
"""Effort of a quick sizing: candidates, seconds around the peak."""
HEADROOM = 1.5
"""The dearest plan fixes the replicas at what so many times the peak needs."""


@dataclass(frozen=True)
@shows_headline
class CostAnswer(CostTables):
    """The answer and its grounds: figures, tables for a reader, words."""

    def headline(self) -> dict[str, float]:
        """The figures of the answer by name."""
        mine = self.row(self.given)
        figures = {
            f"{self.given} (USD/month)": mine["cost_month"],
            "fixed part (USD/month)": mine["fixed"],
            "per million requests (USD)": mine["per_million"],
        }
        if self.against:
            figures[f"{self.against} (USD/month)"] = self.row(self.against)["cost_month"]
        return {name: float(value) for name, value in figures.items()}

    def table(self) -> pd.DataFrame:
        """The variants for a reader."""
        rows = list(self.variants.itertuples())
        frame = self.variants.assign(
            span=[f"{dollars(row.low)} to {dollars(row.high)}" for row in rows],
            latency=[latency_text(row) for row in rows],
            says=[verdict_text(row) for row in rows],
            size=["as given" if row.variant == self.given else row.changes or "as given" for row in rows],
        )
        columns: dict[str, Any] = {
            "variant": ("platform", None),
            "cost_month": ("USD/month", dollars),
            "span": ("nine of ten months", None),
            "fixed": ("fixed", dollars),
            "use": ("follows use", dollars),
            "per_million": ("USD per million requests", lambda value: f"{value:.3g}"),
            "latency": (str(self.variants["metric"].iloc[0]) + " at the peak", None),
            "says": ("verdict", None),
            "size": ("sized", None),
        }
        return readable(frame, columns)

    def not_priced(self) -> pd.DataFrame:
        """What the given platform's bill leaves out."""
        return pd.DataFrame({"not priced": list(self.bill.mid.not_priced)})

    def conclusion(self) -> Text:
        """The answer in words, with its certainty and what is left out."""
        return Text("\n".join(f"* {line}" for line in sentences(self)))


def cost(
    scenario: Scenario,
    *,
    replications: int = 4,
    engine: str = "auto",
    quick: bool = False,
    progress: Tell | None = None,
) -> CostAnswer:
    """Price a month of the scenario as given, and on every platform, each sized for the objectives first.

    The platforms are those of `novamodel bill --platforms`, x86 and ARM. A short simulation of the peak says whether
    each keeps the SLO: a price alone compares nothing. A platform that cannot be is listed with its reason.
    """
    tell = progress or (lambda share, text: None)
    given = label(scenario)
    effort: dict[str, Any] = {"budget": QUICK_BUDGET, "duration_s": QUICK_S} if quick else {}
    sized = platforms(scenario, engine=engine, progress=lambda share, text: tell(0.6 * share, text), **effort)
    mine = bill(scenario)
    found = {given: (scenario, mine, "", "")}
    for row in sized:
        if row.scenario is not None and row.cost is not None:
            found[_name(row)] = (row.scenario, row.cost, row.changes, row.why)
    tried: dict[str, Trial] = {}
    rows: list[dict[str, Any]] = []
    lines: list[dict[str, Any]] = []
    for name, (there, cost, changes, why) in found.items():
        tell(0.6 + 0.2 * len(rows) / len(found), f"trying {name}")
        of = name.partition(",")[0] + changes if name != given else ""
        if of not in tried:  # ARM takes the sizes of x86, and is taken to be as fast
            tried[of] = _tried(there, replications, engine, quick)
        rows.append({**_row(name, there, cost, tried[of]), "changes": changes, "why": why})
        lines += [{"variant": name, **line} for line in _amounts(cost)]
    variants = pd.DataFrame(rows)
    against = _against(variants, given)
    compared = {name: found[name][0] for name in (given, against) if name}
    tell(0.8, "pricing other loads")
    return CostAnswer(
        scenario=scenario,
        given=given,
        against=against,
        bill=mine,
        variants=variants,
        lines=pd.DataFrame(lines),
        steps=_steps(pd.DataFrame(lines), given, against),
        headroom=_headroom(compared),
        traffic=_traffic(compared, (0.5, 1.0, 2.0) if quick else MULTIPLES),
        refused=pd.DataFrame([(_name(row), row.why) for row in sized if row.cost is None], columns=["variant", "why"]),
    )


def _name(row: PlatformRow) -> str:
    return f"{row.platform}, {ARCHITECTURES[row.arch]}"


def label(scenario: Scenario) -> str:
    """``EKS on EC2``: where a scenario runs."""
    platform = scenario.platform
    compute = "ec2" if platform.kind == "compose" else platform.compute
    return f"{NAMES[platform.kind]} on {NAMES[compute]}"


def _tried(variant: Scenario, replications: int, engine: str, quick: bool) -> Trial:
    """A short simulation of the peak."""
    rests = steady_replicas(variant, variant.traffic.most_per_s)
    starts = {f"services.{service}.replicas": count for service, count in rests.items()}
    window = at_peak(variant, replications=replications, quick=quick).override(starts, said_by="window at the peak")
    return trial(simulate(window, engine=engine))


def _row(name: str, variant: Scenario, cost: MonthlyCost, tried: Trial) -> dict[str, Any]:
    requests = sum(mean_rates(variant).values()) * variant.pricing.hours_per_month * 3600
    total = float(cost.mid.total)
    return {
        "variant": name,
        "cost_month": total,
        "low": float(cost.low.total),
        "high": float(cost.high.total),
        "fixed": float(cost.mid.baseline),
        "use": float(cost.mid.use),
        "requests_month": requests,
        "per_million": total / requests * 1e6 if requests else math.nan,
        **tried._asdict(),
    }


def _amounts(cost: MonthlyCost) -> list[dict[str, Any]]:
    frame = cost.mid.to_frame()
    sums = frame.astype({"amount": float}).groupby(["service", "driver"], sort=False)["amount"].sum()
    return [{"service": service, "driver": driver, "amount": amount} for (service, driver), amount in sums.items()]


def _against(variants: pd.DataFrame, given: str) -> str:
    """The variant to set beside the given one: the cheapest other that keeps the SLO, else the cheapest other."""
    others = variants[variants["variant"] != given]
    if not len(others):
        return ""
    kept = others[others["verdict"] == KEEPS]
    return str((kept if len(kept) else others).sort_values("cost_month").iloc[0]["variant"])


def _steps(lines: pd.DataFrame, given: str, against: str) -> pd.DataFrame:
    """Difference by service, ``against - given``, the largest first."""
    if not against:
        return pd.DataFrame(columns=["service", "given", "against", "difference"])
    sums = lines.pivot_table(index="service", columns="variant", values="amount", aggfunc="sum", fill_value=0.0)
    table = pd.DataFrame({"given": sums[given], "against": sums[against]})
    table["difference"] = table["against"] - table["given"]
    table = table[table["difference"].abs() >= 0.005].sort_values("difference", kind="stable")
    return table.rename_axis("service").reset_index()


def _headroom(variants: Mapping[str, Scenario]) -> pd.DataFrame:
    """Price of replicas by plan: as given, fixed at what the peak needs, fixed at what more than the peak needs.

    What a load needs is where the autoscaler would rest, were its upper bound as high as can be.
    """
    rows = []
    for name, variant in variants.items():
        peak = variant.traffic.most_per_s
        plans = {"as given": variant}
        if any(service.autoscaler for service in variant.services.values()):
            free = _unbounded(variant)
            plans["fixed for the peak"] = _fixed_at(variant, steady_replicas(free, peak))
            counts = steady_replicas(free, HEADROOM * peak)
            plans[f"fixed for {HEADROOM:g} x the peak"] = _fixed_at(variant, counts)
        for plan, scenario in plans.items():
            mean = float(day(scenario)[list(scenario.services)].sum(axis=1).mean())
            amount = monthly_total(scenario)
            rows.append({"variant": name, "plan": plan, "replicas": mean, "cost_month": amount})
    return pd.DataFrame(rows)


def _unbounded(scenario: Scenario) -> Scenario:
    scaled = [name for name, service in scenario.services.items() if service.autoscaler]
    changes = {f"services.{name}.autoscaler.max_replicas": MOST_REPLICAS for name in scaled}
    return scenario.override(changes, said_by="plan")


def _fixed_at(scenario: Scenario, counts: Mapping[str, int]) -> Scenario:
    changes: dict[str, Any] = {}
    for name, count in counts.items():
        changes |= {f"services.{name}.autoscaler": None, f"services.{name}.replicas": count}
    return scenario.override(changes, said_by="plan")


def _traffic(variants: Mapping[str, Scenario], multiples: tuple[float, ...]) -> pd.DataFrame:
    rows = []
    for name, variant in variants.items():
        mean = float(day(variant)["rate_per_s"].mean())
        for multiple in multiples:
            total = monthly_total(variant.with_load(multiple, said_by="other traffic"))
            millions = mean * multiple * variant.pricing.hours_per_month * 3600 / 1e6
            per = total / millions if millions else math.nan
            rows.append({"variant": name, "multiple": multiple, "cost_month": total, "per_million": per})
    return pd.DataFrame(rows)
