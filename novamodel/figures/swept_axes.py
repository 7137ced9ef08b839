"""Axes and whiskers of a sweep's figures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from novamodel.figures.house import COLOURS
from novamodel.figures.reshape import error_bars, log_range, log_ticks

WIDE = 8
"""From this ratio of the largest to the smallest value on an axis is logarithmic."""


def value_axis(fig: go.Figure, name: str, ends: Sequence[pd.Series], limit: float | None) -> None:
    """The vertical axis for values with their low and high ends: from 0, or logarithmic where they lie far apart."""
    value, low, high = ends
    if not (value > 0).all() or value.max() / value.min() < WIDE:
        fig.update_yaxes(title_text=name, rangemode="tozero", tickformat=",")
        return
    shown = [*value, *low.clip(lower=value / 2), *high, *([] if limit is None else [limit])]
    start, stop = log_range([float(one) for one in shown if one == one])
    ticks = log_ticks(start, stop)
    fig.update_yaxes(title_text=name, type="log", range=[start, stop])
    fig.update_yaxes(tickvals=ticks, ticktext=[f"{tick:,g}" for tick in ticks])


def limit_label(fig: go.Figure, value: float | None, text: str) -> None:
    """The objective (None: there is none) as a line, with its name right of the panel, where no point lies."""
    if value is None:
        return
    fig.add_hline(y=value, line={"color": COLOURS["slo"], "width": 1.8, "dash": "dash"})
    fig.add_annotation(
        text=f"SLO {text}",
        x=1,
        xref="x domain",
        xanchor="left",
        xshift=8,
        y=math.log10(value) if fig.layout.yaxis.type == "log" else value,
        showarrow=False,
        font={"size": 11.5, "color": COLOURS["slo"]},
    )


def whiskers(value: pd.Series, low: pd.Series, high: pd.Series, colour: str) -> dict[str, Any]:
    """An interval as plotly's error bar."""
    return error_bars((high - value).fillna(0), (value - low).fillna(0), color=colour, thickness=1.6)
