"""The panels of an API dashboard as Prometheus would draw them from a run, beside the truth."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from novamodel.figures.house import COLOURS, MUTED, finish
from novamodel.figures.panels import clock_axes
from novamodel.figures.reshape import clock
from novamodel.figures.words import share_text

HOW = (
    "Solid: what the dashboard shows, averaged over its window and read from the histogram's buckets. Dotted: what"
    " happened in each interval of the run. The first replication."
)


def dashboard(board: Any) -> go.Figure:
    """`board`: a telemetry.Dashboard. One panel a row: rate and errors (requests/s), response time (ms)."""
    panels = board.panels[board.panels["replication"] == board.panels["replication"].min()]
    names = list(dict.fromkeys(panels["panel"]))
    fig = make_subplots(rows=len(names), shared_xaxes=True, vertical_spacing=0.07, subplot_titles=names)
    for place, name in enumerate(names, 1):
        rows = panels[panels["panel"] == name]
        scale, unit = (1000.0, "p95 (ms)") if rows["unit"].iloc[0] == "s" else (1.0, "requests/s")
        times = [clock(seconds) for seconds in rows["clock_s"]]
        for column, words, line in (
            ("truth", "what happened", {"color": MUTED, "dash": "dot", "width": 1.5}),
            ("shown", "what the dashboard shows", {"color": COLOURS["api"], "width": 2}),
        ):
            fig.add_scatter(
                x=times,
                y=[value * scale for value in rows[column]],
                name=words,
                line=line,
                showlegend=place == 1,
                hovertemplate=f"{words}: %{{y:,.4g}}<extra></extra>",
                row=place,
                col=1,
            )
        fig.update_yaxes(title_text=unit, rangemode="tozero", row=place, col=1)
    clock_axes(fig, len(names))
    unseen = f"{share_text(board.unseen)} of the requests are on no panel"
    title = unseen if board.unseen > 0 else "No request is missing"
    return finish(fig, title, HOW, height=620)
