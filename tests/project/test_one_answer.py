"""One question, one answer: figures of one name and window have one value in every output.

Of NovaBank the committed outputs are compared (README, executed notebooks); of a small scenario all screens are made.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import novamodel as nm
from novamodel.cli.show import result_text
from novamodel.cli.size import sizing_text
from novamodel.report import conclusion, screen_text
from novamodel.workflows.answer import to_json
from novamodel.workflows.plan import Plan, bill_window, find_size
from tests.shown_figures import DAY, KNEE, PEAK, STEADY, Shown, advised, collected, disagreeing, outputs_of, same

HOME = Path(__file__).parents[2]
NOTEBOOKS = ("00_report", "01_replicas", "02_limits", "03_cost", "07_what_breaks_first")
OF_THE_DAY = {"README", "00_report"}
SMALL = """
name: small
traffic: {shape: constant, peak: 60 requests/s, mix: {look: 100 %}}
services:
  web:
    replicas: 2
    autoscaler: {min_replicas: 2, max_replicas: 4, cpu_target: 70 %}
    resources: {cpu_request: 250m, cpu_limit: 500m, memory_request: 256 MiB, memory_limit: 256 MiB}
    pool: {max: 6}
    routes: {look: [{cpu: 6 ms exponential}, {sql: [read]}]}
