"""The autoscaler's lower bound and CPU target on a ramp: latency, and the price of each."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from novamodel.figures.house import empty, finish
from novamodel.figures.trials import FILLED, SERIES, cost_bars, kept_text, latency_axis, latency_points
from novamodel.figures.words import part_text

HOW = (
    "Each point: one lower bound (across) and CPU target (colour) while the load climbs from its lowest to its peak,"
    f" with 95 % interval; {FILLED}. Below: the bill of a month of such days."
)
WIDTH = 0.22
"""Distance between neighbours of one lower bound."""


def hpa_bounds(bounds: pd.DataFrame) -> go.Figure:
    """`bounds`: a row a setting with `min_replicas`, `max_replicas`, `cpu_target`, `now`, `best`, `cost_month` and a
    trial's columns.
    """
    if not len(bounds):
        return empty("No autoscaler to set", HOW, "Bounds are tried for the HPA of Kubernetes (platform.kind eks).")
    mins = sorted(bounds["min_replicas"].unique())
    targets = sorted(bounds["cpu_target"].unique())
    fig = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.06, row_heights=[0.68, 0.32])
    for number, target in enumerate(targets):
        part = bounds[bounds["cpu_target"] == target].sort_values("min_replicas")
        shift = (number - (len(targets) - 1) / 2) * WIDTH
        x = [mins.index(least) + shift for least in part["min_replicas"]]
        colour = SERIES[number % len(SERIES)]
        name = f"target {part_text(target)}"
        latency_points(fig, part, x, row=1, colour=colour, name=name, line=False, legend=len(targets) > 1)
        cost_bars(fig, part, x, row=2, colour=colour, width=WIDTH * 0.8)
    latency_axis(fig, bounds, row=1)
    top = float(bounds["cost_month"].max())
    fig.update_yaxes(range=[0, top * 1.35], row=2, col=1)
    now = bounds[bounds["now"].astype(bool)]
    today = now.iloc[0]["min_replicas"] if len(now) else None
    names = [f"{least}{' (now)' if least == today else ''}" for least in mins]
    fig.update_xaxes(tickvals=list(range(len(mins))), ticktext=names, range=[-0.5, len(mins) - 0.5])
    fig.update_xaxes(title_text="lower bound of the autoscaler (minReplicas, replicas)", row=2, col=1)
    return finish(fig, _finding(bounds), HOW, height=430, right=110, bottom=56)


def _finding(bounds: pd.DataFrame) -> str:
    best, sure = bounds[bounds["best"]].iloc[0], int((bounds["verdict"] == "keeps").sum())
    who = "the fastest is today's" if best["now"] else "the fastest"
    if not sure:
        return f"No setting tried surely keeps the SLO on the ramp; the closest: {_setting(best)}"
    text = f"{sure} of {len(bounds)} settings surely keep the SLO on the ramp; {who}: {_setting(best)}"
    now = bounds[bounds["now"].astype(bool)]
    return text if best["now"] or not len(now) else f"{text}; today's: {_setting(now.iloc[0])}"


def _setting(row: pd.Series) -> str:
    least, most = row["min_replicas"], row["max_replicas"]
    span = f"{least} to {most}" if most > least else f"always {least}"
    return f"{span} replicas at {part_text(row['cpu_target'])} ({kept_text(row)})"
