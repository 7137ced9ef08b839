"""Agreement with recorded decisions and measured stacks: the errors' arithmetic, the question's answer, the page."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import novamodel as nm
from novamodel.errors import UserError
from novamodel.model_doubt import doubt_sentence, measured_doubt
from novamodel.verify import accuracy
from tools import accuracy as tool

ROOT = Path(__file__).parents[2]


def error(value: float, case: str = "c", way: str = "replayed", figure: str = "mean_s") -> accuracy.Error:
    return accuracy.Error(case, way, figure, 1.0, 1.0 + value, value, math.nan)


@given(st.lists(st.floats(-2, 2), min_size=1, max_size=60))
def test_a_median_lies_in_its_interval_and_signs_do_not_count(values):
    (median,) = accuracy.median_errors([error(value) for value in values]).values()
    assert 0 <= median.low <= median.value <= median.high <= 2
    assert median.cases == len(values)
    other = accuracy.median_errors([error(-value) for value in reversed(values)])
    assert list(other.values()) == [median]


def test_the_interval_is_the_one_of_order_statistics():
    """Of 20 errors the 6th and the 15th: P(5 or fewer of 20 below the median) = 0.0207 (any table of the sign test)."""
    (median,) = accuracy.median_errors([error(value / 100) for value in range(1, 21)]).values()
    assert (median.low, median.high) == (0.06, 0.15)
    (few,) = accuracy.median_errors([error(value / 100) for value in range(1, 6)]).values()
    assert (few.low, few.high) == (0.01, 0.05)  # of five no narrower one has 95 %


def test_losses_are_told_in_points_and_from_the_shares_that_were_answered():
    assert accuracy.measured({"expected": {"mean_s": 2.0, "accept_share": 0.75}}) == {"mean_s": 2.0, "loss": 0.25}
    assert accuracy.measured({"expected": {"loss": 0.1, "p50_s": None}}) == {"loss": 0.1}
    assert accuracy.measured({"expected": {"hit_ratio": 0.5}}) == {}


def test_every_family_is_predicted_from_a_case_of_its_own_that_is_recorded():
    cases = tool.recorded()
    bases = {case["id"]: accuracy.base_of(case, cases) for case in cases}
    predicted = {name: base["id"] for name, base in bases.items() if base is not None}
    assert len(predicted) == 17
    for name, base in predicted.items():
        assert name != base
        assert name.split("-")[0] == base.split("-")[0]
        assert bases[base] is None  # what a family is fitted to is predicted from nothing
    case = next(one for one in cases if one["id"].startswith("E3-det4_rho0.30"))
    base = bases[case["id"]]
    assert accuracy.fitted(case, base)["service"] == base["service"] != case["service"]
    assert accuracy.fitted(case, base)["load"] == case["load"]


def test_the_page_holds_what_the_command_finds_now():
    """Two cases of it, as the page and the command have them."""
    cases = [case for case in tool.recorded() if case["id"].startswith(("E1-r1p5exp_rho0.50", "E1-r1p5exp_rho0.30"))]
    rows = tool.all_errors(cases)
    text = tool.PAGE.read_text(encoding="utf-8")
    for way in tool.WAYS:
        for line in tool.table([row for row in rows if row.way == way]).splitlines()[2:]:
            assert line in text


def test_the_first_page_states_the_medians_of_the_page():
    text, readme = tool.PAGE.read_text(encoding="utf-8"), tool.README.read_text(encoding="utf-8")
    (said,) = tool.SENTENCE.findall(readme)
    assert readme.index(said) < readme.index("## ")
    cells = {
        way: re.search(rf"^\| {title} \| ([\d.]+) %.*?\| ([\d.]+) % \[[^|]*\| [\d.]+ pp", text, re.MULTILINE)
        for way, title in tool.WAYS.items()
    }
    figures = [number for found in cells.values() for number in found.groups()]
    assert re.findall(r"([\d.]+) %", said) == figures


def test_the_question_answers_of_one_component_and_one_stack():
    system = nm.load("novabank")
    answer = nm.questions.accuracy(system, experiments=("E1-r1p5exp_rho0.30",), component="pgbouncer", quick=True)
    assert answer.agreement["component"].tolist() == ["pgbouncer"]
    assert answer.headline()["of these agreed"] == answer.headline()["recorded decisions"] == 25
    assert set(answer.errors["way"]) == {"replayed", "own arrivals"}
    assert abs(answer.errors.set_index(["way", "figure"]).at[("replayed", "mean_s"), "error"]) < 0.05
    assert "25 agree" in answer.conclusion()
    left = answer.ends_table().to_string()
    assert "pods without requests of customers" in left
    assert len(answer.agreement_table()) == 1


@pytest.mark.parametrize("asked", [{"experiments": ("E99",)}, {"component": "mysql"}])
def test_what_is_not_recorded_is_said(asked):
    with pytest.raises(UserError):
        nm.questions.accuracy(nm.load("novabank"), **asked)


def test_the_figure_says_the_medians_and_draws_what_is_far_at_the_edge():
    rows = [
        error(value, f"E1-{number}_rho0.5_rep1", way, figure)._asdict() | {"half": 0.1}
        for number, value in enumerate((0.01, 0.03, 3.0))
        for way in ("replayed", "own arrivals")
        for figure in ("mean_s", "p99_s")
    ]
    figure = json.loads(nm.figures.model_errors(pd.DataFrame(rows)).to_json())
    assert "Median error of the mean: replayed 3.0 %, own arrivals 3.0 %" in figure["layout"]["title"]["text"]
    assert len(figure["data"]) == 4
    assert figure["data"][0]["x"] == [1.0, 3.0, 60.0]


def test_answers_say_the_page_s_medians_of_another_load():
    page = (Path(tool.__file__).parents[1] / "docs" / "accuracy.md").read_text(encoding="utf-8")
    (row,) = [line for line in page.splitlines() if line.startswith("| Predicted from another load")]
    said = measured_doubt()
    for place, name in enumerate(("mean", "p50", "p95", "p99"), start=2):
        share = said["median_errors"][name]
        assert row.split("|")[place].strip() == (
            f"{100 * share['value']:.1f} % [{100 * share['low']:.1f}, {100 * share['high']:.1f}]"
        )
    assert f"{said['cases']} measured stacks" in doubt_sentence()
