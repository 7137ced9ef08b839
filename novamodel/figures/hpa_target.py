"""What a CPU target means: replicas at rest by target, for several CPU requests."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from novamodel import units
from novamodel.figures.house import empty, finish
from novamodel.figures.panels import Label, label_right, set_range, whole_step
from novamodel.figures.reshape import tidy
from novamodel.figures.trials import SERIES
from novamodel.figures.words import listed, part_text

HOW = (
    "The autoscaler divides used CPU by the request. The same target on a smaller request is a smaller amount of CPU"
    " a replica, so more replicas run. By closed form, at the day's peak, with no upper bound but what can be."
)


def hpa_target(targets: pd.DataFrame) -> go.Figure:
    """`targets`: a row a request and target with `cpu_request` (cores), `cpu_target`, `replicas`, `now`,
    `capped` (more would run if more could be).
    """
    if not len(targets):
        return empty(
            "No autoscaler, no target", HOW, "Only the HPA of Kubernetes (platform.kind eks) divides by the request."
        )
    fig = make_subplots(rows=1, cols=1)
    labels = []
    for number, (request, part) in enumerate(targets.groupby("cpu_request", sort=True)):
        colour, now = SERIES[number % len(SERIES)], bool(part["now"].any())
        text = f"request {units.format_cores(float(request))}" + (" (now)" if now else "")
        fig.add_scatter(
            x=tidy(part["cpu_target"] * 100),
            y=tidy(part["replicas"]),
            mode="lines+markers",
            line={"color": colour, "width": 2.4 if now else 1.6},
            marker={"size": 7},
            showlegend=False,
            hovertemplate=f"{text}, target %{{x:.0f}} %: %{{y}} replicas<extra></extra>",
        )
        labels.append(Label(text, float(part["replicas"].iloc[-1]), colour))
    top = float(targets["replicas"].max()) * 1.1
    set_range(fig, 1, 0, top)
    label_right(fig, labels, row=1, low=0, high=top, gap=0.08)
    fig.update_yaxes(title_text="replicas at rest at the peak", dtick=whole_step(top))
    fig.update_xaxes(title_text="CPU target (% of the request)", showgrid=True)
    return finish(fig, _finding(targets), HOW, height=330, right=150)


def _finding(targets: pd.DataFrame) -> str:
    middle = sorted(targets["cpu_target"].unique())[len(targets["cpu_target"].unique()) // 2]
    rows = targets[targets["cpu_target"] == middle].sort_values("cpu_request")
    parts = [
        f"{row.replicas}{' or more' if row.capped else ''} with {units.format_cores(row.cpu_request)}"
        for row in rows.itertuples()
    ]
    return f"A target of {part_text(middle)} is a share of the request: it runs {listed(parts)} requested"
