"""The overview: load with replicas, latency with the SLO, saturation by tier and cost, on one time axis."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from novamodel import units
from novamodel.figures import words
from novamodel.figures.house import COLOURS, INK, MUTED, axis_ids, colour_of, finish, limit_line, note
from novamodel.figures.panels import Label, add_line, clock_axes, label_right, last_value, set_range, whole_step
from novamodel.figures.reshape import log_range, over_time

MOST_TIERS = 5
LONG_S, DAY_S = 7200.0, 86400.0
DASHES = {"event loop": "dot", "memory": "dashdot", "storage": "dot", "connections": "dash", "pgbouncer": "dash"}


def overview(result: Any, cost_per_hour: pd.DataFrame | None = None) -> go.Figure:
    """The whole answer on one time axis.

    `result`: a simulation's Result. `cost_per_hour`: a frame with `clock_s` and `usd_per_hour`; without it the
    figure has no cost panel.
    """
    rows = 3 if cost_per_hour is None else 4
    fig = make_subplots(
        rows=rows,
        cols=1,
        shared_xaxes=True,
        vertical_spacing=0.04,
        specs=[[{"secondary_y": True}], *([[{}]] * (rows - 1))],
    )
    _load(fig, result)
    _latency(fig, result)
    _saturation(fig, result)
    if cost_per_hour is not None:
        _cost(fig, cost_per_hour)
    clock_axes(fig, rows)
    if result.replications > 1:
        how = f"Lines are means of {result.replications} replications, bands their range."
    else:
        how = "One replication: no bands, no intervals."
    how += " The SLO is the dashed line; a tier near 100 % of its limit makes requests wait."
    return finish(fig, _title(result), how, height=185 * rows + 60, right=200)


def _title(result: Any) -> str:
    """The verdict; of a long run the verdict of its worst row, for a day's percentile hides its worst hour."""
    limit = next((item.limit for item in result.slo() if item.metric == "p99" and not item.of), None)
    p99 = over_time(result.intervals, "p99_s").dropna()
    if result.window_s < LONG_S or limit is None or p99.empty:
        return words.verdict(result.slo(), _when(result))
    worst = p99.loc[p99["mean"].idxmax()]
    clock = units.format_clock(float(worst["clock_s"]))
    fact = f"p99 is at worst {words.value_text(float(worst['mean']), 's')}, before {clock}"
    over = float((p99["mean"] >= limit).mean())
    lost = [item.text for item in result.slo() if not item.met and item.metric != "p99"]
    more = f"; missed too: {words.listed(lost)}" if lost else ""
    held = f"The SLO is missed in {over * 100:.2g} % of the time" if over > 0 else "The SLO holds"
    held = "The p99 SLO holds" if lost and over == 0 else held
    return f"{held} {_when(result)}: {fact}, limit {words.value_text(limit, 's')}{more}"


def _when(result: Any) -> str:
    """The load a verdict speaks of: the mean rate, or of a long run the range over its rows."""
    if result.window_s < LONG_S:
        rate_per_s = float(result.estimate("rate").value)
        return f"at {words.number_text(rate_per_s)} requests/s" if math.isfinite(rate_per_s) else ""
    rate = over_time(result.intervals.assign(rate=result.intervals["arrived"] / result.intervals["length_s"]), "rate")
    span = f"{rate['mean'].min():,.0f} to {rate['mean'].max():,.0f} requests/s"
    return f"all day, at {span}" if result.window_s >= DAY_S else f"at {span}"


def _load(fig: go.Figure, result: Any) -> None:
    frame = result.intervals.assign(rate=result.intervals["arrived"] / result.intervals["length_s"])
    rate = over_time(frame, "rate")
    add_line(fig, rate, row=1, name="arriving requests/s", colour=INK, width=1.6, secondary=False, hover="%{y:.0f}")
    top = float(rate["high"].max()) * 1.15
    set_range(fig, 1, 0, top, secondary=False)
    fig.update_yaxes(title_text="load (requests/s)", row=1, col=1, secondary_y=False)
    labels = [Label("requests/s", last_value(rate), INK)]
    most = float(result.replicas["ready"].max()) if len(result.replicas) else 1.0
    scale_top = max(most, 1.0) * 1.35
    for service, part in result.replicas.groupby("service", sort=False):
        ready = over_time(part, "ready")
        colour = colour_of(str(service))
        add_line(fig, ready, row=1, name=f"{service} ready replicas", colour=colour, step=True, secondary=True)
        shown = last_value(ready)
        labels.append(Label(f"{service}: {shown:.3g} ready", shown * top / scale_top, colour))
    fig.update_yaxes(
        title_text="ready replicas",
        range=[0, scale_top],
        showgrid=False,
        dtick=whole_step(scale_top),
        row=1,
        col=1,
        secondary_y=True,
    )
    label_right(fig, labels, row=1, low=0, high=top, shift=58)


