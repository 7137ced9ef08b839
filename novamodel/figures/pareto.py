"""Cost against p99 of every simulated candidate, and the front that none betters in both."""

from __future__ import annotations

import math
from collections.abc import Iterable
from textwrap import wrap
from typing import Any

import plotly.graph_objects as go

from novamodel.figures.house import COLOURS, INK, MUTED, empty, escape, finish
from novamodel.figures.reshape import error_bars, log_range, log_ticks, tidy
from novamodel.figures.words import time_text

HOW = (
    "Each point is a simulated candidate: right is dearer, up is slower (log scale, 95 % interval). The line joins"
    " those that none betters in both. Filled: keeps the SLO; hollow: does not. Hover for the changes and the reason."
)
WHY_CHARACTERS = 60
FEW_TICKS = 4


def pareto(outcome: Any, slo: Iterable[Any] = ()) -> go.Figure:
    """Cost (USD a month) and p99 (ms) of the candidates of a Sizing; its choice, today's size and the front marked.

    `slo`: objectives, of which the p99 over all requests is drawn.
    """
    table = outcome.front
    table = table[table["p99_s"].notna()]
    if not len(table):
        return empty("No candidate was simulated", HOW, "No candidate has a p99.")
    p99, low, high = (table[name] * 1000 for name in ("p99_s", "p99_low", "p99_high"))
    limits = [item.limit * 1000 for item in slo if item.metric == "p99" and not item.of]
    front = table[table["on_front"]]
    fig = go.Figure()
    fig.add_scatter(
        x=tidy(front["cost_month"], 6),
        y=tidy(front["p99_s"] * 1000),
        mode="lines",
        line={"color": "#C3C7CC", "width": 2, "shape": "hv"},
        hoverinfo="skip",
        showlegend=False,
    )
    chosen = table["changes"] == outcome.chosen.changes
    fig.add_scatter(
        x=tidy(table["cost_month"], 6),
        y=tidy(p99),
        mode="markers",
        marker={
            "size": [16 if one else 10 for one in chosen],
            "symbol": ["star" if one else "circle" for one in chosen],
            "color": [COLOURS["api"] if met else "white" for met in table["met"]],
            "line": {"color": [COLOURS["api"] if met else MUTED for met in table["met"]], "width": 1.6},
        },
        error_y=error_bars(high - p99, p99 - low, color=MUTED, thickness=1.4, visible=bool(high.notna().any())),
        customdata=[_hover(row) for row in table.itertuples()],
        hovertemplate="%{x:,.2f} USD a month, p99 %{y:.3g} ms<br>%{customdata}<extra></extra>",
        showlegend=False,
    )
    start, stop = log_range([*p99, *low, *high, *limits])
    ticks = log_ticks(start, stop)
    if len(ticks) < FEW_TICKS:  # a short stretch of the axis: hundreds, tens
        powers = range(math.floor(start), math.ceil(stop) + 1)
        every = [step * 10.0**power for power in powers for step in range(1, 10)]
        ticks = [tick for tick in every if start <= math.log10(tick) <= stop]
    fig.update_yaxes(type="log", range=[start, stop], tickvals=ticks, ticktext=[f"{t:g}" for t in ticks])
    fig.update_yaxes(title_text="p99 (ms)")
    fig.update_xaxes(title_text="cost (USD/month)", showgrid=True, tickformat=",.0f")
    for limit in limits:
        fig.add_hline(y=limit, line={"color": COLOURS["slo"], "width": 1.8, "dash": "dash"})
        fig.add_annotation(
            text="SLO", x=1, xref="paper", xanchor="left", xshift=6, y=math.log10(limit), showarrow=False,
            font={"color": COLOURS["slo"], "size": 12},
        )  # fmt: skip
    marked = {outcome.chosen.changes: "chosen", outcome.now.changes: "today"}
    if outcome.chosen.changes == outcome.now.changes:
        marked = {outcome.chosen.changes: "chosen: as today"}
    for row in table.itertuples():
        if row.changes in marked:
            fig.add_annotation(
                text=marked[row.changes],
                x=row.cost_month,
                y=math.log10(row.p99_s * 1000),
                xshift=14,
                xanchor="left",
                showarrow=False,
                font={"size": 12, "color": INK},
            )
    return finish(fig, _finding(outcome, front), HOW, height=400, right=80)


def _hover(row: Any) -> str:
    lines = [*wrap(str(row.changes), WHY_CHARACTERS), *wrap(str(row.why), WHY_CHARACTERS)]
    return "<br>".join(escape(line) for line in lines)


def _finding(outcome: Any, front: Any) -> str:
    best, now = outcome.chosen, outcome.now
    head = f"{best.cost_month:,.0f} USD a month buy a p99 of {time_text(best.p99_s[0])}"
    gap = best.cost_month - now.cost_month
    if best.changes != now.changes:
        word = "more" if gap > 0 else "less"
        head += f", {abs(gap):,.0f} USD {word} than today (p99 {time_text(now.p99_s[0])})"
    faster = front[(front["p99_s"] < 0.95 * best.p99_s[0]) & (front["cost_month"] >= best.cost_month)]
    if len(faster):
        row = faster.iloc[-1]
        more = row["cost_month"] - best.cost_month
        head += f"; {more:,.0f} USD more buy {time_text(row['p99_s'])}"
    return head if outcome.met else f"No simulated candidate keeps the SLO; the closest: {head}"
