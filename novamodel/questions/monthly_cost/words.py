"""The answer to `cost` in words."""

from __future__ import annotations

from novamodel.questions.monthly_cost.tables import CostTables
from novamodel.questions.shared import dollars, latency_text, verdict_text


def sentences(answer: CostTables) -> list[str]:
    """The price, what other platforms and headroom cost, and what is left out."""
    mine, given = answer.row(answer.given), answer.given
    most = answer.bill.spread.moved[:2]
    by = f", moved most by {' and '.join(one.name for one in most)}" if most else ""
    lines = [
        f"**Price:** {given} costs {dollars(mine['cost_month'])} USD a month ({dollars(mine['low'])} to "
        f"{dollars(mine['high'])} nine times of ten{by}): "
        f"{dollars(mine['fixed'])} fixed, {dollars(mine['use'])} driven by use; {mine['per_million']:.3g} USD per "
        f"million requests; at the peak it {verdict_text(mine)} ({mine['metric']} {latency_text(mine)}).",
    ]
    for row in answer.variants[answer.variants["variant"] != given].itertuples():
        gap = row.cost_month - mine["cost_month"]
        compared = f"{dollars(abs(gap))} {'more' if gap > 0 else 'less'}" if abs(gap) >= 0.5 else "as much"
        lines.append(
            f"**{row.variant}**, sized for the SLO: {dollars(row.cost_month)} USD a month, {compared}; "
            f"at the peak it {verdict_text(row)} ({row.metric} {latency_text(row)})"
            f"{'; ' if row.why else ''}{row.why}."
        )
    plans = answer.headroom[answer.headroom["variant"] == given]
    if len(plans) > 1:
        now, dear = plans.iloc[0], plans.iloc[-1]
        gap = dear["cost_month"] - now["cost_month"]
        price = f"{dollars(gap)} USD a month more than" if gap >= 0.5 else "as much as"
        lines.append(
            f"**Headroom:** {dear['plan']}, {given} would cost {price} autoscaled ({dear['replicas']:.3g} replicas on "
            f"average instead of {now['replicas']:.3g})."
        )
    lines += [f"**{row.variant}** cannot be: {row.why}." for row in answer.refused.itertuples()]
    prices = answer.bill.mid.prices_as_of
    lines.append(
        f"**Left out:** {len(answer.bill.mid.not_priced)} items are not priced (listed above); on-demand list prices "
        f"of {prices}, no commitments."
    )
    return lines
