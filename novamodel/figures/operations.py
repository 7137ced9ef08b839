"""What befalls the system in a day: p99 and failures around each event."""

from __future__ import annotations

import math
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from novamodel.figures.house import COLOURS, empty, finish, limit_line
from novamodel.figures.panels import Label, label_right, set_range
from novamodel.figures.reshape import log_range
from novamodel.figures.words import time_text

HOW = (
    "Each line: one event, ten seconds a point, the mean of the replications; 0 is the moment of the event. Above the"
    " p99 of what was served, with the objective; below the share of requests that fail. The same customers in all."
)
INKS = ("api", "admin", "database", "cache", "pool")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")


def operations(answer: Any) -> go.Figure:
    """Two panels over the minutes since the event: p99 (ms, log) and failed share (%). `answer`: OperationsAnswer."""
    events = answer.events
    if not len(events):
        return empty("No event to show", HOW, "The deployment meets none of the events.")
    shown_ms = [1000 * answer.limit_s]
    worst = events.sort_values("minutes_lost", kind="stable").iloc[-1]
    fig = make_subplots(rows=2, shared_xaxes=True, vertical_spacing=0.08, row_heights=[0.6, 0.4])
    for place, event in enumerate(events["event"]):
        rows = answer.timeline[answer.timeline["event"] == event]
        rows = rows.replace(math.inf, math.nan).groupby("since_s")[["p99_s", "failed_share"]].mean()
        line = {"color": COLOURS[INKS[place % len(INKS)]], "dash": DASHES[place % len(DASHES)], "width": 2}
        p99_ms = [1000 * value for value in rows["p99_s"]]
        shown_ms += p99_ms
        minutes = [since / 60 for since in rows.index]
        fig.add_scatter(
            x=minutes,
            y=p99_ms,
            name=event,
            mode="lines",
            line=line,
            hovertemplate=f"{event}, %{{x:.1f}} min: p99 %{{y:,.0f}} ms<extra></extra>",
            row=1,
            col=1,
        )
        fig.add_scatter(
            x=minutes,
            y=[100 * value for value in rows["failed_share"]],
            name=event,
            mode="lines",
            line=line,
            showlegend=False,
            hovertemplate=f"{event}, %{{x:.1f}} min: %{{y:.2f}} % fail<extra></extra>",
            row=2,
            col=1,
        )
    low, high = log_range(shown_ms)
    set_range(fig, 1, low, high, log=True)
    if math.isfinite(answer.limit_s):
        limit_line(fig, 1000 * answer.limit_s, row=1)
        label = Label(f"SLO p99 < {time_text(answer.limit_s)}", 1000 * answer.limit_s, COLOURS["slo"])
        label_right(fig, [label], row=1, low=low, high=high, log=True)
    fig.update_yaxes(title_text="p99 (ms)", row=1, col=1)
    fig.update_yaxes(title_text="failed (%)", rangemode="tozero", row=2, col=1)
    fig.update_xaxes(title_text="minutes since the event", row=2, col=1)
    title = f"The {worst['event']} costs most: {worst['minutes_lost']:.1f} minutes of the SLO"
    if worst["minutes_lost"] == 0:
        title = "No event costs a minute of the SLO"
    return finish(fig, title, HOW, height=560)
