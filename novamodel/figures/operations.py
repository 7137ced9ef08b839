"""What befalls the system in a day: p99 and failures around each event."""

from __future__ import annotations

import math
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from novamodel.figures.house import COLOURS, empty, finish, limit_line, rgba
from novamodel.figures.panels import Label, label_right, set_range
from novamodel.figures.reshape import log_range, tidy
from novamodel.figures.words import time_text

HOW = (
    "Each line: one event, ten seconds a point, the mean of the replications, its band their range; 0 is the moment of"
    " the event. Above the p99 of what was served, with the objective; below the share of requests that fail. The same"
    " customers in all."
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
        rows = answer.timeline[answer.timeline["event"] == event].replace(math.inf, math.nan)
        colour = COLOURS[INKS[place % len(INKS)]]
        line = {"color": colour, "dash": DASHES[place % len(DASHES)], "width": 2}
        for row, name, scale, hover in (
            (1, "p99_s", 1000, "p99 %{y:,.0f} ms"),
            (2, "failed_share", 100, "%{y:.2f} % fail"),
        ):
            over = rows.groupby("since_s")[name].agg(["mean", "min", "max"]) * scale
            shown_ms += list(over.to_numpy().ravel()) if row == 1 else []
            minutes = [since / 60 for since in over.index]
            edge = {"x": minutes, "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
            fig.add_scatter(y=tidy(over["min"]), **edge, row=row, col=1)
            shade = rgba(colour, 0.18)
            fig.add_scatter(y=tidy(over["max"]), fill="tonexty", fillcolor=shade, **edge, row=row, col=1)
            fig.add_scatter(
                x=minutes,
                y=tidy(over["mean"]),
                name=event,
                mode="lines",
                line=line,
                showlegend=row == 1,
                hovertemplate=f"{event}, %{{x:.1f}} min: {hover}<extra></extra>",
                row=row,
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
    return finish(fig, _finding(worst, bool((events["missed_anyway"] > 0).any())), HOW, height=560)


def _finding(worst: Any, missed_anyway: bool) -> str:
    """The event that costs most; where the run ends before the SLO holds again, what is known of it."""
    if worst["minutes_lost"] == 0:
        return "No event costs a minute of the SLO" + (" that is not missed without it, too" if missed_anyway else "")
    if worst["ongoing"]:
        lost = (
            f"at least {worst['minutes_lost']:.1f} minutes of the SLO, which does not hold again by the end of the run"
        )
    else:
        span = (
            f" [{max(worst['lost_low'], 0):.1f}, {worst['lost_high']:.1f}]" if math.isfinite(worst["lost_low"]) else ""
        )
        lost = f"{worst['minutes_lost']:.1f}{span} minutes of the SLO"
    return f"The {worst['event']} costs most: {lost}"
