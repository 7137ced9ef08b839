"""Pool sizes: which are safe, what the autoscaler's bound does to the budget, and what waiting costs."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from novamodel.figures.house import COLOURS, INK, MUTED, empty, escape, finish
from novamodel.figures.reshape import error_bars, tidy
from novamodel.figures.words import number_text, share_text

STATES = (("safe", "#8FD3BE"), ("waits", "#F3D38A"), ("overflows", "#E8A07A"))
MAP_HOW = (
    "Each cell is a pool size and an upper bound of replicas; its number is how many connections all pools may then"
    " open. Waits: more than 1 % of the transactions wait at the peak, by closed form. The frame is today's."
)
GROWTH_HOW = (
    "Connections that all pools may open together if the autoscaler goes that far; those above the dashed line are"
    " refused."
)
WAITS_HOW = (
    "Simulated at the peak with the same customers; whiskers are 95 % intervals over replications. Rings are the closed"
    " form (M/M/c with patience), which takes holds of a connection for exponential."
)
SLOW_HOW = (
    "The same peak with a slow round trip to the database. Too small a pool lets requests wait until they time out; too"
    " large a pool opens more connections than are accepted. Whiskers are 95 % intervals over replications."
)


def pool_map(answer: Any) -> go.Figure:
    """Pool size against most replicas: safe, waits or overflows. `answer`: of `nm.questions.connections`."""
    grid = answer.grid
    pools, counts = sorted(grid["pool"].unique()), sorted(grid["replicas"].unique())
    names = [name for name, _ in STATES]
    rank = grid.assign(rank=grid["state"].map(names.index))
    tables = {name: rank.pivot(index="pool", columns="replicas", values=name) for name in ("rank", "opened", "waiting")}
    scale = [(edge / 3, colour) for place, (_, colour) in enumerate(STATES) for edge in (place, place + 1)]
    fig = go.Figure()
    fig.add_heatmap(
        z=tables["rank"].to_numpy().tolist(),
        x=[str(count) for count in counts],
        y=[str(pool) for pool in pools],
        text=tables["opened"].to_numpy().tolist(),
        texttemplate="%{text}",
        textfont={"size": 11, "color": INK},
        customdata=[[share_text(share) for share in row] for row in tables["waiting"].to_numpy()],
        colorscale=scale,
        zmin=-0.5,
        zmax=2.5,
        xgap=2,
        ygap=2,
        colorbar={"tickvals": [0, 1, 2], "ticktext": names, "len": 0.5, "y": 0.75, "thickness": 14, "outlinewidth": 0},
        hovertemplate="pool %{y}, at most %{x} replicas: %{text} connections, %{customdata} wait<extra></extra>",
    )
    x, y = counts.index(answer.most_replicas), pools.index(answer.pool)
    fig.add_shape(
        type="rect", x0=x - 0.5, x1=x + 0.5, y0=y - 0.5, y1=y + 0.5, line={"color": INK, "width": 2.5}, layer="above"
    )
    fig.update_xaxes(title_text=f"most replicas of {escape(answer.service)}", type="category")
    fig.update_yaxes(title_text="connections of one pool", type="category", showgrid=False, dtick=1)
    return finish(fig, _map_finding(answer), MAP_HOW, height=400, right=110)


def _map_finding(answer: Any) -> str:
    least, most = answer.smallest, answer.largest
    if least is None or most is None or least > most:
        return f"No pool size of {answer.service} is safe at {answer.most_replicas} replicas"
    now = "today's is among them" if least <= answer.pool <= most else f"today's {answer.pool} is not"
    return f"Pools of {least} to {most} are safe at up to {answer.most_replicas} replicas; {now}"


def pool_growth(answer: Any) -> go.Figure:
    """Connections that all pools may open against the most replicas, with what is accepted."""
    fig, growth = go.Figure(), answer.growth
    for place, (pool, rows) in enumerate(growth.groupby("pool")):
        colour = COLOURS["pool"] if pool == answer.pool else MUTED
        fig.add_scatter(
            x=tidy(rows["replicas"]),
            y=tidy(rows["opened"]),
            mode="lines+markers",
            marker={"size": 5},
            line={"color": colour, "width": 2.2, "dash": "solid" if pool == answer.pool else "dot"},
            showlegend=False,
            hovertemplate=f"pool of {pool}, %{{x}} replicas: %{{y}} connections<extra></extra>",
        )
        last = rows.iloc[-1]
        text = f"pool of {pool}{' (today)' if pool == answer.pool else ''}"
        fig.add_annotation(
            x=last["replicas"], y=last["opened"], text=text, xanchor="left", xshift=8, showarrow=False,
            font={"size": 12, "color": colour}, yshift=0 if place else -2, bgcolor="white", borderpad=1,
        )  # fmt: skip
    limit = answer.accepts.limit
    fig.add_hline(y=limit, line={"color": COLOURS["slo"], "width": 1.8, "dash": "dash"})
    fig.add_annotation(
        x=1, xref="x domain", y=limit, text=f"{answer.accepts.by} accepts {limit:,}", xanchor="left", xshift=8,
        showarrow=False, font={"size": 12, "color": COLOURS["slo"]},
    )  # fmt: skip
    fig.add_vline(x=answer.most_replicas, line={"color": MUTED, "width": 1.2, "dash": "dot"})
    fig.add_annotation(
        x=answer.most_replicas, y=1, yref="y domain", yanchor="bottom", text="upper bound today", showarrow=False,
        font={"size": 11.5, "color": MUTED},
    )  # fmt: skip
    fig.update_xaxes(
        title_text=f"most replicas of {escape(answer.service)}",
        dtick=max(1, len(growth) // 40),
        zeroline=False,
        range=[0.5, None],
    )
    top = max(float(growth["opened"].max()), 1.0)
    fig.update_yaxes(title_text="connections of all pools together", range=[0, max(top, min(limit, 2 * top)) * 1.08])
    own = growth[(growth["pool"] == answer.pool) & (growth["opened"] <= limit)]["replicas"]
    fits = f"up to {own.max():.0f} replicas" if len(own) else "no number of replicas"
    finding = f"A pool of {answer.pool} fits {fits}; at most {answer.most_replicas} may run"
    return finish(fig, finding, GROWTH_HOW, height=330, right=170)


def pool_waits(answer: Any) -> go.Figure:
    """Share of requests that wait for a connection and the p99 of that wait, by pool size."""
    waits = answer.waits
    fig = make_subplots(rows=1, cols=2, horizontal_spacing=0.12)
    panels = (
        ("waited", "waited_low", "waited_high", "closed_waited", 100.0, "requests that wait (%)"),
        ("wait_s", "wait_s_low", "wait_s_high", "closed_wait_s", 1000.0, "p99 of the wait for a connection (ms)"),
    )
    for col, (name, low, high, closed, scale, title) in enumerate(panels, 1):
        _whiskers(fig, waits, name, low, high, scale, COLOURS["pool"], "simulated", col=col, bars=False)
        fig.add_scatter(
            x=_names(waits),
            y=tidy(waits[closed] * scale),
            mode="markers",
            marker={"size": 12, "symbol": "circle-open", "color": INK, "line": {"width": 1.6}},
            name="closed form",
            showlegend=col == 1,
            hovertemplate="closed form: %{y:.3g}<extra></extra>",
            row=1,
            col=col,
        )
        fig.update_xaxes(title_text="connections of one pool", type="category", row=1, col=col)
        fig.update_yaxes(title_text=title, rangemode="tozero", row=1, col=col)
    first, now = waits.iloc[0], waits[waits["pool"] == answer.pool].iloc[0]
    finding = (
        f"At the peak {share_text(now['waited'])} of the requests wait with a pool of {answer.pool},"
        f" {share_text(first['waited'])} with {int(first['pool'])}"
    )
    return finish(fig, finding, WAITS_HOW, height=300, right=30)


def pool_slow(answer: Any, slo: Any = ()) -> go.Figure:
    """What a slow database does with each pool size: time-outs and refusals. `slo`: objectives, of which errors'."""
    slow = answer.slow
    if not len(slow):
        return empty("No pool size was tried with a slow database", SLOW_HOW, "The answer holds no such trials.")
    fig = go.Figure()
    kinds = (("timed_out", "no connection in time", "pool"), ("refused", "connection refused", "database"))
    for name, text, kind in kinds:
        _whiskers(fig, slow, name, f"{name}_low", f"{name}_high", 100.0, COLOURS[kind], text, bars=True)
    for item in slo:
        if item.metric == "errors" and not item.of:
            fig.add_hline(y=item.limit * 100, line={"color": COLOURS["slo"], "width": 1.8, "dash": "dash"})
            fig.add_annotation(
                x=1, xref="x domain", y=item.limit * 100, text=f"SLO {escape(item.text)}", xanchor="left", xshift=6,
                showarrow=False, font={"size": 12, "color": COLOURS["slo"]},
            )  # fmt: skip
    fig.update_layout(barmode="stack", bargap=0.5)
    fig.update_xaxes(title_text="connections of one pool", type="category")
    fig.update_yaxes(title_text="requests (%)", rangemode="tozero")
    lost = slow.assign(lost=slow["timed_out"] + slow["refused"])
    best, now = lost.sort_values("lost", kind="stable").iloc[0], lost[lost["pool"] == answer.pool].iloc[0]
    own = now["lost"] <= best["lost"]
    other = "none tried loses less" if own else f"a pool of {int(best['pool'])} loses least, {share_text(best['lost'])}"
    finding = (
        f"At {number_text(answer.slow_s * 1000)} ms a round trip a pool of {answer.pool} loses"
        f" {share_text(now['lost'])} of the requests; {other}"
    )
    return finish(fig, finding, SLOW_HOW, height=320, right=130)


def _names(frame: pd.DataFrame) -> list[str]:
    return [str(pool) for pool in frame["pool"]]


def _whiskers(
    fig: go.Figure,
    frame: pd.DataFrame,
    name: str,
    low: str,
    high: str,
    scale: float,
    colour: str,
    text: str,
    *,
    col: int | None = None,
    bars: bool,
) -> None:
    """Points or bars with their intervals."""
    errors = error_bars(
        (frame[high] - frame[name]) * scale,
        (frame[name] - frame[low]) * scale,
        color=INK if bars else colour,
        thickness=1.6,
        width=5,
    )
    what: dict[str, Any] = {
        "x": _names(frame),
        "y": tidy(frame[name] * scale),
        "error_y": errors,
        "name": text,
        "showlegend": col in (None, 1),
        "hovertemplate": f"{text}: %{{y:.3g}}<extra></extra>",
    }
    place = {} if col is None else {"row": 1, "col": col}
    if bars:
        fig.add_bar(marker={"color": colour}, **what, **place)
    else:
        fig.add_scatter(mode="markers", marker={"size": 9, "color": colour}, **what, **place)
