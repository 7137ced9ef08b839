"""How far the model is from measured stacks."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from novamodel.figures.house import MUTED, finish
from novamodel.figures.reshape import tidy
from novamodel.figures.trials import SERIES

HOW = (
    "Each row is a measured stack; a point is (model - measured) / measured. Replayed: with the recorded requests; the"
    " bars show where 95 % of single runs fall, so much depends on chance."
)
SYMBOLS = ("circle", "square", "diamond")
PANELS = {"mean_s": "mean", "p99_s": "p99"}
MOST = 60.0
"""Per cent to either side that are drawn; what lies beyond stands at the edge."""


def model_errors(errors: pd.DataFrame) -> go.Figure:
    """`errors`: a row a case, way and figure with `case`, `way`, `figure`, `error`, `half` (relative), `measured`."""
    cases, ways = list(errors["case"].unique()), list(errors["way"].unique())
    fig = make_subplots(rows=1, cols=2, shared_yaxes=True, horizontal_spacing=0.05)
    for column, figure in enumerate(PANELS, 1):
        for number, way in enumerate(ways):
            part = errors[(errors["figure"] == figure) & (errors["way"] == way)]
            shift = 0.22 * (number - (len(ways) - 1) / 2)
            percent = 100 * part["error"]
            fig.add_scatter(
                x=tidy(percent.clip(-MOST, MOST)),
                y=[cases.index(case) + shift for case in part["case"]],
                error_x={"type": "data", "array": tidy(100 * part["half"].fillna(0.0)), "thickness": 1, "width": 0},
                mode="markers",
                name=way,
                legendgroup=way,
                showlegend=column == 1,
                marker={"color": SERIES[number], "symbol": SYMBOLS[number % len(SYMBOLS)], "size": 8},
                text=[f"{case}, {way}: {value:+.1f} %" for case, value in zip(part["case"], percent, strict=True)],
                hovertemplate="%{text}<extra></extra>",
                row=1,
                col=column,
            )
        fig.add_vline(x=0, line={"color": MUTED, "width": 1}, row=1, col=column)
        fig.update_xaxes(
            range=[-MOST * 1.05, MOST * 1.05], title_text=f"error of the {PANELS[figure]}, %", row=1, col=column
        )
    fig.update_yaxes(
        tickvals=list(range(len(cases))), ticktext=[case.partition("_rep")[0] for case in cases], autorange="reversed"
    )
    return finish(fig, _finding(errors, ways), HOW, height=120 + 30 * len(cases), left=170, right=30, bottom=80)


def _finding(errors: pd.DataFrame, ways: list[str]) -> str:
    means = errors[errors["figure"] == "mean_s"]
    medians = {way: 100 * means[means["way"] == way]["error"].abs().median() for way in ways}
    return "Median error of the mean: " + ", ".join(f"{way} {value:.1f} %" for way, value in medians.items())
