"""The edge's request limit: whom each limit rejects, and what passes in a flood."""

from __future__ import annotations

import math
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from novamodel.figures.house import COLOURS, INK, MUTED, escape, finish, limit_line, rgba
from novamodel.figures.panels import Label, label_right, set_range
from novamodel.figures.reshape import tidy
from novamodel.figures.words import number_text, share_text, span_text

FLOOR = 0.01
"""Lowest share drawn, in %: a logarithmic axis has no 0."""
PEOPLE = ("api", "pool", "admin", "cache")
FLOOD = "#B8860B"


def edge_limits(answer: Any) -> go.Figure:
    """Share rejected (%) of each population against the limit a client, with the share that is allowed."""
    curve = answer.curve
    fig = make_subplots(rows=1, cols=1)
    colours, labels = _colours(curve), []
    for name, rows in curve.groupby("population", sort=False):
        colour = colours[name]
        rates = tidy(rows["rate_per_s"])
        low, value, high = ((rows[column] * 100).clip(lower=FLOOR) for column in ("low", "share", "high"))
        edge = {"x": rates, "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
        fig.add_scatter(y=tidy(low), **edge)
        fig.add_scatter(y=tidy(high), fill="tonexty", fillcolor=rgba(colour, 0.15), **edge)
        fig.add_scatter(
            x=rates,
            y=tidy(value),
            mode="lines+markers",
            line={"color": colour, "width": 2, "dash": "solid" if rows["legitimate"].all() else "dot"},
            marker={"size": 6},
            showlegend=False,
            customdata=[share_text(share) for share in rows["share"]],
            hovertemplate=f"{escape(str(name))}: %{{customdata}} at %{{x:.3g}} requests/s<extra></extra>",
        )
        labels.append(Label(_who(rows.iloc[-1]), float(value.iloc[-1]), colour))
    limit_line(fig, answer.most_rejected * 100, row=1)
    labels.append(Label(f"allowed: {share_text(answer.most_rejected)}", answer.most_rejected * 100, COLOURS["slo"]))
    if answer.now is not None:
        fig.add_vline(x=answer.now.per_s, line={"color": MUTED, "width": 1.2, "dash": "dot"})
        text = f"today: {answer.now.rate}"
        fig.add_annotation(x=answer.now.per_s, y=1, yref="y domain", yanchor="bottom", text=text, showarrow=False)
    bottom, top = math.log10(FLOOR) - 0.08, 2.05
    set_range(fig, 1, bottom, top, log=True)
    ticks = [FLOOR, 0.1, 1, 10, 100]
    fig.update_yaxes(tickvals=ticks, ticktext=[f"{tick:g}" for tick in ticks], title_text="rejected (%)")
    label_right(fig, labels, row=1, low=bottom, high=top, log=True, gap=0.07)
    fig.update_xaxes(title_text="limit a client (requests/s)", rangemode="tozero")
    burst = int(curve["burst"].iloc[0])
    how = (
        f"Each point is a simulation of the peak under that limit (burst {burst}); bands: 95 % interval. Shares of"
        f" {FLOOR} % and less, 0 too, are drawn at the bottom. Beside each line: what one client sends on average."
    )
    return finish(fig, _need(answer), how, height=380, right=230)


def edge_flood(answer: Any) -> go.Figure:
    """Requests a second that pass the edge in the flood, by population, under each variant of the limit."""
    fig = go.Figure()
    rows = answer.flood.iloc[::-1]
    names = {row.variant: _variant(row) for row in rows.itertuples()}
    for group, colour in {**_colours(answer.curve), "flood": FLOOD}.items():
        part = answer.passing[answer.passing["population"] == group].set_index("variant")["per_s"]
        fig.add_bar(
            y=list(names.values()),
            x=tidy(part.get(variant, 0.0) for variant in names),
            orientation="h",
            name=escape(group),
            marker={"color": colour},
            hovertemplate=f"{escape(group)}: %{{x:,.0f}} requests/s pass<extra></extra>",
        )
    top = float(answer.flood["passed_per_s"].max())
    if answer.bears_per_s and answer.bears_per_s < 2 * top:
        fig.add_vline(x=answer.bears_per_s, line={"color": COLOURS["slo"], "width": 1.8, "dash": "dash"})
        text = f"the knee{', once scaled out' if answer.scales else ''}: {number_text(answer.bears_per_s)}/s"
        place = {"x": answer.bears_per_s, "y": 1, "yref": "y domain", "yanchor": "bottom", "showarrow": False}
        fig.add_annotation(text=text, font={"size": 11.5, "color": COLOURS["slo"]}, **place)
        top = max(top, answer.bears_per_s)
    for row in rows.itertuples():  # in a column of their own, right of every bar and of the knee
        fig.add_annotation(
            x=top,
            y=names[row.variant],
            text=_seen(row, answer),
            xanchor="left",
            align="left",
            xshift=12,
            showarrow=False,
            font={"size": 11.5, "color": INK if row.held else COLOURS["slo"]},
        )
    height = 64 * len(rows) + 46
    legend = {"y": -48 / height, "yanchor": "top", "traceorder": "normal"}
    fig.update_layout(barmode="stack", bargap=0.45, legend=legend)
    fig.update_xaxes(title_text="passes the edge (requests/s)", range=[0, top * 1.6], showgrid=True)
    fig.update_yaxes(showgrid=False, ticks="")
    follows = ", before the autoscaler has followed" if answer.scales else ""
    how = (
        f"Bars: what passes of {answer.flood['offered_per_s'].iloc[0]:,.0f} requests/s in the first half minute of the"
        f" flood{follows}. Beside them what callers that pass see, with 95 % interval; red:"
        f" an objective is missed, or the share that {answer.legitimate} may lose."
    )
    return finish(fig, _held(answer), how, height=height + 84, left=190, right=40, bottom=84)


def _who(row: Any) -> str:
    each = f"{number_text(row.each_per_s)}/s" if row.each_per_s >= 0.1 else f"{number_text(row.each_per_s * 60)}/min"
    return f"{row.population} ({row.clients:,} x {each})"


def _colours(curve: Any) -> dict[str, str]:
    """A colour for each population; those that need no protection are grey."""
    legitimate = curve.groupby("population", sort=False)["legitimate"].all()
    people = iter(PEOPLE * len(legitimate))
    return {str(name): COLOURS[next(people)] if kept else MUTED for name, kept in legitimate.items()}


def _seen(row: Any, answer: Any) -> str:
    late = f"p99 {span_text(row.p99_s, row.p99_low, row.p99_high, 's')}"
    failed = f"errors {span_text(row.errors, row.errors_low, row.errors_high, '1')}"
    return f"{escape(late)}<br>{escape(failed + _hurt(row, answer))}"


def _variant(row: Any) -> str:
    limit = "" if row.variant in (row.limit, "no limit") else f"<br><span style='color:{MUTED}'>{row.limit}</span>"
    return f"<b>{row.variant}</b>{limit}"


def _hurt(row: Any, answer: Any) -> str:
    return f", {share_text(row.hurt_share)} of {row.hurt} rejected" if row.hurt_share > answer.most_rejected else ""


def _need(answer: Any) -> str:
    today = answer.today[answer.today["legitimate"]].sort_values("share").iloc[-1]
    limit = f"today's {answer.now}" if answer.now else "no limit"
    text = f"With {limit}, {share_text(today['share'])} of the requests of {today['population']} are rejected"
    if answer.advised is None:
        return f"{text}; no limit that was tried spares {answer.legitimate}"
    return f"{text}; {answer.advised} spares {answer.legitimate}"


def _held(answer: Any) -> str:
    flood = f"{answer.flood_clients:,} clients with {answer.flood_each_per_s:g} requests/s each"
    bare = answer.flood.set_index("variant").at["no limit", "held"]
    if bare:
        return f"A flood of {flood} is held without any limit"
    if answer.advised is None:
        return f"A flood of {flood} is not held"
    if answer.overloaded:
        return f"The peak alone is more than the backend bears: {answer.advised} cannot hold a flood of {flood}"
    return f"{answer.advised} {'holds' if answer.holds else 'does not hold'} a flood of {flood}"
