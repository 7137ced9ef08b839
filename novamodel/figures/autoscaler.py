"""The autoscaler at work: wanted, ready and pending replicas, the metric it reads, and why it acted."""

from __future__ import annotations

from textwrap import shorten, wrap
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from novamodel import units
from novamodel.figures.house import COLOURS, INK, MUTED, axis_ids, colour_of, empty, escape, finish, note, rgba
from novamodel.figures.panels import Label, add_line, clock_axes, label_right, last_value, set_range, whole_step
from novamodel.figures.reshape import clock, clock_points, over_time, stagger

MARK_WIDE, MARK_HIGH = 0.02, 0.105
"""A decision's mark, as a share of the time shown and of the panel's height."""
SHORT_S = 600.0
"""Below this span decisions are timed to the second, as the axis is."""
MOST_REASONS, REASON_CHARACTERS, REASON_LINE = 8, 150, 16
HOW = "Numbers mark decisions, explained below. The autoscaler acts only where its metric leaves the shaded band."


def autoscaler(result: Any, service: str, drawn: str = "") -> go.Figure:
    """Replicas of a service and the metric of its autoscaler over time, in the first replication.

    `drawn` names the setting that is shown where there are several, such as ``today's HPA``.
    One replication is drawn, because decisions of several cannot be averaged; the subtitle says so.
    """
    part = result.replicas[result.replicas["service"] == service]
    if not len(part):
        return empty(f"{service}: no replicas recorded", HOW, f"The run has no replica curve for {service}.")
    first = part["replication"].min()
    part = part[part["replication"] == first].sort_values("clock_s")
    events = result.events
    events = events[(events["service"] == service) & (events["replication"] == first)].sort_values("clock_s")
    decisions = events[events["kind"] == "scale"]
    scaler = result.scenario.services[service].autoscaler
    fig = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.06, row_heights=[0.55, 0.45])
    top = _replicas(fig, part, scaler, colour_of(service))
    _decisions(fig, part, decisions, top)
    _metric(fig, part, scaler, colour_of(service))
    clock_axes(fig, 2)
    reasons = _reasons(decisions, to_second=float(part["clock_s"].max() - part["clock_s"].min()) < SHORT_S)
    for number, line in enumerate(reasons):
        fig.add_annotation(
            text=escape(line),
            x=0,
            xref="paper",
            xanchor="left",
            y=0,
            yref="paper",
            yanchor="top",
            yshift=-50 - REASON_LINE * number,
            showarrow=False,
            font={"size": 11.5, "color": INK},
        )
    how = HOW if scaler is not None else "Lines are replica counts; nothing moves them but start-up and failures."
    if result.replications > 1:
        how += f" Shown: the first of {result.replications} replications."
    space = REASON_LINE * len(reasons)
    finding = _finding(service, part, decisions, scaler)
    if drawn:
        finding = f"{drawn[0].upper()}{drawn[1:]}: {finding}"
    return finish(fig, finding, how, height=430 + space, right=150, bottom=62 + space)


def _name(scaler: Any) -> str:
    return "HPA" if scaler.kind == "hpa" else "target tracking"


def _finding(service: str, part: pd.DataFrame, decisions: pd.DataFrame, scaler: Any) -> str:
    low, high = int(part["ready"].min()), int(part["ready"].max())
    span = f"{low} to {high}" if high > low else f"{high}"
    if scaler is None:
        return f"{service} has no autoscaler: {span} ready {'replica' if span == '1' else 'replicas'} throughout"
    bounds = f"its {_name(scaler)} may use {scaler.min_replicas} to {scaler.max_replicas}"
    if not len(decisions):
        return f"{service} stays at {span} ready replicas: no decision changed the count ({bounds})"
    times = f"{len(decisions)} decision" + ("s" if len(decisions) > 1 else "")
    full = "; it reaches its maximum" if int(part["wanted"].max()) >= scaler.max_replicas else ""
    return f"{service} runs {span} ready replicas after {times} ({bounds}){full}"


