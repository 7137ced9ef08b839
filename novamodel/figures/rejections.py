"""Whom the edge rejects: the share of requests refused, by client population."""

from __future__ import annotations

import math
from typing import Any

import plotly.graph_objects as go

from novamodel.figures.house import COLOURS, MUTED, empty, escape, finish, note
from novamodel.figures.reshape import error_bars, tidy
from novamodel.figures.words import listed, number_text, part_text, share_text

HOW = (
    "Bars: share of a population's requests that the edge refused (whiskers: 95 % interval). The limit counts by client"
    " address: compare what each client sends with what it may send."
)


def rejections(result: Any) -> go.Figure:
    """Share rejected (%) by client population, beside what each client sends and what nginx lets it send."""
    frame = result.populations
    if not len(frame):
        return empty("No client populations", HOW, "The scenario names no client populations.")
    percent = [_number(value) * 100 for value in frame["share"]]
    names = [f"<b>{escape(str(row.population))}</b><br>{_each(row, result)}" for row in frame.itertuples()]
    known = [value for value in percent if math.isfinite(value)]
    ends = [_number(value) * 100 for value in frame["high"]]
    top = max([*known, *(value for value in ends if math.isfinite(value)), 1.0])
    above = [high - value for high, value in zip(ends, percent, strict=True)]
    below = [value - _number(low) * 100 for low, value in zip(frame["low"], percent, strict=True)]
    fig = go.Figure()
    fig.add_bar(
        y=names,
        x=tidy(percent),
        orientation="h",
        marker={"color": COLOURS["edge"]},
        error_x=error_bars(
            above, below, color=MUTED, thickness=1.4, visible=any(math.isfinite(value) for value in above)
        ),
        hovertemplate="%{y}: %{x:.3g} %<extra></extra>",
        showlegend=False,
    )
    for name, row, value, end in zip(names, frame.itertuples(), percent, ends, strict=True):
        limit = next(
            (item.limit for item in result.slo() if item.metric == "rejected" and item.of == row.population), None
        )
        slo = f"   SLO: below {share_text(limit)}" if limit is not None else ""
        missed = limit is not None and value / 100 >= limit
        fig.add_annotation(
            x=max(value, end if math.isfinite(end) else value) if math.isfinite(value) else 0,
            y=name,
            text=f"{share_text(value / 100)} ({row.rejected:,.0f} of {row.arrived:,.0f}){slo}",
            xanchor="left",
            xshift=9,
            showarrow=False,
            font={"size": 11.5, "color": COLOURS["slo"] if missed else "#222222"},
        )
    fig.update_xaxes(
        title_text="rejected (% of the population's requests)", range=[0, min(top * 1.5, 150)], showgrid=True
    )
    fig.update_xaxes(tickvals=[0, 20, 40, 60, 80, 100] if top > 40 else None)
    fig.update_yaxes(autorange="reversed", showgrid=False, ticks="", dtick=1)
    fig.update_layout(bargap=0.45)
    if not any(value > 0 for value in known):
        note(fig, "Nothing was rejected.", y=0.5)
    return finish(fig, _finding(frame, percent), _how(result), height=66 * len(frame) + 80, left=210, right=40)


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


def _each(row: Any, result: Any) -> str:
    seconds = result.window_s * result.replications
    each = row.arrived / seconds / row.clients if seconds and row.clients else math.nan
    rate = f"{number_text(each * 60)} requests/min" if each < 0.1 else f"{number_text(each)} requests/s"
    who = "1 client" if row.clients == 1 else f"{row.clients:,.0f} clients"
    return f"<span style='color:{MUTED}'>{who}, {rate} each</span>"


def _how(result: Any) -> str:
    said = []
    for edge_name, edge in result.scenario.all_edges.items():
        front = "" if edge_name == "main" else f"{edge_name}: "
        said += [f"{front}{name} {limit.rate}, burst {limit.burst}" for name, limit in edge.limits.items()]
    if not said:
        return HOW + " The edge has no limit."
    return f"{HOW} Limit a client: {listed(said)}."


def _finding(frame: Any, percent: list[float]) -> str:
    hurt = [(value, row) for value, row in zip(percent, frame.itertuples(), strict=True) if value > 0]
    if not hurt:
        return "The edge rejects nobody"
    total = float(frame["rejected"].sum())
    hurt.sort(key=lambda pair: -pair[0])
    worst = hurt[0][1]
    text = f"The edge rejects {share_text(hurt[0][0] / 100)} of the requests of {worst.population}"
    if len(hurt) > 1:
        text += f", {share_text(hurt[1][0] / 100)} of {hurt[1][1].population}"
    most = max((row for _, row in hurt), key=lambda row: row.rejected)
    return f"{text}; {part_text(most.rejected / total)} of all rejections hit {most.population}" if total else text
