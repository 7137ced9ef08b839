"""Load and replicas over the hours of a day, under several plans."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from novamodel.figures.house import INK, finish
from novamodel.figures.panels import Label, label_right, set_range, whole_step
from novamodel.figures.reshape import tidy
from novamodel.figures.trials import SERIES

HOW = (
    "Above: mean requests/s of each hour. Below: where the autoscaler rests at that load, hour by hour; the area"
    " between two lines is what the one runs more than the other."
)
DASHES = ("solid", "dash", "dot")


def replica_day(day: pd.DataFrame) -> go.Figure:
    """`day`: a row an hour and plan with `hour`, `rate_per_s`, `replicas`, `plan`."""
    plans = list(day["plan"].unique())
    first = day[day["plan"] == plans[0]].sort_values("hour")
    fig = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.06, row_heights=[0.36, 0.64])
    hours = [*first["hour"], 24]
    _steps(fig, hours, first["rate_per_s"], 1, INK, "solid", "load", "requests/s")
    top, labels = 1.0, []
    for number, plan in enumerate(plans):
        part = day[day["plan"] == plan].sort_values("hour")
        colour = SERIES[number % len(SERIES)]
        _steps(fig, hours, part["replicas"], 2, colour, DASHES[number % 3], plan, "replicas")
        last = float(part["replicas"].iloc[-1])
        labels.append(
            Label(
                plan if plan.startswith("fixed") else f"{plan}: {part['replicas'].mean():.3g} on average", last, colour
            )
        )
        top = max(top, float(part["replicas"].max()) * 1.2)
    set_range(fig, 2, 0, top)
    label_right(fig, labels, row=2, low=0, high=top, gap=0.1)
    set_range(fig, 1, 0, float(first["rate_per_s"].max()) * 1.15)
    fig.update_yaxes(title_text="requests/s", row=1, col=1)
    fig.update_yaxes(title_text="replicas", dtick=whole_step(top), row=2, col=1)
    ticks = list(range(0, 25, 3))
    fig.update_xaxes(range=[0, 24], tickvals=ticks, ticktext=[f"{hour:02d}:00" for hour in ticks])
    fig.update_xaxes(title_text="time of day", row=2, col=1)
    return finish(fig, _finding(day, plans), HOW, height=380, right=210, bottom=56)


def _steps(
    fig: go.Figure, hours: list[int], values: pd.Series, row: int, colour: str, dash: str, name: str, unit: str
) -> None:
    points = tidy(values)
    fig.add_scatter(
        x=hours,
        y=[*points, points[-1]],
        mode="lines",
        line={"color": colour, "width": 2.2, "dash": dash, "shape": "hv"},
        showlegend=False,
        hovertemplate=f"{name}: %{{y:.3g}} {unit}, from %{{x}}:00<extra></extra>",
        row=row,
        col=1,
    )


def _finding(day: pd.DataFrame, plans: list[str]) -> str:
    means = day.groupby("plan", sort=False)["replicas"].mean()
    parts = [plan if plan.startswith("fixed") else f"{plan} {means[plan]:.3g}" for plan in plans]
    busiest = int(day.loc[day["rate_per_s"].idxmax(), "hour"])
    then = day[day["hour"] == busiest].set_index("plan")["replicas"]
    most = [f"{plan} {then[plan]:.0f}" for plan in plans if not plan.startswith("fixed")]
    return f"Replicas on average: {', '.join(parts)}; in the busiest hour ({busiest:02d}:00): {', '.join(most)}"
