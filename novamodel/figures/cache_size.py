"""The cache: hit ratio against memory and policy, and how it fills again after it was emptied."""

from __future__ import annotations

import math
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from novamodel.figures.house import COLOURS, INK, MUTED, escape, finish, limit_line, rgba
from novamodel.figures.reshape import tidy
from novamodel.figures.words import share_text

MIB = 1024.0**2
CURVE_HOW = (
    "Lines are closed forms (lifetimes, deletes, eviction by policy), points a replay of the commands"
    " key by key with 95 % intervals over replications. Memory counts entries with their overhead in Redis."
)
WARM_HOW = (
    "The cache loses every entry and answers on. Top: its hit ratio, closed form and key by key. Below: what that adds"
    " to the database and the p99, against the same run undisturbed (dotted, same customers); bands are 95 % intervals."
)
MARKS = {
    "allkeys-lru": ("circle", INK),
    "allkeys-lfu": ("triangle-up", COLOURS["database"]),
    "allkeys-random": ("diamond", COLOURS["admin"]),
    "volatile-ttl": ("square", COLOURS["pool"]),
}
OTHER = ("circle-open", INK)


def cache_curve(answer: Any) -> go.Figure:
    """Hit ratio against memory, by lifetime and policy. `answer`: of `nm.questions.cache`."""
    fig, curve, points = go.Figure(), answer.curve, answer.replayed[answer.replayed["whole"]]
    top = float(curve["memory"].max())
    for kind, colour, dash in (("with its lifetime", COLOURS["cache"], "solid"), ("without lifetime", MUTED, "dot")):
        rows = curve[curve["kind"] == kind]
        fig.add_scatter(
            x=tidy(rows["memory"] / MIB), y=tidy(rows["hit_ratio"] * 100), mode="lines",
            name=f"{answer.scenario.cache.maxmemory_policy} {kind}",
            line={"color": colour, "width": 2.2, "dash": dash},
            hovertemplate="%{x:.3g} MiB: %{y:.3g} %<extra></extra>",
        )  # fmt: skip
    for policy, rows in points.groupby("policy", sort=False):
        symbol, colour = MARKS.get(str(policy), OTHER)
        fig.add_scatter(
            x=tidy(rows["memory"].clip(upper=top) / MIB),
            y=tidy(rows["hit_ratio"] * 100),
            error_y={
                "type": "data", "symmetric": False, "thickness": 1.5, "width": 5,
                "array": tidy((rows["high"] - rows["hit_ratio"]) * 100),
                "arrayminus": tidy((rows["hit_ratio"] - rows["low"]) * 100),
            },
            mode="markers",
            marker={"size": 9, "symbol": symbol, "color": colour},
            name=f"key by key, {policy}",
            hovertemplate=f"{policy}: %{{y:.3g}} %<extra></extra>",
        )  # fmt: skip
    memory = answer.scenario.cache.memory
    today = f"today: {memory / MIB:,.0f} MiB" + (" (beyond this axis)" if memory > top else "")
    marks = [(answer.needed_bytes, "all living entries", MUTED), (min(memory, top), today, COLOURS["slo"])]
    for side, (amount, text, colour) in zip(("right", "left"), sorted(marks), strict=True):
        fig.add_vline(x=amount / MIB, line={"color": colour, "width": 1.3, "dash": "dash"})
        fig.add_annotation(
            x=_log10(amount / MIB), y=1, yref="y domain", text=text, xanchor=side, yanchor="bottom", showarrow=False,
            font={"size": 11.5, "color": colour},
        )  # fmt: skip
    fig.update_xaxes(title_text="memory for entries (MiB)", type="log", tickformat=".3~g", dtick="D2")
    fig.update_yaxes(title_text=f"hit ratio of {escape(answer.keyspace)} (%)", range=[0, 100])
    fig.update_layout(legend={"orientation": "v", "x": 1.01, "xanchor": "left", "y": 1, "yanchor": "top"})
    binds = "memory binds it" if memory < answer.needed_bytes else "memory does not bind it"
    finding = f"The hit ratio is {share_text(answer.hit_ratio)}; {binds}"
    return finish(fig, finding, CURVE_HOW, height=380, right=230)


