"""What breaks first: every tier against its limit, those that cannot scale out on top."""

from __future__ import annotations

import math
from typing import Any

import plotly.graph_objects as go

from novamodel.figures.house import COLOURS, MUTED, colour_of, empty, finish
from novamodel.figures.reshape import column, tidy
from novamodel.figures.words import part_text

HOW = (
    "Bars: use at today's peak as a share of the tier's limit. Beside them: the load, as a multiple of today's peak, at"
    " which the tier is full. Tiers that cannot scale out stand on top: load beyond their limit waits or fails."
)

MOST_PERCENT = 800.0
"""Longest bar: closed forms give no finite use to a tier that is overloaded."""
FAR = 50.0
"""Load multiple from which a tier is called far from full."""


def saturation(tiers: Any) -> go.Figure:
    """Use of every tier in % of its limit, with the load multiple at which it is full.

    `tiers`: a Knee, or a frame with `tier`, `utilisation_now` (or `utilisation`), `multiple_to_limit` (or
    `saturation_multiple`) and `scales_out`.
    """
    frame = getattr(tiers, "tiers", tiers)
    if not len(frame):
        return empty("No tier to compare", HOW, "The scenario has no tier with a limit.")
    used = column(frame, "utilisation_now", "utilisation")
    multiple = column(frame, "multiple_to_limit", "saturation_multiple")
    frame = frame[frame[used].notna()].sort_values(
        ["scales_out", multiple, used], ascending=[True, True, False], kind="stable"
    )
    fixed = [tier for tier, scales in zip(frame["tier"], frame["scales_out"], strict=True) if not scales]
    names = [f"{tier}" for tier in frame["tier"]]
    percent = (frame[used] * 100).clip(upper=MOST_PERCENT)
    top = max(100.0, float(percent.max()))
    fig = go.Figure()
    fig.add_bar(
        y=names,
        x=tidy(percent),
        orientation="h",
        marker={"color": [colour_of(tier) for tier in names]},
        text=[_label(use, times) for use, times in zip(percent, frame[multiple], strict=True)],
        textposition="outside",
        textfont={"size": 11.5},
        cliponaxis=False,
        hovertemplate="%{y}: %{text}<extra></extra>",
        showlegend=False,
    )
    fig.add_vline(x=100, line={"color": COLOURS["slo"], "width": 1.8, "dash": "dash"})
    fig.add_annotation(
        text="limit",
        x=100,
        y=1,
        yref="y domain",
        yanchor="bottom",
        showarrow=False,
        font={"size": 11.5, "color": COLOURS["slo"]},
    )
    if 0 < len(fixed) < len(frame):
        fig.add_hline(y=len(fixed) - 0.5, line={"color": MUTED, "width": 1, "dash": "dot"})
        for text, row, side in (
            ("cannot scale out", len(fixed) - 0.5, "bottom"),
            ("scales out with replicas", len(fixed) - 0.5, "top"),
        ):
            fig.add_annotation(
                text=text,
                x=1,
                xref="x domain",
                xanchor="right",
                y=row,
                yanchor=side,
                showarrow=False,
                font={"size": 11.5, "color": MUTED},
            )
    fig.update_xaxes(
        title_text="use at today's peak (% of the limit)", range=[0, top * 1.4], showgrid=True, tickvals=_ticks(top)
    )
    fig.update_yaxes(autorange="reversed", showgrid=False, ticks="", dtick=1)
    fig.update_layout(bargap=0.35)
    return finish(fig, _finding(frame, used, multiple), HOW, height=30 * len(frame) + 80, left=150, right=40)


def _ticks(top: float) -> list[int]:
    step = 25 if top <= 150 else 50 if top <= 300 else 100 * math.ceil(top / 800)
    return list(range(0, int(top) + step, step))


def _label(percent: float, multiple: float) -> str:
    times = f"full at {multiple:.3g} x today" if multiple < FAR else "far from full at any load near today's"
    use = f"{percent:.3g} %" if percent < MOST_PERCENT else f"over {MOST_PERCENT:g} %"
    return f"{use}, {times}"


def _finding(frame: Any, used: str, multiple: str) -> str:
    known = frame[frame[multiple].notna()].sort_values(multiple, kind="stable")
    if not len(known):
        top = frame.sort_values(used, ascending=False).iloc[0]
        return f"{top['tier']} is busiest: {part_text(top[used])} of its limit at today's peak"
    first = known.iloc[0]
    text = f"{first['tier']} is full first, at {first[multiple]:.3g} x today's peak"
    fixed = known[~known["scales_out"].astype(bool)]
    if len(fixed) and fixed.iloc[0]["tier"] != first["tier"]:
        wall = fixed.iloc[0]
        text += f"; of those that cannot scale out, {wall['tier']} at {wall[multiple]:.3g} x"
    return text
