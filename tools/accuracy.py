"""Writes docs/accuracy.md, what README and answers say of it, from the measured stacks (about four minutes).

python -m tools.accuracy
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import novamodel
from novamodel.resources import data_dir
from novamodel.verify.accuracy import (
    FAMILIES,
    FIGURES,
    LOSS,
    OWN,
    PREDICTED,
    REPLAYED,
    Error,
    Median,
    errors,
    median_errors,
)

ROOT = Path(__file__).parents[1]
PAGE, README = ROOT / "docs" / "accuracy.md", ROOT / "README.md"
DOUBT = data_dir() / "defaults" / "accuracy.json"
RUNS = 8
SENTENCE = re.compile(r"^Against measured stacks .*?\(\[docs/accuracy\.md\].*?\)\.$", re.MULTILINE | re.DOTALL)
WAYS = {
    REPLAYED: "With the recorded requests",
    OWN: "With arrivals of our own",
    PREDICTED: "Predicted from another load",
}
SAID = {
    REPLAYED: "Each case is run with the requests that were recorded: arrivals and demands are known.",
    OWN: f"Only the laws of arrivals and demands and their rates are known: the mean of {RUNS} runs. ± is where 95 % of"
    " single runs fall about it: so much does the measured run itself, which is one, depend on chance.",
    PREDICTED: "What depends on the machine (offsets of queries, of the event loop, of HTTP) is what was measured at"
    f" one load of the family ({', '.join(FAMILIES)}); load and replicas are the case's own: from 0.4 to 2.4 times that"
    f" load, and three replicas from one. Mean of {RUNS} runs, ± as above.",
}
HEAD = """# How accurate

Written by `python -m tools.accuracy` from `data/conformance/measured_stack.md`; never by hand. An error is (model -
measured) / measured; for losses (requests without an answer) it is the difference in percentage points. How each case
stands against its tolerance: [measured-stack.md](measured-stack.md).

## Medians

Median of the absolute errors over the cases, with its 95 % interval from the order of the errors.

"""


def recorded() -> list[dict[str, Any]]:
    """The measured stacks."""
    cases: list[dict[str, Any]] = json.loads((data_dir() / "conformance" / "measured_stack.json").read_text())["cases"]
    return cases


def all_errors(cases: Iterable[dict[str, Any]]) -> list[Error]:
    """Every error of some cases."""
    return list(errors(cases, data_dir() / "conformance" / "measured_stack", novamodel.load, RUNS))


def page(rows: list[Error]) -> str:
    """The page as it has to be."""
    text = HEAD + medians_table(median_errors(rows))
    for way, title in WAYS.items():
        text += f"\n## {title}\n\n{SAID[way]}\n\n{table([row for row in rows if row.way == way])}"
    return text


def medians_table(medians: dict[tuple[str, str], Median]) -> str:
    """A row a way of predicting."""
    lines = [f"| | {' | '.join(map(_heading, FIGURES))} | cases |", f"| --- |{' --- |' * (len(FIGURES) + 1)}"]
    for way, title in WAYS.items():
        found = [medians[(way, figure)] for figure in FIGURES]
        cells = [_with_interval(one, figure) for one, figure in zip(found, FIGURES, strict=True)]
        lines.append(f"| {title} | {' | '.join(cells)} | {max(one.cases for one in found)} |")
    return "\n".join(lines) + "\n"


def table(rows: list[Error]) -> str:
    """A row a case: the error of each figure."""
    lines = [
        f"| case | measured mean | {' | '.join(map(_heading, FIGURES))} |",
        f"| --- | --- |{' --- |' * len(FIGURES)}",
    ]
    for case in dict.fromkeys(row.case for row in rows):
        own = {row.figure: row for row in rows if row.case == case}
        mean = f"{1000 * own['mean_s'].measured:.4g} ms" if "mean_s" in own else ""
        cells = [_cell(own[figure]) if figure in own else "" for figure in FIGURES]
        lines.append(f"| {case} | {mean} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def sentence(medians: dict[tuple[str, str], Median]) -> str:
    """What README says."""

    def said(way: str) -> str:
        mean, tail = medians[(way, "mean_s")].value, medians[(way, "p99_s")].value
        return f"{100 * mean:.1f} % and {100 * tail:.1f} %"

    return (
        f"Against measured stacks the median error of the mean and of the p99 is {said(REPLAYED)} with the recorded\n"
        f"requests, {said(OWN)} with arrivals of its own, {said(PREDICTED)} when predicted from another load\n"
        "([docs/accuracy.md](docs/accuracy.md))."
    )


def doubt(medians: dict[tuple[str, str], Median]) -> dict[str, Any]:
    """What answers say of the model itself: median errors where the load was another one, as shares."""
    found = {figure: medians[(PREDICTED, figure)] for figure in FIGURES if figure != LOSS}
    shares = {
        figure.removesuffix("_s"): {end: round(getattr(one, end), 3) for end in ("value", "low", "high")}
        for figure, one in found.items()
    }
    return {"source": "docs/accuracy.md", "cases": max(one.cases for one in found.values()), "median_errors": shares}


def _heading(figure: str) -> str:
    return "losses" if figure == LOSS else figure.removesuffix("_s")


def _unit(figure: str) -> str:
    return "pp" if figure == LOSS else "%"


def _with_interval(one: Median, figure: str) -> str:
    value, low, high = (f"{100 * number:.1f}" for number in (one.value, one.low, one.high))
    return f"{value} {_unit(figure)} [{low}, {high}]"


def _cell(row: Error) -> str:
    half = "" if math.isnan(row.half) else f" ± {100 * row.half:.1f}"
    return f"{100 * row.error:+.1f}{half} {_unit(row.figure)}".replace("-0.0 ", "+0.0 ")


def main() -> None:
    """Write the page and the sentence."""
    rows = all_errors(recorded())
    PAGE.write_text(page(rows), encoding="utf-8")
    readme = README.read_text(encoding="utf-8")
    if len(SENTENCE.findall(readme)) != 1:
        raise SystemExit("README.md has no sentence to replace (Against measured stacks ...)")
    DOUBT.write_text(json.dumps(doubt(median_errors(rows)), indent=2) + "\n", encoding="utf-8")
    README.write_text(SENTENCE.sub(sentence(median_errors(rows)), readme), encoding="utf-8")


if __name__ == "__main__":
    main()
