"""Does the model decide as the real components do, how far is it from measured stacks, where does it end?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from novamodel import units
from novamodel.analytic import uncovered, unordered
from novamodel.errors import UserError
from novamodel.loading import load
from novamodel.questions.shared import Tell, Text, readable, shows_headline
from novamodel.resources import data_dir
from novamodel.scenario import NOT_MODELLED, Scenario, simplified_parts
from novamodel.verify import STACK, errors, measured, median_errors, recorded_files, replay

EXPERIMENTS = ("E1-r1p5exp", "E1-r3p5exp", "E3-det4", "E6-h80_")
"""A database's pool at five loads, the same with three replicas, an event loop at four, a cache before a database."""
RUNS, QUICK_RUNS = 4, 2


@dataclass(frozen=True)
@shows_headline
class AccuracyAnswer:
    """The answer and its grounds, as tidy tables.

    ``agreement``: a row a file of recorded decisions with ``component``, ``version``, ``obtained``, counts ``cases``,
    ``agreed``, ``differed``, ``not_modelled``. ``errors``: a row a measured stack, ``way`` of predicting it and
    ``figure`` with ``measured``, ``model``, ``error`` (relative; of losses the difference) and ``half`` (where 95 % of
    single runs fall). ``medians``: a row a way and figure. ``ends``: what the model leaves out: of everything, of this
    scenario, and of its closed forms.
    """

    scenario: Scenario = field(repr=False)
    agreement: pd.DataFrame = field(repr=False)
    errors: pd.DataFrame = field(repr=False)
    medians: pd.DataFrame = field(repr=False)
    ends: pd.DataFrame = field(repr=False)

    def headline(self) -> dict[str, float]:
        """The figures of the answer by name."""
        counts = self.agreement[["cases", "agreed", "differed"]].sum()
        found = {"recorded decisions": float(counts["cases"]), "of these agreed": float(counts["agreed"])}
        for row in self.medians.itertuples():
            if row.figure in ("mean_s", "p99_s"):
                found[f"median error, {row.figure[:-2]}, {row.way}"] = float(row.value)
        return found

    def agreement_table(self) -> pd.DataFrame:
        """Agreement by component, for a reader."""
        columns = {
            "component": ("component", None),
            "version": ("version", None),
            "obtained": ("how it was recorded", None),
            "cases": ("cases", None),
            "agreed": ("agreed", None),
            "differed": ("differed", None),
            "not_modelled": ("not modelled", None),
        }
        return readable(self.agreement, columns)

    def ends_table(self) -> pd.DataFrame:
        """Where the model ends, for a reader."""
        return readable(self.ends, {"of": ("of", None), "what": ("what is left out", None)})

    def conclusion(self) -> Text:
        """The answer in words."""
        counts = self.agreement[["cases", "agreed", "differed", "not_modelled"]].sum()
        lines = [
            f"Of {counts['cases']} recorded decisions of the real components **{counts['agreed']} agree**,"
            f" {counts['differed']} differ, {counts['not_modelled']} have no rule here."
        ]
        for way in self.medians["way"].unique():
            own = self.medians[self.medians["way"] == way].set_index("figure")
            told = [name for name in ("mean_s", "p95_s", "p99_s") if name in own.index]
            parts = [f"{name[:-2]} {units.format_fraction(own.at[name, 'value'])}" for name in told]
            lines.append(f"Median error, {way} ({own['cases'].max()} measured stacks): **{', '.join(parts)}**.")
        worst = self.errors[self.errors["figure"] == "mean_s"].sort_values("error", key=abs).iloc[-1]
        beside = (
            "" if pd.isna(worst["half"]) else f", where single runs scatter by ± {units.format_part(worst['half'])}"
        )
        far = f"{'above' if worst['error'] > 0 else 'below'} by {units.format_part(abs(worst['error']))}"
        lines.append(f"Farthest from its mean is {worst['case']}, {worst['way']}: {far}{beside}.")
        return Text("\n".join(f"* {line}" for line in lines))


def accuracy(
    scenario: Scenario,
    *,
    experiments: Sequence[str] = EXPERIMENTS,
    component: str | None = None,
    quick: bool = False,
    progress: Tell | None = None,
) -> AccuracyAnswer:
    """Recorded decisions replayed, measured stacks run, and what the model leaves out of a scenario.

    ``experiments``: how the names of the measured stacks begin that are run; ``component``: only this one's recorded
    decisions. An experiment or a component of which nothing is recorded is a ``UserError``.
    """
    tell = progress or (lambda share, text: None)
    folder = data_dir() / "conformance"
    recorded = json.loads((folder / f"{STACK}.json").read_text(encoding="utf-8"))["cases"]
    chosen = [case for case in recorded if case["id"].startswith(tuple(experiments)) and measured(case)]
    if not chosen:
        known = sorted({case["id"].partition("_")[0] for case in recorded})
        raise UserError(f"no measured stack begins with {', '.join(experiments)}", valid=known)
    tell(0.0, "recorded decisions")
    files = [file for file in recorded_files(component) if not file.name.startswith(STACK)]
    replayed = list(replay(files, load, lambda share: tell(0.4 * share, "recorded decisions")))
    agreement = pd.DataFrame(
        [
            {"file": one.name, "component": one.record.component, "version": one.record.version,
             "obtained": one.record.obtained, "cases": len(one.verdicts)}
            | {outcome: one.count(outcome) for outcome in ("agreed", "differed", "not_modelled")}
            for one in replayed
        ]
    )  # fmt: skip
    tell(0.4, "measured stacks")
    runs = QUICK_RUNS if quick else RUNS
    rows = list(errors(chosen, folder / STACK, load, runs, scenario.run.seed))
    medians = [{"way": way, "figure": figure, **one._asdict()} for (way, figure), one in median_errors(rows).items()]
    return AccuracyAnswer(
        scenario=scenario,
        agreement=agreement,
        errors=pd.DataFrame(rows),
        medians=pd.DataFrame(medians),
        ends=pd.DataFrame(_ends(scenario)),
    )


def _ends(scenario: Scenario) -> list[dict[str, str]]:
    """What is left out: everywhere, in the parts that this scenario uses, and in closed form."""
    rows = [{"of": "every scenario", "what": text} for text in NOT_MODELLED.values()]
    rows += [{"of": f"this one: {part.path}", "what": part.lacks} for part in simplified_parts(scenario)]
    closed = {"its closed forms": uncovered(scenario), "its latencies in closed form": unordered(scenario)}
    return rows + [{"of": of, "what": text} for of, text in closed.items() if text]
