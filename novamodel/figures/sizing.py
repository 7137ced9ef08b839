"""The choice: every simulated candidate with its cost, its p99 and why it lost."""

from __future__ import annotations

import math
from collections.abc import Iterable
from textwrap import shorten, wrap
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from novamodel.figures.house import COLOURS, INK, MUTED, empty, escape, finish, limit_line
from novamodel.figures.reshape import column, error_bars, log_range, log_ticks, tidy
from novamodel.figures.words import size_text, time_text

HOW = (
    "Each row is a simulated candidate, cheapest first. Left: its monthly cost. Right: its p99 with 95 % interval"
    " against the SLO. Filled: keeps the SLO; hollow: does not. Beside it stands why it was not chosen."
)
MOST_ROWS = 16
REASON_CHARACTERS = 40


def sizing(outcome: Any, slo: Iterable[Any] = ()) -> go.Figure:
    """Candidates by cost (USD a month) and p99 (ms); the chosen and today's row are marked.

    `outcome`: a Sizing; its `candidates` have one row a candidate, or one a candidate and `service`.
    `slo`: objectives, of which the p99 over all requests is drawn.
    """
    table = outcome.candidates
    if not len(table):
        return empty("No candidate was simulated", HOW, "The screen left no candidate to simulate.")
    table = _one_row_each(table).sort_values("cost_month", kind="stable").head(MOST_ROWS)
    chosen = _row_of(table, outcome.chosen) if outcome.met else None
    now = _row_of(table, outcome.now)
    names = [_row_name(row, row.Index == chosen, row.Index == now) for row in table.itertuples()]
    fig = make_subplots(rows=1, cols=2, shared_yaxes=True, horizontal_spacing=0.05, column_widths=[0.42, 0.58])
    _cost(fig, table, names, chosen)
    _latency(fig, table, names, chosen, [item for item in slo if item.metric == "p99" and not item.of])
    fig.update_yaxes(autorange="reversed", showgrid=False, ticks="", tickvals=list(range(len(names))), ticktext=names)
    fig.update_layout(bargap=0.45)
    left = 40 + 6 * max(len(line) - 7 * line.count("b>") // 2 for name in names for line in name.split("<br>"))
    how = f"{HOW} {outcome.certainty}".strip()
    return finish(
        fig,
        _finding(outcome, table, chosen, now),
        how,
        height=(20 + 16 * max(name.count("<br>") + 1 for name in names)) * len(table) + 90,
        left=left,
        right=245,
    )


def _one_row_each(table: pd.DataFrame) -> pd.DataFrame:
    """One row a candidate with its `size` in words; of several services those that differ between candidates."""
    sizes = pd.Series([size_text(row) for row in table.itertuples()], index=table.index)
    if "service" not in table:
        return table.assign(size=sizes)
    varying = [name for name, group in sizes.groupby(table["service"], sort=False) if group.nunique() > 1]
    shown = varying or list(table["service"].unique())
    rows = []
    for _, group in table.groupby("changes", sort=False):
        parts = [(row.service, sizes[row.Index]) for row in group.itertuples() if row.service in shown]
        words = parts[0][1] if len(shown) == 1 else "; ".join(f"{name} {size}" for name, size in parts)
        rows.append(group.iloc[0].to_dict() | {"size": words})
    return pd.DataFrame(rows)


def _row_of(table: pd.DataFrame, candidate: Any) -> Any:
    """The index of a candidate's row: the one with the same changes."""
    wanted = getattr(candidate, "changes", None)
    for index, changes in table["changes"].items():
        if changes == wanted or str(changes) == str(wanted):
            return index
    return None


def _row_name(row: Any, is_chosen: bool, is_now: bool) -> str:
    text = "<br>".join(escape(part) for part in row.size.split("; "))
    if is_chosen:
        return f"<b>chosen: {text}</b>"
    return f"<b>now:</b> {text}" if is_now else text


def _cost(fig: go.Figure, table: pd.DataFrame, names: list[str], chosen: Any) -> None:
    cost = table["cost_month"]
    fig.add_bar(
        y=list(range(len(names))),
        x=tidy(cost, 6),
        orientation="h",
        marker={"color": [COLOURS["cost"] if index == chosen else "#C3C7CC" for index in table.index]},
        text=[f"{value:,.0f}" for value in cost],
        textposition="outside",
        textfont={"size": 11.5},
        cliponaxis=False,
        hovertemplate="%{x:,.2f} USD a month<extra></extra>",
        showlegend=False,
        row=1,
        col=1,
    )
    fig.update_xaxes(title_text="cost (USD/month)", range=[0, float(cost.max()) * 1.25], showgrid=True, row=1, col=1)


def _latency(fig: go.Figure, table: pd.DataFrame, names: list[str], chosen: Any, limits: list[Any]) -> None:
    low_name, high_name = column(table, "p99_low", "low"), column(table, "p99_high", "high")
    p99, low, high = (table[name] * 1000 for name in ("p99_s", low_name, high_name))
    start, stop = log_range([*p99, *low, *high, *(item.limit * 1000 for item in limits)])
    met = table["met"].astype(bool)
    colours = [COLOURS["api"] if index == chosen else INK for index in table.index]
    fig.add_scatter(
        x=tidy(p99),
        y=list(range(len(names))),
        mode="markers",
        marker={
            "size": [14 if index == chosen else 9 for index in table.index],
            "symbol": ["star" if index == chosen else "circle" for index in table.index],
            "color": [colour if good else "white" for colour, good in zip(colours, met, strict=True)],
            "line": {"color": colours, "width": 1.6},
        },
        error_x=error_bars(high - p99, p99 - low, color=MUTED, thickness=1.4, visible=bool(high.notna().any())),
        customdata=[escape(str(why)) for why in table["why"]],
        hovertemplate="p99 %{x:.3g} ms<br>%{customdata}<extra></extra>",
        showlegend=False,
        row=1,
        col=2,
    )
    for item in limits:
        limit_line(fig, item.limit * 1000, row=1, col=2, vertical=True)
        fig.add_annotation(
            text=f"SLO {escape(item.text)}",
            x=math.log10(item.limit * 1000),
            xref="x2",
            y=1,
            yref="y2 domain",
            yanchor="bottom",
            showarrow=False,
            font={"size": 11.5, "color": COLOURS["slo"]},
        )
    for position, (index, why) in enumerate(table["why"].items()):
        reason = (
            "chosen: cheapest that keeps the SLO" if index == chosen else shorten(str(why or ""), 2 * REASON_CHARACTERS)
        )
        fig.add_annotation(
            text="<br>".join(escape(line) for line in wrap(reason, REASON_CHARACTERS, break_on_hyphens=False)),
            align="left",
            x=1,
            xref="x2 domain",
            xanchor="left",
            xshift=8,
            y=position,
            yref="y2",
            showarrow=False,
            font={"size": 11.5, "color": COLOURS["api"] if index == chosen else MUTED},
        )
    ticks = log_ticks(start, stop)
    fig.update_xaxes(
        type="log",
        range=[start, stop],
        tickvals=ticks,
        ticktext=[f"{tick:g}" for tick in ticks],
        title_text="p99 (ms)",
        showgrid=True,
        row=1,
        col=2,
    )


def _finding(outcome: Any, table: pd.DataFrame, chosen: Any, now: Any) -> str:
    if chosen is None:
        best = table.loc[table["p99_s"].idxmin()] if table["p99_s"].notna().any() else None
        near = f"; the best p99 is {time_text(best['p99_s'])}" if best is not None else ""
        return f"None of {len(table)} simulated candidates keeps the SLO{near}"
    row = table.loc[chosen]
    text = f"{row['size']} keeps the SLO for {row['cost_month']:,.0f} USD a month (p99 {time_text(row['p99_s'])})"
    if now == chosen:
        return f"Nothing cheaper than today's size: {text}"
    if now is not None:
        gap = row["cost_month"] - table.loc[now, "cost_month"]
        word = "more" if gap >= 0 else "less"
        text += f", {abs(gap):,.0f} {word} than today" if abs(gap) >= 0.5 else ", as much as today"
    return text
