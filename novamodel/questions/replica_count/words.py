"""What to write into the manifest, and the answer to `replicas` in words."""

from __future__ import annotations

import pandas as pd

from novamodel import units
from novamodel.questions.replica_count.tables import ReplicaTables
from novamodel.questions.replica_count.trials import ROOM, rest_at
from novamodel.questions.shared import (
    KEEPS,
    MISSES,
    MOST_REPLICAS,
    best,
    change,
    dollars,
    how_sure,
    is_hopeless,
    latency_text,
    seconds_text,
    verdict_text,
)
from novamodel.scenario import Scenario
from novamodel.sizing import Sizing

SPARE = 0.7
"""An objective that is missed with the CPU less busy than this is not missed for want of replicas."""


def cap_of(counts: pd.DataFrame) -> int:
    """The most replicas that do good: where no count keeps the SLO, the closest."""
    closest = best(counts)
    return int(closest["replicas"]) if is_hopeless(closest) else MOST_REPLICAS


def advice(sizing: Sizing, name: str, counts: pd.DataFrame, bounds: pd.DataFrame) -> pd.DataFrame:
    """A row a setting of the advised size, as every output has it: today's value, the advised one, and why."""
    now, then = sizing.now.settings[name], sizing.chosen.settings[name]
    service, rows = sizing.now.scenario.services[name], []
    if service.autoscaler is None:
        tried = counts[counts["replicas"] == int(then["min_replicas"])]
        rows.append(("replicas", "min_replicas", _tried(tried.iloc[0], "at the peak") if len(tried) else ""))
    else:
        tried = _planned(sizing, name, bounds)
        why = _tried(tried.iloc[0], "on the ramp") if len(tried) else f"keeps the SLO {sizing.window}"
        rows.append(("minReplicas", "min_replicas", why))
        rows.append(("maxReplicas", "max_replicas", _room(sizing.chosen.scenario, name)))
        if then["cpu_target"] == then["cpu_target"]:
            rows.append(("CPU target (of the request)", "cpu_target", "chosen together with minReplicas"))
    changes = [change(*(_written(key, part[key]) for part in (now, then))) for _, key, _ in rows]
    table = [(setting, text, why) for (setting, _, why), text in zip(rows, changes, strict=True)]
    return pd.DataFrame(table, columns=["setting", "change", "why"])


def _planned(sizing: Sizing, name: str, bounds: pd.DataFrame) -> pd.DataFrame:
    """The trials on the ramp with the advised lower bound and target."""
    then = sizing.chosen.settings[name]
    if not len(bounds):
        return bounds
    same = (bounds["min_replicas"] == then["min_replicas"]) & (bounds["cpu_target"] == then["cpu_target"])
    return bounds[same]


def _room(scenario: Scenario, name: str) -> str:
    """What the advised upper bound holds."""
    if scenario.platform.kind != "eks":
        return ""
    scaler = scenario.services[name].autoscaler
    assert scaler is not None
    if scaler.cpu_target is None:
        return ""
    wanted = rest_at(scenario, name, scaler.min_replicas, scaler.cpu_target, ROOM)
    return f"{ROOM:g} x the peak wants {wanted}" + (": raise it before then" if wanted > scaler.max_replicas else "")


def _written(key: str, value: float) -> str:
    return units.format_part(value) if key == "cpu_target" else f"{value:.0f}"


def sentences(answer: ReplicaTables) -> list[str]:
    """The answer, with its certainty and its price."""
    fixed, bound, sizing = answer.fixed, answer.bound, answer.sizing
    advised = "; ".join(f"{row.setting} {row.change}" for row in answer.advice.itertuples())
    lines = [
        f"**Advised:** {answer.service}: {advised}, as part of the size that `novamodel size` finds"
        f" ({sizing.chosen.changes or 'as now'}) for {dollars(sizing.chosen.cost_month)} USD a month.",
        f"**Fixed:** {int(fixed['replicas'])} replicas of {answer.service} at {answer.peak_per_s:,.0f} requests/s "
        f"({fixed['metric']} {latency_text(fixed)}: {_judged(fixed)}) for {dollars(fixed['cost_month'])} USD a month.",
    ]
    kept = answer.counts[answer.counts["verdict"] == KEEPS]
    if len(kept) and int(kept["replicas"].min()) < int(fixed["replicas"]):
        least = kept.sort_values("replicas").iloc[0]
        lines.append(
            f"**Fewest:** {int(least['replicas'])} would do ({latency_text(least)}), for {dollars(least['cost_month'])}"
            " USD a month."
        )
    spare = answer.counts[answer.counts["cpu_busy"] < SPARE]
    if len(spare) and (spare["verdict"] == MISSES).all():
        row = spare.iloc[-1]
        lines.append(
            f"**Not for want of replicas:** {int(row['replicas'])} use {units.format_part(row['cpu_busy'])} of their "
            f"CPU limit and still miss {row['missed']}: 07_what_breaks_first names what is short."
        )
    if bound is None:
        kind = answer.scenario.platform.kind
        lines.append(
            f"**Autoscaler:** bounds are tried for the HPA of Kubernetes only; on {kind} the fixed count is the answer."
        )
        return [*lines, f"**How sure:** {how_sure(answer.counts)}"]
    planned = _planned(sizing, answer.service, answer.bounds)
    if len(planned) and planned.iloc[0]["excess"] >= 1:
        lines.append(f"**The ramp is too steep for the advised bounds:** {_tried(planned.iloc[0], 'on the ramp')}.")
    lines.append(
        f"**Fastest on the ramp:** {_span(bound)} replicas and a CPU target of "
        f"{units.format_part(bound['cpu_target'])} of the request, while the load climbs from {answer.low_per_s:,.0f} "
        f"to {answer.peak_per_s:,.0f} requests/s within {seconds_text(answer.ramp_s)} ({bound['metric']} "
        f"{latency_text(bound)}: {_judged(bound)}), for {dollars(bound['cost_month'])} USD a month."
    )
    if is_hopeless(fixed):
        lines.append("**No bounds help** where no fixed count keeps the SLO at the peak: mend what is short first.")
        return lines
    saved = fixed["cost_month"] - bound["cost_month"]
    if abs(saved) < 0.5:
        lines.append("**Price:** both cost the same: the machines have room for the pods of the peak.")
    else:
        word = "saves" if saved > 0 else "costs"
        lines.append(f"**Price:** autoscaling {word} {dollars(abs(saved))} USD a month against the fixed count.")
    lines.append(f"**How sure:** {how_sure(answer.bounds, 'on the ramp')}")
    return lines


def _tried(row: pd.Series, where: str) -> str:
    return f"{row['metric']} {latency_text(row)} {where}: {_judged(row)}"


def _span(row: pd.Series) -> str:
    least, most = int(row["min_replicas"]), int(row["max_replicas"])
    return f"{least} to {most}" if most > least else f"always {least}"


def _judged(row: pd.Series) -> str:
    if row["verdict"] == KEEPS:
        return "surely keeps the SLO"
    return f"closest of those tried, {verdict_text(row)}" if is_hopeless(row) else verdict_text(row)
