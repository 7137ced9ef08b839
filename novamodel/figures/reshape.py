"""Reshaping of result frames for drawing: over replications, onto a time axis, labels that do not overlap."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import pandas as pd

MOST_POINTS = 160
"""A line is drawn with at most this many points: more are not seen at 1280 px, and notebooks stay small."""
_DAY = pd.Timestamp("2000-01-01")


def tidy(values: Iterable[Any], digits: int = 4) -> list[float | None]:
    """Numbers with a few significant digits, and None for what is not a finite number."""
    numbers = [math.nan if value is None else float(value) for value in values]
    return [float(f"{number:.{digits}g}") if math.isfinite(number) else None for number in numbers]


def error_bars(above: Iterable[Any], below: Iterable[Any], **style: Any) -> dict[str, Any]:
    """plotly's error bars: lengths above and below each value (nan: none), and how they are drawn."""
    return {"type": "data", "symmetric": False, "array": tidy(above), "arrayminus": tidy(below), **style}


def packed(values: pd.Series) -> Any:
    """A line's values as single-precision floats: plotly writes them packed, at a tenth of the notebook's space."""
    return values.astype("float32").to_numpy()


def over_time(frame: pd.DataFrame, column: str, most: int = MOST_POINTS) -> pd.DataFrame:
    """Mean, lowest and highest value of a column over the replications.

    Columns `clock_s`, `mean`, `low`, `high`; at most `most` rows: longer frames are put together by neighbours.
    """
    table = frame.groupby("clock_s")[column].agg(["mean", "min", "max"]).reset_index()
    table = table.rename(columns={"min": "low", "max": "high"})
    if len(table) > most:
        bins = pd.Series(range(len(table))) // math.ceil(len(table) / most)
        how = {"clock_s": "last", "mean": "mean", "low": "min", "high": "max"}
        table = table.groupby(bins).agg(how).reset_index(drop=True)
    return table


def clock_points(clock_s: Iterable[float]) -> dict[str, Any]:
    """`x` of a trace on a time-of-day axis: start and step where the grid is even, else every point."""
    seconds = [float(value) for value in clock_s]
    steps = {round(later - earlier, 6) for earlier, later in pairwise(seconds)}
    if len(steps) == 1 and (step := steps.pop()) > 0:
        return {"x0": clock(seconds[0]), "dx": step * 1000}
    return {"x": [clock(value) for value in seconds]}


def clock(seconds: float) -> str:
    """Seconds since midnight as a plotly date; the day itself is never shown."""
    return (_DAY + pd.Timedelta(seconds=seconds)).isoformat()


def spread(heights: Sequence[float], gap: float) -> list[float]:
    """Heights (fractions of a panel) moved apart to at least `gap`, kept in order and inside 0 to 1."""
    order = sorted(range(len(heights)), key=lambda index: heights[index])
    placed = [min(max(heights[index], 0.0), 1.0) for index in order]
    for index in range(1, len(placed)):
        placed[index] = max(placed[index], placed[index - 1] + gap)
    ceiling = 1.0 if gap * (len(placed) - 1) <= 1 else gap * (len(placed) - 1)
    for index in range(len(placed) - 1, -1, -1):
        placed[index] = min(placed[index], ceiling)
        ceiling = placed[index] - gap
    result = [0.0] * len(heights)
    for position, index in enumerate(order):
        result[index] = placed[position]
    return result


def stagger(points: Sequence[tuple[float, float]], wide: float, high: float) -> list[float]:
    """Heights at which marks of a size (`wide`, `high`) at these points do not overlap, each as near as can be.

    A mark that would lie on an earlier one moves straight up or down by whole heights, a few at most.
    """
    placed: list[tuple[float, float]] = []
    for x, y in points:
        tries = [y + step * high for step in (0, 1, -1, 2, -2, 3, -3)]
        near = [other for at, other in placed if abs(at - x) < wide]
        free = (height for height in tries if all(abs(height - other) >= high * 0.999 for other in near))
        placed.append((x, next(free, y)))
    return [height for _, height in placed]


def column(frame: pd.DataFrame, *names: str) -> str:
    """The first of the names that the frame has."""
    return next(name for name in names if name in frame.columns)


def log_range(values: Iterable[float | None]) -> tuple[float, float]:
    """A range for a logarithmic axis (in powers of ten) around the positive values; (0, 1) without any."""
    logs = [math.log10(value) for value in values if value is not None and value > 0 and math.isfinite(value)]
    if not logs:
        return 0.0, 1.0
    low, high = min(logs), max(logs)
    margin = max(0.08 * (high - low), 0.06)
    return low - margin, high + margin


def log_ticks(low: float, high: float) -> list[float]:
    """Tick values 1, 2, 5 times powers of ten inside a logarithmic range; only powers where long, more where short."""
    steps = (1.0,) if high - low > 3 else (1.0, 2.0, 5.0) if high - low > 0.8 else (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0)
    powers = range(math.floor(low), math.ceil(high) + 1)
    ticks = [step * 10.0**power for power in powers for step in steps]
    return [float(f"{tick:.4g}") for tick in ticks if low <= math.log10(tick) <= high]
