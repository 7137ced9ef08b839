"""CPU and memory of a replica: what a limit does to latency, who is killed, what a request does, right sizes."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from novamodel import units
from novamodel.figures.house import COLOURS, INK, MUTED, empty, escape, finish
from novamodel.figures.reshape import tidy
from novamodel.figures.trials import GREY, cost_bars, kept_text, latency_axis, latency_points
from novamodel.figures.words import part_text, time_text

MIB = 2.0**20


def cpu_limit(cpu: pd.DataFrame) -> go.Figure:
    """Latency and throttled share against the CPU limit.

    `cpu`: a row a limit with `cpu_limit` (cores, nan: none), `quota_s`, `now`, `throttled_mean`, `throttled_tail`
    and the columns of a trial.
    """
    x = [str(number) for number in range(len(cpu))]
    fig = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.06, row_heights=[0.6, 0.4])
    latency_points(fig, cpu, x, row=1, colour=COLOURS["api"])
    latency_axis(fig, cpu, row=1)
    for column, name, colour in (
        ("throttled_tail", "of a request near the p99", COLOURS["slo"]),
        ("throttled_mean", "of the mean request", COLOURS["cache"]),
    ):
        fig.add_bar(
            x=x,
            y=tidy((cpu[column] * 100).round(2)),
            name=name,
            marker={"color": colour},
            text=[part_text(value) if value >= 5e-4 else "0 %" for value in cpu[column]],
            textposition="outside",
            textfont={"size": 11},
            cliponaxis=False,
            hovertemplate=f"%{{y:.3g}} % {name}<extra></extra>",
            row=2,
            col=1,
        )
    fig.update_yaxes(title_text="throttled (% of its time)", range=[0, 118], row=2, col=1)
    names = [
        f"{_cores(row.cpu_limit)}{' (now)' if row.now else ''}<br>"
        + (f"{time_text(row.quota_s)} a period" if math.isfinite(row.quota_s) else "no quota")
        for row in cpu.itertuples()
    ]
    fig.update_xaxes(type="category", tickvals=x, ticktext=names)
    fig.update_xaxes(title_text="CPU limit of a replica (cores), and the quota that it becomes", row=2, col=1)
    fig.update_layout(bargap=0.35)
    how = (
        "Above: latency at the peak with 95 % interval, replicas fixed, same customers; filled: surely keeps the SLO."
        " Below: the share of a request's time in which the container waits for its next quota."
    )
    return finish(fig, _cpu_finding(cpu), how, height=450, right=110, bottom=70)


def _cores(value: float) -> str:
    return units.format_cores(float(value)) if math.isfinite(value) else "no limit"


def _cpu_finding(cpu: pd.DataFrame) -> str:
    kept, last = cpu[cpu["verdict"] == "keeps"], cpu.iloc[-1]
    if not len(kept):
        return f"No CPU limit tried surely keeps the SLO; {_cores(last['cpu_limit'])} gives {kept_text(last)}"
    least = kept.iloc[0]
    text = f"A CPU limit of {_cores(least['cpu_limit'])} is the least that surely keeps the SLO ({kept_text(least)})"
    now = cpu[cpu["now"].astype(bool)]
    if len(now):
        text += (
            f"; today's {_cores(now.iloc[0]['cpu_limit'])} throttles {part_text(now.iloc[0]['throttled_tail'])} of a"
        )
        text += " slow request's time"
    return text


def memory_limit(memory: pd.DataFrame) -> go.Figure:
    """Containers killed under stress against the memory limit, with the working set.

    `memory`: a row a limit with `memory_limit`, `working_set` and its `_low` (bytes), `now`, `killed` (a run) with its
    `_low` and `_high`, `runs_killed` (share).
    """
    if not len(memory):
        return empty("No memory limit to try", "", "No limit above the resting memory was tried.")
    x = [str(number) for number in range(len(memory))]
    fig = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.08, row_heights=[0.55, 0.45])
    limits, used = memory["memory_limit"] / MIB, memory["working_set"] / MIB
    fig.add_bar(
        x=x, y=tidy(limits), name="limit", marker={"color": GREY}, hovertemplate="%{y:.4g} MiB<extra>limit</extra>"
    )
    fig.add_scatter(
        x=x,
        y=tidy(used),
        mode="lines+markers",
        name="working set under stress",
        line={"color": COLOURS["pool"], "width": 2},
        error_y=_down(used - memory["working_set_low"] / MIB),
        hovertemplate="%{y:.4g} MiB<extra>working set</extra>",
    )
    fig.add_bar(
        x=x,
        y=tidy(memory["killed"]),
        marker={"color": COLOURS["slo"]},
        error_y=_down(memory["killed"] - memory["killed_low"])
        | {"array": tidy(memory["killed_high"] - memory["killed"])},
        showlegend=False,
        hovertemplate="%{y:.3g} containers killed a run<extra></extra>",
        row=2,
        col=1,
    )
    fig.add_scatter(
        x=x,
        y=tidy(memory[["killed", "killed_high"]].max(axis=1)),
        mode="text",
        text=[
            f"{row.killed:.3g} ({part_text(row.runs_killed)} of the runs)" if row.killed else "none"
            for row in memory.itertuples()
        ],
        textposition="top center",
        textfont={"size": 11},
        cliponaxis=False,
        hoverinfo="skip",
        showlegend=False,
        row=2,
        col=1,
    )
    fig.update_yaxes(title_text="memory (MiB)", row=1, col=1)
    most = float(memory[["killed", "killed_high"]].max().max())
    fig.update_yaxes(title_text="killed (containers/run)", range=[0, most * 1.3 or 1], nticks=4, row=2, col=1)
    names = [f"{row.memory_limit / MIB:.4g} MiB{' (now)' if row.now else ''}" for row in memory.itertuples()]
    fig.update_xaxes(type="category", tickvals=x, ticktext=names)
    fig.update_xaxes(title_text="memory limit of a replica (MiB)", row=2, col=1)
    fig.update_layout(bargap=0.45)
    how = (
        "Stress: a multiple of the peak meets the lower bound's replicas. Requests in flight hold memory; the container"
        " is killed when one replica's working set passes its limit (the line is the largest mean over replicas,"
        " its whiskers reach down to the calmest run; those of the bars are 95 % intervals)."
    )
    return finish(fig, _memory_finding(memory), how, height=380, right=60, bottom=56)


def _down(lengths: pd.Series) -> dict[str, Any]:
    """Whiskers that reach down by these lengths."""
    style = {"type": "data", "symmetric": False, "color": INK, "thickness": 1.2, "width": 5}
    return {**style, "array": [0.0] * len(lengths), "arrayminus": tidy(lengths)}


def _memory_finding(memory: pd.DataFrame) -> str:
    safe, lost = memory[memory["killed"] == 0], memory[memory["killed"] > 0]
    if not len(safe):
        return "Every memory limit tried loses containers under stress"
    text = (
        f"{safe['memory_limit'].iloc[0] / MIB:.4g} MiB is the smallest limit tried that loses no container under stress"
    )
    if len(lost):
        row = lost.iloc[-1]
        text += f"; {row['memory_limit'] / MIB:.4g} MiB loses some in {part_text(row['runs_killed'])} of the runs"
    return text


def request_effect(requests: pd.DataFrame) -> go.Figure:
    """The same load and target under several CPU requests: replicas, latency, price.

    `requests`: a row a request with `cpu_request`, `target_cores`, `replicas`, `now`, `cost_month` and the columns of
    a trial.
    """
    how = (
        "The autoscaler aims at a share of the request: a larger request lets a replica use more CPU before another"
        " starts. Same customers at the peak, 95 % intervals; filled: surely keeps the SLO."
    )
    if not len(requests):
        return empty("No autoscaler reads the CPU request here", how, "Only the HPA of Kubernetes divides by it.")
    x = [str(number) for number in range(len(requests))]
    fig = make_subplots(rows=3, cols=1, shared_xaxes=True, vertical_spacing=0.06, row_heights=[0.36, 0.36, 0.28])
    fig.add_bar(
        x=x,
        y=tidy(requests["replicas"]),
        marker={"color": COLOURS["api"]},
        text=[f"{value:.3g}" for value in requests["replicas"]],
        textposition="outside",
        cliponaxis=False,
        showlegend=False,
        hovertemplate="%{y:.3g} replicas<extra></extra>",
        row=1,
        col=1,
    )
    fig.update_yaxes(title_text="replicas", range=[0, float(requests["replicas"].max()) * 1.3], row=1, col=1)
    latency_points(fig, requests, x, row=2, colour=COLOURS["api"])
    latency_axis(fig, requests, row=2)
    cost_bars(fig, requests, x, row=3, colour=GREY)
    names = [
        f"{_cores(row.cpu_request)}{' (now)' if row.now else ''}<br>target {_cores(row.target_cores)}"
        for row in requests.itertuples()
    ]
    fig.update_xaxes(type="category", tickvals=x, ticktext=names)
    fig.update_xaxes(title_text="CPU request of a replica (cores), and what the target makes of it", row=3, col=1)
    fig.update_layout(bargap=0.6)
    rows = [f"{row.replicas:.3g} replicas with {_cores(row.cpu_request)}" for row in requests.itertuples()]
    finding = f"Same load, same target, another request: {', '.join(rows)}"
    return finish(fig, finding, how, height=480, right=110, bottom=70)


def right_sizing(use: pd.DataFrame) -> go.Figure:
    """Used, requested, limit and required CPU and memory of a replica, by service.

    `use`: a row a service and `resource` (cpu in cores, memory in bytes) with `used`, `most`, `requested`, `limit`,
    `required`; nan where there is none.
    """
    fig = make_subplots(rows=1, cols=2, horizontal_spacing=0.09, shared_yaxes=True)
    marks = (
        ("requested", "line-ns", INK, 22),
        ("limit", "line-ns", COLOURS["slo"], 30),
        ("required", "diamond", COLOURS["pool"], 11),
        ("most", "circle-open", COLOURS["api"], 9),
    )
    for col, (resource, scale, title) in enumerate(
        (("cpu", 1e3, "CPU (millicores)"), ("memory", 1 / MIB, "memory (MiB)")), 1
    ):
        part = use[use["resource"] == resource]
        names = [escape(str(name)) for name in part["service"]]
        fig.add_bar(
            y=names,
            x=tidy(part["used"] * scale),
            orientation="h",
            marker={"color": COLOURS["api"]},
            width=0.35,
            name="used on average",
            showlegend=col == 1,
            hovertemplate="used %{x:.4g}<extra></extra>",
            row=1,
            col=col,
        )
        for column, symbol, colour, size in marks:
            fig.add_scatter(
                y=names,
                x=tidy(part[column] * scale),
                mode="markers",
                name="most used" if column == "most" else column,
                marker={"symbol": symbol, "size": size, "color": colour, "line": {"color": colour, "width": 2.4}},
                showlegend=col == 1,
                hovertemplate=f"{column} %{{x:.4g}}<extra></extra>",
                row=1,
                col=col,
            )
        top = float((part[["used", "most", "requested", "limit", "required"]].max(axis=1) * scale).max())
        fig.update_xaxes(title_text=title, range=[0, top * 1.08], showgrid=True, row=1, col=col)
    fig.update_yaxes(autorange="reversed", showgrid=False, ticks="")
    for name in use["service"].unique():
        if use[(use["service"] == name) & (use["resource"] == "cpu")]["limit"].isna().all():
            fig.add_annotation(
                text="no limit", x=1, xref="x domain", xanchor="right", y=escape(str(name)), showarrow=False,
                font={"size": 11, "color": MUTED},
            )  # fmt: skip
    how = (
        "One replica at the day's peak. Bar: used; circle: most in a second (memory: under stress). Black: requested;"
        " red: limit; diamond: required for the SLO (CPU limit) or under stress (memory), for the service in question."
    )
    services = len(use["service"].unique())
    return finish(fig, _use_finding(use), how, height=70 * services + 110, left=130, right=40)


def _use_finding(use: pd.DataFrame) -> str:
    parts = []
    for name, rows in use.groupby("service", sort=False):
        shares = {row.resource: row.used / row.requested for row in rows.itertuples() if row.requested}
        parts.append(f"{name} {part_text(shares['cpu'])} of its CPU and {part_text(shares['memory'])} of its memory")
    return f"Used of what is requested at the peak: {'; '.join(parts)}"
