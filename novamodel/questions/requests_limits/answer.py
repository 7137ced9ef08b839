"""Which CPU and memory requests and limits?"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from novamodel import units
from novamodel.analytic import pod_memory, steady_replicas, system_load
from novamodel.questions.requests_limits.cpu_trials import try_cpu_limits, try_cpu_requests
from novamodel.questions.requests_limits.memory_trials import (
    bytes_text,
    largest_set,
    least_safe,
    request_for,
    roomy,
    try_memory,
)
from novamodel.questions.shared import (
    KEEPS,
    Tell,
    Text,
    at_peak,
    best,
    change,
    count_at_peak,
    dollars,
    how_sure,
    latency_text,
    need_objectives,
    service_asked,
    shows_headline,
    verdict_text,
)
from novamodel.scenario import Scenario
from novamodel.simulation import Comparison, Result, compare, simulate
from novamodel.sizing import Sizing
from novamodel.workflows.plan import find_size

FILE_TERMS = {
    "cpu_request": "cpu request",
    "cpu_limit": "cpu limit",
    "memory_request": "memory request",
    "memory_limit": "memory limit",
}
"""A setting as the manifests call it."""


@dataclass(frozen=True)
@shows_headline
class LimitsAnswer:
    """The answer and its grounds, as tidy tables (cores, bytes, seconds, USD a month).

    ``cpu``: a row a CPU limit (nan: none) with the throttled share of the mean and of the p99 request. ``memory``: a
    row a memory limit under stress. ``requests``: a row a CPU request under the autoscaler; empty without one.
    ``use``: a row a service and resource with used, requested, limit and required. ``advice``: a row a setting of the
    size that every output advises (``sizing``).
    """

    scenario: Scenario = field(repr=False)
    service: str
    count: int  # replicas at the peak, fixed while limits are tried
    stress: float
    cpu: pd.DataFrame = field(repr=False)
    memory: pd.DataFrame = field(repr=False)
    requests: pd.DataFrame = field(repr=False)
    use: pd.DataFrame = field(repr=False)
    advice: pd.DataFrame = field(repr=False)
    gain: Comparison | None = field(repr=False)  # as now against as advised, at the peak; None without a change
    cost_now: float
    cost_advised: float
    sizing: Sizing = field(repr=False)  # the size that every output advises

    @property
    def planned(self) -> pd.Series:
        """The trial of the advised CPU limit; the best of those tried where it was none of them."""
        limit = self.sizing.chosen.scenario.services[self.service].resources.cpu_limit
        tried = self.cpu[self.cpu["cpu_limit"].isna() if limit is None else self.cpu["cpu_limit"] == limit]
        return tried.iloc[0] if len(tried) else best(self.cpu)

    def headline(self) -> dict[str, float]:
        """The figures of the answer by name."""
        chosen, memory = self.planned, self.use[self.use["resource"] == "memory"].set_index("service")
        return {
            "latency with the advised CPU limit (ms)": float(chosen["latency_s"]) * 1000,
            "throttled share of its p99": float(chosen["throttled_tail"]),
            "working set at the peak (MiB)": float(memory.loc[self.service, "used"]) / 2**20,
            "cost as advised (USD/month)": self.cost_advised,
        }

    def conclusion(self) -> Text:
        """The answer in words, with its certainty and its price."""
        return Text("\n".join(f"* {line}" for line in _sentences(self)))


def limits(
    scenario: Scenario,
    *,
    service: str | None = None,
    stress: float = 2.0,
    replications: int = 4,
    engine: str = "auto",
    quick: bool = False,
    progress: Tell | None = None,
) -> LimitsAnswer:
    """Try CPU limits at the peak, CPU requests under the autoscaler, and memory limits under stress.

    While CPU limits are tried the replicas are fixed at what the peak needs today. Stress: ``stress`` times the peak
    meets the lower bound's replicas, as after a failure or before the autoscaler acts. All see the same customers.
    """
    need_objectives(scenario)
    name, tell = service_asked(scenario, service), progress or (lambda share, text: None)
    count = count_at_peak(scenario, name)
    fixed = scenario.override({f"services.{name}.autoscaler": None, f"services.{name}.replicas": count})
    options: dict[str, Any] = {"replications": replications, "engine": engine, "quick": quick}
    base = at_peak(fixed, replications=replications, quick=quick)
    sizing = find_size(scenario, engine=engine, quick=quick, progress=lambda share: tell(0.1 * share, "sizing"))
    advised = sizing.chosen.scenario
    planned = advised.services[name].resources
    cpu = try_cpu_limits(scenario, base, name, engine, quick, tell, planned.cpu_limit)
    requests = try_cpu_requests(scenario, name, tell=tell, **options)
    memory = try_memory(scenario, name, stress, tell=tell, planned=planned.memory_limit, **options)
    tell(0.8, "use of every service")
    watched = simulate(roomy(base, name).override({"run.interval": "1 s"}, said_by="trial"), engine=engine)
    use, working = _use(scenario, watched), largest_set(watched, name)
    advice = _advice(scenario, name, sizing, cpu, memory, working)
    use = _required(use, name, cpu, memory)
    tell(0.9, "the advice against today")
    changed = advised.content_hash() != scenario.content_hash()
    gain = _gain(scenario, advised, engine=engine, replications=replications, quick=quick) if changed else None
    costs = sizing.now.cost_month, sizing.chosen.cost_month
    return LimitsAnswer(scenario, name, count, stress, cpu, memory, requests, use, advice, gain, *costs, sizing)


# --- right sizes -------------------------------------------------------------------------------------------------


def _use(scenario: Scenario, result: Result) -> pd.DataFrame:
    """Used (one replica's mean at the peak), most used in a second, requested and limit, by service and resource."""
    peak = scenario.traffic.most_per_s
    counts = {name: float(service.replicas) for name, service in result.scenario.services.items()}
    load = system_load(scenario, peak, counts)
    rows = []
    for name, service in scenario.services.items():
        tier = result.tiers[result.tiers["tier"] == f"{name} cpu"]["busy"] / counts[name]
        memory = float(pod_memory(scenario, service, name, load))
        resources = service.resources
        cpu = {"used": float(tier.mean()), "most": float(tier.quantile(0.99))}
        rows.append({"service": name, "resource": "cpu", **cpu, "requested": resources.cpu_request})
        rows[-1]["limit"] = resources.cpu_limit or math.nan
        rows.append({"service": name, "resource": "memory", "used": memory, "most": math.nan})
        rows[-1] |= {"requested": resources.memory_request, "limit": resources.memory_limit or math.nan}
    return pd.DataFrame(rows)


def _required(use: pd.DataFrame, name: str, cpu: pd.DataFrame, memory: pd.DataFrame) -> pd.DataFrame:
    """``required`` of the service in question: the least CPU limit that surely keeps the objectives (nan where none
    or no limit does), and the working set under stress.
    """
    mine, is_cpu = use["service"] == name, use["resource"] == "cpu"
    kept = cpu[cpu["verdict"] == KEEPS]["cpu_limit"]
    frame = use.assign(required=math.nan)
    frame.loc[mine & is_cpu, "required"] = float(kept.iloc[0]) if len(kept) else math.nan
    frame.loc[mine & ~is_cpu, "required"] = float(memory["working_set"].max())
    frame.loc[mine & ~is_cpu, "most"] = float(memory["working_set"].max())
    return frame


def _advice(
    scenario: Scenario, name: str, sizing: Sizing, cpu: pd.DataFrame, memory: pd.DataFrame, working: float
) -> pd.DataFrame:
    """A row a setting of the size that every output advises, with what the trials say of it."""
    resources, advised = (one.scenario.services[name].resources for one in (sizing.now, sizing.chosen))
    limit, held = advised.cpu_limit, advised.memory_limit
    why = {"cpu_request": f"the autoscaler rests at {count_at_peak(sizing.chosen.scenario, name)} replicas"}
    if scenario.services[name].autoscaler is None:
        why["cpu_request"] = "what is set aside on the node"
    tried = cpu[cpu["cpu_limit"].isna() if limit is None else cpu["cpu_limit"] == limit]
    if len(tried):
        row = tried.iloc[0]
        why["cpu_limit"] = f"{verdict_text(row)}: {row['metric']} {latency_text(row)} at the peak"
    stressed = memory[memory["memory_limit"] == held]
    if len(stressed):
        row = stressed.iloc[0]
        why["memory_limit"] = (
            f"{row['killed']:.3g} containers killed a run under stress; working set there "
            f"{bytes_text(row['working_set'])}; {bytes_text(least_safe(memory, working))} is the least that would do"
        )
    least = request_for(scenario, name, working, held or math.inf)
    why["memory_request"] = f"working set at the peak {bytes_text(working)}; {bytes_text(least)} would cover it"
    rows = []
    for key, heading in FILE_TERMS.items():
        texts = [_written(key, getattr(part, key)) for part in (resources, advised)]
        rows.append((heading, change(*texts), why.get(key, "")))
    return pd.DataFrame(rows, columns=["setting", "change", "why"])


def _written(key: str, value: float | None) -> str:
    if value is None:
        return "no limit"
    return units.format_cores(value) if key.startswith("cpu") else bytes_text(value)


def _gain(now: Scenario, advised: Scenario, *, engine: str, replications: int, quick: bool) -> Comparison:
    """Both at the peak, each with its own autoscaler at rest."""
    sides = []
    for scenario in (now, advised):
        rests = steady_replicas(scenario, scenario.traffic.most_per_s)
        starts = {f"services.{name}.replicas": count for name, count in rests.items()}
        sides.append(at_peak(scenario, replications=replications, quick=quick).override(starts, said_by="trial"))
    return compare(*sides, engine=engine)


def _sentences(answer: LimitsAnswer) -> list[str]:
    cpu, now = answer.planned, answer.cpu[answer.cpu["now"].astype(bool)]
    settings = "; ".join(f"{row.setting} {row.change}" for row in answer.advice.itertuples())
    whole = answer.sizing.chosen.changes or "as now"
    lines = [f"**{answer.service}:** {settings}, as part of the size that `novamodel size` finds ({whole})."]
    if len(now):
        row, last = now.iloc[0], answer.cpu.iloc[-1]
        other = "without a limit" if math.isnan(last["cpu_limit"]) else "with the largest tried"
        lines.append(
            f"**CPU limit:** with today's, {units.format_part(row['throttled_tail'])} of the time of a request near "
            f"the p99 is throttling ({row['metric']} {latency_text(row)}); {other} {latency_text(last)}."
        )
    lost = answer.memory[answer.memory["killed"] > 0]
    kills = "no limit tried loses a container"
    if len(lost):
        kills = f"a limit of {bytes_text(lost['memory_limit'].max())} loses containers"
        safe = answer.memory[answer.memory["killed"] == 0]
        kills += f", {bytes_text(safe['memory_limit'].min())} loses none" if len(safe) else ", and none tried is safe"
    lines.append(f"**Memory limit:** when {answer.stress:g} times the peak meets the lower bound's replicas, {kills}.")
    if len(answer.requests):
        rests = ", ".join(
            f"{row.replicas:.3g} replicas with {units.format_cores(row.cpu_request)}"
            for row in answer.requests.itertuples()
        )
        lines.append(
            f"**CPU request:** the same load and target run {rests}, for the target is a share of the request."
        )
    if answer.gain is not None:
        metric = str(cpu["metric"])
        gap = answer.gain.difference(metric)
        span = f"[{gap.low * 1000:+.3g}, {gap.high * 1000:+.3g}]"
        what = "no difference" if gap.low == gap.high == 0 else f"{gap.value * 1000:+.3g} ms {span}"
        lines.append(f"**Gain:** {metric} at the peak: {what}, as advised against as now, same customers.")
    price = f"{dollars(answer.cost_advised)} USD a month as advised, {dollars(answer.cost_now)} as now"
    lines.append(f"**Price and certainty:** {price}. Of the CPU limits: {how_sure(answer.cpu)}")
    return lines
