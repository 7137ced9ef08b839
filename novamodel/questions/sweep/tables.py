"""What a sweep's table says: response to each parameter, the map of two, effects, the front of cost and metric."""

from __future__ import annotations

import json
import math
from numbers import Real
from pathlib import Path
from typing import Any

import pandas as pd

from novamodel.batch import indices
from novamodel.statistics import mean_interval

UNITS = {"1/s": "requests/s", "1": ""}
BINS = 8
"""Of each parameter of a sampled design, at most."""


def done(table: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Finished cases that have the metric."""
    return table[(table["status"] == "done") & table[metric].notna()]


def binned(table: pd.DataFrame, parameters: list[str]) -> pd.DataFrame:
    """The table of a sampled design with each parameter's values put into bins of equally many cases, by their mean."""
    found = table.copy()
    for path in parameters:
        values = table[path]
        if pd.api.types.is_numeric_dtype(values) and values.nunique() > BINS:
            bins = pd.qcut(values, BINS, duplicates="drop")
            found[path] = values.groupby(bins, observed=True).transform("mean")
    return found


def lines(table: pd.DataFrame, across: str, by: str | None, metric: str) -> pd.DataFrame:
    """Response to one parameter, a line a level of another: columns x, line, value, low, high, cases."""
    kept = done(table, metric)
    keys = [kept[across].rename("x"), (kept[by] if by else pd.Series("", kept.index)).rename("line")]
    columns = {"value": metric, "low": f"{metric} low", "high": f"{metric} high"}
    found = kept.groupby(keys, sort=True).agg(
        **{name: (column, "mean") for name, column in columns.items()}, cases=(metric, "size")
    )
    return found.reset_index().assign(across=across, by=by or "", x_unit=_unit(table, across))


def grid(table: pd.DataFrame, across: str, up: str, metric: str) -> pd.DataFrame:
    """A row a cell of two parameters: x, y, mean of the metric, share of its cases that met the SLO, failed cases."""
    keys = [table[across].rename("x"), table[up].rename("y")]
    met = (table["met"] == True) if "met" in table else pd.Series(math.nan, table.index)  # noqa: E712  (None is no)
    failed = table["status"] == "failed"
    cells = table.assign(met_=met.where(~failed), failed_=failed)
    cells["met_"] = cells["met_"].astype(float)
    found = cells.groupby(keys, sort=True).agg(value=(metric, "mean"), met=("met_", "mean"), failed=("failed_", "sum"))
    return found.reset_index().assign(across=across, up=up, x_unit=_unit(table, across), y_unit=_unit(table, up))


def _unit(table: pd.DataFrame, path: str) -> str:
    return str(table.attrs.get("units", {}).get(path, ""))


def effects(table: pd.DataFrame, parameters: list[str], metric: str) -> pd.DataFrame:
    """What each parameter does to the metric from its lowest to its highest level, largest first.

    Pairs of cases that differ in nothing else (a grid) are compared and their differences averaged; without pairs
    the means of both ends are. Columns: parameter, from, to, unit, value, low, high (95 %; nan with a single pair).
    """
    rows = []
    for parameter in parameters:
        kept = done(table, metric).assign(level=table[parameter])
        ends = sorted(kept["level"].dropna().unique())
        if len(ends) < 2:
            continue
        first, last = (kept[kept["level"] == end] for end in (ends[0], ends[-1]))
        others = [name for name in parameters if name != parameter] + ["seed"]
        pairs = first.merge(last, on=others, suffixes=("", " there"))
        if len(pairs):
            value, low, high = mean_interval(list(pairs[f"{metric} there"] - pairs[metric]))
        else:
            value, low, high = _difference(list(first[metric]), list(last[metric]))
        rows.append((parameter, ends[0], ends[-1], _unit(table, parameter), value, low, high))
    found = pd.DataFrame(rows, columns=["parameter", "from", "to", "unit", "value", "low", "high"])
    return found.sort_values("value", key=abs, ascending=False, ignore_index=True)


def _difference(first: list[float], last: list[float]) -> tuple[float, float, float]:
    a, b = mean_interval(first), mean_interval(last)
    half = math.hypot(a.high - a.value, b.high - b.value)
    value = b.value - a.value
    return value, value - half, value + half


def front(table: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Finished cases by cost, and whether each lies on the front: none costs less without a worse metric.

    Where the load varies, cases are compared with those of the same load only (column ``load``). ``chosen`` is the
    cheapest that meets the SLO, at the highest load that any case meets it at.
    """
    kept = done(table, metric).sort_values(["cost_month", metric], kind="stable", ignore_index=True)
    load = kept["traffic.peak"] if "traffic.peak" in kept else pd.Series(math.nan, kept.index)
    best = kept[metric].groupby(load, dropna=False).cummin()
    before = best.groupby(load, dropna=False).shift(fill_value=math.inf)
    kept = kept.assign(load=load, front=kept[metric] < before)
    met = kept[kept["met"] == True] if "met" in kept else kept[:0]  # noqa: E712  (None is no)
    highest = met[met["load"].isna() | (met["load"] == met["load"].max())]
    return kept.assign(chosen=kept.index.isin(highest.index[:1]))


def sensitivity(folder: Path, metric: str) -> pd.DataFrame:
    """Indices in one form: parameter, kind, value, low, high; ``attrs`` as `batch.indices` gives them."""
    found = indices(folder, metric)
    kinds = ["mu_star"] if "mu_star" in found else ["total", "first"]
    parts = [
        found[["parameter", kind, f"{kind}_low", f"{kind}_high"]].set_axis(
            ["parameter", "value", "low", "high"], axis=1
        )
        for kind in kinds
    ]
    whole = pd.concat([part.assign(kind=kind) for part, kind in zip(parts, kinds, strict=True)], ignore_index=True)
    whole.attrs = found.attrs
    return whole


def short(path: str) -> str:
    """The end of an override path, as long as a label may be."""
    words = path.split(".")
    return ".".join(words[-2:]) if len(words) > 2 else path


def shown(value: Any, unit: str = "") -> str:
    """A level for a reader, with its unit."""
    if isinstance(value, str):
        return value
    text = f"{value:,.4g}" if isinstance(value, Real) else json.dumps(value, default=str)
    name = UNITS.get(unit, unit)
    return f"{text} {'core' if name == 'cores' and value == 1 else name}".strip()