def cache_cold(answer: Any, slo: Any = ()) -> go.Figure:
    """The cache emptied: hit ratio, extra load of the database and p99 over time. `slo`: objectives to draw."""
    fig = make_subplots(rows=3, cols=1, vertical_spacing=0.09, row_heights=[0.4, 0.32, 0.28])
    cold, load = answer.cold, answer.load
    curve, points = (cold[cold["kind"] == kind] for kind in ("closed form", "key by key"))
    points = points[points["low"].notna()]
    fig.add_scatter(
        x=tidy(curve["time_s"]), y=tidy(curve["hit_ratio"] * 100), mode="lines", name="closed form",
        line={"color": COLOURS["cache"], "width": 2.2}, row=1, col=1,
    )  # fmt: skip
    fig.add_scatter(
        x=tidy(points["time_s"]), y=tidy(points["hit_ratio"] * 100), mode="markers", name="key by key",
        marker={"size": 7, "color": INK},
        error_y={"type": "data", "symmetric": False, "array": tidy((points["high"] - points["hit_ratio"]) * 100),
                 "arrayminus": tidy((points["hit_ratio"] - points["low"]) * 100), "thickness": 1.4, "width": 4},
        row=1, col=1,
    )  # fmt: skip
    if answer.warm_s == answer.warm_s:
        fig.add_vline(x=answer.warm_s, row=1, col=1, line={"color": MUTED, "width": 1.2, "dash": "dot"})
        fig.add_annotation(
            x=answer.warm_s, y=0.05, xref="x", yref="y domain", text=f"95 % after {answer.warm_s:,.0f} s",
            xanchor="left", xshift=6, showarrow=False, font={"size": 11.5, "color": MUTED},
        )  # fmt: skip
    time = tidy(load["time_s"] - answer.emptied_s)
    _band(fig, time, load, "more", "more_low", "more_high", 100.0, COLOURS["database"], 2)
    p99 = load.assign(p99_low_s=load["p99_low_s"].clip(lower=0))  # no time is negative
    _band(fig, time, p99, "p99_s", "p99_low_s", "p99_high_s", 1000.0, INK, 3)
    fig.add_scatter(
        x=time, y=tidy(load["warm_p99_s"] * 1000), mode="lines", name="undisturbed", showlegend=False,
        line={"color": MUTED, "width": 1.6, "dash": "dot"}, row=3, col=1,
        hovertemplate="undisturbed: %{y:.3g} ms<extra></extra>",
    )  # fmt: skip
    for item in slo:
        if item.metric == "p99" and not item.of:
            limit_line(fig, item.limit * 1000, row=3)
            fig.add_annotation(
                x=1, xref="x3 domain", y=item.limit * 1000, yref="y3", text=f"SLO {escape(item.text)}", xanchor="left",
                xshift=6, showarrow=False, font={"size": 12, "color": COLOURS["slo"]},
            )  # fmt: skip
    for row in (2, 3):
        fig.add_vline(x=0, row=row, col=1, line={"color": COLOURS["slo"], "width": 1.3, "dash": "dot"})
    fig.update_xaxes(title_text="seconds since the cache was emptied", row=1, col=1)
    fig.update_xaxes(title_text="seconds since the cache was emptied, at the peak", row=3, col=1)
    fig.update_xaxes(matches="x3", row=2, col=1)
    fig.update_yaxes(title_text="hit ratio (%)", range=[0, 100], row=1, col=1)
    fig.update_yaxes(title_text="database, more<br>busy (points)", row=2, col=1)
    fig.update_yaxes(title_text="p99 (ms)", rangemode="tozero", row=3, col=1)
    first = answer.coldest
    back = f"is warm after {answer.warm_s:,.0f} s" if answer.warm_s == answer.warm_s else "does not get warm"
    finding = f"An emptied cache {back}; at first the database is {100 * first['more']:.2g} points busier"
    return finish(fig, finding, WARM_HOW, height=620, right=130)


def _band(
    fig: go.Figure, x: Any, frame: Any, name: str, low: str, high: str, scale: float, colour: str, row: int
) -> None:
    edge = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
    fig.add_scatter(x=x, y=tidy(frame[low] * scale), **edge, row=row, col=1)
    fig.add_scatter(
        x=x, y=tidy(frame[high] * scale), fill="tonexty", fillcolor=rgba(colour, 0.18), **edge, row=row, col=1
    )
    fig.add_scatter(
        x=x, y=tidy(frame[name] * scale), mode="lines", line={"color": colour, "width": 2}, showlegend=False,
        hovertemplate="%{y:.3g}<extra></extra>", row=row, col=1,
    )  # fmt: skip


def _log10(value: float) -> float:
    """Annotations on a logarithmic axis are placed by the power of ten."""
    return math.log10(value)
