"""Where the time of a request goes: the mean request and the one near the p99, place by place."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from novamodel.figures.house import colour_of, empty, finish
from novamodel.figures.reshape import tidy
from novamodel.figures.words import listed, part_text, time_text

SMALLEST_SHARE = 0.002
NAMES = {"throttled": "CPU throttling", "cpu": "CPU work", "threads": "work on threads", "other": "outside calls"}
"""Places as a sentence names them, where the bar's label would not do."""
HOW = (
    "Each bar is the time spent in one place, in the order in which a request passes them; in brackets the share of the"
    " whole. Work on the longest bar on the right to lower the p99."
)


def breakdown(result: Any) -> go.Figure:
    """Latency by place: the mean served request (left) and the mean request near the p99 (right), in ms."""
    frame = result.breakdown.set_index("place")[["mean_s", "p99_s"]].astype(float).fillna(0.0)
    totals = frame.sum()
    if not len(frame) or totals["mean_s"] <= 0:
        return empty("No request was served", HOW, "There is no latency to take apart.")
    shares = frame / totals.where(totals > 0, 1.0)
    seen = frame[shares.max(axis=1) >= SMALLEST_SHARE]
    fig = make_subplots(
        rows=1,
        cols=2,
        shared_yaxes=True,
        horizontal_spacing=0.06,
        subplot_titles=[
            f"mean request: {time_text(totals['mean_s'])}",
            f"request near the p99: {time_text(totals['p99_s'])}",
        ],
    )
    for col, name in ((1, "mean_s"), (2, "p99_s")):
        milliseconds = seen[name] * 1000
        fig.add_bar(
            y=list(seen.index),
            x=tidy(milliseconds),
            orientation="h",
            marker={"color": [colour_of(place) for place in seen.index]},
            text=[f"{time_text(seen[name][place])} ({part_text(shares[name][place])})" for place in seen.index],
            textposition="outside",
            cliponaxis=False,
            textfont={"size": 11.5},
            showlegend=False,
            hovertemplate="%{y}: %{text}<extra></extra>",
            row=1,
            col=col,
        )
        longest = max(float(milliseconds.max()), 1e-6)
        fig.update_xaxes(title_text="time (ms)", range=[0, longest * 1.32], showgrid=True, row=1, col=col)
    fig.update_yaxes(autorange="reversed", showgrid=False, ticks="", dtick=1)
    fig.update_layout(bargap=0.35)
    fig.update_annotations(font={"size": 13}, xanchor="left")
    for annotation, col in zip(fig.layout.annotations, (1, 2), strict=True):
        annotation.x = fig.get_subplot(1, col).xaxis.domain[0]
    top_mean, top_tail = shares["mean_s"].idxmax(), shares["p99_s"].idxmax()
    mean_share, tail_share = part_text(shares["mean_s"][top_mean]), part_text(shares["p99_s"][top_tail])
    top_mean, top_tail = (NAMES.get(place, place) for place in (top_mean, top_tail))
    if totals["p99_s"] <= 0:
        finding = f"Most time of the mean request goes to {top_mean} ({mean_share})"
    elif top_mean == top_tail:
        finding = f"Most time goes to {top_mean}: {mean_share} of the mean request, {tail_share} of one near the p99"
    else:
        finding = (
            f"Most time goes to {top_mean} in the mean request ({mean_share}),"
            f" to {top_tail} near the p99 ({tail_share})"
        )
    left_out = [place for place in frame.index if place not in seen.index]
    how = HOW + (f" Below {SMALLEST_SHARE * 100:g} % of both: {listed(left_out, 12)}." if left_out else "")
    return finish(fig, finding, how, height=34 * len(seen) + 90, left=120, right=40)
