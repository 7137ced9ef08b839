"""What moves the p99 most: one step of each setting and of each assumption from the choice."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from novamodel.figures.house import COLOURS, INK, MUTED, empty, escape, finish
from novamodel.figures.reshape import error_bars, tidy
from novamodel.figures.words import listed

HOW = (
    "Each pair of bars is one step down and one step up from the chosen size, compared with the same customers: left"
    " is faster, right is slower. Line: 95 % interval of the difference. Hatched: misses the SLO."
)
MOST = 10
OUTSIZE = 4
"""The scale reaches at most so many times the second largest change."""
STILL_MS = 0.5
"""A step that moves the p99 by less is not drawn."""


def tornado(told: Any) -> go.Figure:
    """The tornado of an explained Sizing (`Sizing.explained`): change of the p99 (ms), its cost beside it."""
    table = told.tornado if told is not None else pd.DataFrame()
    if not len(table):
        return empty("No sensitivity was asked for", HOW, "size(..., explain=True) simulates each step.")
    width = (table["p99_change_s"].abs() * 1000).groupby(table["what"]).max()
    moving = width[width >= STILL_MS].sort_values(ascending=False)
    if not len(moving):
        return empty("No single step moves the p99", HOW, f"Tried: {listed(width.index, 20)}.")
    names = list(moving.index[:MOST])
    fig = go.Figure()
    top = 0.0
    for step, colour, offset in ((-1, COLOURS["edge"], -0.2), (1, COLOURS["api"], 0.2)):
        rows = table[(table["step"] == step) & table["what"].isin(names) & table["p99_change_s"].notna()]
        change, low, high = (rows[name] * 1000 for name in ("p99_change_s", "low", "high"))
        places = [names.index(what) + offset for what in rows["what"]]
        top = max([top, *change.abs()])
        fig.add_bar(
            y=places,
            x=tidy(change),
            width=0.36,
            orientation="h",
            marker={
                "color": colour,
                "pattern": {
                    "shape": ["" if met else "/" for met in rows["met"]],
                    "fgcolor": "white",
                    "size": 6,
                    "fillmode": "overlay",
                },
            },
            error_x=error_bars(high - change, change - low, color=INK, thickness=1.1, width=3),
            customdata=[_cost(row.cost_change) for row in rows.itertuples()],
            hovertemplate="p99 %{x:+.3g} ms, %{customdata}<extra></extra>",
            showlegend=False,
        )
        for place, row in zip(places, rows.itertuples(), strict=True):
            fig.add_annotation(
                text=escape(f"{row.change}: {_ms(row.p99_change_s)}, {_cost(row.cost_change)}"),
                x=1,
                xref="x domain",
                xanchor="left",
                xshift=8,
                y=place,
                yref="y",
                showarrow=False,
                font={"size": 11, "color": MUTED},
            )
    fig.add_vline(x=0, line={"color": INK, "width": 1})
    fig.update_yaxes(
        autorange="reversed", showgrid=False, ticks="", tickvals=list(range(len(names))),
        ticktext=[escape(name) for name in names],
    )  # fmt: skip
    lows, highs = (table.loc[table["what"].isin(names), name] * 1000 for name in ("low", "high"))
    edge = 1.05 * max(top, min(1.6 * top, float(pd.concat([lows.abs(), highs.abs()]).max())))
    if len(moving) > 1:  # one giant would hide all others: its bar runs out of the panel, its label says how far
        edge = min(edge, OUTSIZE * float(moving.iloc[1]))
    still = [name for name in width.index if name not in moving.index]
    title = "change of the p99 (ms)" + (f"; no effect: {listed(still, 3)}" if still else "")
    fig.update_xaxes(title_text=escape(title), range=[-edge, edge], showgrid=True)
    fig.update_layout(barmode="overlay")
    left = 40 + 6 * max(len(name) for name in names)
    return finish(fig, _finding(table, names), HOW, height=52 * len(names) + 90, left=left, right=285)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:+,.0f} ms" if abs(seconds) >= 0.1 else f"{seconds * 1000:+.3g} ms"


def _cost(change: float) -> str:
    if math.isnan(change):
        return "cost unknown"
    return f"{change:+,.0f} USD" if abs(change) >= 0.5 else "same cost"


def _finding(table: pd.DataFrame, names: list[str]) -> str:
    rows = table[table["what"] == names[0]]
    row = rows.loc[rows["p99_change_s"].abs().idxmax()]
    text = f"{names[0]} moves the p99 most: {row['change']} changes it by {row['p99_change_s'] * 1000:+,.0f} ms"
    unknown = [what for what in names if (table.loc[table["what"] == what, "kind"] == "assumption").all()]
    if unknown and unknown[0] != names[0]:
        text += f"; of what is assumed it is {unknown[0]}"
    missed = table[table["what"].isin(names) & ~table["met"].astype(bool)]["what"].drop_duplicates()
    return text + (f". The SLO would be missed by a step of {listed(missed, 4)}" if len(missed) else "")
