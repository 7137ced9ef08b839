"""Run the measured stacks through the product's own front door; as a script, write how they agree as a table.

python -m tools.measured_stack > docs/measured-stack.md
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

import novamodel
from novamodel.resources import data_dir
from novamodel.verify import measured_figures, measured_run

RUNS = 8
"""Runs with arrivals of our own: their mean is compared, their spread says how much one run tells."""
STUDENT = 2.365
"""97.5 % point of Student's t with 7 degrees of freedom."""

HEAD = f"""# Measured stacks against the simulation

Written by `python -m tools.measured_stack`. Each case of `data/conformance/measured_stack.md` is loaded and run as any
scenario is: with its recorded requests, and with arrivals of our own of the same laws and rates ({RUNS} runs; their
mean is compared, ± is the interval in which 95 % of single runs fall: so much does the measured run itself depend on
chance). Outside = beyond the tolerance. One figure of each case is shown; all that have a tolerance are compared.

| case | figure | measured | replayed | outside | own arrivals | ± | outside |
| --- | --- | --- | --- | --- | --- | --- | --- |
"""


@cache
def cases() -> dict[str, Any]:
    """Every recorded case by name."""
    recorded = json.loads((data_dir() / "conformance" / "measured_stack.json").read_text(encoding="utf-8"))
    return {case["id"]: case for case in recorded["cases"]}


def graded_cases() -> list[str]:
    """Names of the cases with anything to compare."""
    return [name for name, case in cases().items() if measured_figures.graded(case)]


def figures(case: Mapping[str, Any], *, replayed: bool, engine: str = "auto", runs: int = 1) -> list[dict[str, Any]]:
    """Figures of a case, one run each: of its recorded requests, or of arrivals of our own."""
    trace = trace_of(case) if replayed else None
    return measured_run.figures(case, trace, novamodel.load, engine, runs)


def trace_of(case: Mapping[str, Any]) -> list[dict[str, float]] | None:
    """Recorded requests of a case; None where there are none."""
    return measured_run.trace_of(case, data_dir() / "conformance" / measured_run.FOLDER)


def mean_of(found: Sequence[Mapping[str, Any]], names: Sequence[str]) -> dict[str, tuple[float, float]]:
    """By figure: mean over runs, and the half width of the interval in which 95 % of single runs fall."""
    result = {}
    for name in names:
        values = [float(one[name]) for one in found if isinstance(one.get(name), (int, float, np.number))]
        if values:
            spread = float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
            result[name] = (float(np.mean(values)), STUDENT * spread * math.sqrt(1 + 1 / len(values)))
    return result


def compared(case: Mapping[str, Any]) -> list[str]:
    """Names of the figures of a case that have a tolerance."""
    return [name for name, tolerance in case["tolerance"].items() if tolerance is not None]


def main() -> None:
    """Print the table."""
    write = sys.stdout.write
    write(HEAD)
    agree = {True: 0, False: 0}
    for name in graded_cases():
        case, names = cases()[name], compared(cases()[name])
        first = figures(case, replayed=True)[0]
        own = mean_of(figures(case, replayed=False, runs=RUNS), names)
        wrong = [
            [text.split(":")[0] for text in measured_figures.outside(case, found)]
            for found in (first, {key: value for key, (value, _) in own.items()})
        ]
        agree[True] += not wrong[0]
        agree[False] += not wrong[1]
        key = next((n for n in ("mean_s", "miss_mean_s", "success_share", "hit_ratio") if n in names), names[0])
        mean, half = own.get(key, (math.nan, math.nan))
        cells = [name, key, f"{case['expected'][key]:.4g}", f"{first[key]:.4g}", ", ".join(wrong[0])]
        write("| " + " | ".join([*cells, f"{mean:.4g}", f"{half:.2g}", ", ".join(wrong[1])]) + " |\n")
    total = len(graded_cases())
    write(f"\n{agree[True]} of {total} agree when replayed, {agree[False]} of {total} with arrivals of our own.\n")


if __name__ == "__main__":
    main()
