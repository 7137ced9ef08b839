"""What breaks first: every tier against its limit, those that cannot scale out on top, connections below."""

from __future__ import annotations

import math
from typing import Any

import plotly.graph_objects as go

from novamodel.figures.house import COLOURS, MUTED, colour_of, empty, finish
from novamodel.figures.reshape import column, tidy
from novamodel.figures.words import part_text

HOW = (
    "Bars: use at today's peak as a share of the tier's limit. Beside them: the load, as a multiple of today's peak, at"
    " which the tier is full. Load beyond the limit of a tier that cannot scale out waits or fails."
)
OPENED = " Diamonds: what full pools open at the most replicas: a risk in the configuration, whatever the load."

MOST_PERCENT = 800.0
"""Longest bar: closed forms give no finite use to a tier that is overloaded."""
FAR = 50.0
"""Load multiple from which on none is named: it says no more than that the tier is far from full."""
GROUPS = ("cannot scale out", "scales out<br>with replicas", "opened by pools,<br>whatever the load")


def saturation(tiers: Any) -> go.Figure:
    """Use of every tier in % of its limit, with the load multiple at which it is full.

    `tiers`: a Knee, or a frame with `tier`, `utilisation_now` (or `utilisation`), `multiple_to_limit` (or
    `saturation_multiple`), `scales_out`, `limit` and, for connections, `may_open`.
    """
    frame = getattr(tiers, "tiers", tiers)
    if not len(frame):
        return empty("No tier to compare", HOW, "The scenario has no tier with a limit.")
    frame = _grouped(frame)
    frame = frame[frame["used"].notna() | frame["may_open"].notna()]
    names = list(frame["tier"])
    percent = (frame["used"] * 100).clip(upper=MOST_PERCENT)
    opened = (frame["may_open"] / frame["limit"] * 100).clip(upper=MOST_PERCENT)
    top = max(100.0, *percent.dropna(), *opened.dropna())
    fig = go.Figure()
    fig.add_bar(
        y=names,
        x=tidy(percent),
        orientation="h",
        marker={"color": [colour_of(tier) for tier in names]},
        hovertemplate="%{y}: %{x:.3g} % of the limit<extra></extra>",
        showlegend=False,
    )
    fig.add_scatter(
        y=[name for name, share in zip(names, opened, strict=True) if not math.isnan(share)],
        x=tidy(opened.dropna()),
        mode="markers",
        marker={"symbol": "diamond-open", "size": 11, "line": {"width": 2}, "color": COLOURS["pool"]},
        hovertemplate="%{y}: full pools open %{x:.3g} % of the limit<extra></extra>",
        showlegend=False,
    )
    for row, use, share in zip(frame.itertuples(), percent, opened, strict=True):
        ends = [end for end in (use, share) if not math.isnan(end)]
        text, paper = _label(row, use), "rgba(255,255,255,0.85)"
        fig.add_annotation(
            x=max(ends), y=row.tier, text=text, xanchor="left", xshift=9, showarrow=False, bgcolor=paper, borderpad=0
        )
    fig.update_annotations(font={"size": 11.5})
    _limit(fig)
    _name_groups(fig, list(frame["group"]))
    fig.update_xaxes(
        title_text="use at today's peak (% of the limit)", range=[0, top * 1.7], showgrid=True, tickvals=_ticks(top)
    )
    fig.update_yaxes(autorange="reversed", showgrid=False, ticks="", dtick=1)
    fig.update_layout(bargap=0.35)
    how = HOW + (OPENED if opened.notna().any() else "")
    return finish(fig, _finding(tiers, frame), how, height=30 * len(frame) + 80, left=150, right=140)


def _grouped(frame: Any) -> Any:
    """The rows by group, first what load fills soonest; columns `used`, `multiple`, `may_open` and `group`."""
    used = frame[column(frame, "utilisation_now", "utilisation")]
    multiple = frame[column(frame, "multiple_to_limit", "saturation_multiple")]
    group = frame["scales_out"].astype(int).mask(frame["may_open"].notna(), 2)
    order = ["group", "multiple", "used"]
    rows = frame.assign(used=used, multiple=multiple, group=group)
    return rows.sort_values(order, ascending=[True, True, False], kind="stable")


def _limit(fig: go.Figure) -> None:
    line = {"color": COLOURS["slo"], "width": 1.8, "dash": "dash"}
    fig.add_vline(x=100, line=line)
    font = {"size": 11.5, "color": COLOURS["slo"]}
    fig.add_annotation(text="limit", x=100, y=1, yref="y domain", yanchor="bottom", showarrow=False, font=font)


def _name_groups(fig: go.Figure, groups: list[int]) -> None:
    """A line above each group but the first, and the names of the groups to the right of their first rows."""
    for group in dict.fromkeys(groups):
        begin = groups.index(group) - 0.5
        if begin > 0:
            fig.add_hline(y=begin, line={"color": MUTED, "width": 1, "dash": "dot"})
        place = {"x": 1, "xref": "x domain", "xanchor": "left", "y": begin, "yanchor": "top", "align": "left"}
        fig.add_annotation(text=GROUPS[group], showarrow=False, font={"size": 11.5, "color": MUTED}, **place)


def _ticks(top: float) -> list[int]:
    step = 25 if top <= 150 else 50 if top <= 300 else 100 * math.ceil(top / 800)
    return list(range(0, int(top) + step, step))


def _label(row: Any, percent: float) -> str:
    use = "" if math.isnan(percent) else f"{percent:.3g} %" if percent < MOST_PERCENT else f"over {MOST_PERCENT:g} %"
    if not math.isnan(row.may_open):
        accepted = f"{row.may_open:,.0f} may open, {row.limit:,.0f} accepted"
        return f"{use} open, {accepted}" if use else accepted
    times = f"full at {row.multiple:.3g} x today" if row.multiple < FAR else f"full beyond {FAR:g} x today"
    return f"{use}, {times}"


def _finding(tiers: Any, frame: Any) -> str:
    """What is full first as load rises, in step with the knee where there is one."""
    known = frame[frame["multiple"].notna() & (frame["multiple"] < math.inf)].sort_values("multiple", kind="stable")
    if not len(known):
        top = frame.sort_values("used", ascending=False).iloc[0]
        return f"{top['tier']} is busiest: {part_text(top['used'])} of its limit at today's peak"
    first, breach = known.iloc[0], getattr(tiers, "load_multiple_at_breach", None)
    blamed = getattr(tiers, "first_tier", "")
    full = f"full on average at {first['multiple']:.3g} x"
    if breach is None:
        return f"{first['tier']} is the first tier full on average, at {first['multiple']:.3g} x today's peak"
    if not blamed:
        return f"The SLO is missed from {breach:.3g} x today's peak; {first['tier']} is the first tier {full}"
    own = f"it is {full}" if blamed == first["tier"] else f"{first['tier']} is the first tier {full}"
    return f"{blamed} gives out first: the SLO is missed from {breach:.3g} x today's peak; {own}"