platform: {kind: eks, compute: ec2}
database: {instance_class: db.r6g.large, statements: {read: {cpu: 4 ms exponential}}}
slo: [p99 < 300 ms, errors < 1 %]
run: {duration: 20 s, warm_up: 4 s, replications: 2}
"""


# --- NovaBank, as committed ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def committed() -> list[Shown]:
    screen = (HOME / "README.md").read_text(encoding="utf-8").partition("```\n  READ")[2].partition("```")[0]
    screen = re.sub(r"\n {15}(?=\S)", " ", screen)  # continuation lines
    texts = {"README": screen} | {name: outputs_of(HOME / "notebooks" / f"{name}.ipynb") for name in NOTEBOOKS}
    found = []
    for where, text in texts.items():
        found += [*collected(text, where, day=where in OF_THE_DAY), *advised(text, "core-api", where)]
    return found


def test_the_committed_outputs_of_novabank_say_one_value_of_each_figure(committed: list[Shown]) -> None:
    assert disagreeing(committed) == []


@pytest.mark.parametrize(
    ("name", "window", "places"),
    [
        ("load multiple at breach", KNEE, {"README", "00_report", "07_what_breaks_first"}),
        ("bottleneck", KNEE, {"README", "00_report", "07_what_breaks_first"}),
        ("p99", PEAK, {"README", "00_report"}),
        ("cost", DAY, {"README", "00_report"}),
        ("cost as advised", DAY, {"README", "00_report"}),
        ("cost", STEADY, {"02_limits", "03_cost", "07_what_breaks_first"}),
        ("advised min_replicas of core-api", "the plan", {"README", "01_replicas"}),
        ("advised memory_limit of core-api", "the plan", {"README", "02_limits"}),
        ("advised cpu_limit of core-api", "the plan", {"README", "02_limits"}),
    ],
)
def test_each_figure_is_found_where_it_stands(committed: list[Shown], name: str, window: str, places: set[str]) -> None:
    """A comparison of nothing would always agree."""
    assert {one.where for one in committed if (one.name, one.window) == (name, window)} >= places


def test_a_figure_that_differs_is_found() -> None:
    rows = [Shown("knee", KNEE, "2.97", "a"), Shown("knee", KNEE, "2.966", "b"), Shown("knee", KNEE, "3.35", "c")]
    assert disagreeing(rows[:2]) == []
    assert "3.35 (c)" in disagreeing(rows)[0]
    assert disagreeing([rows[0], rows[2]._replace(window="another")]) == []
    assert same("914.48", "914")
    assert not same("915.53", "915")
    assert not same("1914", "914")


# --- a small scenario, every screen ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> nm.Scenario:
    file = tmp_path_factory.mktemp("one-answer") / "small.yaml"
    file.write_text(SMALL)
    return nm.load(file)


@pytest.fixture(scope="module")
def answer(small: nm.Scenario) -> nm.Answer:
    return nm.answer(small, quick=True)


@pytest.fixture(scope="module")
def written(answer: nm.Answer) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(to_json(answer.to_dict()))
    return value


def figures(plan: Plan) -> dict[str, Any]:
    found = {}
    for one in plan.figures():
        assert found.setdefault((one.name, one.window), one.value) == one.value
    return {name: value for (name, _), value in found.items()}


def test_every_screen_shows_the_plans_figures(answer: nm.Answer, written: dict[str, Any]) -> None:
    plan = figures(answer.plan)
    known = {
        "load multiple at breach": plan["load multiple at breach"],
        "load multiple at breach, least": plan["load multiple at breach, least"],
        "load multiple at breach, most": plan["load multiple at breach, most"],
        "bottleneck": plan["bottleneck"],
        "p99": plan["p99"] * 1000,
        "cost": plan["cost"],
        "cost, fixed": plan["cost, fixed"],
        "cost, driven by use": plan["cost, driven by use"],
        "cost as advised": plan["cost as advised"],
    }
    fix = answer.plan.cheapest_fix
    if fix is not None:
        known["load multiple with the cheapest fix"] = fix["multiple"]
    screen = re.sub(r"\n {15}(?=\S)", " ", screen_text(written))
    texts = {"screen": screen, "conclusion": str(conclusion(written))}
    titles = (
        nm.figures.knee(answer.knee, answer.scenario.slo),
        nm.figures.saturation(answer.knee),
        nm.figures.sizing(answer.sizing, answer.scenario.slo),
        nm.figures.bill(answer.cost.mid),
    )
    for number, figure in enumerate(titles):
        title = re.sub(r"<[^>]+>", " ", figure.layout.title.text)
        texts[f"figure {number}"] = " ".join(title.split())
    shown = [one for where, text in texts.items() for one in collected(text, where, day=True)]
    assert {one.name for one in shown if one.where == "screen"} >= known.keys() - {"cost as advised"}
    wrong = [one for one in shown if one.name in known and not same(known[one.name], one.text)]
    assert wrong == []


def test_the_json_says_each_figure_once(answer: nm.Answer, written: dict[str, Any]) -> None:
    plan = figures(answer.plan)
    assert written["load_multiple_at_breach"] == plan["load multiple at breach"]
    assert written["bottleneck"] == plan["bottleneck"] == answer.knee.first_tier
    assert written["cost"]["mid"] == pytest.approx(plan["cost"], abs=0.005)
    assert written["cost"]["advised"] == plan["cost as advised"]
    assert written["cost"]["hours"] == bill_window(answer.cost)
    for slo in written["slo"]:
        assert slo["value"] == plan[slo["text"]]
    assert len(written["figures"]) == len(answer.plan.figures())


def test_run_bill_and_size_have_the_reports_figures(small: nm.Scenario, answer: nm.Answer) -> None:
    plan, scenario = figures(answer.plan), answer.scenario
    result = nm.simulate(scenario)
    lines = result_text(result).splitlines()
    use = {line.split("  ")[1]: line.split()[-4] for line in lines if line.startswith("  web cpu ")}
    assert use
    assert all(same(plan["use of web cpu"] * 100, text) for text in use.values())
    assert float(nm.bill(scenario, result).mid.total) == pytest.approx(plan["cost"], abs=0.005)
    sizing = find_size(scenario, quick=True)
    advice = {row["path"]: str(row["advised"]) for row in sizing.advice.to_dict("records")}
    assert advice == {name[8:]: value for name, value in plan.items() if name.startswith("advised ")}
    more = sizing.chosen.cost_month - sizing.now.cost_month
    assert plan["cost as advised"] - plan["cost"] == pytest.approx(more, abs=0.011)
    assert sizing.window in sizing_text(sizing)


def test_the_questions_have_the_reports_figures(answer: nm.Answer) -> None:
    scenario, plan = answer.scenario, figures(answer.plan)
    breaks = nm.questions.what_breaks_first(scenario, quick=True)
    assert breaks.breach == plan["load multiple at breach"]
    assert breaks.knee.first_limit == plan["first limit"]
    for row in breaks.fixes.itertuples():
        assert row.multiple == plan[f"load multiple with {row.fix}"]
        assert row.cost_more == pytest.approx(plan[f"cost of {row.fix}"], abs=0.005)
    for question in (
        nm.questions.replicas(scenario, quick=True, ramp="5 s"),
        nm.questions.limits(scenario, quick=True),
    ):
        assert question.sizing.chosen.overrides == answer.sizing.chosen.overrides
