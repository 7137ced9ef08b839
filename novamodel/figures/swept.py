"""A sweep: response curves, map of two parameters, effects, sensitivity, the front of cost and metric."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from novamodel.figures.house import COLOURS, INK, MUTED, empty, escape, finish
from novamodel.figures.reshape import tidy
from novamodel.figures.swept_axes import limit_label, value_axis, whiskers
from novamodel.figures.trials import SERIES
from novamodel.figures.words import number_text, part_text, value_text

CURVES = (
    "Each point: the mean over the cases with these values, with the mean of their 95 % intervals over replications."
)
MAP = "Each cell: the mean over its cases, and whether one of them misses the SLO or failed."
EFFECTS = (
    "Change of the mean from the parameter's lowest to its highest value, all else being equal, with its 95 % interval"
    " over the pairs of cases."
)
INDICES = {
    "mu_star": "Morris: mean absolute change over a parameter's whole range (mu*), with its 95 % bootstrap interval.",
    "total": "Sobol: share of the variance that a parameter takes part in (total) and that it causes alone (first),"
    " with 95 % bootstrap intervals.",
}
FRONT = (
    "Each point is a case, with the 95 % interval over its replications: further left is cheaper, lower is better."
    " Filled: the SLO is met."
)
ON_LINE = " On a line: nothing cheaper is as good, among cases of the same load."
MOST_LINES = 5


def sweep_curves(lines: pd.DataFrame, metric: str, unit: str, limit: float | None = None) -> go.Figure:
    """A metric against one parameter, a line a level of another: columns x, line, value, low, high, across, by,
    x_unit.

    ``limit``: the objective on the metric, in its SI unit.
    """
    across, by = str(lines["across"].iloc[0]), str(lines["by"].iloc[0])
    scale, name = _scale(metric, unit)
    fig = go.Figure()
    levels = list(dict.fromkeys(lines["line"]))
    for place, level in enumerate(_some(levels)):
        rows, colour = lines[lines["line"] == level], SERIES[place % len(SERIES)]
        value, low, high = (rows[column] * scale for column in ("value", "low", "high"))
        fig.add_scatter(
            x=list(rows["x"]),
            y=tidy(value),
            mode="lines+markers",
            line={"color": colour, "width": 2},
            error_y=whiskers(value, low.clip(lower=value * 0.02), high, colour),
            name=f"{_end(by)} {_level(level)}" if by else "",
            showlegend=bool(by) and len(levels) > 1,
        )
    fig.update_xaxes(
        title_text=_with_unit(across, lines["x_unit"].iloc[0]), separatethousands=True, exponentformat="none"
    )
    value_axis(fig, name, [lines[end] * scale for end in ("value", "low", "high")], limit and limit * scale)
    limit_label(fig, limit and limit * scale, _value(limit or 0, unit))
    top, low = lines.loc[lines["value"].idxmax()], lines.loc[lines["value"].idxmin()]
    finding = (
        f"{metric} is from {_value(low['value'], unit)} ({_place(low, across, by)})"
        f" to {_value(top['value'], unit)} ({_place(top, across, by)})"
    )
    return finish(fig, finding, CURVES, height=380, right=110)


def _place(row: pd.Series, across: str, by: str) -> str:
    text = f"{_end(across)} {_level(row['x'])}"
    return f"{text}, {_end(by)} {_level(row['line'])}" if by else text


def sweep_map(grid: pd.DataFrame | None, metric: str, unit: str) -> go.Figure:
    """Metric over two parameters: columns x, y, value, met (share), failed (count), across, up, x_unit,
    y_unit.
    """
    if grid is None:
        return empty("One parameter makes no map", MAP, "A map needs two parameters that vary.")
    across, up = str(grid["across"].iloc[0]), str(grid["up"].iloc[0])
    scale, name = _scale(metric, unit)
    values = grid.pivot(index="y", columns="x", values="value") * scale
    x, y = [_level(level) for level in values.columns], [_level(level) for level in values.index]
    cells = [tidy(row) for row in values.to_numpy()]
    texts = grid.assign(text=_cell_texts(grid, scale)).pivot(index="y", columns="x", values="text").fillna("")
    fig = go.Figure(
        go.Heatmap(
            x=x,
            y=y,
            z=cells,
            colorscale=[[0, "#F7FBFF"], [0.5, "#6BAED6"], [1, COLOURS["database"]]],
            text=texts.to_numpy().tolist(),
            texttemplate="%{text}",
            colorbar={"title": {"text": name}, "thickness": 14},
            xgap=2,
            ygap=2,
        )
    )
    fig.update_xaxes(title_text=_with_unit(across, grid["x_unit"].iloc[0]), type="category")
    fig.update_yaxes(title_text=_with_unit(up, grid["y_unit"].iloc[0]), type="category")
    missed = int((grid["met"] < 1).sum())
    finding = f"The SLO is missed in {missed} of {len(grid)} cells" if missed else "The SLO holds in every cell"
    return finish(
        fig, finding if grid["met"].notna().any() else f"{metric} over two parameters", MAP, height=340, right=90
    )


def _cell_texts(grid: pd.DataFrame, scale: float) -> list[str]:
    texts = []
    for row in grid.itertuples():
        parts = [number_text(row.value * scale)] if math.isfinite(row.value) else []
        parts += ["SLO missed"] if row.met < 1 else []
        parts += [f"{row.failed} failed"] if row.failed else []
        texts.append("<br>".join(parts))
    return texts


def sweep_effects(effects: pd.DataFrame, metric: str, unit: str) -> go.Figure:
    """A tornado: columns parameter, from, to, unit, value, low, high, most influential first."""
    if not len(effects):
        return empty("No parameter has two values", EFFECTS, "No finished cases to compare.")
    scale, name = _scale(metric, unit)
    table = effects[::-1]
    fig = go.Figure()
    ends = zip(table["parameter"], table["from"], table["to"], table["unit"], strict=True)
    labels = [f"{parameter}<br>{_level(first)} to {_level(last)} {_shown(of)}" for parameter, first, last, of in ends]
    _bars(fig, table, labels, scale, COLOURS["api"])
    fig.update_xaxes(title_text=f"change of {name}", tickformat=",", zeroline=True, zerolinecolor=INK)
    top = effects.iloc[0]
    finding = (
        f"{_end(top['parameter'])} moves {metric} most: {_value(abs(top['value']), unit)}"
        f" {'more' if top['value'] > 0 else 'less'} at {_level(top['to'])} than at {_level(top['from'])}"
        f" {_shown(top['unit'])}"
    ).rstrip()
    finding += "; its interval contains 0" if top["low"] <= 0 <= top["high"] else ""
    return finish(fig, finding, EFFECTS, height=110 + 58 * len(table), left=300, right=60)


def sweep_sensitivity(indices: pd.DataFrame | None, metric: str, unit: str) -> go.Figure:
    """Indices with intervals: columns parameter, kind (mu_star, or total and first), value, low, high."""
    if indices is None:
        return empty("No sensitivity design was run", INDICES["mu_star"], "Use design: morris or sobol-indices.")
    kinds = list(dict.fromkeys(indices["kind"]))
    morris = kinds == ["mu_star"]
    scale, name = _scale(metric, unit) if morris else (1.0, f"share of the variance of {metric}")
    fig = go.Figure()
    order = list(dict.fromkeys(indices["parameter"]))[::-1]
    for kind, colour in zip(kinds, (COLOURS["api"], COLOURS["edge"]), strict=False):
        rows = indices[indices["kind"] == kind].set_index("parameter").loc[order].reset_index()
        rows = rows.assign(low=rows["low"].clip(lower=0))  # no index lies below 0
        _bars(fig, rows, order, scale, colour, "" if morris else kind)
    fig.update_layout(barmode="group", showlegend=not morris)
    fig.update_xaxes(title_text=f"mu* of {name}" if morris else name, rangemode="tozero")
    top = indices.iloc[0]
    amount = _value(top["value"], unit) if morris else f"{part_text(top['value'])} of the variance"
    finding = f"{_end(top['parameter'])} is the unknown that moves {metric} most: {amount}"
    return finish(fig, finding, INDICES[kinds[0]], height=110 + 58 * len(order), left=300, right=60)


def sweep_front(front: pd.DataFrame | None, metric: str, unit: str, limit: float | None = None) -> go.Figure:
    """Cost a month against the metric: columns cost_month, the metric with low and high, load, front, chosen, and met
    where it is judged.

    ``limit``: the objective on the metric, in its SI unit.
    """
    if front is None:
        return empty("No cost was recorded", FRONT, "Set record: {cost: true} in the sweep.")
    scale, name = _scale(metric, unit)
    fig = go.Figure()
    groups = front.groupby("load", dropna=False, sort=True)
    shown, how = _some([load for load, _ in groups]), FRONT
    for place, load in enumerate(shown):
        rows = front[front["load"].isna()] if load != load else front[front["load"] == load]
        colour = SERIES[place % len(SERIES)]
        best = rows[rows["front"]]
        if len(best) > 1:
            line = {"color": colour, "width": 1.2, "shape": "hv"}
            x = {"x": tidy(best["cost_month"]), "y": tidy(best[metric] * scale), "hoverinfo": "skip"}
            fig.add_scatter(**x, mode="lines", line=line, showlegend=False)
            how = FRONT + ON_LINE
        met = [bool(good) for good in rows["met"]] if "met" in rows else [True] * len(rows)
        value, low, high = (rows[f"{metric}{end}"] * scale for end in ("", " low", " high"))
        fig.add_scatter(
            x=tidy(rows["cost_month"], 6),
            y=tidy(value),
            mode="markers",
            marker={
                "size": 11,
                "color": [colour if good else "white" for good in met],
                "line": {"color": colour, "width": 1.8},
            },
            error_y=whiskers(value, low.clip(lower=value * 0.02), high, colour),
            name="" if load != load else f"peak {number_text(load)}/s",
            showlegend=load == load and len(shown) > 1,
            text=[f"case {number}" for number in rows["case"]],
            hovertemplate="%{text}: %{x:,.0f} USD, %{y:.3g}<extra></extra>",
        )
    fig.update_xaxes(title_text="cost (USD/month)", tickformat=",.0f")
    value_axis(fig, name, [front[f"{metric}{end}"] * scale for end in ("", " low", " high")], limit and limit * scale)
    limit_label(fig, limit and limit * scale, _value(limit or 0, unit))
    return finish(fig, _front_finding(front, metric, unit), how, height=380, right=110)


def _front_finding(front: pd.DataFrame, metric: str, unit: str) -> str:
    if "met" not in front:
        return f"{metric} against cost: no objective judges the cases"
    if not front["chosen"].any():
        return "No case meets the SLO at any price that was tried"
    case = front[front["chosen"]].iloc[0]
    text = f"{case['cost_month']:,.0f} USD a month is the least that meets the SLO"
    if front["load"].nunique() > 1:
        text += f" at {number_text(case['load'])} requests/s, the highest load at which any case does"
    return f"{text} ({metric} {_value(case[metric], unit)})"


def _bars(fig: go.Figure, table: pd.DataFrame, labels: list[str], scale: float, colour: str, name: str = "") -> None:
    value, low, high = (table[column] * scale for column in ("value", "low", "high"))
    fig.add_bar(
        x=tidy(value),
        y=[escape(label).replace("&lt;br&gt;", "<br>") for label in labels],
        orientation="h",
        marker={"color": colour},
        width=None if name else 0.5,
        error_x=whiskers(value, low, high, MUTED),
        name=name,
        showlegend=bool(name),
    )


def _scale(metric: str, unit: str) -> tuple[float, str]:
    """The factor to the axis' unit and the axis' title."""
    factor, shown = {"s": (1000.0, "ms"), "1": (100.0, "%")}.get(unit, (1.0, {"1/s": "requests/s"}.get(unit, unit)))
    return factor, f"{metric} ({shown})" if shown else metric


def _with_unit(path: str, unit: str) -> str:
    return f"{path} ({_shown(unit)})" if _shown(unit) else path


def _shown(unit: str) -> str:
    return {"1/s": "requests/s", "1": ""}.get(unit, unit)


def _value(value: float, unit: str) -> str:
    return value_text(value, unit) if unit in ("s", "1", "1/s") else f"{number_text(value)} {unit}".strip()


def _level(level: Any) -> str:
    try:
        number = float(level)
    except (TypeError, ValueError):
        return str(level)
    return number_text(number) if math.isfinite(number) else "none"


def _end(path: str) -> str:
    words = path.split(".")
    return ".".join(words[-2:]) if len(words) > 2 else path


def _some(levels: list[Any]) -> list[Any]:
    """At most so many levels, evenly spread, both ends among them."""
    if len(levels) <= MOST_LINES:
        return levels
    return [levels[round(place * (len(levels) - 1) / (MOST_LINES - 1))] for place in range(MOST_LINES)]
