"""Monthly cost of platforms side by side: by service, from one to another, with headroom, and at other loads."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from novamodel.figures.house import COLOURS, INK, MUTED, empty, escape, finish
from novamodel.figures.panels import Label, label_right, set_range
from novamodel.figures.reshape import tidy
from novamodel.figures.trials import SERIES, verdict_words
from novamodel.figures.words import listed

SHARES_SHOWN = 6
"""So many services have a colour of their own; the rest is put together."""
PALETTE = (COLOURS["api"], COLOURS["database"], COLOURS["cache"], COLOURS["pool"], COLOURS["edge"], COLOURS["admin"])
REST = "#C3C7CC"
BETWEEN = 0.7
"""Distance between the bars of one platform and the next, in bars."""


def cost_variants(lines: pd.DataFrame, variants: pd.DataFrame) -> go.Figure:
    """Bars of `variants`, split by service; whiskers: the month with the traffic lower and higher.

    `lines`: a row a variant, service and driver with `amount`. `variants`: `variant`, `cost_month`, `low`, `high`,
    `verdict`, `missed`.
    """
    sums = lines.groupby("service")["amount"].sum().sort_values(ascending=False)
    shown = list(sums.index[:SHARES_SHOWN])
    named = lines.assign(part=[name if name in shown else "all else" for name in lines["service"]])
    order = list(variants.sort_values("cost_month")["variant"])
    table = named.pivot_table(index="variant", columns="part", values="amount", aggfunc="sum", fill_value=0.0)
    fig = go.Figure()
    for part, colour in zip([*shown, "all else"], [*PALETTE, REST], strict=False):
        if part in table:
            fig.add_bar(
                y=order,
                x=tidy(table.loc[order, part], 6),
                orientation="h",
                name=escape(str(part)),
                marker={"color": colour},
                hovertemplate=f"%{{y}}, {escape(str(part))}: %{{x:,.2f}} USD<extra></extra>",
            )
    rows = variants.set_index("variant").loc[order]
    fig.add_scatter(
        x=tidy(rows["cost_month"], 6),
        y=order,
        mode="markers",
        marker={"size": 1, "color": INK},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": tidy(rows["high"] - rows["cost_month"], 6),
            "arrayminus": tidy(rows["cost_month"] - rows["low"], 6),
            "color": INK,
            "thickness": 1.4,
        },
        showlegend=False,
        hoverinfo="skip",
    )
    for name, row in rows.iterrows():
        colour = INK if row["verdict"] == "keeps" else COLOURS["slo"]
        fig.add_annotation(
            x=row["high"],
            y=name,
            text=f"{row['cost_month']:,.0f}, {escape(verdict_words(row))}",
            xanchor="left",
            xshift=8,
            showarrow=False,
            font={"size": 11.5, "color": colour},
        )
    fig.update_layout(barmode="stack", bargap=0.4, legend={"traceorder": "normal"})
    fig.update_xaxes(title_text="cost (USD/month)", range=[0, float(rows["high"].max()) * 1.4], showgrid=True)
    fig.update_yaxes(autorange="reversed", showgrid=False, ticks="", dtick=1)
    how = (
        "By AWS service; whiskers: the month with the traffic lower and higher by the scenario's range. Beside it:"
        " whether it keeps the SLO at the peak, by a short simulation (undecided: more replications would decide)."
        " On-demand list prices."
    )
    return finish(fig, _variants_finding(rows), how, height=62 * len(rows) + 110, left=130, right=40)


def _variants_finding(rows: pd.DataFrame) -> str:
    kept = rows[rows["verdict"] == "keeps"]
    if not len(kept):
        least = f"{rows['cost_month'].iloc[0]:,.0f} USD a month"
        return f"Nothing surely keeps the SLO; the cheapest is {rows.index[0]} at {least}"
    text = f"{kept.index[0]} is the cheapest that surely keeps the SLO: {kept['cost_month'].iloc[0]:,.0f} USD a month"
    cheaper = rows[rows["cost_month"] < kept["cost_month"].iloc[0]]
    if len(cheaper):
        verbs = "costs less and does" if len(cheaper) == 1 else "cost less and do"
        text += f"; {listed(map(str, cheaper.index))} {verbs} not"
    return text


def cost_waterfall(steps: pd.DataFrame, given: str, against: str, variants: pd.DataFrame) -> go.Figure:
    """From one platform's monthly cost to another's, service by service, downwards.

    `steps`: a row a service that differs, with `given`, `against`, `difference`. `variants` as in `cost_variants`.
    """
    how = (
        "Each bar is what a service adds (to the right) or saves (to the left) on the way down; services that cost the"
        " same are left out of both ends."
    )
    if not against:
        return empty("Nothing to compare", how, "There is no other variant.")
    if not len(steps):
        return empty(
            f"{against} costs the same as {given}", how, "No service costs more or less on the one than the other."
        )
    start, end = float(steps["given"].sum()), float(steps["against"].sum())
    names = [
        escape(name) for name in (f"{given}, what differs", *map(str, steps["service"]), f"{against}, what differs")
    ]
    values = [start, *steps["difference"], end]
    fig = go.Figure()
    fig.add_waterfall(
        orientation="h",
        y=names,
        x=tidy(values, 6),
        measure=["absolute", *["relative"] * len(steps), "total"],
        increasing={"marker": {"color": COLOURS["slo"]}},
        decreasing={"marker": {"color": COLOURS["pool"]}},
        totals={"marker": {"color": COLOURS["cost"]}},
        connector={"line": {"color": MUTED, "width": 1, "dash": "dot"}},
        hovertemplate="%{y}: %{x:,.2f} USD a month<extra></extra>",
        showlegend=False,
    )
    after = [start, *(start + steps["difference"].cumsum()), end]
    texts = [f"{start:,.0f}", *(f"{value:+,.0f}" for value in steps["difference"]), f"{end:,.0f}"]
    for name, text, place in zip(names, texts, map(max, after, [start, *after[:-2], end]), strict=True):
        fig.add_annotation(x=place, y=name, text=text, xanchor="left", xshift=5, showarrow=False, font={"size": 11.5})
    top = max(after)
    fig.update_xaxes(title_text="cost (USD/month)", range=[0, top * 1.12], showgrid=True)
    fig.update_yaxes(autorange="reversed", showgrid=False, ticks="", dtick=1)
    gap = end - start
    largest = steps.loc[steps["difference"].abs().idxmax()]
    other = variants.set_index("variant").loc[against]
    finding = (
        f"{against} ({verdict_words(other)}) costs {abs(gap):,.0f} USD a month {'more' if gap >= 0 else 'less'} than"
        f" {given}; the largest step is {largest['service']} ({largest['difference']:+,.0f})"
    )
    return finish(fig, finding, how, height=34 * len(names) + 80, left=190, right=40)


def cost_headroom(headroom: pd.DataFrame) -> go.Figure:
    """What replicas that stand ready cost.

    `headroom`: a row a variant and plan with `replicas` (mean of the day) and `cost_month`.
    """
    variants, plans = list(headroom["variant"].unique()), list(headroom["plan"].unique())
    places = [row + variants.index(name) * BETWEEN for row, name in enumerate(headroom["variant"])]
    placed = headroom.assign(place=places)
    fig = go.Figure()
    for number, plan in enumerate(plans):
        part = placed[placed["plan"] == plan]
        fig.add_bar(
            y=list(part["place"]),
            x=tidy(part["cost_month"], 6),
            width=0.9,
            orientation="h",
            name=escape(plan),
            marker={"color": SERIES[number % len(SERIES)]},
            text=[f"{row.cost_month:,.0f}, {row.replicas:.3g} replicas" for row in part.itertuples()],
            textposition="outside",
            textfont={"size": 11},
            cliponaxis=False,
            customdata=list(part["variant"]),
            hovertemplate=f"%{{customdata}}, {escape(plan)}: %{{x:,.2f}} USD a month<extra></extra>",
            showlegend=len(plans) > 1,
        )
    fig.update_layout(barmode="overlay", legend={"traceorder": "normal"})
    middle = placed.groupby("variant", sort=False)["place"].mean()
    fig.update_yaxes(tickvals=list(middle), ticktext=[escape(name) for name in middle.index])
    fig.update_yaxes(autorange="reversed", showgrid=False, ticks="")
    top = float(headroom["cost_month"].max())
    fig.update_xaxes(title_text="cost (USD/month)", range=[0, top * 1.2], showgrid=True)
    how = (
        "As given: the autoscaler follows the load (or a fixed count). Fixed: the replicas of the peak, or of more,"
        " stand all day, at most 62 of a service (as many as can be). Replicas are means over the day, all services"
        " together."
    )
    height = 26 * (places[-1] + 1) + 100
    return finish(fig, _headroom_finding(headroom), how, height=round(height), left=130, right=40)


def _headroom_finding(headroom: pd.DataFrame) -> str:
    parts = []
    for name, part in headroom.groupby("variant", sort=False):
        if len(part) > 1:
            gap = part["cost_month"].iloc[-1] - part["cost_month"].iloc[0]
            parts.append(f"{gap:,.0f} on {name}" if gap >= 0.5 else f"nothing on {name}")
    if not parts:
        return "No autoscaler: the fixed replicas are paid all day"
    plan = headroom["plan"].unique()[-1]
    return f"Headroom {plan} instead of autoscaling costs (USD a month): {', '.join(parts)}"


def cost_traffic(traffic: pd.DataFrame) -> go.Figure:
    """Monthly cost, and that of a million requests, against the load.

    `traffic`: `variant`, `multiple` (of the given traffic), `cost_month`, `per_million`.
    """
    fig = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.07)
    for row, column in ((1, "cost_month"), (2, "per_million")):
        labels, top = [], float(traffic[column].max()) * 1.1
        for number, (name, part) in enumerate(traffic.groupby("variant", sort=False)):
            colour = SERIES[number % len(SERIES)]
            fig.add_scatter(
                x=list(part["multiple"]),
                y=tidy(part[column], 5),
                mode="lines+markers",
                line={"color": colour, "width": 2},
                showlegend=False,
                hovertemplate=f"{escape(str(name))}: %{{y:,.4g}} USD at %{{x}} x<extra></extra>",
                row=row,
                col=1,
            )
            labels.append(Label(str(name), float(part[column].iloc[-1]), colour))
        set_range(fig, row, 0, top)
        label_right(fig, labels, row=row, low=0, high=top, gap=0.11)
    fig.update_yaxes(title_text="USD/month", tickformat=",", row=1, col=1)
    fig.update_yaxes(title_text="USD/million requests", row=2, col=1)
    fig.update_xaxes(tickvals=sorted(traffic["multiple"].unique()), ticksuffix=" x")
    fig.update_xaxes(title_text="traffic (multiple of today's)", row=2, col=1)
    fig.add_vline(x=1, line={"color": MUTED, "width": 1, "dash": "dot"})
    how = (
        "Autoscaled replicas, nodes and everything that follows use grow with the load; fixed counts do not, and may"
        " not carry it. Dotted: today's traffic."
    )
    return finish(fig, _traffic_finding(traffic), how, height=430, right=150, bottom=56)


def _traffic_finding(traffic: pd.DataFrame) -> str:
    part = traffic[traffic["variant"] == traffic["variant"].iloc[0]].sort_values("multiple")
    now, last = part[part["multiple"] == 1.0].iloc[0], part.iloc[-1]
    times = last["cost_month"] / now["cost_month"]
    return (
        f"{last['multiple']:g} x the traffic costs {times:.2g} x as much on {now['variant']}: a million requests goes"
        f" from {now['per_million']:.3g} to {last['per_million']:.3g} USD"
    )
