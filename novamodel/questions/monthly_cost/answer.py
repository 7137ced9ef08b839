"""What does it cost a month, on which platform, by service and by driver?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from novamodel.analytic import day, mean_rates, steady_replicas
from novamodel.errors import UserError
from novamodel.questions.monthly_cost.tables import CostTables
from novamodel.questions.monthly_cost.words import sentences
from novamodel.questions.shared import (
    KEEPS,
    MOST_REPLICAS,
    Tell,
    Text,
    at_peak,
    dollars,
    latency_text,
    load_of,
    readable,
    shows_headline,
    source_path,
    trial,
    verdict_text,
)
from novamodel.scenario import Scenario
from novamodel.simulation import simulate
from novamodel.workflows.month import MonthlyCost, bill, monthly_total

MULTIPLES = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0)
NAMES = {"eks": "EKS", "ecs": "ECS", "compose": "Compose", "ec2": "EC2", "fargate": "Fargate"}
DEPLOYED = ("edge", "gateway", "services", "database", "cache", "platform", "pricing", "backup", "monitoring")
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
    others: Mapping[str, Scenario] | None = None,
    replications: int = 4,
    engine: str = "auto",
    quick: bool = False,
    progress: Tell | None = None,
) -> CostAnswer:
    """Price a month of the scenario, of the same on the platform's other compute, and of ``others``.

    All carry the scenario's traffic. A short simulation of the peak says whether each keeps the SLO: a price alone
    compares nothing. A variant that cannot be is listed with its reason, one that is the same deployment as another is
    not compared with it but named.
    """
    tell = progress or (lambda share, text: None)
    given = label(scenario)
    found, refused, same = _variants(scenario, others or {})
    rows, lines = [], []
    bills: dict[str, MonthlyCost] = {}
    for number, (name, variant) in enumerate(found.items()):
        tell(0.6 * number / len(found), f"pricing {name}")
        try:
            bills[name] = bill(variant)
        except UserError as problem:
            if name == given:
                raise
            refused.append((name, str(problem)))
            continue
        rows.append(_row(name, variant, bills[name], replications, engine, quick))
        lines += [{"variant": name, **line} for line in _amounts(bills[name])]
    variants = pd.DataFrame(rows)
    priced = {name: variant for name, variant in found.items() if name in bills}
    against = _against(variants, given)
    tell(0.7, "pricing other loads")
    return CostAnswer(
        scenario=scenario,
        given=given,
        against=against,
        bill=bills[given],
        variants=variants,
        lines=pd.DataFrame(lines),
        steps=_steps(pd.DataFrame(lines), given, against),
        headroom=_headroom(priced),
        traffic=_traffic(priced, (0.5, 1.0, 2.0) if quick else MULTIPLES),
        refused=pd.DataFrame(refused, columns=["variant", "why"]),
        same=same,
    )


def label(scenario: Scenario) -> str:
    """``EKS on EC2``: where a scenario runs."""
    platform = scenario.platform
    compute = "ec2" if platform.kind == "compose" else platform.compute
    return f"{NAMES[platform.kind]} on {NAMES[compute]}"


def _variants(
    scenario: Scenario, others: Mapping[str, Scenario]
) -> tuple[dict[str, Scenario], list[tuple[str, str]], dict[str, str]]:
    """The scenario, the same on its platform's other compute, and the others under its traffic.

    Then those that cannot be, with the reason, and those that are there already, with their name here.
    """
    found: dict[str, Scenario] = {label(scenario): scenario}
    refused: list[tuple[str, str]] = []
    same: dict[str, str] = {}
    kind, compute = scenario.platform.kind, scenario.platform.compute
    if kind != "compose":
        other = "fargate" if compute == "ec2" else "ec2"
        name = f"{NAMES[kind]} on {NAMES[other]}"
        try:
            found[name] = scenario.override({"platform.compute": other}, said_by="variant")
        except UserError as problem:
            refused.append((name, str(problem)))
    for key, other_scenario in others.items():
        try:
            variant = _same_traffic(other_scenario, scenario)
        except UserError as problem:
            refused.append((key, str(problem)))
            continue
        twin = next((name for name, there in found.items() if _deployed(there) == _deployed(variant)), None)
        name = label(variant)
        if twin is not None:
            same[key] = twin
        else:
            found[name if name not in found else f"{name} ({key})"] = variant
    return found, refused, same


def _deployed(scenario: Scenario) -> list[Any]:
    """What is compared: all but name, traffic, objectives and how it is run."""
    return [getattr(scenario, part) for part in DEPLOYED]


def _same_traffic(variant: Scenario, given: Scenario) -> Scenario:
    changes: dict[str, Any] = {}
    for name, source in given.traffic.sources.items():
        changes |= {f"{source_path(name)}.{path}": value for path, value in load_of(source).items()}
    loops = {name: source.loop for name, source in given.traffic.sources.items()}
    others = {name: source.loop for name, source in variant.traffic.sources.items()}
    if loops != others:
        raise UserError(
            f"{variant.name} has other sources of traffic than {given.name}", path="traffic", valid=", ".join(loops)
        )
    changes |= {
        "slo": [objective.text for objective in given.slo],
        "run.seed": given.run.seed,
    }
    return variant.override(changes, said_by="the same traffic")


def _row(
    name: str, variant: Scenario, cost: MonthlyCost, replications: int, engine: str, quick: bool
) -> dict[str, Any]:
    requests = sum(mean_rates(variant).values()) * variant.pricing.hours_per_month * 3600
    total = float(cost.mid.total)
    rests = steady_replicas(variant, variant.traffic.most_per_s)
    starts = {f"services.{service}.replicas": count for service, count in rests.items()}
    window = at_peak(variant, replications=replications, quick=quick).override(starts, said_by="window at the peak")
    return {
        "variant": name,
        "cost_month": total,
        "low": float(cost.low.total),
        "high": float(cost.high.total),
        "fixed": float(cost.mid.baseline),
        "use": float(cost.mid.use),
        "requests_month": requests,
        "per_million": total / requests * 1e6 if requests else math.nan,
        **trial(simulate(window, engine=engine))._asdict(),
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
