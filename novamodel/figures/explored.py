"""One point under the sliders: percentiles with the SLO, and how busy each tier is."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from novamodel.figures.house import COLOURS, MUTED, TEMPLATE, colour_of

ROOM = 1.15


def explored(point: Any, before: Any = None) -> go.Figure:
    """Left: percentiles of the latency (ms) with 95 % intervals and the SLO. Right: use of each tier in % of its limit.

    Hollow marks are the point ``before``. Always the same five traces, so that a figure on screen can take the values
    of another point.
    """
    rows = point.latency.fillna({"low": point.latency["value"], "high": point.latency["value"]})
    milliseconds = [1000 * value for value in rows["value"]]
    fig = make_subplots(cols=2, column_widths=[0.4, 0.6], horizontal_spacing=0.24)
    fig.add_bar(
        x=list(rows["metric"]),
        y=milliseconds,
        error_y={
            "type": "data",
            "array": [1000 * (high - value) for high, value in zip(rows["high"], rows["value"], strict=True)],
            "arrayminus": [1000 * (value - low) for low, value in zip(rows["low"], rows["value"], strict=True)],
        },
        text=[f"{value:,.3g} ms" for value in milliseconds],
        textposition="inside",
        insidetextanchor="start",
        marker={"color": COLOURS["api"]},
        hovertemplate="%{x}: %{text}<extra></extra>",
        row=1,
        col=1,
    )
    limited = rows[rows["limit"].notna()]
    fig.add_scatter(
        x=list(limited["metric"]),
        y=[1000 * limit for limit in limited["limit"]],
        mode="markers",
        marker={"symbol": "line-ew", "size": 70, "line": {"width": 2.5, "color": COLOURS["slo"]}},
        hovertemplate="SLO: %{y:,.4g} ms<extra></extra>",
        row=1,
        col=1,
    )
    tiers = point.tiers.sort_values("tier")
    percent = [100 * share for share in tiers["utilisation"]]
    fig.add_bar(
        y=list(tiers["tier"]),
        x=percent,
        orientation="h",
        text=[f"{value:.0f} %" for value in percent],
        textposition="outside",
        cliponaxis=False,
        marker={"color": [colour_of(tier) for tier in tiers["tier"]]},
        hovertemplate="%{y}: %{text} of its limit<extra></extra>",
        row=1,
        col=2,
    )
    was = before.latency if before else rows[:0]
    ghost = {"mode": "markers", "marker": {"symbol": "circle-open", "size": 11, "color": MUTED}}
    fig.add_scatter(
        x=list(was["metric"]),
        y=[1000 * value for value in was["value"]],
        hovertemplate="before: %{y:,.3g} ms<extra></extra>",
        row=1,
        col=1,
        **ghost,
    )
    had = before.tiers[before.tiers["tier"].isin(tiers["tier"])] if before else tiers[:0]
    fig.add_scatter(
        y=list(had["tier"]),
        x=[100 * share for share in had["utilisation"]],
        hovertemplate="%{y} before: %{x:.0f} % of its limit<extra></extra>",
        row=1,
        col=2,
        **ghost,
    )
    top = max([*(1000 * high for high in rows["high"]), *(1000 * limit for limit in limited["limit"]), 1e-9])
    fig.update_yaxes(title_text="latency (ms); line: SLO, rings: before", range=[0, top * ROOM], row=1, col=1)
    fig.update_yaxes(dtick=1, tickfont={"size": 10}, row=1, col=2)
    fig.update_xaxes(title_text="use of the tier's limit (%)", range=[0, max(100.0, *percent) * ROOM], row=1, col=2)
    fig.update_layout(
        template=TEMPLATE, showlegend=False, height=420, margin={"l": 60, "r": 30, "t": 20, "b": 50}, autosize=True
    )
    return fig