def _latency(fig: go.Figure, result: Any) -> None:
    lines = [(name, over_time(result.intervals, f"{name}_s")) for name in ("p99", "p50")]
    limits = [item for item in result.slo() if item.unit == "s" and not item.of]
    values = [value * 1000 for _, table in lines for value in (*table["low"].dropna(), *table["high"].dropna())]
    low, high = log_range([*values, *(item.limit * 1000 for item in limits)])
    set_range(fig, 2, low, high, log=True)
    labels = []
    for name, table in lines:
        colour = INK if name == "p99" else MUTED
        add_line(fig, table, row=2, name=name, colour=colour, scale=1000, hover="%{y:.3g} ms")
        labels.append(Label(name, last_value(table, 1000), colour))
    for item in limits:
        limit_line(fig, item.limit * 1000, row=2)
        labels.append(Label(f"SLO {item.text}", item.limit * 1000, COLOURS["slo"]))
    fig.update_yaxes(title_text="latency (ms)", row=2, col=1)
    label_right(fig, labels, row=2, low=low, high=high, log=True)
    if not values:
        x_axis, y_axis = axis_ids(fig, 2)
        note(fig, "No request was served: there is no latency to show.", xref=x_axis, yref=y_axis)


def _saturation(fig: go.Figure, result: Any) -> None:
    frame = result.tiers
    tables = {str(tier): over_time(part, "utilisation") for tier, part in frame.groupby("tier", sort=False)}
    tables = {tier: table for tier, table in tables.items() if table["mean"].notna().any()}
    ranked = sorted(tables, key=lambda tier: -float(tables[tier]["mean"].max()))
    named, labels = ranked[:MOST_TIERS], []
    for tier in reversed(ranked):
        colour = colour_of(tier) if tier in named else "#C3C7CC"
        add_line(
            fig,
            tables[tier],
            row=3,
            name=tier,
            colour=colour,
            scale=100,
            dash=next((dash for word, dash in DASHES.items() if tier.endswith(word)), "solid"),
            width=2.0 if tier in named else 1.0,
            band=tier in named[:1],
            hover="%{y:.3g} % of its limit",
        )
        if tier in named:
            peak = float(tables[tier]["mean"].max()) * 100
            labels.append(Label(f"{tier} (peak {peak:.0f} %)", last_value(tables[tier], 100), colour))
    highest = max((float(tables[tier]["high"].max()) * 100 for tier in named), default=100.0)
    top = max(108.0, highest * 1.05)
    set_range(fig, 3, 0, top)
    fig.add_hline(y=100, row=3, col=1, line={"color": MUTED, "width": 1, "dash": "dot"})
    fig.update_yaxes(title_text="busy (% of limit)", row=3, col=1)
    label_right(fig, labels, row=3, low=0, high=top)
    if not tables:
        x_axis, y_axis = axis_ids(fig, 3)
        note(fig, "No tier reported its use.", xref=x_axis, yref=y_axis)


def _cost(fig: go.Figure, cost_per_hour: pd.DataFrame) -> None:
    table = over_time(cost_per_hour, "usd_per_hour")
    add_line(fig, table, row=4, name="cost", colour=COLOURS["cost"], step=True, hover="%{y:.4g} USD an hour")
    top = max(float(table["high"].max()) * 1.25, 0.01) if len(table) else 1.0
    set_range(fig, 4, 0, top)
    fig.update_yaxes(title_text="cost (USD/hour)", row=4, col=1)
    shown = last_value(table)
    label_right(fig, [Label(f"{shown:.3g} USD an hour", shown, COLOURS["cost"])], row=4, low=0, high=top)
