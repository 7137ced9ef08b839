"""What does a sweep say: where the SLO holds, which parameter moves the answer, what is cheapest?"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from novamodel.batch import SweepRun, failures, read, sweep
from novamodel.errors import UserError
from novamodel.loading import load
from novamodel.questions.shared import Text, dollars, shows_headline
from novamodel.questions.sweep import tables
from novamodel.questions.sweep.own import own_sweeps
from novamodel.units import format_fraction, format_time

SENSITIVITY = ("morris", "sobol-indices")
Tell = Callable[[float, str], None]


@dataclass(frozen=True)
@shows_headline
class SweptAnswer:
    """One metric of a sweep (or of two: one that covers, one for sensitivity), as tidy tables in SI units.

    ``table``: a row a case. ``lines``: response to the parameter with most levels, a line a level of another.
    ``grid``: cells of two parameters. ``effects``: lowest to highest level of each parameter. ``front``: cases by
    cost, None without cost. ``sensitivity``: indices, None where no design for them was run. ``failures``: a row a
    failed case.
    """

    name: str
    metric: str
    unit: str
    limit: float | None  # of the objective on the metric, where there is one
    planned: int
    parameters: list[str]
    table: pd.DataFrame = field(repr=False)
    lines: pd.DataFrame = field(repr=False)
    grid: pd.DataFrame | None = field(repr=False)
    effects: pd.DataFrame = field(repr=False)
    front: pd.DataFrame | None = field(repr=False)
    sensitivity: pd.DataFrame | None = field(repr=False)
    failures: pd.DataFrame = field(repr=False)

    @property
    def chosen(self) -> pd.Series | None:
        """The cheapest case that meets the SLO, at the highest load where that varies."""
        if self.front is None or not self.front["chosen"].any():
            return None
        return self.front[self.front["chosen"]].iloc[0]

    def headline(self) -> dict[str, float]:
        """The figures of the answer by name."""
        done = tables.done(self.table, self.metric)
        figures = {
            "cases": float(len(self.table)),
            "failed": float(len(self.failures)),
            f"lowest {self.metric}": float(done[self.metric].min()),
            f"highest {self.metric}": float(done[self.metric].max()),
        }
        if self.chosen is not None:
            figures["cheapest that holds (USD/month)"] = float(self.chosen["cost_month"])
        return figures

    def conclusion(self) -> Text:
        """The answer in words."""
        return Text("\n".join(f"* {line}" for line in _sentences(self)))

    def in_words(self, value: float) -> str:
        """A value of the metric with its unit."""
        return value_text(value, self.unit)


def swept(
    scenario: str = "novabank",
    *,
    overrides: dict[str, Any] | None = None,
    seed: int | None = None,
    store: str | Path = "",
    metric: str = "p99",
    quick: bool = False,
    progress: Tell | None = None,
) -> SweptAnswer:
    """Read the sweep kept in ``store``; without one, run two small ones over ``scenario`` and read those.

    ``metric`` is an estimate that the sweep recorded. ``scenario`` (a file, folder or bundled name), ``overrides`` and
    ``seed`` matter only without a store. Raises ``UserError`` for a folder without a sweep, a metric that was not
    recorded, or a sweep without a finished case.
    """
    if str(store):
        return _answer([Path(store)], metric)
    tell = progress or (lambda share, text: None)
    system = load(scenario).override((overrides or {}) | ({} if seed is None else {"run.seed": seed}))
    with tempfile.TemporaryDirectory(prefix="novamodel-") as folder:
        runs: list[SweepRun] = []
        for number, each in enumerate(own_sweeps(scenario, system, overrides or {}, quick)):
            tell(number / 2, f"sweeping {each['title']}")
            runs.append(sweep(each, out=Path(folder) / each["name"], serial=True, progress=False))
        return _answer([run.folder for run in runs], metric)


def _answer(folders: list[Path], metric: str) -> SweptAnswer:
    table = read(folders[0])
    facts = table.attrs
    if metric not in facts["metrics"]:
        raise UserError(f"the sweep recorded no {metric!r}", valid=facts["metrics"], given=metric)
    if not len(tables.done(table, metric)):
        raise UserError(
            f"no case of the sweep {facts['name']} is finished with a {metric}", valid="novamodel sweep FILE"
        )
    varied = [path for path in facts["parameters"] if table[path].nunique() > 1]
    if not varied:
        raise UserError(f"nothing varies among the finished cases of {facts['name']}", valid="wait for more cases")
    levels = table if facts["design"] in ("grid", "list") else tables.binned(table, varied)
    ordered = sorted(varied, key=lambda path: -levels[path].nunique())
    across, by = ordered[0], ordered[1] if len(ordered) > 1 else None
    designs = {folder: read(folder).attrs["design"] for folder in folders}
    sensitive = [folder for folder, design in designs.items() if design in SENSITIVITY]
    return SweptAnswer(
        name=facts["title"],
        metric=metric,
        unit=facts["units"][metric],
        limit=facts["limits"].get(metric),
        planned=facts["planned"],
        parameters=varied,
        table=table,
        lines=tables.lines(levels, across, by, metric),
        grid=tables.grid(levels, across, by, metric) if by else None,
        effects=tables.effects(levels, varied, metric),
        front=tables.front(table, metric) if "cost_month" in table else None,
        sensitivity=tables.sensitivity(sensitive[0], metric) if sensitive else None,
        failures=failures(folders[0]),
    )


def value_text(value: float, unit: str) -> str:
    """A value with its unit (s, 1, 1/s)."""
    return (
        format_time(value) if unit == "s" else format_fraction(value) if unit == "1" else f"{value:.4g} {unit}".strip()
    )


def _sentences(answer: SweptAnswer) -> list[str]:
    done = tables.done(answer.table, answer.metric)
    lowest, highest = (answer.in_words(done[answer.metric].agg(how)) for how in ("min", "max"))
    lines = [f"{len(answer.table)} of {answer.planned} cases are there; {answer.metric} is from {lowest} to {highest}."]
    if len(answer.failures):
        lines.append(f"{len(answer.failures)} cases failed, the first with: {answer.failures['error'].iloc[0]}")
    if "met" in done:
        lines.append(f"The SLO holds in {int((done['met'] == True).sum())} of {len(done)} finished cases.")  # noqa: E712
    if len(answer.effects):
        top = answer.effects.iloc[0]
        change = f"{answer.in_words(abs(top['value']))} {'more' if top['value'] > 0 else 'less'}"
        ends = f"at {tables.shown(top['to'], top['unit'])} than at {tables.shown(top['from'], top['unit'])}"
        doubt = "; its interval contains 0" if top["low"] <= 0 <= top["high"] else ""
        lines.append(f"{tables.short(top['parameter'])} moves {answer.metric} most: {change} {ends}{doubt}.")
    if answer.sensitivity is not None:
        first = answer.sensitivity.iloc[0]
        lines.append(f"Among the unknowns {tables.short(first['parameter'])} matters most: measure it first.")
    if answer.chosen is not None:
        units = answer.table.attrs.get("units", {})
        what = ", ".join(
            f"{tables.short(p)} {tables.shown(answer.chosen[p], units.get(p, ''))}" for p in answer.parameters
        )
        lines.append(f"The cheapest that holds (at the highest load that any case holds): {what}, for "
                     f"{dollars(answer.chosen['cost_month'])} USD a month.")  # fmt: skip
    return lines
