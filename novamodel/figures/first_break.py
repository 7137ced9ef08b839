"""What breaks first: retries that make a storm of an overload, and what each fix is worth."""

from __future__ import annotations

import math
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from novamodel.figures.house import COLOURS, INK, MUTED, empty, escape, finish, rgba
from novamodel.figures.panels import Label, label_right, set_range
from novamodel.figures.reshape import error_bars, tidy
from novamodel.figures.words import part_text


def retry_storm(answer: Any) -> go.Figure:
    """Goodput against the load without retries: simulated, and where callers retry, calm and in a storm."""
    failing, storm = answer.failing, answer.storm
    fig = make_subplots(rows=1, cols=1)
    band = {"x": tidy(failing["offered_per_s"]), "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    fig.add_scatter(y=tidy(failing["goodput_low"].clip(lower=0)), showlegend=False, **band)
    fill = {"fill": "tonexty", "fillcolor": rgba(COLOURS["api"], 0.15), "showlegend": False}
    fig.add_scatter(y=tidy(failing["goodput_high"]), **fill, **band)
    lines = [
        (failing["offered_per_s"], failing["goodput_per_s"], "no retries (simulated)", COLOURS["api"], "solid"),
        (
            storm["fresh_per_s"],
            storm["goodput_per_s"],
            f"{answer.retries} retries, calm start",
            COLOURS["cache"],
            "solid",
        ),
        (storm["fresh_per_s"], storm["goodput_storm_per_s"], "after a surge", COLOURS["slo"], "dash"),
    ]
    labels = []
    for x, y, name, colour, dash in lines:
        fig.add_scatter(
            x=tidy(x),
            y=tidy(y),
            mode="lines+markers" if dash == "solid" and len(x) < 20 else "lines",
            line={"color": colour, "width": 2, "dash": dash},
            showlegend=False,
            hovertemplate=f"{escape(name)}: %{{y:,.0f}} of %{{x:,.0f}} requests/s<extra></extra>",
        )
        labels.append(Label(name, float(y.iloc[-1]), colour))
    peak = float(failing["offered_per_s"].iloc[0] / failing["multiple"].iloc[0])
    for rate, text in ((peak, "today's peak"), (peak * (answer.breach or math.nan), "the knee")):
        if math.isfinite(rate):
            fig.add_vline(x=rate, line={"color": MUTED, "width": 1.2, "dash": "dot"})
            fig.add_annotation(x=rate, y=1, yref="y domain", yanchor="bottom", text=text, showarrow=False)
    top = 1.08 * float(max(failing["goodput_high"].max(), storm["goodput_per_s"].max()))
    set_range(fig, 1, 0, top)
    label_right(fig, labels, row=1, low=0, high=top, gap=0.09)
    fig.update_xaxes(title_text="new requests (requests/s)", rangemode="tozero")
    fig.update_yaxes(title_text="answered in time (requests/s)")
    how = (
        f"Points: simulated, callers give up after {answer.timeout_s:g} s; band: 95 % interval. Lines with retries: the"
        " load at which new requests and retries balance on the simulated failures."
    )
    return finish(fig, _storm(answer), how, height=360, right=190)


def fixes(answer: Any) -> go.Figure:
    """The load that each fix alone holds (multiple of today's peak), the best for its money on top."""
    frame = answer.fixes
    how = (
        "Bars: load at which an objective is missed with that change alone; whiskers: the simulated loads between which"
        " that happens. Beside them: what it costs a month more, once traffic has grown to today's knee. All are"
        " measured as the knee is, with the same customers; pale: no gain beyond chance."
    )
    if not len(frame):
        return empty("Nothing has to be fixed", how, "No objective is missed up to the highest load that was tried.")
    now = float(answer.breach)
    highest = [row.high if math.isfinite(row.high) else row.multiple for row in frame.itertuples()]
    colours = [_colour(row) for row in frame.itertuples()]
    fig = go.Figure()
    fig.add_bar(
        y=[f"{row.fix}<br><span style='color:{MUTED}'>{escape(row.change)}</span>" for row in frame.itertuples()],
        x=tidy(frame["multiple"]),
        orientation="h",
        marker={"color": colours},
        error_x=error_bars(
            (max(high - value, 0) for high, value in zip(highest, frame["multiple"], strict=True)),
            (frame["multiple"] - frame["low"]).clip(lower=0),
            color=INK,
            thickness=1.2,
        ),
        hovertemplate="%{y}: %{x:.3g} x today's peak<extra></extra>",
        showlegend=False,
    )
    for place, (row, high) in enumerate(zip(frame.itertuples(), highest, strict=True)):
        more = f"{row.cost_more_grown:+,.0f} USD" if abs(row.cost_more_grown) >= 0.5 else "no cost"
        held = "" if math.isfinite(row.high) else ", holds every load tried"
        text = "" if row.fix == "as now" else more + held
        fig.add_annotation(x=high, y=place, text=text, xanchor="left", xshift=8, showarrow=False, font={"size": 11.5})
    fig.add_vline(x=now, line={"color": COLOURS["slo"], "width": 1.6, "dash": "dash"})
    font = {"size": 11.5, "color": COLOURS["slo"]}
    fig.add_annotation(x=now, y=1, yref="y domain", yanchor="bottom", text="the knee today", showarrow=False, font=font)
    fig.update_xaxes(title_text="load at which an objective is missed (x today's peak)", range=[0, 1.3 * max(highest)])
    fig.update_yaxes(autorange="reversed", showgrid=False, ticks="", dtick=1)
    fig.update_layout(bargap=0.35)
    return finish(fig, _best(answer), how, height=46 * len(frame) + 80, left=270, right=40)


def _colour(row: Any) -> str:
    return "#9AA0A6" if row.fix == "as now" else COLOURS["api"] if row.gain > 0 else "#C5CAD0"


def _storm(answer: Any) -> str:
    who = f"Callers that retry {answer.retries} times"
    if answer.storm_from is not None:
        return f"{who} keep a storm alive from {answer.storm_from:.3g} x today's peak on"
    most = (answer.storm["offered_per_s"] / answer.storm["fresh_per_s"]).max() - 1
    return f"{who} add up to {part_text(most)} of load; no storm stays after a surge"


def _best(answer: Any) -> str:
    fix = answer.cheapest
    if fix is None:
        return "No single change that was tried moves the knee"
    raised = f"raises the knee from {answer.breach:.3g} x to {fix['multiple']:.3g} x today's peak"
    return f"The cheapest fix: {fix['fix']} ({fix['change']}) {raised}"
