"""What figures of tried variants share: latency with its interval and the limit, price below it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from novamodel.figures.house import COLOURS, INK, axis_ids, escape, limit_line
from novamodel.figures.panels import set_range
from novamodel.figures.reshape import error_bars, log_range, tidy
from novamodel.figures.words import time_text

SERIES = (COLOURS["api"], COLOURS["pool"], COLOURS["cache"], COLOURS["database"], COLOURS["admin"])
"""Colours of several series of one tier."""
GREY = "#C3C7CC"
FILLED = "filled: surely keeps the SLO, hollow: misses it, or the interval contains a limit (more replications decide)"
"""What the points' filling means."""
SHORTEST_AXIS = 0.8
"""Powers of ten on a latency axis, at least: a shorter one has hardly a tick."""


def latency_points(
    fig: go.Figure,
    table: pd.DataFrame,
    x: Sequence[Any],
    *,
    row: int,
    colour: str,
    name: str = "",
    line: bool = True,
    legend: bool = False,
) -> None:
    """`latency_s` in ms with its interval; filled where the objectives are surely kept, hollow where not."""
    value, low, high = (table[column] * 1000 for column in ("latency_s", "low_s", "high_s"))
    fill = [colour if verdict == "keeps" else "white" for verdict in table["verdict"]]
    fig.add_scatter(
        x=list(x),
        y=tidy(value),
        mode="lines+markers" if line else "markers",
        line={"color": colour, "width": 1.4},
        marker={"size": 10, "color": fill, "line": {"color": colour, "width": 1.8}},
        error_y=error_bars(high - value, value - low.clip(lower=value * 0.02), color=colour, thickness=1.4, width=5),
        name=name,
        showlegend=legend,
        customdata=[escape(verdict_words(row)) for _, row in table.iterrows()],
        hovertemplate=f"{name}%{{y:.3g}} ms, %{{customdata}}<extra></extra>",
        row=row,
        col=1,
    )


def latency_axis(fig: go.Figure, table: pd.DataFrame, *, row: int) -> None:
    """A logarithmic axis around the values and the limit, and the limit drawn with its name."""
    metric, limit = str(table["metric"].iloc[0]), float(table["limit_s"].iloc[0]) * 1000
    lows = (table["low_s"] * 1000).clip(lower=table["latency_s"] * 300)
    start, stop = log_range([*(table["latency_s"] * 1000), *lows, *(table["high_s"] * 1000), limit])
    set_range(fig, row, min(start, stop - SHORTEST_AXIS), stop, log=True)
    fig.update_yaxes(title_text=f"{metric} (ms)", row=row, col=1)
    if math.isfinite(limit):
        limit_line(fig, limit, row=row)
        x_axis, y_axis = axis_ids(fig, row)
        fig.add_annotation(
            text=f"SLO {time_text(limit / 1000)}",
            x=1,
            xref=f"{x_axis} domain",
            xanchor="left",
            xshift=8,
            y=math.log10(limit),
            yref=y_axis,
            showarrow=False,
            font={"size": 11.5, "color": COLOURS["slo"]},
        )


def cost_bars(
    fig: go.Figure, table: pd.DataFrame, x: Sequence[Any], *, row: int, colour: str, width: float | None = None
) -> None:
    """`cost_month` as bars with their amount."""
    cost = table["cost_month"]
    fig.add_bar(
        x=list(x),
        y=tidy(cost, 6),
        width=width,
        marker={"color": colour},
        text=[f"{value:,.0f}" if math.isfinite(value) else "" for value in cost],
        textposition="outside",
        textfont={"size": 11, "color": INK},
        cliponaxis=False,
        hovertemplate="%{y:,.2f} USD a month<extra></extra>",
        showlegend=False,
        row=row,
        col=1,
    )
    top = float(cost.max()) if cost.notna().any() else 1.0
    fig.update_yaxes(title_text="USD/month", range=[0, top * 1.35], nticks=4, row=row, col=1)


def kept_text(row: Any) -> str:
    """``p99 124 ms``; with the limits it misses or leaves undecided where it does."""
    text = f"{row['metric']} {time_text(row['latency_s'])}"
    return text if row["verdict"] == "keeps" else f"{text}, {verdict_words(row)}"


def verdict_words(row: Any) -> str:
    """``keeps the SLO``, ``misses p99 < 300 ms`` or ``undecided whether p99 < 300 ms``."""
    if row["verdict"] == "keeps":
        return "keeps the SLO"
    if row["verdict"] == "open":
        return f"undecided whether {row['missed']}"
    return f"misses {row['missed']}"
