"""Parts that panels over time share: lines with bands, direct labels at the right edge, clock axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd
import plotly.graph_objects as go

from novamodel.figures.house import RULE, axis_ids, escape, rgba
from novamodel.figures.reshape import clock_points, log_ticks, packed, spread


class Label(NamedTuple):
    """A direct label: its text, the value it stands beside, its colour."""

    text: str
    value: float
    colour: str


def add_line(
    fig: go.Figure,
    table: pd.DataFrame,
    *,
    row: int,
    name: str,
    colour: str,
    scale: float = 1.0,
    dash: str = "solid",
    width: float = 2.0,
    step: bool = False,
    band: bool = True,
    secondary: bool | None = None,
    hover: str = "%{y:.3g}",
) -> None:
    """Draw the mean of `reshape.over_time` and, as a band, the range over replications."""
    place = {"row": row, "col": 1} | ({"secondary_y": secondary} if secondary is not None else {})
    points = clock_points(table["clock_s"])
    shape = "hv" if step else "linear"
    if band and not table["low"].equals(table["high"]):
        edge = {"mode": "lines", "line": {"width": 0, "shape": shape}, "hoverinfo": "skip", "showlegend": False}
        fig.add_scatter(**points, y=packed(table["low"] * scale), **edge, **place)
        fig.add_scatter(
            **points, y=packed(table["high"] * scale), fill="tonexty", fillcolor=rgba(colour, 0.18), **edge, **place
        )
    fig.add_scatter(
        **points,
        y=packed(table["mean"] * scale),
        mode="lines",
        line={"color": colour, "width": width, "dash": dash, "shape": shape},
        name=name,
        showlegend=False,
        hovertemplate=f"{escape(name)}: {hover}<br>%{{x|%H:%M:%S}}<extra></extra>",
        **place,
    )


def last_value(table: pd.DataFrame, scale: float = 1.0) -> float:
    """The last known mean of a line (nan without any): the height of its label."""
    known = table["mean"].dropna()
    return float(known.iloc[-1]) * scale if len(known) else math.nan


def set_range(
    fig: go.Figure, row: int, low: float, high: float, *, log: bool = False, secondary: bool | None = None
) -> None:
    """Fix a panel's vertical range; for a logarithmic axis in powers of ten, with plain numbers as ticks."""
    place = {"row": row, "col": 1} | ({"secondary_y": secondary} if secondary is not None else {})
    if log:
        ticks = log_ticks(low, high)
        fig.update_yaxes(
            type="log", range=[low, high], tickvals=ticks, ticktext=[f"{tick:g}" for tick in ticks], **place
        )
    else:
        fig.update_yaxes(range=[low, high], **place)


def whole_step(top: float) -> int:
    """A tick distance in whole numbers that gives about five ticks up to `top`."""
    return max(1, math.ceil(top / 6))


def label_right(
    fig: go.Figure,
    labels: Sequence[Label],
    *,
    row: int,
    low: float,
    high: float,
    log: bool = False,
    shift: int = 8,
    gap: float = 0.12,
) -> None:
    """Write labels at the right edge of a panel, moved apart where they would overlap.

    `low`, `high`: the panel's range (powers of ten where `log`); `gap`: least distance as a share of its height;
    `shift`: distance from the panel in pixels.
    """
    shown = [label for label in labels if math.isfinite(label.value) and (label.value > 0 or not log)]
    heights = [((math.log10(item.value) if log else item.value) - low) / (high - low) for item in shown]
    x_axis, y_axis = axis_ids(fig, row)
    for label, height in zip(shown, spread(heights, gap), strict=True):
        fig.add_annotation(
            text=escape(label.text),
            x=1,
            xref=f"{x_axis} domain",
            y=height,
            yref=f"{y_axis} domain",
            xanchor="left",
            yanchor="middle",
            xshift=shift,
            showarrow=False,
            font={"size": 11.5, "color": label.colour},
        )


def clock_axes(fig: go.Figure, rows: int) -> None:
    """Times of day below the last panel, a light line at each tick in all of them."""
    fig.update_xaxes(
        type="date",
        tickformatstops=[
            {"dtickrange": [None, 59_999], "value": "%H:%M:%S"},
            {"dtickrange": [60_000, None], "value": "%H:%M"},
        ],
        hoverformat="%H:%M:%S",
        nticks=9,
        showgrid=True,
        gridcolor=RULE,
        griddash="dot",
    )
    fig.update_xaxes(title_text="time of day", row=rows, col=1)
