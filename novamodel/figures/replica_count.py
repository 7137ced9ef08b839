"""Latency against a fixed number of replicas, with the price of each."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from novamodel.figures.house import COLOURS, finish
from novamodel.figures.trials import FILLED, GREY, cost_bars, kept_text, latency_axis, latency_points
from novamodel.figures.words import part_text

HOW = (
    f"Each point: the same customers at the day's peak with so many replicas, with 95 % interval; {FILLED}."
    " Percent: CPU limit used, by closed form. Below: the month's bill with that fixed count."
)


def replica_count(counts: pd.DataFrame) -> go.Figure:
    """`counts`: a row a count with `replicas`, `now`, `best`, `cpu_busy`, `cost_month` and a trial's columns."""
    table = counts.sort_values("replicas")
    x = [str(count) for count in table["replicas"]]
    fig = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.06, row_heights=[0.68, 0.32])
    latency_points(fig, table, x, row=1, colour=COLOURS["api"])
    latency_axis(fig, table, row=1)
    cost_bars(fig, table, x, row=2, colour=GREY)
    names = [
        f"{count}{' (now)' if now else ''}<br>{part_text(busy)} CPU"
        for count, now, busy in zip(table["replicas"], table["now"], table["cpu_busy"], strict=True)
    ]
    fig.update_xaxes(type="category", tickvals=x, ticktext=names)
    fig.update_xaxes(title_text="replicas, fixed", row=2, col=1)
    fig.update_layout(bargap=0.5)
    return finish(fig, _finding(table), HOW, height=430, right=110, bottom=70)


def _replicas(row: pd.Series, several: str = "", one: str = "") -> str:
    count = int(row["replicas"])
    return f"{count} {'replica' if count == 1 else 'replicas'} {one if count == 1 else several}".rstrip()


def _finding(table: pd.DataFrame) -> str:
    best, kept = table[table["best"]].iloc[0], table[table["verdict"] == "keeps"]
    now = table[table["now"].astype(bool)]
    if not len(kept):
        return f"No count tried surely keeps the SLO; {best['replicas']} come closest ({kept_text(best)})"
    as_now = ", as today at the peak," if best["now"] else ""
    text = f"{_replicas(best)}{as_now} surely keep the SLO ({kept_text(best)})"
    least = kept.iloc[0]
    if least["replicas"] != best["replicas"]:
        text += f"; {least['replicas']} would do ({kept_text(least)})"
    elif len(now) and not best["now"]:
        text += f"; at the peak today {_replicas(now.iloc[0], 'run', 'runs')} ({kept_text(now.iloc[0])})"
    return text
