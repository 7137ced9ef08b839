"""What it costs a month: by service, split into what is always there and what follows use."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from novamodel.figures.house import COLOURS, empty, escape, finish
from novamodel.figures.reshape import tidy
from novamodel.figures.words import part_text

HOW = (
    "Dark: there whether customers come or not. Light: follows use. On-demand list prices; below the bill stands what"
    " is not priced."
)
LIGHT = "#B4B7BB"


def bill(frame: Any) -> go.Figure:
    """Monthly cost by service in USD, largest first.

    `frame`: a Bill (or what its `to_frame()` gives): `service`, `amount` and `driver` (``fixed`` or ``use``).
    """
    currency = str(getattr(frame, "currency", "USD"))
    table = frame.to_frame() if hasattr(frame, "to_frame") and hasattr(frame, "lines") else frame
    if not len(table):
        return empty("Nothing is priced", HOW, "This deployment has no line that the price book prices.")
    sums = table.astype({"amount": float}).pivot_table(
        index="service", columns="driver", values="amount", aggfunc="sum", fill_value=0.0
    )
    sums = sums.reindex(columns=["fixed", "use"], fill_value=0.0)
    sums = sums.assign(total=sums.sum(axis=1)).sort_values("total", ascending=False, kind="stable")
    whole = float(sums["total"].sum())
    names = [escape(str(name)) for name in sums.index]
    fig = go.Figure()
    for driver, colour, text in (("fixed", COLOURS["cost"], "fixed"), ("use", LIGHT, "follows use*")):
        fig.add_bar(
            y=names,
            x=tidy(sums[driver], 8),
            orientation="h",
            name=text,
            marker={"color": colour},
            hovertemplate=f"%{{y}}, {text}: %{{x:,.2f}} {currency}<extra></extra>",
            showlegend=bool(sums["use"].sum()),
        )
    for name, amount in zip(names, sums["total"], strict=True):
        fig.add_annotation(
            x=amount,
            y=name,
            text=f"{amount:,.2f} ({part_text(amount / whole)})" if whole else f"{amount:,.2f}",
            xanchor="left",
            xshift=6,
            showarrow=False,
            font={"size": 11.5},
        )
    fig.update_layout(barmode="stack", bargap=0.35, legend={"traceorder": "normal"})
    fig.update_xaxes(
        title_text=f"cost ({currency}/month)",
        range=[0, float(sums["total"].max()) * 1.22 or 1],
        showgrid=True,
        tickformat=",.0f",
    )
    fig.update_yaxes(autorange="reversed", showgrid=False, ticks="", dtick=1)
    fixed, use = float(sums["fixed"].sum()), float(sums["use"].sum())
    finding = (
        f"{whole:,.0f} {currency} a month: {fixed:,.0f} fixed and {use:,.0f} driven by use;"
        f" {sums.index[0]} is the largest part ({part_text(sums['total'].iloc[0] / whole)})"
        if whole
        else "Everything used is inside its free allowance"
    )
    return finish(fig, finding, HOW, height=32 * len(sums) + 90, left=190, right=40)
