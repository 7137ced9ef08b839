"""What to write into the manifest, and the answer to `replicas` in words."""

from __future__ import annotations

import pandas as pd

from novamodel import units
from novamodel.questions.replica_count.tables import ReplicaTables
from novamodel.questions.replica_count.trials import ROOM, upper_bound
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

SPARE = 0.7
"""An objective that is missed with the CPU less busy than this is not missed for want of replicas."""


def cap_of(counts: pd.DataFrame) -> int:
    """The most replicas that do good: where no count keeps the SLO, the closest."""
    closest = best(counts)
    return int(closest["replicas"]) if is_hopeless(closest) else MOST_REPLICAS


def advice(scenario: Scenario, name: str, counts: pd.DataFrame, advised: pd.Series | None) -> pd.DataFrame:
    """A row a setting: what it is today, what it should be, and why. ``advised``: the autoscaler's trial, if any."""
    service, rows = scenario.services[name], []
    if advised is None:
        count = best(counts)
        now_then = change(str(service.replicas), str(int(count["replicas"])))
        rows.append(("replicas", now_then, _tried(count, "at the peak")))
    else:
        scaler = service.autoscaler
        least, target = int(advised["min_replicas"]), float(advised["cpu_target"])
        cap = cap_of(counts)
        most = upper_bound(scenario, name, least, target, cap)
        was = "none" if scaler is None else str(scaler.min_replicas)
        rows.append(("minReplicas", change(was, str(least)), _tried(advised, "on the ramp")))
        was = "none" if scaler is None else str(scaler.max_replicas)
        room = f"holds {ROOM:g} x the peak"
        if most == MOST_REPLICAS:
            room = f"{ROOM:g} x the peak may need more than can be"
        elif most == cap:
            room = "with more the SLO is missed by more at the peak"
        rows.append(("maxReplicas", change(was, str(most)), room))
        was = units.format_part(scaler.cpu_target) if scaler and scaler.cpu_target else "none"
        then = units.format_part(target)
        rows.append(("CPU target (of the request)", change(was, then), "chosen together with minReplicas"))
    return pd.DataFrame(rows, columns=["setting", "change", "why"])


def sentences(answer: ReplicaTables) -> list[str]:
    """The answer, with its certainty and its price."""
    fixed, bound = answer.fixed, answer.bound
    lines = [
        f"**Fixed:** {int(fixed['replicas'])} replicas of {answer.service} at {answer.peak_per_s:,.0f} requests/s "
        f"({fixed['metric']} {latency_text(fixed)}: {_judged(fixed)}) for {dollars(fixed['cost_month'])} USD a month."
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
    lines.append(
        f"**Autoscaled:** {_span(bound)} replicas and a CPU target of "
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