def _replicas(fig: go.Figure, part: pd.DataFrame, scaler: Any, colour: str) -> float:
    """Draw the counts and the bounds; the upper end of the axis."""
    lines = [("ready", colour, "solid", 2.4), ("wanted", INK, "dash", 1.6)]
    if part["pending"].max() > 0:
        lines.append(("pending", COLOURS["cache"], "solid", 1.6))
    top = float(max(part["wanted"].max(), part["ready"].max(), 1))
    bounds = [] if scaler is None else [("minimum", scaler.min_replicas), ("maximum", scaler.max_replicas)]
    bounds = [(name, count) for name, count in bounds if count <= top * 2.2]
    top = max([top, *(count for _, count in bounds)]) * 1.22
    labels = []
    for name, shade, dash, width in lines:
        table = over_time(part, name)
        add_line(fig, table, row=1, name=name, colour=shade, dash=dash, width=width, step=True, band=False)
        labels.append(Label(f"{name} {last_value(table):.3g}", last_value(table), shade))
    for name, count in bounds:
        fig.add_hline(y=count, row=1, col=1, line={"color": MUTED, "width": 1, "dash": "dot"})
        labels.append(Label(f"{_name(scaler)} {name} {count}", count, MUTED))
    set_range(fig, 1, 0, top)
    label_right(fig, labels, row=1, low=0, high=top, gap=0.085)
    fig.update_yaxes(title_text="replicas", dtick=whole_step(top), row=1, col=1)
    return top


def _decisions(fig: go.Figure, part: pd.DataFrame, decisions: pd.DataFrame, top: float) -> None:
    if not len(decisions):
        return
    heights = [
        max(float(after), float(before)) for before, after in zip(decisions["before"], decisions["after"], strict=True)
    ]
    long = float(part["clock_s"].max() - part["clock_s"].min())
    points = list(zip(decisions["clock_s"], heights, strict=True))
    heights = stagger(points, MARK_WIDE * long, MARK_HIGH * top)
    shown = range(1, len(decisions) + 1)
    fig.add_scatter(
        x=[clock(second) for second in decisions["clock_s"]],
        y=heights,
        mode="markers+text",
        marker={"size": 17, "color": "white", "line": {"color": INK, "width": 1.3}},
        text=[str(number) if number <= MOST_REASONS else "+" for number in shown],
        textfont={"size": 10.5, "color": INK},
        customdata=[escape(shorten(str(message), 200)) for message in decisions["message"]],
        hovertemplate="%{x|%H:%M:%S}: %{customdata}<extra></extra>",
        showlegend=False,
        cliponaxis=False,
        row=1,
        col=1,
    )


def _reasons(decisions: pd.DataFrame, *, to_second: bool) -> list[str]:
    lines: list[str] = []
    for number, (_, event) in enumerate(decisions.head(MOST_REASONS).iterrows(), 1):
        when = units.format_clock(event["clock_s"], to_second=to_second)
        change = f"{event['before']:.0f} to {event['after']:.0f}"
        text = f"{number}  {when}  {change}: {event['message']}"
        lines += wrap(text, REASON_CHARACTERS, subsequent_indent="      ")
    if len(decisions) > MOST_REASONS:
        lines.append(f"+  {len(decisions) - MOST_REASONS} more decisions (hover to read them)")
    return lines


def _metric(fig: go.Figure, part: pd.DataFrame, scaler: Any, shade: str) -> None:
    metrics = [("cpu", "CPU", shade), ("memory", "memory", COLOURS["pool"])]
    labels, values = [], [100.0]
    for name, text, colour in metrics:
        target = None if scaler is None else getattr(scaler, f"{name}_target")
        table = over_time(part, f"{name}_of_request")
        if not table["mean"].notna().any() or (scaler is not None and target is None):
            continue
        add_line(
            fig, table, row=2, name=f"{text} use", colour=colour, scale=100, band=False, hover="%{y:.3g} % of request"
        )
        values.append(float(table["mean"].max()) * 100)
        labels.append(Label(f"{text} use", last_value(table, 100), colour))
        if target is not None:
            above = (
                scaler.tolerance if scaler.kind == "hpa" else 0.0
            )  # target tracking: 90 % of the target to all of it
            low, high = target * (1 - scaler.tolerance) * 100, target * (1 + above) * 100
            fig.add_hrect(y0=low, y1=high, fillcolor=rgba(colour, 0.13), line_width=0, layer="below", row=2, col=1)
            fig.add_hline(y=target * 100, row=2, col=1, line={"color": colour, "width": 1.2, "dash": "dash"})
            values.append(high)
            labels.append(Label(f"{text} target {target * 100:.3g} %", target * 100, colour))
    top = max(values) * 1.12
    set_range(fig, 2, 0, top)
    label_right(fig, labels, row=2, low=0, high=top, gap=0.1)
    fig.update_yaxes(title_text="use (% of request)", row=2, col=1)
    if not labels:
        # without a trace plotly gives the panel no axis
        fig.add_scatter(**clock_points(part["clock_s"]), y=[None] * len(part), showlegend=False, row=2, col=1)
        x_axis, y_axis = axis_ids(fig, 2)
        why = (
            "No autoscaler reads a metric here."
            if scaler is None
            else "The autoscaler never had a sample of its metric."
        )
        note(fig, why, xref=x_axis, yref=y_axis)
