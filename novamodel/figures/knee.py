"""Headroom: latency, errors and goodput against offered load, with today's load and the knee."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from novamodel.figures.house import COLOURS, INK, MUTED, axis_ids, empty, finish, limit_line, note, rgba
from novamodel.figures.panels import Label, label_right, set_range
from novamodel.figures.reshape import log_range, tidy

HOW = (
    "Each point is a simulation at that multiple of today's peak, bands are 95 % intervals. Left of the knee load is"
    " answered as it comes; right of it the SLO is missed. The dotted analytic mean knows queues, no autoscaler delay."
)
PALE = "#8A9097"
LINES = (("p99_s", "p99", INK, "solid"), ("p95_s", "p95", MUTED, "solid"), ("p50_s", "p50", PALE, "solid"))


def knee(curve: Any, slo: Iterable[Any] = ()) -> go.Figure:
    """Latency, errors and goodput against offered load (requests/s).

    `curve`: a Knee. `slo`: objectives to draw (a Scenario's `slo` or a Result's `slo()`); only those over all
    requests are drawn.
    """
    table = curve.curve.sort_values("rate_per_s", kind="stable")
    if not len(table):
        return empty("No load was tried", HOW, "The knee needs at least one simulated load multiple.")
    fig = make_subplots(rows=3, cols=1, shared_xaxes=True, vertical_spacing=0.045, row_heights=[0.5, 0.2, 0.3])
    limits = [item for item in slo if not item.of]
    _latency(fig, table, [item for item in limits if item.metric not in ("errors", "rejected")])
    _errors(fig, table, [item for item in limits if item.metric == "errors"])
    _goodput(fig, table)
    rates = table["rate_per_s"]
    today = rates.iloc[0] / table["multiple"].iloc[0]
    breach = curve.load_multiple_at_breach
    above = 15 if breach is not None and breach < 1 else 0  # the two labels run towards each other then
    _mark(fig, today, "today's peak", MUTED, above)
    if breach is not None and math.isfinite(breach) and abs(breach - 1) > 1e-9:
        _mark(fig, today * breach, f"SLO missed from {breach:.3g} x", COLOURS["slo"])
    lowest, highest = min(rates.min(), today), max(rates.max(), today)
    edge = 0.05 * (highest - lowest) or 0.5 * highest
    ticks = _ticks(table, 0.065 * (highest - lowest))
    fig.update_xaxes(
        range=[lowest - edge, highest + edge],
        tickvals=[rate for rate, _ in ticks],
        ticktext=[f"{rate:,.0f}<br>{times:.3g} x" for rate, times in ticks],
        tickangle=0,
    )
    fig.update_xaxes(title_text="offered load (requests/s, and as a multiple of today's peak)", row=3, col=1)
    how = HOW if "analytic_mean_s" in table else HOW.rpartition(" The dotted")[0]
    return finish(fig, _finding(curve, breach, float(table["multiple"].max())), how, height=600, right=150, bottom=66)


def _ticks(table: Any, apart: float) -> list[tuple[float, float]]:
    """Rate and multiple of the points that get a tick: whole and half multiples first, none nearer than `apart`."""
    points = sorted(zip(table["rate_per_s"], table["multiple"], strict=True), key=lambda point: (point[1] * 2) % 1 > 0)
    kept: list[tuple[float, float]] = []
    for rate, times in points:
        if all(abs(rate - other) >= apart for other, _ in kept):
            kept.append((float(rate), float(times)))
    return sorted(kept)


def _finding(curve: Any, breach: float | None, highest: float) -> str:
    if breach is None or not math.isfinite(breach):
        text = f"The SLO holds up to {highest:.3g} x today's peak, the highest load tried"
    elif breach <= 1:
        text = f"The SLO is missed at today's load already: the knee is at {breach:.3g} x"
    else:
        text = f"The SLO holds up to {breach:.3g} x today's peak"
    first = re.split(r"[:;]", str(getattr(curve, "first_limit", "") or ""))[0].strip().rstrip(".")
    return f"{text}. First limit: {first}" if first else text


def _latency(fig: go.Figure, table: Any, limits: list[Any]) -> None:
    lines = [line for line in LINES if line[0] in table and table[line[0]].notna().any()]
    if "analytic_mean_s" in table and table["analytic_mean_s"].notna().any():
        lines.append(("analytic_mean_s", "analytic mean", PALE, "dot"))
    values = [value * 1000 for name, *_ in lines for value in table[name].dropna()]
    values += [value * 1000 for value in table["p99_high"].dropna()] if "p99_high" in table else []
    low, high = log_range([*values, *(item.limit * 1000 for item in limits)])
    rates = tidy(table["rate_per_s"])
    _band(fig, table, "p99", 1000, INK, 1, least=10.0**low)
    labels = []
    for name, text, colour, dash in lines:
        _points(fig, rates, tidy(table[name] * 1000), text, colour, 1, "%{y:.3g} ms", dash)
        labels.append(Label(text, float(table[name].dropna().iloc[-1]) * 1000, colour))
    for item in limits:
        limit_line(fig, item.limit * 1000, row=1)
        labels.append(Label(f"SLO {item.text}", item.limit * 1000, COLOURS["slo"]))
    set_range(fig, 1, low, high, log=True)
    label_right(fig, labels, row=1, low=low, high=high, log=True, gap=0.075)
    fig.update_yaxes(title_text="latency (ms)", row=1, col=1)
    if not values:
        x_axis, y_axis = axis_ids(fig, 1)
        note(fig, "Nothing was served at any of these loads.", xref=x_axis, yref=y_axis)


def _errors(fig: go.Figure, table: Any, limits: list[Any]) -> None:
    percent = table["errors"] * 100
    _band(fig, table, "errors", 100, COLOURS["slo"], 2)
    _points(fig, tidy(table["rate_per_s"]), tidy(percent), "errors", COLOURS["slo"], 2, "%{y:.3g} %")
    highest = max([float(percent.max()), *(item.limit * 100 for item in limits), 0.01])
    labels = [Label("errors", float(percent.iloc[-1]), COLOURS["slo"])]
    for item in limits:
        limit_line(fig, item.limit * 100, row=2)
        labels.append(Label(f"SLO {item.text}", item.limit * 100, COLOURS["slo"]))
    set_range(fig, 2, -0.04 * highest, highest * 1.2)
    label_right(fig, labels, row=2, low=-0.04 * highest, high=highest * 1.2, gap=0.2)
    fig.update_yaxes(title_text="errors (%)", nticks=4, row=2, col=1)


def _goodput(fig: go.Figure, table: Any) -> None:
    rates = tidy(table["rate_per_s"])
    top = max(float(table["rate_per_s"].max()), float(table["goodput_per_s"].max())) * 1.12
    fig.add_scatter(
        x=rates,
        y=rates,
        mode="lines",
        line={"color": PALE, "dash": "dot", "width": 1.5},
        hoverinfo="skip",
        showlegend=False,
        row=3,
        col=1,
    )
    _band(fig, table, "goodput", 1, COLOURS["api"], 3)
    _points(fig, rates, tidy(table["goodput_per_s"]), "goodput", COLOURS["api"], 3, "%{y:.4g} requests/s")
    set_range(fig, 3, 0, top)
    labels = [
        Label("goodput", float(table["goodput_per_s"].iloc[-1]), COLOURS["api"]),
        Label("offered", float(table["rate_per_s"].iloc[-1]), PALE),
    ]
    label_right(fig, labels, row=3, low=0, high=top)
    fig.update_yaxes(title_text="goodput (requests/s)", row=3, col=1)


def _band(fig: go.Figure, table: Any, name: str, scale: float, colour: str, row: int, *, least: float = 0.0) -> None:
    """The 95 % interval of a line, where the curve has one."""
    if f"{name}_low" not in table or not table[f"{name}_low"].notna().any():
        return
    edge = {"x": tidy(table["rate_per_s"]), "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    ends = [(table[f"{name}_{end}"] * scale).clip(lower=least) for end in ("low", "high")]
    fig.add_scatter(y=tidy(ends[0]), showlegend=False, **edge, row=row, col=1)
    fill = {"fill": "tonexty", "fillcolor": rgba(colour, 0.14)}
    fig.add_scatter(y=tidy(ends[1]), showlegend=False, **fill, **edge, row=row, col=1)


def _points(fig: go.Figure, x: Any, y: Any, name: str, colour: str, row: int, hover: str, dash: str = "solid") -> None:
    fig.add_scatter(
        x=x,
        y=y,
        name=name,
        mode="lines+markers",
        marker={"size": 6},
        line={"color": colour, "width": 2, "dash": dash},
        showlegend=False,
        hovertemplate=f"{name}: {hover}<br>at %{{x:,.0f}} requests/s<extra></extra>",
        row=row,
        col=1,
    )


def _mark(fig: go.Figure, rate: float, text: str, colour: str, above: int = 0) -> None:
    for row in (1, 2, 3):
        fig.add_vline(x=rate, row=row, col=1, line={"color": colour, "width": 1.2, "dash": "dot"})
    is_breach = colour == COLOURS["slo"]
    fig.add_annotation(
        text=text,
        x=rate,
        xref="x",
        y=1,
        yref="y domain",
        yanchor="bottom",
        yshift=above,
        xanchor="left" if is_breach else "right",
        showarrow=False,
        font={"size": 11.5, "color": colour},
    )
